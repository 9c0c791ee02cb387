"""fs_svc's API: who may call, creating, part URLs, what is received, deleting."""

from __future__ import annotations

import asyncio
import hashlib
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
from tests.fs_service import PART_SIZE, TWO_PARTS, FsService, content, fs_settings, put, real_bucket
from tests.problems import assert_problem
from vss.bucket import Bucket as StorageBucket

MP4 = "video/mp4"


@pytest.fixture
async def fs(
    aiohttp_client: AiohttpClient, addresses: Addresses, sqlite_url: str, seaweedfs: StorageBucket, auth: AuthService
) -> FsService:
    app = create_app(fs_settings(addresses, sqlite_url, seaweedfs, auth))
    return FsService(await aiohttp_client(app), auth)


@pytest.fixture
async def fs_without_storage(
    aiohttp_client: AiohttpClient,
    addresses: Addresses,
    sqlite_url: str,
    seaweedfs: StorageBucket,
    auth: AuthService,
    unused_tcp_port: int,
) -> FsService:
    nobody = f"http://127.0.0.1:{unused_tcp_port}"
    app = create_app(fs_settings(addresses, sqlite_url, seaweedfs, auth, s3_url=nobody))
    return FsService(await aiohttp_client(app), auth)


ID = "a" * 26
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
        ({"size": -1, "content_type": MP4}, "#/size"),
        ({"size": LARGEST_SIZE + 1, "content_type": MP4}, "#/size"),
        ({"size": "5", "content_type": MP4}, "#/size"),
        ({"size": 5.5, "content_type": MP4}, "#/size"),
        ({"size": True, "content_type": MP4}, "#/size"),
        ({"content_type": MP4}, "#/size"),
        ({"size": 5, "content_type": "text/html"}, "#/content_type"),
        ({"size": 5, "content_type": "video/mp4\r\nX: y"}, "#/content_type"),
        ({"size": 5, "content_type": "video/mp4\n"}, "#/content_type"),
        ({"size": 5, "content_type": MP4, "key": "x"}, "#/key"),
    ],
)
async def test_what_cannot_be_planned_is_invalid(fs: FsService, asked: dict[str, Any], pointer: str) -> None:
    problem = await assert_problem(await fs.call("PUT", f"/v1/objects/{new_id()}", json=asked), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_the_largest_file_is_planned(fs: FsService) -> None:
    await fs.create(LARGEST_SIZE)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"size": NaN}', b"[" * 30_000])
async def test_what_is_not_json_is_malformed(fs: FsService, raw: bytes, auth: AuthService) -> None:
    headers = {
        "Authorization": f"Bearer {auth.service_token('upload')}",
        "Vss-Subject-Token": auth.token("alice"),
        "Content-Type": "application/json",
    }
    response = await fs.client.put(f"/v1/objects/{ID}", data=raw, headers=headers)
    await assert_problem(response, 400, "malformed")


async def test_the_quota_is_told(fs: FsService) -> None:
    await fs.create(60, quota_bytes=100)
    stored = await fs.store(b"x" * 30)
    asked = {"size": 11, "content_type": MP4}
    response = await fs.call("PUT", f"/v1/objects/{new_id()}", json=asked, quota_bytes=100)
    problem = await assert_problem(response, 413, "quota-exceeded")
    assert {name: problem[name] for name in ("limit", "used", "reserved", "size")} == {
        "limit": 100,
        "used": 30,
        "reserved": 60,
        "size": 11,
    }
    await fs.answer("DELETE", f"/v1/objects/{stored}")
    await fs.create(11, quota_bytes=100)


async def test_part_urls_say_how_long_they_live(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS)
    signed = await fs.answer("POST", f"/v1/objects/{object_id}/part-urls", json={"part_numbers": [2, 1]})
    assert list(signed["urls"]) == ["2", "1"]
    assert signed["headers"] == {}
    lifetime = datetime.fromisoformat(signed["expires_at"]) - utc_now()
    assert timedelta(minutes=14) < lifetime <= timedelta(minutes=15)


@pytest.mark.parametrize("part_numbers", [[0], [-1], [3], [1, 3], [10_001], [2**70]])
async def test_part_numbers_outside_the_plan_are_invalid(fs: FsService, part_numbers: list[int]) -> None:
    object_id = await fs.create(TWO_PARTS)
    response = await fs.call("POST", f"/v1/objects/{object_id}/part-urls", json={"part_numbers": part_numbers})
    problem = await assert_problem(response, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [f"#/part_numbers/{len(part_numbers) - 1}"]


@pytest.mark.parametrize("part_numbers", [[], [1, 1], ["1"], [1.5], [True], list(range(1, 102)), None, {}])
async def test_a_wrong_list_of_part_numbers_is_invalid(fs: FsService, part_numbers: object) -> None:
    object_id = await fs.create(TWO_PARTS)
    response = await fs.call("POST", f"/v1/objects/{object_id}/part-urls", json={"part_numbers": part_numbers})
    await assert_problem(response, 422, "invalid")


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


async def test_received_is_what_the_storage_holds(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS)
    assert (await fs.answer("GET", f"/v1/objects/{object_id}"))["received"] == []
    assert await fs.put_part(object_id, 2, b"x" * 1_000) == 200
    assert await fs.put_part(object_id, 2, b"y" * 1_000) == 200
    assert await fs.put_part(object_id, 1, content(PART_SIZE)) == 200
    received = (await fs.answer("GET", f"/v1/objects/{object_id}"))["received"]
    assert [(part["part_number"], part["size"], part["checksum"]) for part in received] == [
        (1, PART_SIZE, None),
        (2, 1_000, None),
    ]
    assert received[0]["etag"] == hashlib.md5(content(PART_SIZE), usedforsecurity=False).hexdigest()
    assert abs(utc_now() - datetime.fromisoformat(received[0]["last_modified"])) < timedelta(minutes=1)


async def test_objects_are_described_for_whom_settles_them(fs: FsService) -> None:
    mine, theirs, unknown = await fs.create(), await fs.create(subject="bob"), new_id()
    described = await fs.answer("POST", "/v1/objects/describe", json={"ids": [mine, theirs, unknown]}, subject=None)
    assert set(described["objects"]) == {mine, theirs}
    assert described["objects"][mine]["state"] == "open"


@pytest.mark.parametrize("ids", [[], None, "a", [1], ["x"] * 101, ["x" * 33]])
async def test_a_wrong_list_of_ids_is_invalid(fs: FsService, ids: object) -> None:
    response = await fs.call("POST", "/v1/objects/describe", json={"ids": ids}, subject=None)
    await assert_problem(response, 422, "invalid")


async def test_an_unfinished_upload_is_aborted(fs: FsService) -> None:
    object_id = await fs.create(TWO_PARTS)
    url = await fs.part_url(object_id, 2)
    assert await put(url, b"x" * 1_000) == 200
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "aborted"
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "aborted"
    assert await put(url, b"x" * 1_000) == 404
    for path, asked in (
        (f"/v1/objects/{object_id}/part-urls", {"part_numbers": [1]}),
        (f"/v1/objects/{object_id}/complete", None),
    ):
        await assert_problem(await fs.call("POST", path, json=asked), 409, "upload-not-open")
    item = await fs.answer("GET", f"/v1/objects/{object_id}")
    assert (item["state"], item["received"], item["expires_at"]) == ("aborted", None, None)


async def test_a_service_finishes_by_itself_what_it_deletes(fs: FsService) -> None:
    object_id = await fs.create(subject="bob")
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}", subject=None))["state"] == "aborted"
    await assert_problem(await fs.call("DELETE", f"/v1/objects/{new_id()}", subject=None), 404, "not-found")


async def test_without_storage_nothing_is_open_and_everything_is_said(fs_without_storage: FsService) -> None:
    fs = fs_without_storage
    object_id = new_id()
    response = await fs.call("PUT", f"/v1/objects/{object_id}", json={"size": 1, "content_type": MP4})
    await assert_problem(response, 503, "storage-unavailable")
    assert await fs.state(object_id) == "reserved"
    await assert_problem(await fs.call("POST", f"/v1/objects/{object_id}/complete"), 409, "upload-not-open")
    assert (await fs.answer("DELETE", f"/v1/objects/{object_id}"))["state"] == "aborting"
    assert (await fs.client.get("/livez")).status == 200
    ready = await fs.client.get("/readyz")
    assert ready.status == 503
    assert (await ready.json())["checks"] == {"database": True, "storage": False, "keys": True}


async def test_it_is_ready_and_describes_itself(fs: FsService) -> None:
    assert (await fs.client.get("/readyz")).status == 200
    document = await (await fs.client.get("/openapi.json")).json()
    assert set(document["paths"]) >= {"/v1/objects/{id}", "/v1/objects/{id}/complete", "/v1/sources"}
