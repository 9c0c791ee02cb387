"""The storage's disk fills up in the middle of an upload: nothing is lost, and with more room it goes on."""

from __future__ import annotations

import hashlib
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests import components
from tests.api_client import PART_SIZE, Person, person
from tests.problems import assert_problem
from tests.product import Product, running_product
from tests.waiting import eventually

pytestmark = pytest.mark.long

_SMALL, _LARGER = "256m", "1g"
# More than the small disk holds, and less than the larger one.
_PARTS = 45


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for an installation."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        components.missing("A disk of its own", f"run as root on Linux ({mounted.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def _enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={_LARGER}", disk], check=True)


def _part(number: int) -> bytes:
    return random.Random(number).randbytes(PART_SIZE)  # noqa: S311 (no secret)


async def test_an_upload_waits_for_room_and_goes_on(disk: Path) -> None:
    with running_product(disk, MEDIA_JOBS="0") as product:
        async with aiohttp.ClientSession() as session:
            await _fill_up(product, session, disk)


async def _fill_up(product: Product, session: aiohttp.ClientSession, disk: Path) -> None:
    somebody = await person(session, product)
    upload = await somebody.begin(_PARTS * PART_SIZE)
    url = f"{somebody.upload_url}/v1/uploads/{upload['id']}"
    sent = [number async for number in _send_until_refused(somebody, upload["id"])]
    assert 1 <= len(sent) < _PARTS

    # What has arrived is there, what is missing is named, and everything else goes on.
    held = await (await somebody.call("GET", url)).json()
    assert [part["part_number"] for part in held["received"]] == sent
    problem = await assert_problem(await somebody.complete(upload["id"]), 422, "parts-missing")
    assert problem["missing"] == list(range(len(sent) + 1, _PARTS + 1))
    somebody = await person(session, product)
    assert (await somebody.call("GET", f"{somebody.stream_url}/v1/videos")).status == 200
    assert (await somebody.call("PATCH", url, json={"title": "Renamed meanwhile"})).status == 200

    _enlarge(disk)
    for number in problem["missing"]:

        async def is_taken(number: int = number) -> bool:
            return await somebody.send_part(upload["id"], number, _part(number)) == 200

        await eventually(is_taken, what=f"part {number} is taken, now that there is room")
    assert (await somebody.complete(upload["id"])).status == 200
    source = await somebody.call("GET", f"{somebody.stream_url}/v1/videos/{upload['id']}/source")
    digest, whole = hashlib.sha256(), hashlib.sha256()
    async with session.get(source.headers["Location"]) as answer:
        async for block in answer.content.iter_chunked(2**20):
            digest.update(block)
    for number in range(1, _PARTS + 1):
        whole.update(_part(number))
    assert digest.digest() == whole.digest()


async def _send_until_refused(somebody: Person, upload_id: str) -> AsyncIterator[int]:
    """The numbers of the parts that are taken, until one is not."""
    for number in range(1, _PARTS + 1):
        if await somebody.send_part(upload_id, number, _part(number)) != 200:
            return
        yield number
