"""`vss reconcile` and `vss verify` beside a running installation: by its data folder alone, with their exit codes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from common.db import open_database
from fs_svc import verify_command
from fs_svc.reconcile_command import LOSS
from fs_svc.store import Store
from tests.api_client import person
from tests.command import vss
from tests.fs_service import real_bucket
from tests.product import Product, running_product
from tests.waiting import eventually
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

pytestmark = pytest.mark.long

FILM = b"a very short film"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation for the tests that put another database in place; the last one with this comes last."""
    with running_product(tmp_path_factory.mktemp("reconcile"), MEDIA_JOBS="0") as running:
        yield running


def unkept_session() -> aiohttp.ClientSession:
    """The product is stopped in between: no connection may be kept."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))


@contextmanager
def stopped(product: Product) -> Iterator[Path]:
    """The database's file, while nothing runs; files beside it are gone."""
    product.press_ctrl_c()
    database = DataFolder(product.data).database
    yield database
    product.start()


def reconcile(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vss("reconcile", *arguments, VSS_DATA_DIR=str(product.data), VSS_PORT_BASE=str(product.base))


def verify(product: Product, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vss("verify", *arguments, VSS_DATA_DIR=str(product.data), VSS_PORT_BASE=str(product.base))


async def test_what_is_read_back_and_what_is_lost_is_said_and_scripts_can_tell(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(FILM).hexdigest()
    with running_product(tmp_path, MEDIA_JOBS="0") as product:
        async with unkept_session() as session:
            alice = await person(session, product)
            upload = await alice.begin(len(FILM))
            await alice.send(upload, FILM)
            video_id, url = upload["id"], f"{alice.upload_url}/v1/uploads/{upload['id']}"
            assert (await alice.call("POST", f"{url}/complete", json={"sha256": sha256})).status == 200

            async def read_back() -> Any:
                """What its owner sees of it."""
                found = (await (await alice.call("GET", f"{url}/integrity")).json())["read_back"]
                return found["sha256"], found["is_same"]

            ended = reconcile(product, "--json")
            found = json.loads(ended.stdout)
            assert (ended.returncode, found["objects"], found["size"], found["is_dry_run"]) == (0, 1, len(FILM), False)
            ended = verify(product, "--json", "--days", "0")
            assert ended.returncode == 0, ended.stderr
            assert json.loads(ended.stdout) == {"id": video_id, "outcome": "read", "sha256": sha256}
            assert await read_back() == (sha256, True)
            assert "1 video read" in verify(product, "--days", "0").stdout
            # Not due again so soon, unless that is asked for.
            assert verify(product).stdout == ""
            assert verify(product, "--rate", "0").returncode == 2

            await lose(product, video_id)
            ended = verify(product, "--days", "0", "--limit", "1")
            assert (ended.returncode, "missing" in ended.stdout) == (verify_command.LOSS, True)
            assert await read_back() == (None, False)
        ended = reconcile(product, "--dry-run")
        assert ended.returncode == LOSS
        assert "dry run: nothing was removed" in ended.stdout
        assert f"1 stored videos MISSING from the bucket\n         {video_id}" in ended.stdout
    ended = reconcile(product)
    assert (ended.returncode, ended.stderr.count("\n") >= 1, "isn’t responding" in ended.stderr) == (1, True, True)


async def lose(product: Product, video_id: str) -> None:
    """Its object is deleted behind everybody's back."""
    folder = DataFolder(product.data)
    async with open_database(folder.database_url) as database:
        row = await Store(database).get(video_id)
    assert row is not None
    async with real_bucket(bucket_of(folder, port=product.base + 333)) as bucket:
        await bucket.delete(row.object_key)


async def test_what_was_uploaded_after_the_backup_that_is_put_back_is_said_adopted_and_plays(
    product: Product, tmp_path: Path
) -> None:
    async with unkept_session() as session:
        admin = await person(session, product)
        before = (await admin.upload(FILM))["id"]
        with stopped(product) as database:
            shutil.copy(database, tmp_path / "backup.db")
        later = b"a film that was uploaded after the backup"
        await (await person(session, product)).upload(later)
        with stopped(product) as database:
            shutil.copy(tmp_path / "backup.db", database)
        # By itself, and at once: nothing is removed, and it is said what to do.
        page = await admin_page(product, said="An older copy of the database")
        assert "vss reconcile --adopt --owner NAME" in page
        found = json.loads(reconcile(product, "--json").stdout)
        assert (found["unknown"]["count"], found["removed"]["count"], found["is_database_older"]) == (1, 0, True)
        looked = reconcile(product, "--adopt", "--owner", "admin", "--dry-run")
        assert (looked.returncode, "1 would be adopted for admin" in looked.stdout) == (0, True), looked.stderr
        assert reconcile(product, "--adopt", "--owner", "nobody").returncode == 1
        for adopted in (1, 0):
            ended = reconcile(product, "--adopt", "--owner", "Admin")
            assert (ended.returncode, f"{adopted} adopted for admin" in ended.stdout) == (0, True), ended.stderr
        admin = await person(session, product)
        listed = await (await admin.call("GET", f"{product.url('upload')}/v1/uploads?state=ready")).json()
        (video,) = (item for item in listed["items"] if item["id"] != before)
        assert (video["visibility"], video["size"], len(listed["items"])) == ("private", len(later), 2)
        source = await admin.call("GET", f"{product.url('stream')}/v1/videos/{video['id']}/source")
        async with session.get(source.headers["Location"]) as playing:
            assert hashlib.sha256(await playing.read()).digest() == hashlib.sha256(later).digest()
        found = json.loads(reconcile(product, "--json").stdout)
        assert (found["unknown"]["count"], found["missing"]["count"], found["is_database_older"]) == (0, 0, False)


async def test_an_empty_database_over_a_full_bucket_removes_nothing_and_says_so_until_a_person_decides(
    product: Product,
) -> None:
    async with unkept_session() as session:
        folder = DataFolder(product.data)
        await (await person(session, product)).upload(FILM)
        async with real_bucket(bucket_of(folder, port=product.base + 333)) as bucket:
            before = [one.object_key async for one in bucket.list_objects(prefix="objects/")]
            with stopped(product) as database:
                database.unlink()
            page = await admin_page(product, said="Another installation uses this bucket too")
            assert "vss reconcile --claim" in page
            await (await person(session, product)).upload(FILM)
            refused = reconcile(product, "--remove", str(len(before)))
            assert (refused.returncode, "--claim" in refused.stderr) == (1, True)
            refused = reconcile(product, "--adopt", "--owner", "admin")
            assert (refused.returncode, "--claim" in refused.stderr) == (1, True)
            assert reconcile(product, "--claim").returncode == 0
            ended = reconcile(product, "--adopt", "--owner", "admin")
            assert (ended.returncode, f"{len(before)} adopted" in ended.stdout) == (0, True), ended.stderr
            now = [one.object_key async for one in bucket.list_objects(prefix="objects/")]
        assert (set(before) - set(now), len(now)) == (set(), len(before) + 1)


async def admin_page(product: Product, *, said: str) -> str:
    """/admin as it is when the first run after the start has been done."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        form = {"username": "admin", "password": product.password}
        async with browser.post(
            f"{product.url('auth')}/login", data=form, headers={"Origin": product.url("auth")}, allow_redirects=False
        ) as logged_in:
            assert logged_in.status == 303

        async def page() -> str:
            async with browser.get(f"{product.url('auth')}/admin") as answer:
                return await answer.text()

        async def is_said() -> bool:
            return said in await page()

        await eventually(is_said, what="/admin says it")
        return await page()
