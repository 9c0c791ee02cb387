"""What the settling loop makes of what was left half done, one step at a time: `settle` is what the loop calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

from sqlalchemy import text

from catalogue.videos import VideoState
from common.db import open_database
from contracts.objects import CompleteObject
from fs_svc.app_keys import SETTLING as FS_SETTLING
from fs_svc.app_keys import UPLOADS as FS_UPLOADS
from tests.fs_service import PART_SIZE, TWO_PARTS, content, fetch
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.app_keys import SETTLING
from upload_svc.settling import CHECK_AGAIN, LEASE, UNKNOWN_LIMIT, Settling

FILM = b"a very short film"
SECOND = timedelta(seconds=1)


async def _settled(
    services: Services, is_true: Callable[[], Awaitable[bool]], *, what: str, ahead: timedelta = CHECK_AGAIN + SECOND
) -> None:
    """Steps until it is true."""

    async def is_true_after_a_step() -> bool:
        await services.settle(ahead=ahead)
        return await is_true()

    await eventually(is_true_after_a_step, what=what)


async def _state(services: Services, upload_id: str) -> str | None:
    alice = services.person("alice")
    answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads")
    return {item["id"]: item["state"] for item in (await answer.json())["items"]}.get(upload_id)


async def _object_state(services: Services, upload_id: str) -> str | None:
    return {item.id: item.state.value for item in await services.fs.app[FS_UPLOADS].describe([upload_id])}.get(
        upload_id
    )


async def _becomes(services: Services, upload_id: str, state: str, *, ahead: timedelta = CHECK_AGAIN + SECOND) -> None:
    """Steps until the object has this state."""

    async def has_become() -> bool:
        return await _object_state(services, upload_id) == state

    await _settled(services, has_become, what=f"the object is {state}", ahead=ahead)


async def _goes(services: Services, upload_id: str, *, ahead: timedelta = CHECK_AGAIN + SECOND) -> None:
    """Steps until its owner has it no more."""

    async def is_gone() -> bool:
        return await _state(services, upload_id) is None

    await _settled(services, is_gone, what="the upload is gone", ahead=ahead)


async def test_what_fs_svc_has_stored_becomes_ready_without_anybody_asking(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    await alice.send(upload, FILM)
    # fs_svc's part is done; upload_svc, as if it had been killed waiting for the answer, knows nothing of it.
    await services.fs.app[FS_UPLOADS].complete(
        upload["id"], CompleteObject(), subject=await services.principal("alice")
    )
    assert await _state(services, upload["id"]) == "uploading"

    async def is_ready() -> bool:
        return await _state(services, upload["id"]) == "ready"

    await _settled(services, is_ready, what="the video is ready")
    # The client who asks again, and the viewers, find it whole.
    answer = await alice.complete(upload["id"])
    assert (answer.status, (await answer.json())["state"]) == (200, "ready")
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload['id']}/source")
    assert (await fetch("GET", source.headers["Location"]))[2] == FILM


async def test_an_open_upload_is_left_alone(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    await alice.send(upload, FILM)
    for ahead in (CHECK_AGAIN, UNKNOWN_LIMIT, timedelta(days=6)):
        await services.settle(ahead=ahead + SECOND)
    assert await _state(services, upload["id"]) == "uploading"
    assert await _object_state(services, upload["id"]) == "open"
    assert (await alice.complete(upload["id"])).status == 200


async def test_a_create_that_never_reached_fs_svc_is_given_up_after_ten_minutes(services: Services) -> None:
    alice = services.person("alice")
    await services.fs.stop()
    content = {"title": "A film", "filename": "film.mp4", "size": 17, "content_type": "video/mp4"}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=content)
    await assert_problem(answer, 503, "unavailable")
    await services.fs.start()
    listed = await alice.call("GET", f"{alice.upload_url}/v1/uploads")
    [item] = (await listed.json())["items"]
    assert (item["state"], item["part_size"], item["expires_at"]) == ("uploading", None, None)

    await services.settle(ahead=UNKNOWN_LIMIT - timedelta(seconds=20))
    assert await _state(services, item["id"]) == "uploading"
    await _goes(services, item["id"], ahead=UNKNOWN_LIMIT + SECOND)


async def test_an_upload_that_fs_svc_has_given_up_goes(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    await services.fs.app[FS_UPLOADS].delete(upload["id"], subject=None)
    assert await _object_state(services, upload["id"]) == "aborted"
    await _goes(services, upload["id"])


async def test_what_is_deleted_leaves_s3_and_gives_its_place_back_once(services: Services) -> None:
    alice = services.person("alice", quota_bytes=TWO_PARTS)
    film = content(TWO_PARTS)
    upload = await alice.begin(TWO_PARTS)
    signed = await alice.part_urls(upload["id"], [1, 2])
    await alice.send(upload, film)
    video = await (await alice.complete(upload["id"])).json()
    source = (await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")).headers["Location"]
    assert (await fetch("GET", source))[0] == 200
    full = {"title": "Another", "filename": "film.mp4", "size": 1, "content_type": "video/mp4"}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=full)
    problem = await assert_problem(answer, 413, "quota-exceeded")
    assert (problem["limit"], problem["used"], problem["reserved"], problem["size"]) == (TWO_PARTS, TWO_PARTS, 0, 1)

    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204
    await _becomes(services, video["id"], "deleted")
    assert (await fetch("GET", source))[0] == 404
    async with services.session.put(signed["urls"]["2"], data=film[PART_SIZE:], headers=signed["headers"]) as late:
        assert late.status == 404
    # All of the place, and not twice.
    await alice.begin(TWO_PARTS)
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=full)
    await assert_problem(answer, 413, "quota-exceeded")


async def test_an_unfinished_upload_that_is_deleted_is_aborted(services: Services) -> None:
    alice = services.person("alice", quota_bytes=TWO_PARTS)
    upload = await alice.begin(TWO_PARTS)
    signed = await alice.part_urls(upload["id"], [2])
    assert await alice.send_part(upload["id"], 2, content(TWO_PARTS)[-1000:]) == 200
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{upload['id']}")).status == 204
    await _becomes(services, upload["id"], "aborted")
    body = content(TWO_PARTS)[-1000:]
    async with services.session.put(signed["urls"]["2"], data=body, headers=signed["headers"]) as late:
        assert late.status == 404
    await alice.begin(TWO_PARTS)


async def test_a_deletion_while_fs_svc_is_away_is_made_good_when_it_is_back(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    source = (await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")).headers["Location"]
    await services.fs.stop()
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204
    answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video['id']}")
    await assert_problem(answer, 404, "not-found")
    await services.fs.start()
    assert await _object_state(services, video["id"]) == "stored"

    async def is_gone() -> bool:
        return (await fetch("GET", source))[0] == 404

    # By then the lease of whoever tried in between has ended.
    await _settled(services, is_gone, what="the object is gone", ahead=2 * LEASE)


async def test_what_is_deleted_while_it_completes_does_not_come_back(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    await alice.send(upload, FILM)
    await services.fs.app[FS_UPLOADS].complete(
        upload["id"], CompleteObject(), subject=await services.principal("alice")
    )
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{upload['id']}")).status == 204
    await assert_problem(await alice.complete(upload["id"]), 404, "not-found")

    async def is_gone() -> bool:
        await services.fs.app[FS_SETTLING].settle_due()
        return await _object_state(services, upload["id"]) == "deleted"

    await _settled(services, is_gone, what="the object is deleted")
    assert await _state(services, upload["id"]) is None


async def test_no_row_is_worked_on_behind_its_lease(services: Services) -> None:
    video = await services.person("alice").upload(FILM)
    settling = services.upload[SETTLING]
    # Due in an hour, so that the service's own loop leaves it alone.
    due = services.clock() + timedelta(hours=1)
    assert await settling._store.move_video(  # noqa: SLF001
        video["id"], old=[VideoState.READY], new=VideoState.DELETED, settle_after=due
    )
    # A process that stood still after it had taken the row, until somebody else may have it.
    readings = chain([due], repeat(due + LEASE))
    slow = Settling(settling._store, settling._fs, clock=lambda: next(readings))  # noqa: SLF001
    assert await slow.settle() == 1
    assert await _object_state(services, video["id"]) == "stored"
    await _becomes(services, video["id"], "deleted", ahead=timedelta(hours=1) + 2 * LEASE)


async def test_of_what_is_deleted_nothing_stays_that_somebody_wrote(services: Services, services_url: str) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, title="A secret title", description="A secret description", filename="secret.mp4")
    begun = await alice.begin(5, title="Another secret")
    for upload_id in (video["id"], begun["id"]):
        assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{upload_id}")).status == 204

    async def rows() -> list[tuple[Any, ...]]:
        async with open_database(services_url) as database, database.read() as connection:
            return [tuple(row) for row in await connection.execute(text("SELECT * FROM videos ORDER BY size"))]

    async def is_forgotten() -> bool:
        return not any("secret" in str(column).lower() for row in await rows() for column in row)

    await _settled(services, is_forgotten, what="the texts are gone")
    assert [{row[0], "deleted"} <= set(row) for row in await rows()] == [True, True]
    assert {row[0] for row in await rows()} == {video["id"], begun["id"]}
