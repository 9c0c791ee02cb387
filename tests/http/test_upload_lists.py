"""My uploads, in pages: whole, without doubles, mine alone; on both kinds of database."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from catalogue.videos import Video, VideoState, Visibility
from common.db import open_database
from tests.api_client import Person
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.videos import NOW, video
from upload_svc.store import Store

READY, UPLOADING, TRASHED = VideoState.READY, VideoState.UPLOADING, VideoState.TRASHED
pytestmark = pytest.mark.both_databases


async def _page(person: Person, **query: str) -> dict[str, Any]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads", params=query)
    assert answer.status == 200, await answer.text()
    page: dict[str, Any] = await answer.json()
    assert set(page) == {"items", "next_cursor"}
    return page


async def _ids(person: Person, **query: str) -> list[str]:
    return [upload_id for page in await _pages(person, **query) for upload_id in page]


async def _pages(person: Person, **query: str) -> list[list[str]]:
    """The ids of every page."""
    page = await _page(person, **query)
    found = [[item["id"] for item in page["items"]]]
    while page["next_cursor"] is not None:
        page = await _page(person, **query, cursor=page["next_cursor"])
        found.append([item["id"] for item in page["items"]])
    return found


async def test_pages_are_whole_and_mine_alone_in_each_state(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    assert await _pages(alice) == [[]]
    ready = [(await alice.upload(b"film", title=f"Film {number}"))["id"] for number in range(3)]
    uploading = [(await alice.begin(5))["id"] for _ in range(3)]
    await bob.upload(b"film", visibility="public")
    newest = [*ready, *uploading][::-1]
    for limit in range(1, 8):
        pages = await _pages(alice, limit=str(limit))
        assert [upload_id for page in pages for upload_id in page] == newest
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        # No empty page at the end.
        assert pages[-1]
    assert await _ids(alice, limit="2", state="ready") == ready[::-1]
    assert await _ids(alice, limit="2", state="uploading") == uploading[::-1]
    assert await _pages(alice, state="trashed") == [[]]


async def test_an_item_is_the_upload_itself(services: Services) -> None:
    alice = services.person("alice")
    upload, video = await alice.begin(5), await alice.upload(b"film")
    assert (await _page(alice))["items"] == [video, upload]


async def test_what_comes_and_goes_between_pages_makes_neither_gap_nor_double(services: Services) -> None:
    alice = services.person("alice")
    made = [(await alice.begin(5))["id"] for _ in range(5)]
    first = await _page(alice, limit="2")
    await alice.begin(5)
    # The very place that the cursor names.
    await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{first['items'][-1]['id']}")
    second = await _page(alice, limit="2", cursor=first["next_cursor"])
    assert [item["id"] for item in [*first["items"], *second["items"]]] == made[4:0:-1]


async def test_a_cursor_is_good_for_its_own_list_only(services: Services) -> None:
    alice = services.person("alice")
    for _ in range(2):
        await alice.upload(b"film", visibility="members")
        await alice.begin(5)
    cursor = (await _page(alice, limit="1"))["next_cursor"]
    library = await alice.call("GET", f"{alice.stream_url}/v1/videos", params={"limit": "1"})
    foreign = (await library.json())["next_cursor"]
    assert (cursor is not None, foreign is not None) == (True, True)
    for query in (
        *({"cursor": text} for text in (cursor[:-2], "é", "=", foreign)),
        {"cursor": cursor, "state": "ready"},
        {"cursor": cursor, "state": "uploading"},
        {"cursor": cursor, "sort": "title"},
        {"cursor": cursor, "visibility": "members"},
        {"cursor": cursor, "q": "film"},
    ):
        answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads", params=query)
        problem = await assert_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/cursor"]
    answer = await alice.call("GET", f"{alice.stream_url}/v1/videos", params={"cursor": cursor})
    await assert_problem(answer, 422, "invalid")


async def test_a_query_that_cannot_be_is_refused_and_names_itself(services: Services) -> None:
    alice = services.person("alice")
    for name, value in (
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "ten"),
        ("limit", ""),
        ("state", "watched"),
        ("state", ""),
        # What is deleted is gone, for its owner too.
        ("state", "deleted"),
        ("cursor", "x" * 2049),
        ("sort", "size"),
        ("visibility", "mine"),
        ("q", "x" * 201),
    ):
        answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads", params={name: value})
        problem = await assert_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [f"#/{name}"]


async def test_a_list_is_searched_filtered_and_sorted_in_pages(services: Services, services_url: str) -> None:
    owner = {"owner_id": services.auth.account_id("alice"), "owner_username": "alice"}
    made = []
    async with open_database(services_url) as database:
        store = Store(database)
        for number, (visibility, state) in enumerate(itertools.product(Visibility, [READY, UPLOADING, TRASHED])):
            for size in (7, None if state is UPLOADING else 9):
                title = f"{('Ocean', 'night', 'Océan')[number % 3]} {number % 2}"
                made.append(
                    video(
                        **owner,
                        title=title,
                        visibility=visibility,
                        state=state,
                        size=size,
                        created_at=NOW + number * timedelta(seconds=1),
                    )
                )
        # What an administrator has hidden is listed as its owner sees it.
        made.append(video(**owner, title="Hidden ocean", hidden_visibility=Visibility.PUBLIC))
        for one in made:
            await store.add_video(one)
    orders: dict[str, Callable[[Video], Any]] = {
        "created_at": lambda one: (one.created_at, one.id),
        "title": lambda one: (one.title_key, one.id),
        "-created_at": lambda one: (one.created_at, one.id),
        "-size": lambda one: (one.size is not None, one.size or 0, one.id),
    }
    alice = services.person("alice")
    for sort, visibility, q, state in itertools.product(orders, [None, *Visibility], ["", "OCEAN"], [None, "trashed"]):
        expected = [
            one.id
            for one in sorted(made, key=orders[sort], reverse=sort.startswith("-"))
            if (one.state is TRASHED) == (state is not None)
            and visibility in (None, one.chosen_visibility)
            and (not q or "night" not in one.title)
        ]
        query = {name: value for name, value in {"visibility": visibility, "q": q, "state": state}.items() if value}
        for limit in ("2", "100"):
            assert await _ids(alice, sort=sort, limit=limit, **query) == expected, (sort, query, limit)


async def test_what_is_deleted_is_in_no_list(services: Services) -> None:
    alice = services.person("alice")
    for upload in (await alice.begin(5), await alice.upload(b"film")):
        url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
        assert (await alice.call("DELETE", url)).status == 204
        for method, path, content in (
            ("GET", "", None),
            ("DELETE", "", None),
            ("PATCH", "", {"title": "Still here"}),
            ("POST", "/part-urls", {"part_numbers": [1]}),
            ("POST", "/complete", None),
        ):
            await assert_problem(await alice.call(method, url + path, json=content), 404, "not-found")
    assert await _pages(alice) == [[]]
