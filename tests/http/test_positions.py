"""Where somebody stopped: kept for whoever may watch, refused where it cannot be, and gone on with."""

from __future__ import annotations

import re
from typing import Any

import pytest

from stream_svc.app_keys import LIBRARY
from tests.api_client import Person
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"


async def _keep(person: Person, video_id: str, content: Any) -> Any:
    return await person.call("PUT", f"{person.stream_url}/v1/videos/{video_id}/position", json=content)


async def _position(person: Person, video_id: str) -> float:
    answer = await person.call("GET", f"{person.stream_url}/v1/videos/{video_id}/playback")
    position: float = (await answer.json())["position"]
    return position


async def test_a_position_is_each_persons_own_and_the_last_one_counts(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    video_id = (await alice.upload(FILM, visibility="members"))["id"]
    assert await _position(alice, video_id) == 0
    for seconds in (0, 42, 42.125, 7):
        assert (await _keep(alice, video_id, {"seconds": seconds})).status == 204
        assert await _position(alice, video_id) == seconds
    assert await _position(bob, video_id) == 0
    assert (await _keep(bob, video_id, {"seconds": 1, "duration": 2.5})).status == 204
    assert await _position(alice, video_id) == 7
    assert await _position(bob, video_id) == 1


@pytest.mark.any_database
@pytest.mark.parametrize("visibility", ["private", "members", "unlisted", "public"])
async def test_only_who_may_watch_keeps_a_position_and_nobody_does_not(services: Services, visibility: str) -> None:
    alice, bob, nobody = services.person("alice"), services.person("bob"), services.person(None)
    video_id = (await alice.upload(FILM, visibility=visibility))["id"]
    await assert_problem(await _keep(nobody, video_id, {"seconds": 5}), 401, "unauthenticated")
    if visibility == "private":
        await assert_problem(await _keep(bob, video_id, {"seconds": 5}), 404, "not-found")
    else:
        assert (await _keep(bob, video_id, {"seconds": 5})).status == 204
    if visibility in ("unlisted", "public"):
        assert await _position(nobody, video_id) == 0
    for unknown in ("a" * 26, "nonsense"):
        await assert_problem(await _keep(alice, unknown, {"seconds": 5}), 404, "not-found")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ({}, ["#/seconds"]),
        ({"seconds": -0.001}, ["#/seconds"]),
        ({"seconds": "5"}, ["#/seconds"]),
        ({"seconds": 31 * 24 * 3600 + 1}, ["#/seconds"]),
        ({"seconds": 10**400}, ["#/seconds"]),
        ({"seconds": 5, "duration": 0}, ["#/duration"]),
        ({"seconds": 5, "duration": "long"}, ["#/duration"]),
        ({"seconds": 5, "at": 6}, ["#/at"]),
    ],
)
async def test_a_position_that_cannot_be_is_refused(services: Services, content: Any, pointers: list[str]) -> None:
    alice = services.person("alice")
    video_id = (await alice.upload(FILM))["id"]
    problem = await assert_problem(await _keep(alice, video_id, content), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert await _position(alice, video_id) == 0


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("seconds", "duration", "resume_at"),
    [
        (9.5, 100, "0.0"),
        (10, 100, "10.0"),
        (94.5, 100, "94.5"),
        (95, 100, "0.0"),
        (100, 100, "0.0"),
        (5000, None, "5000.0"),
    ],
)
async def test_the_page_goes_on_where_one_stopped_but_for_the_beginning_and_the_end(
    services: Services, browser: Browser, seconds: float, duration: float | None, resume_at: str
) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    video_id = await browser.upload(services.addresses.upload_url, FILM, title="Begun")
    kept = await browser.call(
        "PUT", f"{url}/v1/videos/{video_id}/position", json={"seconds": seconds, "duration": duration}
    )
    assert kept.status == 204
    page = await (await browser.open(f"{url}/watch/{video_id}")).text()
    assert re.search(r'data-resume-at="([^"]*)"', page)[1] == resume_at  # type: ignore[index]
    assert f'data-position-api="/v1/videos/{video_id}/position"' in page
    library = await (await browser.open(url)).text()
    assert ("Continue watching" in library) is (resume_at != "0.0")


async def test_the_last_one_watched_is_the_first_to_continue(services: Services, browser: Browser) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    ids = [await browser.upload(services.addresses.upload_url, FILM, title=f"Film {number}") for number in range(3)]
    foreign = (await services.person("alice").upload(FILM, visibility="members", title="Foreign"))["id"]
    for video_id in [*ids, foreign, ids[0]]:
        content = {"seconds": 50, "duration": 200}
        await browser.call("PUT", f"{url}/v1/videos/{video_id}/position", json=content)
    page = await (await browser.open(url)).text()
    begun = page[page.index('id="continue"') : page.index("All videos")]
    assert re.findall(r'data-video="(\w+)"', begun) == [ids[0], foreign, ids[2], ids[1]]
    assert begun.count('value="25" max="100"') == 4

    # They have the address of what is in no list any more.
    alice = services.person("alice")
    theirs = f"{alice.upload_url}/v1/uploads/{foreign}"
    assert (await alice.call("PATCH", theirs, json={"visibility": "unlisted"})).status == 200
    continued, listed = (await (await browser.open(url)).text()).split("All videos")
    assert (f'data-video="{foreign}"' in continued, f'data-video="{foreign}"' in listed) == (True, False)

    # What one may no longer watch is not there to continue.
    mine = f"{services.addresses.upload_url}/v1/uploads"
    assert (await browser.call("DELETE", f"{mine}/{ids[0]}")).status == 204
    assert (await alice.call("PATCH", theirs, json={"visibility": "private"})).status == 200
    page = await (await browser.open(url)).text()
    begun = page[page.index('id="continue"') : page.index("All videos")]
    assert re.findall(r'data-video="(\w+)"', begun) == [ids[2], ids[1]]
    # In a search or a part of the library only what was asked for stands.
    assert 'id="continue"' not in await (await browser.open(f"{url}/?q=film")).text()


async def test_what_is_not_to_be_continued_is_forgotten_by_its_owner_alone(
    services: Services, browser: Browser
) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    alice = services.person("alice")
    first, second, unknown, seen = [(await alice.upload(FILM, visibility="members"))["id"] for _ in range(4)]
    for video_id, seconds, duration in ((first, 50, 200), (second, 50, 200), (unknown, 50, None), (seen, 199, 200)):
        for person in (browser.call, alice.call):
            content = {"seconds": seconds, "duration": duration}
            assert (await person("PUT", f"{url}/v1/videos/{video_id}/position", json=content)).status == 204

    async def kept() -> list[str]:
        found = (await (await browser.open(f"{url}/watch/export")).json())["positions"]
        return sorted(position["video_id"] for position in found)

    # Twice: it may be sent again.
    for _ in range(2):
        assert (await browser.call("DELETE", f"{url}/v1/videos/{first}/position")).status == 204
    assert await kept() == sorted([second, unknown, seen])
    for fields, left in (({"video": second}, [unknown, seen]), ({}, [seen])):
        answer = await browser.post_form(f"{url}/watch/forget", fields)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert await kept() == sorted(left)
    assert "Continue watching" not in await (await browser.open(url)).text()
    assert await _position(alice, first) == 50
    evil = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.post_form(f"{url}/watch/forget", {}, sent_from=evil)).status == 403
    await assert_problem(
        await services.person(None).call("DELETE", f"{url}/v1/videos/{first}/position"), 401, "unauthenticated"
    )


@pytest.mark.any_database
async def test_the_page_of_nobody_keeps_no_position(services: Services, browser: Browser) -> None:
    video = await services.person("alice").upload(FILM, visibility="public")
    page = await (await browser.open(f"{services.addresses.stream_url}/watch/{video['id']}")).text()
    assert "data-position-api" not in page
    assert 'data-resume-at="0.0"' in page


async def test_the_export_has_every_position_and_a_deleted_account_has_none(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    ids = sorted([(await alice.upload(FILM, visibility="members"))["id"] for _ in range(3)])
    for person in (alice, bob):
        for video_id in ids:
            assert (await _keep(person, video_id, {"seconds": 42.5, "duration": 60})).status == 204

    async def exported(person: Person) -> list[tuple[str, float, float]]:
        answer = await person.call("GET", f"{person.stream_url}/watch/export")
        assert (answer.status, answer.content_type) == (200, "application/json")
        found = (await answer.json())["positions"]
        return [(kept["video_id"], kept["seconds"], kept["duration"]) for kept in found]

    assert await exported(alice) == [(video_id, 42.5, 60) for video_id in ids]
    store = services.stream[LIBRARY]._store  # noqa: SLF001 - the paging is deeper than a test uploads
    first = await store.page_of_positions(services.auth.account_id("alice"), after=None, limit=2)
    rest = await store.page_of_positions(services.auth.account_id("alice"), after=first[-1].video_id, limit=2)
    assert [kept.video_id for kept in (*first, *rest)] == ids
    await store.forget_positions(services.auth.account_id("alice"))
    assert (await exported(alice), len(await exported(bob))) == ([], 3)
    assert (await services.person(None).call("GET", f"{alice.stream_url}/watch/export")).status in (303, 401)
