"""`vss account`: what an administrator types beside auth_svc."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.addresses import Addresses
from tests.auth_app import CLIENT_SECRETS, KEY_ENCRYPTION_KEY, running_auth_app
from tests.command import vss
from tests.processes import auth_environment
from vss.data_folder import DataFolder
from vss.migrate import migrate


def account(database_url: str | None, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    told = auth_environment(
        Addresses.choose(), database_url or "", CLIENT_SECRETS, key_encryption_key=KEY_ENCRYPTION_KEY
    )
    environment = {f"AUTH_{name.upper()}": value for name, value in told.items() if value}
    return vss("account", *arguments, **environment, **more)


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
        (["add", "bob"], 1, "bob already exists"),
        (["reset-password", "carol"], 1, "no account carol"),
        (["add", "a b"], 2, "the username may only contain letters, digits"),
    ):
        answer = account(sqlite_url, *arguments)
        assert answer.returncode == code
        assert words in answer.stderr
        assert answer.stdout == ""


def test_where_there_is_no_vss_one_line_says_where_to_look(tmp_path: Path) -> None:
    elsewhere = account(None, "list", VSS_DATA_DIR=str(tmp_path))
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (1, 1)
    assert "docker compose exec auth_svc vss" in elsewhere.stderr


@pytest.mark.long
@pytest.mark.any_database
async def test_access_and_quota_are_changed_and_written_down(database_url: str) -> None:
    password = account(database_url, "add", "--quota", "1.5GB", "bob").stdout.split()[-1]
    account(database_url, "add", "--administrator", "root")
    async with running_auth_app(database_url) as app:
        session = await app.log_in("bob", password)
        assert account(database_url, "disable", "bob").returncode == 0
        assert (await app.send("GET", "/v1/me", cookie=session)).status == 401
        assert account(database_url, "list").stdout.splitlines()[0].split()[:2] == ["bob", "disabled"]
        assert account(database_url, "enable", "BOB").returncode == 0
        assert await app.person_token("bob", password)
        sizes = {"2 tib": 2 * 2**40, "none": None}
        for typed, size in sizes.items():
            assert account(database_url, "set-quota", "bob", typed).returncode == 0
            rows = await app.execute("SELECT quota_bytes FROM accounts WHERE username = 'bob'")
            assert [row.quota_bytes for row in rows] == [size]
        refused = account(database_url, "disable", "root")
        assert (refused.returncode, "root is the last administrator" in refused.stderr) == (1, True)
        assert account(database_url, "set-quota", "bob", "much").returncode == 2
        query = "SELECT actor_id, address, details FROM audit WHERE action LIKE 'account-%' ORDER BY at"
        rows = await app.execute(query)
    assert {(row.actor_id, row.address) for row in rows} == {(None, "command line")}
    told = [json.loads(row.details) for row in rows]
    assert [entry.get("quota_bytes") for entry in told if "username" in entry] == [1_500_000_000, None]
    assert [entry for entry in told if "username" not in entry] == [
        {"is_disabled": True, "api_keys": "ended"},
        {"is_disabled": False},
        *({"quota_bytes": size} for size in sizes.values()),
    ]


def test_the_data_folder_of_vss_up_has_accounts_too(tmp_path: Path) -> None:
    folder = DataFolder.prepare(tmp_path / "data")
    migrate(folder.database_url, folder.path)
    assert account(None, "add", "alice", VSS_DATA_DIR=str(folder.path)).returncode == 0
    listed = account(None, "list", VSS_DATA_DIR=str(folder.path))
    assert listed.stdout.split()[:2] == ["alice", "member"], listed.stderr
