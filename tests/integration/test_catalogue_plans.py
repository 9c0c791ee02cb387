"""Lists read one index in order: a page costs the same in a large catalogue as in a small one, and at any depth."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.access import Right, Viewer
from catalogue.lists import audience_index, library_index
from catalogue.pages import Sort
from catalogue.tables import AUDIENCE, COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS
from catalogue.videos import VideoState, Visibility
from common.db import Database, open_database
from common.ids import new_id
from common.text import search_key, sort_key
from stream_svc.store import Listing
from stream_svc.store import Store as StreamStore
from tests.statements import Statement, plan, statements, work
from tests.stores import Store
from upload_svc.store import Listing as MyListing

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
OWNERS = [new_id() for _ in range(3)]
# In groups, and nobody's owner.
MEMBER = Viewer(new_id(), frozenset(new_id() for _ in range(4)))
SMALL, LARGE = 400, 4_000
LIMIT = 10
READY, UPLOADING = VideoState.READY, VideoState.UPLOADING


class Catalogue:
    """A growing number of videos, of three owners, in every state and visibility."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database)
        self.stream = StreamStore(database)
        self._chance = random.Random(7)  # noqa: S311 - the same catalogue each time
        self._size = 0
        self._collections: dict[tuple[str, str], str] = {}

    async def grow_to(self, size: int) -> None:
        rows = [self._row(number) for number in range(self._size, size)]
        async with self.database.write() as connection:
            await connection.execute(insert(VIDEOS), rows)
            granted = [one for row in rows for one in self._granted(row)]
            await connection.execute(insert(AUDIENCE), granted)
            await self._grant(connection, rows, granted)
            if connection.dialect.name != "sqlite":
                # What the server does by itself in the background, done now.
                await connection.execute(sql("ANALYZE TABLE videos, audience, grants, collections, collection_videos"))
        self._size = size

    def _row(self, number: int) -> dict[str, Any]:
        title = f"Film {self._chance.random()}"
        return {
            "id": new_id(),
            # One of them has most.
            "owner_id": OWNERS[max(number % 8 - 5, 0)],
            "owner_username": "somebody",
            "title": title,
            "title_key": sort_key(title),
            "description": "",
            "search_key": search_key(title),
            "filename": "film.mp4",
            "size": self._chance.randrange(10**6),
            "duration_ms": self._chance.randrange(10**6),
            "content_type": "video/mp4",
            "visibility": self._chance.choice(["private", "unlisted", "members", "members", "public"]),
            "state": self._chance.choice(["ready", "ready", "ready", "uploading", "deleted"]),
            "created_at": NOW + timedelta(seconds=self._chance.randrange(10**6)),
            "settle_after": NOW if number < 20 else None,
        }

    def _granted(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every third one that is ready to everybody in the first group, fewer to the others and to one account."""
        for number, subject in enumerate(MEMBER.own_subjects):
            if row["state"] == "ready" and self._chance.randrange(3 + number) == 0:
                columns = ("created_at", "title_key", "duration_ms")
                yield {"video_id": row["id"], "subject": subject, **{name: row[name] for name in columns}}

    async def _grant(
        self, connection: AsyncConnection, rows: list[dict[str, Any]], granted: list[dict[str, Any]]
    ) -> None:
        """The grants of that: every other one of a collection, of which each owner has one for each subject."""
        owners = {row["id"]: row["owner_id"] for row in rows}
        if not self._collections:
            self._collections = {(owner, subject): new_id() for owner in OWNERS for subject in MEMBER.own_subjects}
            fields = {"title": "C", "title_key": "c", "description": "", "created_at": NOW, "updated_at": NOW}
            for (owner, subject), collection_id in self._collections.items():
                await connection.execute(insert(COLLECTIONS).values(id=collection_id, owner_id=owner, **fields))
                given = {"id": new_id(), "collection_id": collection_id, "subject": subject, "created_at": NOW}
                await connection.execute(insert(GRANTS).values(given))
        its_own = [
            {"id": new_id(), "video_id": one["video_id"], "subject": one["subject"], "created_at": NOW}
            for one in granted[::2]
        ]
        await connection.execute(insert(GRANTS), its_own)
        collected = [
            {
                "collection_id": self._collections[owners[one["video_id"]], one["subject"]],
                "video_id": one["video_id"],
                "position": number,
            }
            for number, one in enumerate(granted[1::2])
        ]
        await connection.execute(insert(COLLECTION_VIDEOS), collected)

    async def work(self, listing: Any) -> int:
        """What the one statement costs that `listing` makes."""
        statement = await self._statement(listing)
        async with self.database.read() as connection:
            return await work(connection, statement)

    async def plan(self, listing: Any) -> str:
        statement = await self._statement(listing)
        async with self.database.read() as connection:
            return await plan(connection, statement)

    async def _statement(self, listing: Any) -> Statement:
        with statements() as seen:
            await listing
        [statement] = [one for one in seen if "videos" in one.text]
        return statement


def _grant(row: dict[str, Any]) -> dict[str, Any]:
    """What a row of AUDIENCE comes from."""
    whose = {name: row[name] for name in ("video_id", "subject", "created_at")}
    return {**whose, "id": new_id(), "right": Right.WATCH.value}


@pytest.fixture
async def catalogue(database_url: str) -> AsyncIterator[Catalogue]:
    async with open_database(database_url) as database:
        catalogue = Catalogue(database)
        await catalogue.grow_to(SMALL)
        yield catalogue


# How much of the catalogue lies behind a page.
DEPTHS = [0.95, 0.5, 0.1]


def _place(sort: Sort, depth: float) -> Any:
    """The place in that order behind which so much of the catalogue lies."""
    if sort is Sort.TITLE:
        return sort_key(f"Film {1 - depth}"), "m" * 26
    if sort in (Sort.LARGEST, Sort.LONGEST):
        return int(10**6 * depth), "m" * 26
    if sort is Sort.SHORTEST:
        return int(10**6 * (1 - depth)), "m" * 26
    return NOW + timedelta(seconds=10**6 * (depth if sort is Sort.NEWEST else 1 - depth)), "m" * 26


MINE: list[tuple[list[VideoState], Visibility | None, Sort, str]] = [
    ([READY], None, Sort.NEWEST, "videos_mine"),
    ([READY, UPLOADING], None, Sort.OLDEST, "videos_mine"),
    ([READY, UPLOADING], None, Sort.TITLE, "videos_owner_title"),
    ([READY, UPLOADING], None, Sort.LARGEST, "videos_owner_size"),
    ([READY, UPLOADING], Visibility.PRIVATE, Sort.NEWEST, "videos_owner_age"),
    ([READY], Visibility.PRIVATE, Sort.LARGEST, "videos_owner_size"),
]


def _lists(catalogue: Catalogue) -> Iterator[tuple[str, Sort, str, Callable[[Any], Any]]]:
    """What is listed, its order, the index that this takes, and its page after a place."""
    for states, visibility, sort, index in MINE:
        mine = MyListing(owner_id=OWNERS[0], states=states, visibility=visibility, sort=sort)
        yield f"{mine}", sort, index, partial(_page, catalogue.store.list_videos, mine)
    for owner_id in (None, *OWNERS[:2]):
        for sort in (Sort.NEWEST, Sort.OLDEST, Sort.TITLE, Sort.LONGEST, Sort.SHORTEST):
            listing = Listing(viewer=Viewer(OWNERS[0]), now=NOW, q="", owner_id=owner_id, sort=sort)
            index = library_index(sort, is_one_owners=owner_id is not None)
            yield f"{listing}", sort, index, partial(_page, catalogue.stream.list_videos, listing)
    for is_shared in (False, True):
        for sort in (Sort.NEWEST, Sort.OLDEST, Sort.TITLE, Sort.LONGEST, Sort.SHORTEST):
            listing = Listing(viewer=MEMBER, now=NOW, q="", owner_id=None, sort=sort, is_shared=is_shared)
            yield f"{listing}", sort, audience_index(sort), partial(_page, catalogue.stream.list_videos, listing)


def _page(list_videos: Callable[..., Any], listing: Any, after: Any) -> Any:
    return list_videos(listing, after=after, limit=LIMIT)


async def test_a_page_costs_the_same_in_any_catalogue_at_any_depth(catalogue: Catalogue) -> None:
    lists = list(_lists(catalogue))
    small = [await catalogue.work(page(None)) for _, _, _, page in lists]
    await catalogue.grow_to(LARGE)
    faults = []
    for (name, sort, index, page), before in zip(lists, small, strict=True):
        for after in (None, *(_place(sort, depth) for depth in DEPTHS)):
            work, plan = await catalogue.work(page(after)), await catalogue.plan(page(after))
            found = len(await page(after))
            if work > 1.5 * before or index not in plan or found != LIMIT:
                faults.append(f"{name} after {after}: {found} for {work}, not {before}, by {plan}, not {index}")
    assert faults == []


async def test_whether_there_is_something_to_ask_about_costs_the_same_for_any_owner(catalogue: Catalogue) -> None:
    def count() -> Any:
        return catalogue.store.count_public_reviews(OWNERS[0], most=LIMIT)

    small = await catalogue.work(count())
    await catalogue.grow_to(LARGE)
    assert await catalogue.work(count()) <= 1.5 * small


@pytest.mark.parametrize("q", ["film", "somebody"], ids=["title", "owner"])
async def test_a_search_that_finds_much_reads_and_counts_no_more_in_a_large_catalogue(
    catalogue: Catalogue, q: str
) -> None:
    listing = Listing(viewer=Viewer(OWNERS[0]), now=NOW, q=q, owner_id=None, sort=Sort.NEWEST)

    def page() -> Any:
        return catalogue.stream.list_videos(listing, after=None, limit=LIMIT)

    def count() -> Any:
        return catalogue.stream.count_videos(listing, most=LIMIT)

    small = [await catalogue.work(page()), await catalogue.work(count())]
    await catalogue.grow_to(LARGE)
    for listed, before in zip((page, count), small, strict=True):
        assert await catalogue.work(listed()) <= 1.5 * before
    assert "videos_age" in await catalogue.plan(page())
    assert await count() == LIMIT


async def test_looking_for_due_rows_does_not_read_the_others(catalogue: Catalogue) -> None:
    def look() -> Any:
        return catalogue.store.take_unsettled(now=NOW - timedelta(seconds=1), until=NOW, limit=100)

    small = await catalogue.work(look())
    await catalogue.grow_to(LARGE)
    assert await catalogue.work(look()) <= small
    assert "videos_unsettled" in await catalogue.plan(look())
