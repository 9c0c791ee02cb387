"""The trash: out of everybody's sight, back as it was, and emptied after seven days; on both kinds of database."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from common.clock import utc_now
from common.db import Database, open_database
from fs_svc.app_keys import INSTALLATION
from fs_svc.app_keys import UPLOADS as FS_UPLOADS
from tests.api_client import Person
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.settling import HELD_FOR
from upload_svc.uploads import TRASH_KEPT

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"
MINUTE = timedelta(minutes=1)


async def _change(person: Person, video: dict[str, Any], change: str) -> int:
    answer = await person.call("POST", f"{person.upload_url}/v1/uploads/{video['id']}/{change}")
    return answer.status


async def _read(person: Person, video: dict[str, Any]) -> dict[str, Any]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads/{video['id']}")
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def _listed(person: Person, state: str) -> list[str]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads", params={"state": state})
    return [item["id"] for item in (await answer.json())["items"]]


async def test_what_is_trashed_is_nowhere_but_in_its_owners_trash(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    video, kept = [await alice.upload(FILM, visibility="public") for _ in range(2)]
    assert await _change(alice, video, "trash") == 204
    assert (await _listed(alice, "trashed"), await _listed(alice, "ready")) == ([video["id"]], [kept["id"]])
    for person in (alice, bob):
        for path in ("", "/playback", "/source"):
            url = f"{person.stream_url}/v1/videos/{video['id']}{path}"
            await assert_problem(await person.call("GET", url), 404, "not-found")
        library = await (await person.call("GET", f"{person.stream_url}/v1/videos")).json()
        assert [item["id"] for item in library["items"]] == [kept["id"]]
    # Without a log-in a public video can be watched, but not this one any more.
    nobody = services.person(None)
    assert (await nobody.call("GET", f"{nobody.stream_url}/v1/videos/{kept['id']}")).status == 200
    assert (await nobody.call("GET", f"{nobody.stream_url}/v1/videos/{video['id']}")).status == 401


async def test_what_is_restored_is_as_it_was(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, visibility="members")
    assert await _change(alice, video, "trash") == 204
    assert await _change(alice, video, "restore") == 204
    assert await _read(alice, video) == video
    assert await _listed(alice, "trashed") == []
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")
    assert (await fetch("GET", source.headers["Location"]))[2] == FILM


async def test_the_same_again_is_no_refusal_and_does_not_put_the_day_off(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    assert await _change(alice, video, "restore") == 204
    assert await _change(alice, video, "trash") == 204
    trashed = await _read(alice, video)
    assert trashed == {**video, "state": "trashed", "expires_at": trashed["expires_at"]}
    left = datetime.fromisoformat(trashed["expires_at"]) - utc_now()
    assert TRASH_KEPT - MINUTE < left <= TRASH_KEPT
    services.clock.moved = MINUTE
    assert await _change(alice, video, "trash") == 204
    assert await _read(alice, video) == trashed


async def test_a_deleted_one_and_somebody_elses_are_not_there(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    video = await alice.upload(FILM, visibility="public")
    assert await _change(bob, video, "trash") == 404
    assert await _change(alice, video, "trash") == 204
    assert await _change(bob, video, "restore") == 404
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204
    assert (await _change(alice, video, "trash"), await _change(alice, video, "restore")) == (404, 404)
    assert await _listed(alice, "trashed") == []


async def test_what_is_unfinished_cannot_be_trashed_and_goes_on(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    for change in ("trash", "restore"):
        answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload['id']}/{change}")
        await assert_problem(answer, 409, "conflict")
    await alice.send(upload, FILM)
    assert (await alice.complete(upload["id"])).status == 200


async def test_a_trashed_one_takes_no_parts_and_is_not_completed_back_to_life(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    assert await _change(alice, video, "trash") == 204
    url = f"{alice.upload_url}/v1/uploads/{video['id']}"
    answer = await alice.call("POST", f"{url}/part-urls", json={"part_numbers": [1]})
    await assert_problem(answer, 409, "upload-not-open")
    answer = await alice.call("POST", f"{url}/complete")
    assert (answer.status, (await answer.json())["state"]) == (200, "trashed")


async def test_of_many_at_once_all_succeed_and_the_last_word_holds(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    assert set(await asyncio.gather(*(_change(alice, video, "trash") for _ in range(8)))) == {204}
    assert set(await asyncio.gather(*(_change(alice, video, "restore") for _ in range(8)))) == {204}
    assert (await _read(alice, video))["state"] == "ready"


async def test_the_trash_still_counts_and_is_emptied_after_seven_days(services: Services) -> None:
    alice = services.person("alice", quota_bytes=len(FILM))
    video = await alice.upload(FILM)
    source = (await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")).headers["Location"]
    assert await _change(alice, video, "trash") == 204
    another = {"title": "Another", "filename": "film.mp4", "size": len(FILM), "content_type": "video/mp4"}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=another)
    await assert_problem(answer, 413, "quota-exceeded")

    await services.settle(ahead=TRASH_KEPT - MINUTE)
    assert (await _read(alice, video))["state"] == "trashed"

    async def is_gone() -> bool:
        await services.settle(ahead=TRASH_KEPT + MINUTE)
        [item] = await services.fs.app[FS_UPLOADS].describe([video["id"]])
        return item.state.value == "deleted"

    await eventually(is_gone, what="the object is deleted")
    answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video['id']}")
    await assert_problem(answer, 404, "not-found")
    assert (await fetch("GET", source))[0] == 404
    await alice.begin(len(FILM))


async def test_what_was_restored_outlives_its_old_day(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    assert await _change(alice, video, "trash") == 204
    assert await _change(alice, video, "restore") == 204
    for _ in range(3):
        await services.settle(ahead=TRASH_KEPT + MINUTE)
    assert await _read(alice, video) == video


async def test_nothing_is_purged_while_an_older_database_or_a_clock_may_be_wrong_about_its_day(
    services: Services, services_url: str
) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    assert await _change(alice, video, "trash") == 204
    await services.fs.app[INSTALLATION].check()
    async with open_database(services_url) as database:
        for held_until, state, ahead in (
            (utc_now() + timedelta(days=1), "trashed", TRASH_KEPT + MINUTE),
            (utc_now() - MINUTE, "deleted", TRASH_KEPT + HELD_FOR + MINUTE * 2),
        ):
            async with database.write() as connection:
                values = {"held_until": held_until.replace(tzinfo=None)}
                await connection.execute(text("UPDATE installation SET held_until = :held_until"), values)
            await services.settle(ahead=ahead)
            assert await _state(database, video) == state


async def _state(database: Database, video: dict[str, Any]) -> str:
    async with database.read() as connection:
        query = text("SELECT state FROM videos WHERE id = :id")
        return str((await connection.execute(query, {"id": video["id"]})).scalar_one())
