"""`python -m upload_svc.adopt_command`, which is `vss reconcile --adopt`: videos of what lost its rows."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from common.clock import utc_now
from common.db import open_database
from common.errors import Unavailable
from common.service_client import Relayed, ServiceClient
from common.settings import load
from common.web.app import http_session
from common.web.remote_identity import remote_identity
from upload_svc.adopting import Adopting, Adoption
from upload_svc.fs_client import FsClient
from upload_svc.settings import Settings
from upload_svc.store import Store

# What scripts can tell apart (docs/command-line.md): something was left alone.
LEFT: Final = 8


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, 1 when it could not be done, 8 when something was left alone."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except Relayed as refusal:
        sys.stderr.write(f"vss reconcile: {refusal.detail}\n")
        return 1
    except Unavailable:
        sys.stderr.write("vss reconcile: the services are not responding. Start them and run this again to resume.\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with open_database(settings.database_url.get_secret_value()) as database, http_session() as session:
        tokens = remote_identity(session, settings, client_id="upload", clock=utc_now).tokens
        auth, fs = ServiceClient(session, settings.auth_url, tokens), ServiceClient(session, settings.fs_url, tokens)
        adopting = Adopting(auth, Store(database), FsClient(fs), clock=utc_now)
        owner = await adopting.owner(arguments.owner)
        if owner is None:
            sys.stderr.write(f"vss reconcile: no account {arguments.owner}\n")
            return 1
        counts = {"adopted": 0, "left": 0}
        async for adoption in adopting.run(owner, is_dry_run=arguments.dry_run):
            counts["adopted" if adoption.reason is None else "left"] += 1
            _tell(adoption, is_json=arguments.json)
    if not arguments.json:
        would = "would be " if arguments.dry_run else ""
        sys.stdout.write(f"{counts['adopted']} {would}adopted for {owner.username}, {counts['left']} left alone\n")
    return LEFT if counts["left"] else 0


def _tell(adoption: Adoption, *, is_json: bool) -> None:
    lost = adoption.lost
    if is_json:
        line = {
            "name": lost.name,
            "size": lost.size,
            "title": adoption.title,
            "id": adoption.video_id,
            "reason": adoption.reason,
        }
        sys.stdout.write(f"{json.dumps(line)}\n")
    else:
        sys.stdout.write(f"{adoption.video_id or lost.name}  {adoption.title}  {lost.size} bytes")
        sys.stdout.write(f"  left alone: {adoption.reason}\n" if adoption.reason else "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vss reconcile",
        description="Recover objects in the bucket that are not in the database, for example after restoring an older "
        "backup. Each becomes a private video titled with its upload date, owned by one account whatever its quota. "
        "The services must be running.",
    )
    parser.add_argument("--adopt", action="store_true", required=True, help="recover the objects as videos")
    parser.add_argument("--owner", metavar="NAME", required=True, help="username of the account that will own them")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be adopted")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
