"""`python -m auth_svc.keys_command`, which is `vss keys`: signing keys from a terminal, with auth_svc's settings."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from auth_svc.settings import Settings, encryption_keys
from auth_svc.tokens.signing_keys import PUBLISHED_AHEAD, SigningKeys
from auth_svc.tokens.store import SigningKeyStore
from common.clock import utc_now
from common.db import open_database
from common.errors import Unavailable
from common.settings import load


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = load(Settings)
        if parsed.command == "encrypt-anew":
            return asyncio.run(_encrypt_anew(settings))
        return asyncio.run(_revoke_signing_keys(settings) if parsed.revoke else _rotate_signing_key(settings))
    except Unavailable as exc:
        sys.stderr.write(f"vss keys: {exc.detail}\n")
        return 1


async def _encrypt_anew(settings: Settings) -> int:
    async with _signing_keys(settings) as keys:
        await keys.load()
    return 0


async def _rotate_signing_key(settings: Settings) -> int:
    async with _signing_keys(settings) as keys:
        key_id = await keys.rotate()
    minutes = int(PUBLISHED_AHEAD.total_seconds() / 60)
    if key_id is None:
        sys.stderr.write(f"vss keys: the newest key was created less than {minutes} minutes ago; try again later\n")
        return 1
    sys.stdout.write(f"Created signing key {key_id}; it takes over in {minutes} minutes. Nobody is logged out.\n")
    return 0


async def _revoke_signing_keys(settings: Settings) -> int:
    async with _signing_keys(settings) as keys:
        key_id = await keys.revoke()
    sys.stdout.write(
        f"Signing key {key_id} replaces all others. Tokens signed with the old keys are rejected everywhere within a "
        "minute. Nobody is logged out.\n"
    )
    return 0


@asynccontextmanager
async def _signing_keys(settings: Settings) -> AsyncIterator[SigningKeys]:
    async with open_database(settings.database_url.get_secret_value()) as database:
        yield SigningKeys(SigningKeyStore(database), encryption_keys=encryption_keys(settings), clock=utc_now)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vss keys", description="Replace the keys that sign access tokens.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    rotate = commands.add_parser("rotate", help="create a new key before the regular rotation")
    rotate.add_argument("--signing", action="store_true", required=True, help="the key that signs access tokens")
    rotate.add_argument("--revoke", action="store_true", help="revoke all existing keys, for example after a leak")
    commands.add_parser("encrypt-anew", help="re-encrypt the signing keys with the current encryption key")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
