"""Completing an upload over HTTP: once, whatever is sent, lost or repeated."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from common.ids import new_id
from fs_svc.app import create_app
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.fs_service import PART_SIZE, TWO_PARTS, FsService, content, fetch, fs_settings, real_bucket
from tests.problems import assert_problem
from tests.s3_proxy import S3Proxy, is_complete, is_create, s3_proxy
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket

FILM = content(TWO_PARTS)


@pytest.fixture
async def proxy(seaweedfs: StorageBucket) -> AsyncIterator[S3Proxy]:
    async with s3_proxy(seaweedfs.endpoint) as proxy:
        yield proxy


@pytest.fixture
async def fs(
    aiohttp_client: AiohttpClient,
    addresses: Addresses,
    sqlite_url: str,
    seaweedfs: StorageBucket,
    auth: AuthService,
    proxy: S3Proxy,
) -> FsService:
    app = create_app(fs_settings(addresses, sqlite_url, seaweedfs, auth, s3_url=proxy.url))
    return FsService(await aiohttp_client(app), auth)


async def source(fs: FsService, object_id: str, method: str = "GET", **options: object) -> str:
    asked = {"sources": [{"id": object_id, "method": method, **options}]}
    signed = await fs.answer("POST", "/v1/sources", json=asked, service="stream", subject=None)
    url: str = signed["sources"][object_id]["url"]
    return url


async def test_the_object_is_what_was_sent(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS)
    await fs.send(object_id, FILM)
    item = await fs.answer("POST", f"/v1/objects/{object_id}/complete")
    assert (item["id"], item["state"], item["size"], item["expires_at"]) == (object_id, "stored", TWO_PARTS, None)
    status, headers, body = await fetch("GET", await source(fs, object_id))
    assert status == 200
    assert headers["Content-Type"] == "video/mp4"
    assert hashlib.sha256(body).digest() == hashlib.sha256(FILM).digest()


async def test_the_smallest_film_has_one_byte(fs: FsService) -> None:
    object_id = await fs.store(b"x")
    assert (await fetch("GET", await source(fs, object_id)))[2] == b"x"


@pytest.mark.parametrize(("sent", "missing"), [((), [1, 2]), ((1,), [2]), ((2,), [1])])
async def test_missing_parts_are_named_and_the_upload_stays_open(
    fs: FsService, sent: tuple[int, ...], missing: list[int]
) -> None:
    object_id = await fs.create(TWO_PARTS)
    bodies = {1: FILM[:PART_SIZE], 2: FILM[PART_SIZE:]}
    for part_number in sent:
        assert await fs.put_part(object_id, part_number, bodies[part_number]) == 200
    problem = await assert_problem(await fs.call("POST", f"/v1/objects/{object_id}/complete"), 422, "parts-missing")
    assert problem["missing"] == missing
    assert await fs.state(object_id) == "open"
    for part_number in missing:
        assert await fs.put_part(object_id, part_number, bodies[part_number]) == 200
    assert (await fs.answer("POST", f"/v1/objects/{object_id}/complete"))["state"] == "stored"


async def test_completing_twice_gives_the_same(fs: FsService) -> None:
    object_id = await fs.store(b"film")
    first = await fs.answer("POST", f"/v1/objects/{object_id}/complete")
    assert await fs.answer("POST", f"/v1/objects/{object_id}/complete") == first
    assert first["state"] == "stored"


async def test_twenty_at_once_give_one_object(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS, quota_bytes=TWO_PARTS)
    await fs.send(object_id, FILM)
    answers = await asyncio.gather(*(fs.call("POST", f"/v1/objects/{object_id}/complete") for _ in range(20)))
    assert {answer.status for answer in answers} <= {200, 202}
    for answer in answers:
        item = await answer.json()
        assert item["state"] == ("stored" if answer.status == 200 else "completing")
        assert answer.status == 200 or int(answer.headers["Retry-After"]) >= 1
    assert (await fs.answer("POST", f"/v1/objects/{object_id}/complete"))["state"] == "stored"
    status, _, body = await fetch("GET", await source(fs, object_id))
    assert (status, body) == (200, FILM)
    # The quota has it once: deleted, the whole of it is free again.
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "deleted"
    await fs.create(TWO_PARTS, quota_bytes=TWO_PARTS)


async def test_of_a_part_sent_twice_the_newest_is_in_the_object(fs: FsService) -> None:
    object_id = await fs.create(4)
    assert await fs.put_part(object_id, 1, b"old!") == 200
    assert await fs.put_part(object_id, 1, b"new!") == 200

    async def is_completed() -> bool:
        answer = await fs.call("POST", f"/v1/objects/{object_id}/complete")
        if answer.status == 200:
            return True
        # Both within one of the storage's seconds: there is no telling, so the part is asked for again.
        problem = await assert_problem(answer, 409, "part-ambiguous")
        assert problem["missing"] == [1]
        assert await fs.state(object_id) == "open"
        assert await fs.put_part(object_id, 1, b"new!") == 200
        return False

    await eventually(is_completed, what="the upload completes")
    assert (await fetch("GET", await source(fs, object_id)))[2] == b"new!"


async def test_the_same_part_sent_twice_is_one(fs: FsService) -> None:
    object_id = await fs.create(4)
    for _ in range(3):
        assert await fs.put_part(object_id, 1, b"same") == 200
    assert (await fs.answer("POST", f"/v1/objects/{object_id}/complete"))["state"] == "stored"


async def test_a_lost_answer_is_settled_by_looking(fs: FsService, proxy: S3Proxy) -> None:
    object_id = await fs.create(4)
    assert await fs.put_part(object_id, 1, b"film") == 200
    proxy.loses = is_complete
    assert (await fs.answer("POST", f"/v1/objects/{object_id}/complete"))["state"] == "stored"


async def test_what_is_not_certain_is_settled_later_without_being_asked(fs: FsService, proxy: S3Proxy) -> None:
    object_id = await fs.create(4)
    assert await fs.put_part(object_id, 1, b"film") == 200
    # The storage hears it, and from then on nobody hears the storage.
    proxy.loses = lambda request: is_complete(request) or request.method == "HEAD"
    answer = await fs.call("POST", f"/v1/objects/{object_id}/complete")
    assert answer.status == 202
    assert (await answer.json())["state"] == "completing"
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "completing"
    proxy.loses = lambda _: False

    async def is_stored() -> bool:
        return await fs.state(object_id) == "stored"

    await eventually(is_stored, what="the object is stored")
    assert (await fetch("GET", await source(fs, object_id)))[2] == b"film"


async def test_with_the_storage_down_the_upload_stays_open(fs: FsService, proxy: S3Proxy) -> None:
    object_id = await fs.create(4)
    assert await fs.put_part(object_id, 1, b"film") == 200
    proxy.is_down = True
    for method, path in (("POST", f"/v1/objects/{object_id}/complete"), ("GET", f"/v1/objects/{object_id}")):
        await assert_problem(await fs.call(method, path), 503, "storage-unavailable")
    assert await fs.state(object_id) == "open"
    # Signing asks nobody.
    await fs.part_url(object_id, 1)
    proxy.is_down = False
    assert (await fs.answer("POST", f"/v1/objects/{object_id}/complete"))["state"] == "stored"


async def test_an_upload_whose_opening_got_lost_is_opened_again_and_leaves_nothing(
    fs: FsService, proxy: S3Proxy, seaweedfs: StorageBucket
) -> None:
    object_id = new_id()
    asked = {"size": 4, "content_type": "video/mp4"}
    proxy.loses = is_create
    await assert_problem(await fs.call("PUT", f"/v1/objects/{object_id}", json=asked), 503, "storage-unavailable")
    proxy.loses = lambda _: False
    assert (await fs.answer("PUT", f"/v1/objects/{object_id}", json=asked))["state"] == "open"
    url = await fs.part_url(object_id, 1)
    object_key = url.split("?")[0].removeprefix(f"{seaweedfs.endpoint}/{seaweedfs.name}/")
    async with real_bucket(seaweedfs) as bucket:
        assert len(await bucket.list_uploads(object_key)) == 2
        assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "aborted"
        assert await bucket.list_uploads(object_key) == []


async def test_a_stored_object_is_deleted_for_good(fs: FsService, proxy: S3Proxy) -> None:
    object_id = await fs.store(b"film")
    url = await source(fs, object_id)
    proxy.is_down = True
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "deleting"
    proxy.is_down = False

    async def is_deleted() -> bool:
        return await fs.state(object_id) == "deleted"

    await eventually(is_deleted, what="the object is deleted")
    assert (await fetch("GET", url))[0] == 404
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "deleted"
    await assert_problem(await fs.call("POST", f"/v1/objects/{object_id}/complete"), 409, "upload-not-open")
    signed = await fs.answer(
        "POST", "/v1/sources", json={"sources": [{"id": object_id, "method": "GET"}]}, service="stream", subject=None
    )
    assert signed == {"sources": {}}
