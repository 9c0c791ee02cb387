"""`vss reconcile` beside a running installation: by its data folder alone, in words and as JSON, with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import aiohttp

from common.db import open_database
from fs_svc.reconcile_command import LOSS
from fs_svc.store import Store
from tests.e2e.visitor import person
from tests.fs_service import real_bucket
from tests.product import Product, running_product
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

FILM = b"a very short film"


def reconcile(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vss", "reconcile", *arguments],
        env={"PATH": os.environ["PATH"], "VSS_DATA_DIR": str(product.data), "VSS_PORT_BASE": str(product.base)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_what_is_lost_is_said_and_scripts_can_tell(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        async with aiohttp.ClientSession() as session:
            video_id = (await (await person(session, product)).upload(FILM))["id"]
        ended = reconcile(product, "--json")
        found = json.loads(ended.stdout)
        assert (ended.returncode, found["objects"], found["size"], found["is_dry_run"]) == (0, 1, len(FILM), False)
        folder = DataFolder(product.data)
        async with open_database(folder.database_url) as database:
            row = await Store(database).get(video_id)
        assert row is not None
        async with real_bucket(bucket_of(folder, port=product.base + 333)) as bucket:
            await bucket.delete(row.object_key)
        ended = reconcile(product, "--dry-run")
        assert ended.returncode == LOSS
        assert "dry run: nothing was removed" in ended.stdout
        assert f"1 stored videos whose object is MISSING\n         {video_id}" in ended.stdout
    ended = reconcile(product)
    assert (ended.returncode, ended.stderr.count("\n") >= 1, "does not answer" in ended.stderr) == (1, True, True)
