"""`python -m auth_svc.account_command`, which is `vss account`: accounts from a terminal, with auth_svc's settings.

What it changes is in the audit log, done by nobody who is logged in, at the address `command line`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import sys
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.administration.administration import Administration
from auth_svc.administration.models import MAX_QUOTA_BYTES, Username
from auth_svc.administration.store import AdministrationStore
from auth_svc.audit.audit import Audit
from auth_svc.audit.store import AuditStore
from auth_svc.errors import LastAdministrator
from auth_svc.settings import Settings
from common.audit import Actor
from common.clock import rfc3339, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.errors import Invalid, Unavailable
from common.passwords import Passwords
from common.settings import load

_HERE: Final = Actor(None, "command line")
_SIZE: Final = re.compile(r"(\d{1,16}(?:\.\d{1,9})?) ?([KMGT]?)(i?)B?", re.IGNORECASE)
_NO_LIMIT: Final = "none"


class _Trouble(Exception):
    """Why it could not be done, as it is told."""


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(parsed, load(Settings)))
    except Unavailable as exc:
        sys.stderr.write(f"vss account: {exc.detail}\n")
        return 1
    except _Trouble as exc:
        sys.stderr.write(f"vss account: {exc}\n")
        return 1
    return 0


async def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    async with open_database(settings.database_url.get_secret_value()) as database:
        with closing(Passwords()) as passwords:
            store = AccountStore(database)
            # No page of a list outlives this process.
            cursors = Cursors(secrets.token_hex(32))
            administration = Administration(
                store,
                AdministrationStore(database),
                passwords,
                Audit(AuditStore(database), cursors, clock=utc_now),
                cursors=cursors,
                clock=utc_now,
            )
            match arguments.command:
                case "list":
                    for account in await store.list_accounts():
                        sys.stdout.write(_line(account))
                case "add":
                    await _add(store, administration, arguments)
                case "reset-password":
                    password = secrets.token_urlsafe(15)
                    await _change(store, administration, arguments.username, {}, password=password)
                    sys.stdout.write("All sessions and API keys of this account have ended.\n")
                    _tell_password(arguments.username, password)
                case "disable" | "enable":
                    is_disabled = arguments.command == "disable"
                    await _change(store, administration, arguments.username, {"is_disabled": is_disabled})
                    sys.stdout.write(f"{arguments.username} is {arguments.command}d\n")
                case _:
                    await _change(store, administration, arguments.username, {"quota_bytes": arguments.size})
                    sys.stdout.write(f"{arguments.username}: {_quota(arguments.size)}\n")


async def _add(store: AccountStore, administration: Administration, arguments: argparse.Namespace) -> None:
    password = secrets.token_urlsafe(15)
    try:
        await administration.add(
            _HERE,
            username=arguments.username,
            password=password,
            role=Role.ADMIN if arguments.administrator else Role.MEMBER,
            quota_bytes=arguments.quota,
        )
    except Invalid as refusal:
        if await store.get_account_by_username(arguments.username):
            raise _Trouble(f"{arguments.username} already exists") from None
        raise _Trouble(f"{arguments.username} {refusal.errors[0]['detail']}") from None
    _tell_password(arguments.username, password)


async def _change(
    store: AccountStore,
    administration: Administration,
    username: str,
    changes: dict[str, Any],
    *,
    password: str | None = None,
) -> None:
    account = await store.get_account_by_username(username)
    if account is None:
        raise _Trouble(f"no account {username}: `vss account list` shows all accounts")
    try:
        await administration.change(_HERE, account.id, changes, password=password)
    except LastAdministrator as refusal:
        raise _Trouble(f"{username} is the last administrator. {refusal.detail}") from None


def _tell_password(username: str, password: str) -> None:
    sys.stdout.write(f"Password of {username} (you won't see it again): {password}\n")


def _line(account: Account) -> str:
    state = "disabled" if account.is_disabled else account.role.value
    return f"{account.username:<24} {state:<10} {rfc3339(account.created_at)}  {_quota(account.quota_bytes)}\n"


def _quota(size: int | None) -> str:
    return "no limit" if size is None else f"quota {size} bytes"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vss account", description="Manage accounts and their storage quotas.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    commands.add_parser("list", help="list all accounts")
    add = commands.add_parser("add", help="create an account and show its password once")
    add.add_argument("--administrator", action="store_true", help="give it the administrator role")
    add.add_argument("--quota", metavar="SIZE", type=_size, help="storage quota, such as 50GB (default: no limit)")
    reset = commands.add_parser("reset-password", help="set a new password and end all sessions")
    disable = commands.add_parser("disable", help="block an account; its videos are hidden until it is enabled again")
    enable = commands.add_parser("enable", help="unblock a disabled account")
    quota = commands.add_parser("set-quota", help="set how much an account can store")
    add.add_argument("username", type=_username)
    for parser_of_one in (reset, disable, enable, quota):
        # Whatever it is called: the rules for names are younger than some accounts.
        parser_of_one.add_argument("username")
    quota.add_argument("size", metavar="SIZE", type=_size, help=f"such as 50GB or 1.5TiB, or {_NO_LIMIT}")
    return parser


def _username(text: str) -> str:
    try:
        name: str = TypeAdapter(Username).validate_python(text)
    except ValidationError as exc:
        reason = exc.errors()[0]["msg"].removeprefix("Value error, ")
        raise argparse.ArgumentTypeError(f"the username {reason[:1].lower()}{reason[1:]}") from None
    return name


def _size(text: str) -> int | None:
    """Bytes; decimal and binary units; None for no limit."""
    if text == _NO_LIMIT:
        return None
    if found := _SIZE.fullmatch(text):
        number, unit, is_binary = found.groups()
        size = int(Decimal(number) * (1024 if is_binary else 1000) ** " KMGT".index(unit.upper() or " "))
        if size <= MAX_QUOTA_BYTES:
            return size
    raise argparse.ArgumentTypeError(f"{text!r} is not a size: use 50GB, 1.5TiB, a number of bytes, or {_NO_LIMIT}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
