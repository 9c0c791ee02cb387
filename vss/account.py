"""`vss account`: hands over to auth_svc, which owns the accounts."""

from __future__ import annotations

import argparse
import os
import sys

from vss.errors import Refusal


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # Everything behind its name is for the other program, options too: a prefix that nobody can type takes none.
    parser = commands.add_parser(
        "account", help="list and add accounts, reset passwords", add_help=False, prefix_chars="\0"
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Becomes that program, which needs auth_svc's settings and nothing of this process."""
    if not {"AUTH_DATABASE_URL", "AUTH_DATABASE_URL_FILE"} & os.environ.keys():
        raise Refusal(
            "accounts are administered where auth_svc's settings are: docker compose exec auth_svc vss account …"
        )
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", "auth_svc.account_command", *arguments.arguments]
    )
