"""`python -m auth_svc.account_command`, which is `vss account`: accounts from a terminal, with auth_svc's settings."""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import sys
from collections.abc import Sequence
from contextlib import closing

from auth_svc.accounts import Accounts
from auth_svc.passwords import Passwords
from auth_svc.settings import Settings
from auth_svc.store import Role, Store
from common.clock import rfc3339, utc_now
from common.db import open_database
from common.errors import Unavailable
from common.settings import load

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except Unavailable as exc:
        sys.stderr.write(f"vss account: {exc.detail}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with open_database(settings.database_url.get_secret_value()) as database:
        with closing(Passwords()) as passwords:
            accounts = Accounts(Store(database), passwords, clock=utc_now)
            if arguments.command == "list":
                for account in await accounts.list():
                    state = "disabled" if account.is_disabled else account.role.value
                    sys.stdout.write(f"{account.username:<24} {state:<10} {rfc3339(account.created_at)}\n")
                return 0
            password = secrets.token_urlsafe(15)
            if arguments.command == "add":
                role = Role.ADMIN if arguments.administrator else Role.MEMBER
                trouble = None if await accounts.add(arguments.username, password, role=role) else "is there already"
            else:
                is_there = await accounts.set_password(arguments.username, password)
                trouble = None if is_there else "is not there: `vss account list` shows who is"
    if trouble:
        sys.stderr.write(f"vss account: {arguments.username} {trouble}\n")
        return 1
    sys.stdout.write(f"{arguments.username}'s password, shown only now: {password}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vss account", description="Who may log in.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    commands.add_parser("list", help="show every account")
    add = commands.add_parser("add", help="make an account, and show its password once")
    add.add_argument("--administrator", action="store_true", help="one that may administer")
    reset = commands.add_parser("reset-password", help="give an account another password, and end its sessions")
    for parser_of_one in (add, reset):
        parser_of_one.add_argument("username", type=_username)
    return parser


def _username(text: str) -> str:
    name = text.lower()
    if not _USERNAME.fullmatch(name):
        raise argparse.ArgumentTypeError(
            "use 1 to 64 of a-z, 0-9, dot, hyphen and underscore, beginning with one of the first two"
        )
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
