"""The real services' loops: one that meets what must not be ends its process, which whoever runs it then sees."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.ids import new_id
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.processes import ServiceProcess, face_environment, fs_environment
from vss.bucket import Bucket as StorageBucket

LONG_AGO = "2020-01-01 00:00:00.000000"
# Completing without ever having been open: no code of ours makes such a row.
OBJECT: dict[str, Any] = {
    "id": new_id(),
    "owner_id": new_id(),
    "state": "completing",
    "size": 1,
    "content_type": "video/mp4",
    "part_size": 1,
    "part_count": 1,
    "object_key": f"objects/{new_id()}",
    "created_at": LONG_AGO,
    "last_activity_at": LONG_AGO,
    "leased_until": LONG_AGO,
}
# A visibility that there is not.
VIDEO: dict[str, Any] = {
    "id": new_id(),
    "owner_id": new_id(),
    "owner_username": "alice",
    "title": "A film",
    "title_key": "a film",
    "description": "",
    "search_key": "a film",
    "filename": "film.mp4",
    "size": 1,
    "content_type": "video/mp4",
    "visibility": "nonsense",
    "state": "uploading",
    "created_at": LONG_AGO,
    "settle_after": LONG_AGO,
}


def add_row(database_url: str, table: str, row: dict[str, Any]) -> None:
    with closing(sqlite3.connect(database_url.partition(":///")[2])) as connection, connection:
        names, places = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))  # noqa: S608


@pytest.mark.parametrize(("name", "table", "row"), [("fs", "objects", OBJECT), ("upload", "videos", VIDEO)])
async def test_a_loop_that_dies_takes_its_service_with_it(
    tmp_path: Path,
    sqlite_url: str,
    addresses: Addresses,
    seaweedfs: StorageBucket,
    auth: AuthService,
    name: str,
    table: str,
    row: dict[str, Any],
) -> None:
    at = replace(Addresses.choose(), auth_port=addresses.auth_port, s3_port=addresses.s3_port)
    if name == "fs":
        url, told = at.fs_url, fs_environment(at, sqlite_url, seaweedfs, s3_url=seaweedfs.endpoint)
    else:
        url, told = at.upload_url, face_environment("upload", at, sqlite_url, auth.client_secrets, fs_url=at.fs_url)
    log = tmp_path / "service.log"
    service = ServiceProcess(name, url, told, log)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.stop)
        await service.start()
        add_row(sqlite_url, table, row)
        assert await service.end() == 1
    said = log.read_text(encoding="utf-8")
    assert "Traceback" in said
    assert "settle" in said
