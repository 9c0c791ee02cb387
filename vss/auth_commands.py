"""`vss account` and `vss keys`: handed over to auth_svc, which owns accounts and signing keys."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial

from vss.errors import Refusal


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Both of them."""
    _hand_over(commands, "account", "list and add accounts, reset passwords")
    _hand_over(commands, "keys", "rotate the signing key")


def _hand_over(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str) -> None:
    # Everything behind its name is for the other program, options too: a prefix that nobody can type takes none.
    parser = commands.add_parser(name, help=summary, add_help=False, prefix_chars="\0")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=partial(_become, name))


def _become(name: str, arguments: argparse.Namespace) -> int:
    """Becomes that program, which needs auth_svc's settings and nothing of this process."""
    if not {"AUTH_DATABASE_URL", "AUTH_DATABASE_URL_FILE"} & os.environ.keys():
        raise Refusal(f"this is done where auth_svc's settings are: docker compose exec auth_svc vss {name} …")
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", f"auth_svc.{name}_command", *arguments.arguments]
    )
