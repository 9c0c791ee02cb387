"""`vss keys`: hands over to auth_svc, which owns the signing keys."""

from __future__ import annotations

import argparse
import os
import sys

from vss.errors import Refusal


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # As `vss account`: what stands behind its name is for the other program.
    parser = commands.add_parser("keys", help="rotate the signing key", add_help=False, prefix_chars="\0")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Becomes that program, which needs auth_svc's settings and nothing of this process."""
    if not {"AUTH_DATABASE_URL", "AUTH_DATABASE_URL_FILE"} & os.environ.keys():
        raise Refusal("keys are rotated where auth_svc's settings are: docker compose exec auth_svc vss keys …")
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", "auth_svc.keys_command", *arguments.arguments]
    )
