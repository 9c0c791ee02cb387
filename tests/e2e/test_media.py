"""From an upload to its facts and pictures; and a job whose worker is stopped, or killed, in the middle of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from media_svc.looking import LOOK_LIMITS
from tests import footage
from tests.api_client import Person, person
from tests.product import Product
from tests.waiting import eventually, wait_until

# The decoder steps back for whoever needs the processor: on a busy machine a job may take what the worker gives it.
WORK_SECONDS = LOOK_LIMITS.seconds


@pytest.fixture(scope="module")
def product(product_with_worker: Product) -> Product:
    return product_with_worker


@pytest.fixture
async def alice(product: Product) -> AsyncIterator[Person]:
    async with product.session() as session:
        yield await person(session, product)


async def media_of(alice: Person, video: dict[str, Any]) -> dict[str, Any]:
    answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video['id']}")
    assert answer.status == 200
    media: dict[str, Any] = (await answer.json())["media"]
    return media


async def is_looked_at(alice: Person, video: dict[str, Any]) -> None:
    async def is_ready() -> bool:
        media = await media_of(alice, video)
        assert media["state"] != "failed", media
        return bool(media["state"] == "ready")

    await eventually(is_ready, what="the video was looked at", limit_seconds=WORK_SECONDS)


def rows(product: Product, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(product.data / "vss.db", timeout=10, isolation_level=None)) as connection:
        return connection.execute(query, values).fetchall()


def starts(product: Product, name: str) -> int:
    """How often it has become ready."""
    return len(re.findall(rf"^{name} +ready", product.output, re.MULTILINE))


def look(product: Product, video: dict[str, Any]) -> tuple[Any, ...]:
    """State, attempt and tries left of the job that looks at the video."""
    query = "SELECT state, attempt, tries_left FROM media_jobs WHERE video_id = ? AND task = 'look'"
    return rows(product, query, video["id"])[0]


async def test_a_film_has_facts_and_pictures_soon_after_its_upload(product: Product, alice: Person) -> None:
    film = footage.fetch(footage.OCEAN_MP4).read_bytes()
    video = await alice.upload(film, title="Looked at")
    await is_looked_at(alice, video)
    media = await media_of(alice, video)
    assert (media["width"], media["height"], media["has_video"]) == (1280, 720, True)

    def made() -> dict[str, str]:
        query = "SELECT task, state FROM derived_objects WHERE object_id = ?"
        return dict(rows(product, query, video["id"]))

    wait_until(
        lambda: made() == {"look": "stored", "storyboard": "stored"},
        what="there are pictures",
        limit_seconds=WORK_SECONDS,
    )

    text = await alice.upload(b"a letter", title="Not a film")

    async def is_refused() -> bool:
        media = await media_of(alice, text)
        return (media["state"], media["reason"]) == ("failed", "unsupported")

    await eventually(is_refused, what="the text was looked at", limit_seconds=WORK_SECONDS)


async def test_a_job_whose_worker_is_stopped_or_killed_is_done_by_the_next(product: Product, alice: Person) -> None:
    film = footage.fetch(footage.OCEAN_MP4).read_bytes()
    wait_until(lambda: starts(product, "media") > 0, what="there is a worker")
    processes = product.processes()
    processes["media"].suspend()
    video = await alice.upload(film, title="Looked at by three")
    processes["storage"].suspend()
    try:
        processes["media"].resume()
        wait_until(lambda: look(product, video) == ("running", 1, 2), what="a worker waits for the storage")
        # Given back, it costs no try, and need not wait for the end of a lease.
        processes["media"].terminate()
        wait_until(lambda: look(product, video) == ("running", 2, 2), what="the next worker has it")
        second = product.processes()["media"]
        second.kill()
        second.wait()
        # Two minutes later.
        rows(
            product, "UPDATE media_jobs SET leased_until = '2000-01-01 00:00:00.000000' WHERE video_id = ?", video["id"]
        )
        wait_until(lambda: look(product, video) == ("running", 3, 1), what="the third worker has it")
        media = await media_of(alice, video)
        assert (media["state"], media["width"]) == ("preparing", None)
        # And when it has done its work, there is nobody to tell.
        before = starts(product, "upload")
        processes["upload"].kill()
    finally:
        processes["storage"].resume()
    wait_until(lambda: starts(product, "upload") > before, what="upload_svc is back")
    await is_looked_at(alice, video)
    assert look(product, video) == ("done", 3, 1)
    # What others have made, if anything, is gone; what is there is whole.
    query = "SELECT state FROM derived_objects WHERE object_id = ? AND task = 'look' AND state <> 'deleted'"
    is_one = partial(rows, product, query, video["id"])
    wait_until(lambda: is_one() == [("stored",)], what="one poster is left", limit_seconds=WORK_SECONDS)
