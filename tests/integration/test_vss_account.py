"""`vss account`: what an administrator types beside auth_svc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.addresses import Addresses
from tests.auth_app import CLIENT_SECRETS, KEY_ENCRYPTION_KEY, running_auth_app

ROOT = Path(__file__).parent.parent.parent


def account(database_url: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    addresses = Addresses.choose()
    settings = {
        **addresses.common_settings(),
        "port": str(addresses.auth_port),
        "upload_client_secret": CLIENT_SECRETS["upload"],
        "stream_client_secret": CLIENT_SECRETS["stream"],
        "key_encryption_key": KEY_ENCRYPTION_KEY,
        **({} if database_url is None else {"database_url": database_url}),
    }
    return subprocess.run(
        [sys.executable, "-m", "vss", "account", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **{f"AUTH_{name.upper()}": value for name, value in settings.items()}},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_accounts_are_added_listed_and_given_another_password(database_url: str) -> None:
    first = account(database_url, "add", "--administrator", "Alice").stdout.split()[-1]
    assert [line.split()[:2] for line in account(database_url, "list").stdout.splitlines()] == [["alice", "admin"]]
    async with running_auth_app(database_url) as app:
        session = await app.log_in("alice", first)
        second = account(database_url, "reset-password", "alice").stdout.split()[-1]
        assert await app.person_token("alice", second)
        # The sessions of the old password are over.
        answer = await app.send("GET", "/v1/me", cookie=session)
        assert answer.status == 401


def test_what_cannot_be_done_is_one_line(sqlite_url: str) -> None:
    account(sqlite_url, "add", "bob")
    for arguments, code, words in (
        (["add", "bob"], 1, "bob is there already"),
        (["reset-password", "carol"], 1, "carol is not there"),
        (["add", "a b"], 2, "use 1 to 64 of a-z"),
    ):
        answer = account(sqlite_url, *arguments)
        assert answer.returncode == code
        assert words in answer.stderr
        assert answer.stdout == ""
    elsewhere = account(None, "list")
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (1, 1)
    assert "docker compose exec auth_svc vss account" in elsewhere.stderr
