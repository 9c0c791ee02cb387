"""fs_svc's API: who may call, creating, part URLs, completing and deleting, sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from common.clock import utc_now
from common.ids import new_id
from fs_svc.app import create_app
from fs_svc.plan import LARGEST_SIZE
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.fs_service import PART_SIZE, TWO_PARTS, FsService, fetch, fs_settings, put, real_bucket
from tests.problems import assert_problem
from tests.s3_proxy import S3Proxy, is_complete, s3_proxy
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket

MP4 = "video/mp4"


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


ID = "a" * 26
PICTURE = {"name": "a.webp", "content_type": "image/webp", "size": 1, "sha256": "0" * 64}
# Every call, with content that would do, and the scope it needs.
CALLS: list[tuple[str, str, Any, str]] = [
    ("PUT", f"/v1/objects/{ID}", {"size": 1, "content_type": MP4}, "objects:write"),
    ("POST", f"/v1/objects/{ID}/part-urls", {"part_numbers": [1]}, "objects:write"),
    ("GET", f"/v1/objects/{ID}", None, "objects:write"),
    ("POST", f"/v1/objects/{ID}/complete", None, "objects:write"),
    ("GET", "/v1/usage", None, "objects:write"),
    ("DELETE", f"/v1/objects/{ID}", None, "objects:write"),
    ("POST", "/v1/objects/describe", {"ids": [ID]}, "objects:settle"),
    ("POST", "/v1/sources", {"sources": [{"id": ID, "method": "GET"}]}, "objects:read"),
    ("POST", "/v1/pictures", {"ids": [ID]}, "objects:read"),
    ("PUT", f"/v1/derived/{ID}", {"object_id": ID, "task": "look", "files": [PICTURE]}, "derived:write"),
    ("POST", f"/v1/derived/{ID}/complete", None, "derived:write"),
    ("POST", f"/v1/derived/{ID}/source", {}, "derived:write"),
    ("POST", "/v1/derived/delete", {"ids": [ID]}, "derived:write"),
]
SUBJECT_CALLS = [call for call in CALLS if call[3] == "objects:write"]


@pytest.mark.parametrize(("method", "path", "json", "scope"), CALLS)
async def test_a_service_token_with_the_scope_is_needed(
    fs: FsService, auth: AuthService, method: str, path: str, json: Any, scope: str
) -> None:
    others = " ".join({"objects:read", "objects:write", "objects:settle"} - {scope})
    await assert_problem(await fs.call(method, path, json=json, scope=others), 403, "forbidden")
    subject = {"Vss-Subject-Token": auth.token("alice")}
    for authorization in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {auth.service_token('upload')}"},
        # A person's own token is none of a service's.
        {"Authorization": f"Bearer {auth.token('alice')}"},
        {"Authorization": f"Bearer {auth.service_token('upload', now=utc_now() - timedelta(hours=1))}"},
    ):
        response = await fs.client.request(method, path, json=json, headers={**subject, **authorization})
        await assert_problem(response, 401, "unauthenticated")


@pytest.mark.parametrize(("method", "path", "json", "scope"), SUBJECT_CALLS)
async def test_the_person_is_named_by_a_valid_token_of_theirs(
    fs: FsService, auth: AuthService, method: str, path: str, json: Any, scope: str
) -> None:
    await assert_problem(
        await fs.call(method, path, json=json, subject=None, scope=scope),
        403 if method == "DELETE" else 401,
        "forbidden" if method == "DELETE" else "unauthenticated",
    )
    for token in (
        "nonsense",
        auth.service_token("upload"),
        auth.token("alice", now=utc_now() - timedelta(hours=1)),
    ):
        response = await fs.call(method, path, json=json, subject=None, headers={"Vss-Subject-Token": token})
        await assert_problem(response, 401, "unauthenticated")


@pytest.mark.parametrize(("method", "path", "json", "scope"), [call for call in SUBJECT_CALLS[1:] if ID in call[1]])
async def test_not_yours_and_not_there_look_the_same(
    fs: FsService, method: str, path: str, json: Any, scope: str
) -> None:
    object_id = await fs.create()
    await assert_problem(await fs.call(method, path.replace(ID, object_id), json=json, subject="bob"), 404, "not-found")
    await assert_problem(await fs.call(method, path.replace(ID, new_id()), json=json), 404, "not-found")
    await assert_problem(await fs.call(method, path.replace(ID, "nonsense"), json=json), 404, "not-found")
    assert await fs.state(object_id) == "open"


async def test_somebody_elses_id_cannot_be_created(fs: FsService) -> None:
    object_id = await fs.create()
    response = await fs.call("PUT", f"/v1/objects/{object_id}", json={"size": 100, "content_type": MP4}, subject="bob")
    await assert_problem(response, 404, "not-found")


async def test_a_new_upload_is_planned_and_open(fs: FsService) -> None:
    object_id = new_id()
    item = await fs.answer("PUT", f"/v1/objects/{object_id}", json={"size": TWO_PARTS, "content_type": MP4})
    created_at, expires_at = (datetime.fromisoformat(item.pop(name)) for name in ("created_at", "expires_at"))
    assert abs(utc_now() - created_at) < timedelta(minutes=1)
    assert timedelta(days=7) <= expires_at - created_at < timedelta(days=7, minutes=1)
    assert item == {
        "id": object_id,
        "state": "open",
        "kind": "planned",
        "size": TWO_PARTS,
        "content_type": MP4,
        "part_size": PART_SIZE,
        "part_count": 2,
        "part_checksums": None,
        "sha256": None,
        "is_another_file": False,
        "received": None,
        "read_back": None,
    }


async def test_creating_is_idempotent(fs: FsService, seaweedfs: StorageBucket) -> None:
    object_id = new_id()
    asked = {"size": 5_000, "content_type": MP4}
    answers = await asyncio.gather(
        *(fs.answer("PUT", f"/v1/objects/{object_id}", json=asked, quota_bytes=5_000) for _ in range(10))
    )
    assert all(answer == answers[0] for answer in answers)
    assert await fs.answer("PUT", f"/v1/objects/{object_id}", json=asked) == answers[0]
    url = await fs.part_url(object_id, 1)
    object_key = url.split("?")[0].removeprefix(f"{seaweedfs.endpoint}/{seaweedfs.name}/")
    async with real_bucket(seaweedfs) as bucket:
        assert len(await bucket.list_uploads(object_key)) == 1


@pytest.mark.parametrize("asked", [{"size": 101, "content_type": MP4}, {"size": 100, "content_type": "video/webm"}])
async def test_other_values_for_the_same_id_conflict(fs: FsService, asked: dict[str, Any]) -> None:
    object_id = await fs.create(100)
    await assert_problem(await fs.call("PUT", f"/v1/objects/{object_id}", json=asked), 409, "conflict")


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"size": 0, "content_type": MP4}, "#/size"),
        ({"size": LARGEST_SIZE + 1, "content_type": MP4}, "#/size"),
        ({"size": "5", "content_type": MP4}, "#/size"),
        ({"content_type": MP4}, "#/size"),
        ({"size": 5, "content_type": "text/html"}, "#/content_type"),
        ({"size": 5, "content_type": "video/mp4\r\nX: y"}, "#/content_type"),
        ({"size": 5, "content_type": MP4, "key": "x"}, "#/key"),
    ],
)
async def test_what_cannot_be_planned_is_invalid(fs: FsService, asked: dict[str, Any], pointer: str) -> None:
    problem = await assert_problem(await fs.call("PUT", f"/v1/objects/{new_id()}", json=asked), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("size", [1, 999, 1_001, 5_000])
async def test_the_storage_refuses_a_part_of_another_size(fs: FsService, size: int) -> None:
    object_id = await fs.create(TWO_PARTS)
    assert await fs.put_part(object_id, 2, b"x" * size) == 403
    assert (await fs.answer("GET", f"/v1/objects/{object_id}"))["received"] == []


async def test_a_tampered_url_is_refused(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS)
    url = await fs.part_url(object_id, 2)
    for tampered in (
        url.replace("partNumber=2", "partNumber=1"),
        url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"),
        url.replace("&X-Amz-Signature=", "&X-Amz-Signature=0")[:-1],
    ):
        assert await put(tampered, b"x" * 1_000) == 403
    assert await put(url, b"x" * 1_000) == 200


async def test_objects_are_described_for_whom_settles_them(fs: FsService) -> None:
    mine, theirs, unknown = await fs.create(), await fs.create(subject="bob"), new_id()
    described = await fs.answer("POST", "/v1/objects/describe", json={"ids": [mine, theirs, unknown]}, subject=None)
    assert set(described["objects"]) == {mine, theirs}
    assert described["objects"][mine]["state"] == "open"


@pytest.mark.parametrize("ids", [[], None, "a", [1], ["x"] * 101, ["x" * 33]])
async def test_a_wrong_list_of_ids_is_invalid(fs: FsService, ids: object) -> None:
    response = await fs.call("POST", "/v1/objects/describe", json={"ids": ids}, subject=None)
    await assert_problem(response, 422, "invalid")


async def test_a_service_finishes_by_itself_what_it_deletes(fs: FsService) -> None:
    object_id = await fs.create(subject="bob")
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}", subject=None))["state"] == "aborted"
    await assert_problem(await fs.call("DELETE", f"/v1/objects/{new_id()}", subject=None), 404, "not-found")


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
    assert (await fetch("GET", (await sources(fs, object_id))[object_id]))[2] == b"new!"


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
    assert (await fetch("GET", (await sources(fs, object_id))[object_id]))[2] == b"film"


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


async def sources(fs: FsService, *object_ids: str) -> dict[str, str]:
    """The URLs of those that have one."""
    asked = {"sources": [{"id": object_id, "method": "GET"} for object_id in object_ids]}
    signed = await fs.answer("POST", "/v1/sources", json=asked, service="stream", subject=None)
    return {object_id: source["url"] for object_id, source in signed["sources"].items()}


async def test_a_worker_is_sent_to_the_storage_by_the_way_that_it_has(
    fs: FsService, addresses: Addresses, proxy: S3Proxy
) -> None:
    object_id = await fs.store(b"film")
    for is_internal, url in ((True, proxy.url), (False, addresses.s3_url)):
        asked = {"sources": [{"id": object_id, "method": "GET", "is_internal": is_internal}]}
        signed = await fs.answer("POST", "/v1/sources", json=asked, service="stream", subject=None)
        new = {"object_id": object_id, "task": "look", "files": [PICTURE], "is_internal": is_internal}
        outputs = await fs.answer("PUT", f"/v1/derived/{ID}", json=new, subject=None)
        for found in (signed["sources"][object_id]["url"], outputs["puts"]["a.webp"]["url"]):
            assert found.startswith(f"{url}/")


async def test_what_the_url_says_cannot_be_changed(fs: FsService) -> None:
    object_id = await fs.store(b"film")
    url = (await sources(fs, object_id))[object_id]
    for tampered in (
        url.replace("video%2Fmp4", "text%2Fhtml"),
        url.replace("inline", "attachment"),
        url.replace("/objects/", "/objects/x"),
        url.partition("?")[0],
    ):
        assert tampered != url
        assert (await fetch("GET", tampered))[0] == 403


async def test_only_what_is_stored_has_a_source(fs: FsService) -> None:
    stored, unfinished, unknown = await fs.store(b"film"), await fs.create(), new_id()
    assert set(await sources(fs, stored, unfinished, unknown)) == {stored}


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [{"id": "a", "method": "PUT"}],
        [{"id": "a"}],
        [{"method": "GET"}],
        [{"id": "a", "method": "GET", "object_key": "objects/x"}],
        [{"id": "a", "method": "GET", "filename": ""}],
        [{"id": "a", "method": "GET", "filename": "x" * 256}],
        [{"id": "a", "method": "GET", "filename": "\ud800"}],
        [{"id": "a", "method": "GET"}, {"id": "a", "method": "HEAD"}],
        [{"id": f"{index}", "method": "GET"} for index in range(101)],
    ],
)
async def test_a_wrong_list_of_sources_is_invalid(fs: FsService, wanted: object) -> None:
    response = await fs.call("POST", "/v1/sources", json={"sources": wanted}, service="stream", subject=None)
    await assert_problem(response, 422, "invalid")
