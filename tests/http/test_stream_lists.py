"""The library in pages: whole, without doubles, in order, and only what one may watch; on both kinds of database."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest

from catalogue.access import Viewer
from catalogue.videos import LISTED, VideoState, Visibility
from common.audit import NOBODY, audit_entry
from common.clock import utc_now
from common.db import open_database
from common.ids import new_id
from tests.api_client import Person
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.videos import NOW, video
from upload_svc.grant_store import Grant, GrantStore
from upload_svc.store import Store

pytestmark = pytest.mark.both_databases

SORTS = ["-created_at", "created_at", "title"]


class Catalogue:
    """Videos as upload_svc keeps them, without the bytes, which no list needs."""

    def __init__(self, store: Store, services: Services) -> None:
        self._store = store
        self._auth = services.auth
        self.made: list[str] = []

    async def add(self, title: str, *, owner: str = "alice", **fields: Any) -> str:
        """A video, seen by members where `fields` say nothing else; returns its id."""
        who = {"owner_id": self._auth.account_id(owner), "owner_username": owner}
        made = video(title=title, **who, **{"visibility": Visibility.MEMBERS, **fields})
        await self._store.add_video(made)
        self.made.append(made.id)
        return made.id


@pytest.fixture
async def catalogue(services: Services, services_url: str) -> AsyncIterator[Catalogue]:
    async with open_database(services_url) as database:
        yield Catalogue(Store(database), services)


async def _page(person: Person, **query: str) -> dict[str, Any]:
    answer = await person.call("GET", f"{person.stream_url}/v1/videos", params=query)
    assert answer.status == 200, await answer.text()
    page: dict[str, Any] = await answer.json()
    return page


async def _all(person: Person, **query: str) -> list[dict[str, Any]]:
    """The items of every page."""
    page = await _page(person, **query)
    found: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = await _page(person, **{**query, "cursor": page["next_cursor"]})
        assert page["items"]
        found = found + page["items"]
    return found


def _ids(items: Iterable[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_are_whole_and_hold_what_one_may_watch(services: Services, catalogue: Catalogue, sort: str) -> None:
    made: dict[str, tuple[str, Visibility, VideoState]] = {}
    # Instants and titles that are equal, across owners and across what may be seen.
    for number, (owner, visibility, state) in enumerate(
        itertools.product(("alice", "bob"), Visibility, (VideoState.READY, VideoState.UPLOADING, VideoState.TRASHED))
    ):
        for copy in range(3):
            created_at = NOW + timedelta(microseconds=number % 3)
            title = ("Same", "same", "Other")[copy]
            video_id = await catalogue.add(
                title, owner=owner, visibility=visibility, state=state, created_at=created_at
            )
            made[video_id] = (owner, visibility, state)
    for viewer in ("alice", "bob", "carol"):
        visible = {
            video_id
            for video_id, (owner, visibility, state) in made.items()
            if state is VideoState.READY and (visibility in LISTED or owner == viewer)
        }
        whole = await _page(services.person(viewer), sort=sort)
        assert whole["next_cursor"] is None
        assert set(_ids(whole["items"])) == visible
        for limit in ("1", "2", "5"):
            assert await _all(services.person(viewer), sort=sort, limit=limit) == whole["items"]
        key = "title" if sort == "title" else "created_at"
        values = [item[key].casefold() for item in whole["items"]]
        assert values == sorted(values, reverse=sort == "-created_at")


async def test_what_is_granted_more_than_once_is_listed_once_in_every_order(
    services: Services, services_url: str, catalogue: Catalogue
) -> None:
    bob_id, groups = services.auth.account_id("bob"), [new_id() for _ in range(3)]
    subjects = [f"account:{bob_id}", *(f"group:{group_id}" for group_id in groups)]
    bob = services.person("bob", groups=groups)
    shared, expected = [], []
    async with open_database(services_url) as database:
        grants = GrantStore(database)

        async def grant(video_id: str, subject: str, *, ends: timedelta | None = None, owner: str = "alice") -> None:
            owner_id, end = services.auth.account_id(owner), None if ends is None else utc_now() + ends
            given = Grant(
                id=new_id(), video_id=video_id, subject=subject, name="x", created_at=utc_now(), expires_at=end
            )
            await grants.put_grant(Viewer(owner_id), given, entry=audit_entry("video-granted", NOBODY, at=utc_now()))

        for number, visibility in enumerate([*Visibility] * 3):
            fields: dict[str, Any] = {
                "created_at": NOW + timedelta(seconds=number % 5),
                "duration_ms": [None, 5, 300_000][number % 3],
            }
            video_id = await catalogue.add(f"Film {number % 4}", visibility=visibility, **fields)
            for subject in subjects[: number % 5]:
                await grant(video_id, subject)
            if number % 5:
                shared.append(video_id)
            if number % 5 or visibility in LISTED:
                expected.append(video_id)
        # None of these: ended, hidden, in the trash, somebody else's; and what is one's own is not shared with one.
        ended, hidden, trashed, other = [await catalogue.add("No", visibility=Visibility.PRIVATE) for _ in range(4)]
        await grant(ended, subjects[0], ends=timedelta(seconds=-1))
        await grant(hidden, subjects[1])
        await grant(trashed, subjects[2])
        await grant(other, f"group:{new_id()}")
        uploads = Store(database)
        entry = audit_entry("video-hidden", NOBODY, at=utc_now())
        assert await uploads.hide_video(hidden, entry)
        assert await uploads.move_video(trashed, old=[VideoState.READY], new=VideoState.TRASHED, settle_after=None)
        own = await catalogue.add("Own", owner="bob", visibility=Visibility.PRIVATE)
        await grant(own, subjects[3], owner="bob")
        expected.append(own)
    for sort in (*SORTS, "duration", "-duration"):
        for query, found in (({}, expected), ({"shared": "true"}, shared)):
            whole = await _page(bob, sort=sort, **query)
            assert (whole["next_cursor"], sorted(_ids(whole["items"]))) == (None, sorted(found)), (sort, query)
            for limit in ("1", "3"):
                assert await _all(bob, sort=sort, limit=limit, **query) == whole["items"], (sort, query)
    alice_id = services.auth.account_id("alice")
    assert sorted(_ids(await _all(bob, owner=alice_id, limit="2"))) == sorted(set(expected) - {own})
    lengths = [item["id"] for item in await _all(bob, length="4-20", shared="true")]
    assert sorted(lengths) == sorted(one for one in shared if catalogue.made.index(one) % 3 == 2)
    # Whoever is in no group any more has no share of it.
    left = services.person("bob")
    assert own in _ids(await _all(left))
    assert set(_ids(await _all(left, shared="true"))) == set(shared)
    assert await _all(services.person("carol"), shared="true") == []
    await assert_problem(
        await services.person(None).call("GET", f"{bob.stream_url}/v1/videos?shared=true"), 401, "unauthenticated"
    )


async def test_an_owners_part_of_the_library(services: Services, catalogue: Catalogue) -> None:
    seen = [await catalogue.add(title, owner="bob") for title in "ab"]
    for visibility in set(Visibility) - LISTED:
        await catalogue.add("c", owner="bob", visibility=visibility)
    own = await catalogue.add("d", visibility=Visibility.PRIVATE)
    alice, bob_id = services.person("alice"), services.auth.account_id("bob")
    items = await _all(alice, owner=bob_id, sort="title", limit="1")
    assert _ids(items) == seen
    assert items[0]["owner"] == {"id": bob_id, "username": "bob"}
    assert _ids(await _all(alice, owner=services.auth.account_id("alice"))) == [own]
    assert await _all(alice, owner="nobody") == []


@pytest.mark.parametrize("sort", SORTS)
async def test_what_comes_and_goes_between_pages_makes_neither_gap_nor_double(
    services: Services, catalogue: Catalogue, sort: str
) -> None:
    alice = services.person("alice")
    made = [await catalogue.add("m", created_at=NOW) for _ in range(6)]
    first = await _page(alice, sort=sort, limit="2")
    # One before the place that the cursor names and one behind it, whatever the order.
    for title, age in (("a", timedelta(seconds=-1)), ("z", timedelta(seconds=1))):
        await catalogue.add(title, created_at=NOW + age)
    rest = await _all(alice, sort=sort, limit="2", cursor=first["next_cursor"])
    found = _ids([*first["items"], *rest])
    assert len(found) == len(set(found)) == len(made) + 1
    assert set(found) > set(made)


async def test_titles_sort_by_letters_whatever_their_case(services: Services, catalogue: Catalogue) -> None:
    titles = ["10 days", "alpha", "Alphabet", "Älpha", "beta", "Ωmega", "بحر", "海", "🎬"]
    for title in reversed(titles):
        await catalogue.add(title)
    assert [item["title"] for item in await _all(services.person("bob"), sort="title", limit="2")] == titles


SEARCHES = {
    "wave": ["Ocean waves", "Waves of SAND"],
    "SAND wave": ["Waves of SAND"],
    "  sand\twave ": ["Waves of SAND"],
    "deep": ["Ocean waves"],
    # A word in the title, another in the description.
    "ocean deep": ["Ocean waves"],
    "ocean sand": [],
    "ÉTÉ": ["L'été"],
    "été": ["L'été"],
    "STRASSE": ["Straße"],
    "stra\u017f\u017fe": ["Straße"],
    "100%": ["100% pure"],
    "%": ["100% pure"],
    "1_0": [],
    "_": ["snake_case"],
    "\\": ["back\\slash"],
    "/": ["a/b"],
    "a%b": [],
    "بحر": ["فيلم عن البحر"],
    "🎬": ["🎬 film"],
    "fi": ["Fish", "🎬 film"],
    "'": ["L'été"],
    "' OR 1=1 --": [],
}


async def test_search_finds_every_word_as_it_is_written_in_any_case(services: Services, catalogue: Catalogue) -> None:
    titles = ["Waves of SAND", "L'été", "Straße", "100% pure", "snake_case", "back\\slash", "a/b", "فيلم عن البحر"]
    for title in [*titles, "🎬 film", "Fish"]:
        await catalogue.add(title)
    await catalogue.add("Ocean waves", description="deep\nand blue")
    for visibility in set(Visibility) - LISTED:
        await catalogue.add("Waves too, but not listed", visibility=visibility, description="deep _ % \\ / 🎬 fi '")
    for q, found in SEARCHES.items():
        items = await _all(services.person("bob"), q=q, sort="title", limit="1")
        assert [item["title"] for item in items] == found, q


async def test_owners_are_found_by_name_with_words_of_the_title_or_without(
    services: Services, catalogue: Catalogue
) -> None:
    await catalogue.add("Waves", owner="bob")
    await catalogue.add("Sand", owner="bob")
    await catalogue.add("About bob", owner="alice")
    for visibility in set(Visibility) - LISTED:
        await catalogue.add("Hidden", owner="bob", visibility=visibility)
    alice = services.person("alice")
    for q, found in {
        "BOB": ["About bob", "Sand", "Waves"],
        "wave bob": ["Waves"],
        "ob": ["About bob", "Sand", "Waves"],
        "b_b": [],
        "bob alice": ["About bob"],
    }.items():
        assert [item["title"] for item in await _all(alice, q=q, sort="title", limit="1")] == found, q


async def test_the_page_counts_what_was_found_up_to_a_hundred(
    services: Services, catalogue: Catalogue, browser: Browser
) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)

    async def heading(query: str) -> str:
        found = re.search("<h1>(.*)</h1>", await (await browser.open(f"{url}/?{query}")).text())
        assert found is not None
        return found[1]

    await catalogue.add("The sea, by its address alone", visibility=Visibility.UNLISTED)
    catalogue.made.clear()
    assert await heading("q=sea") == "No results for “sea”"
    for count, said in ((1, "1 result"), (60, "60 results"), (100, "100 results"), (101, "100+ results")):
        while len(catalogue.made) < count:
            await catalogue.add("The sea", visibility=list(LISTED)[count % 2])
        assert await heading("q=sea") == f"{said} for “sea”"
        assert await heading("q=sea&limit=1") == f"{said} for “sea”"


async def test_what_is_edited_is_found_and_sorted_anew(services: Services) -> None:
    alice = services.person("alice")
    first, second = await alice.upload(b"film", title="b"), await alice.upload(b"film", title="z")
    url = f"{alice.upload_url}/v1/uploads/{second['id']}"
    assert (await alice.call("PATCH", url, json={"title": "A", "description": "Lighthouse"})).status == 200
    assert _ids(await _all(alice, sort="title")) == [second["id"], first["id"]]
    assert _ids(await _all(alice, q="LIGHTHOUSE a")) == [second["id"]]
    assert _ids(await _all(alice, q="z")) == []


async def test_a_query_that_cannot_be_and_a_cursor_of_another_list_are_refused(
    services: Services, catalogue: Catalogue
) -> None:
    alice = services.person("alice")
    for _ in range(3):
        await catalogue.add('film \u0130"\\' * 20)
    cursors = {sort: (await _page(alice, sort=sort, limit="1"))["next_cursor"] for sort in SORTS}
    cursor = cursors["-created_at"]
    queries: list[dict[str, str]] = [{"cursor": text} for text in (cursor[:-2], "", "x", "é", "%")]
    queries += [
        {"cursor": cursors["created_at"]},
        {"cursor": cursors["title"]},
        {"cursor": cursor, "sort": "created_at"},
        {"cursor": cursor, "q": "film"},
        {"cursor": cursor, "owner": services.auth.account_id("alice")},
        {"cursor": "x" * 2049},
    ]
    queries += [{"limit": "0"}, {"limit": "101"}, {"sort": "size"}]
    for query in queries:
        answer = await alice.call("GET", f"{alice.stream_url}/v1/videos", params=query)
        problem = await assert_problem(answer, 422, "invalid")
        wrong = "cursor" if "cursor" in query else next(iter(query))
        assert [error["pointer"] for error in problem["errors"]] == [f"#/{wrong}"]
    for sort, good in cursors.items():
        assert len((await _page(alice, sort=sort, cursor=good))["items"]) == 2
