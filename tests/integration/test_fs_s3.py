"""fs_svc's storage calls against the real engine, one that answers as AWS does, and one that fails in every way."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer
from pytest_aiohttp.plugin import AiohttpServer

from common.clock import utc_now
from common.errors import StorageUnavailable
from common.ids import new_id
from fs_svc.dialects import DIALECTS, Vendor
from fs_svc.parts import choose_parts, multipart_etag
from fs_svc.s3 import PAGE_SIZE, Bucket, UploadGone, open_bucket
from fs_svc.uploads.in_parts import PART_URL_LIFETIME
from tests.fs_service import PART_SIZE, fetch, real_bucket
from tests.fs_world import presigner_of
from vss.bucket import Bucket as StorageBucket
from vss.bucket import KeyPair


@pytest.fixture(scope="module")
def moto() -> Iterator[StorageBucket]:
    """Answers and refuses as AWS does, mostly: it checks no signature, no signed header and no condition of a copy."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        keys = KeyPair(access_key_id="a", secret_access_key="b")
        storage = StorageBucket(
            endpoint=f"http://{host}:{port}",
            region="us-east-1",
            name="vss",
            administrator=keys,
            worker=keys,
            origins=["https://stream.example"],
        )
        assert asyncio.run(storage.prepare()) is None
        yield storage
    finally:
        server.stop()


@pytest.fixture
def storage(request: pytest.FixtureRequest) -> StorageBucket:
    """The real engine, or what the mark `on_both` names."""
    found: StorageBucket = request.getfixturevalue(getattr(request, "param", "seaweedfs"))
    return found


@pytest.fixture
async def bucket(storage: StorageBucket) -> AsyncIterator[Bucket]:
    async with real_bucket(storage) as bucket:
        yield bucket


on_both = pytest.mark.parametrize("storage", ["seaweedfs", "moto"], indirect=True)


class Sender:
    """Sends parts as clients do: by presigned URL."""

    def __init__(self, storage: StorageBucket, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._presigner = presigner_of(storage)

    async def put(
        self,
        object_key: str,
        s3_upload_id: str,
        body: bytes | AsyncIterator[bytes],
        *,
        number: int = 1,
        size: int = 4,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """What the storage says to a part, with headers that were not signed."""
        urls = self._presigner.presign_parts(
            object_key, s3_upload_id, {number: size}, now=utc_now(), lifetime=PART_URL_LIFETIME
        )
        sent = {"Content-Length": str(size), **(headers or {})}
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        async with self._session.put(urls[number], data=data, headers=sent) as answer:
            await answer.read()
        return answer

    async def send(self, object_key: str, s3_upload_id: str, part_number: int, body: bytes) -> str:
        """Returns the ETag."""
        answer = await self.put(object_key, s3_upload_id, body, number=part_number, size=len(body))
        assert answer.status == 200
        return answer.headers["ETag"].strip('"')


@pytest.fixture
async def sender(storage: StorageBucket) -> AsyncIterator[Sender]:
    async with aiohttp.ClientSession() as session:
        yield Sender(storage, session)


def new_key() -> str:
    return f"objects/{new_id()}"


async def opened(bucket: Bucket) -> tuple[str, str]:
    """A new multipart upload: its key and S3's id of it."""
    key = new_key()
    return key, await bucket.create_upload(key, content_type="video/mp4")


@on_both
async def test_parts_become_an_object_with_the_foretold_etag(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    bodies = [b"a" * PART_SIZE, b"b" * 1_000]
    for part_number, body in enumerate(bodies, 1):
        etag = await sender.send(key, upload_id, part_number, body)
        assert etag == hashlib.md5(body, usedforsecurity=False).hexdigest()
    parts = await bucket.list_parts(key, upload_id)
    assert [(part.part_number, part.size) for part in parts] == [(1, PART_SIZE), (2, 1_000)]
    assert await bucket.head(key) is None
    await bucket.complete_upload(key, upload_id, parts)
    head = await bucket.head(key)
    assert head is not None
    assert head.size == PART_SIZE + 1_000
    assert head.etag == multipart_etag(parts)
    assert not await bucket.has_upload(key, upload_id)
    with pytest.raises(UploadGone):
        await bucket.list_parts(key, upload_id)
    await bucket.delete(key)
    assert await bucket.head(key) is None
    await bucket.delete(key)


async def test_copies_of_a_part_at_the_end_of_a_page_are_all_listed(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    for part_number in range(1, PAGE_SIZE + 2):
        await sender.send(key, upload_id, part_number, b"x")
    etags = {await sender.send(key, upload_id, PAGE_SIZE, body) for body in (b"y", b"z")}
    parts = await bucket.list_parts(key, upload_id)
    assert {part.part_number for part in parts} == set(range(1, PAGE_SIZE + 2))
    assert etags < {part.etag for part in parts if part.part_number == PAGE_SIZE}
    assert len(parts) == PAGE_SIZE + 3
    assert len(choose_parts(parts).parts) == PAGE_SIZE + 1
    await bucket.abort_upload(key, upload_id)


@on_both
async def test_an_upload_can_be_aborted_twice(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    await sender.send(key, upload_id, 1, b"x")
    assert await bucket.has_upload(key, upload_id)
    assert await bucket.list_uploads(key) == [upload_id]
    await bucket.abort_upload(key, upload_id)
    await bucket.abort_upload(key, upload_id)
    assert not await bucket.has_upload(key, upload_id)
    assert await bucket.list_uploads(key) == []


@pytest.mark.parametrize("is_completed", [False, True])
async def test_the_urls_of_parts_die_with_their_upload(bucket: Bucket, sender: Sender, *, is_completed: bool) -> None:
    # What is reserved for an upload is given back on this ground (docs/architecture.md): one more vendor, one more row.
    assert DIALECTS[Vendor.SEAWEEDFS].ends_part_urls
    ended, (object_key, s3_upload_id) = asyncio.Event(), await opened(bucket)
    await sender.send(object_key, s3_upload_id, 1, b"film")
    is_on_its_way = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"x" * PART_SIZE
        is_on_its_way.set()
        await ended.wait()
        yield b"x"

    late = asyncio.create_task(sender.put(object_key, s3_upload_id, slowly(), size=PART_SIZE + 1))
    await is_on_its_way.wait()
    if is_completed:
        await bucket.complete_upload(object_key, s3_upload_id, await bucket.list_parts(object_key, s3_upload_id))
    else:
        await bucket.abort_upload(object_key, s3_upload_id)
    ended.set()
    assert (await late).status == 404
    assert (await sender.put(object_key, s3_upload_id, b"film")).status == 404
    assert await bucket.list_uploads(object_key) == []
    head = await bucket.head(object_key)
    assert (head.size if head else None) == (4 if is_completed else None)


PART_HEADERS = {
    "Cache-Control": "public, max-age=31536000",
    "Content-Disposition": 'attachment; filename="other.exe"',
    "Content-Encoding": "gzip",
    "Content-Language": "ar",
    "Content-Type": "text/html",
    "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
    "If-None-Match": "*",
    "Seaweed-a": "b",
}


async def test_nothing_that_is_said_beside_a_part_stays_with_the_object(
    bucket: Bucket, sender: Sender, seaweedfs: StorageBucket
) -> None:
    answers = []
    for headers in ({}, PART_HEADERS):
        object_key, s3_upload_id = await opened(bucket)
        assert (await sender.put(object_key, s3_upload_id, b"film", headers=headers)).status == 200
        await bucket.complete_upload(object_key, s3_upload_id, await bucket.list_parts(object_key, s3_upload_id))
        url = presigner_of(seaweedfs).presign("GET", object_key, now=utc_now(), lifetime=PART_URL_LIFETIME)
        status, found, body = await fetch("GET", url)
        assert (status, found["Content-Type"], body) == (200, "video/mp4", b"film")
        answers.append({name.lower() for name in found})
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["meta-a", "acl", "tagging", "storage-class", "website-redirect-location"])
async def test_the_storage_takes_no_header_of_its_own_that_was_not_signed(
    bucket: Bucket, sender: Sender, name: str
) -> None:
    object_key, s3_upload_id = await opened(bucket)
    answer = await sender.put(object_key, s3_upload_id, b"film", headers={f"x-amz-{name}": "a"})
    assert answer.status == 403


async def test_completing_an_upload_that_is_gone_says_so(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    await sender.send(key, upload_id, 1, b"x")
    parts = await bucket.list_parts(key, upload_id)
    await bucket.abort_upload(key, upload_id)
    with pytest.raises(UploadGone):
        await bucket.complete_upload(key, upload_id, parts)


@on_both
async def test_the_rule_for_pages_is_written_over_whatever_there_is(bucket: Bucket, storage: StorageBucket) -> None:
    origins = ["https://upload.example", "https://stream.example"]
    everybody = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}
    async with storage.client(storage.administrator) as s3:
        await s3.put_bucket_cors(Bucket=storage.name, CORSConfiguration=everybody)
        try:
            await bucket.set_cors(origins)
            (rule,) = (await s3.get_bucket_cors(Bucket=storage.name))["CORSRules"]
        finally:
            # As the other tests know it: without one.
            await s3.delete_bucket_cors(Bucket=storage.name)
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (origins, ["GET", "HEAD", "PUT", "POST"])


@on_both
async def test_a_part_that_was_sent_again_counts_once_it_is_chosen(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    for body in (b"film", b"film"):
        await sender.send(key, upload_id, 1, body)
    choice = choose_parts(await bucket.list_parts(key, upload_id))
    assert [(part.part_number, part.size) for part in choice.parts] == [(1, 4)]
    await bucket.complete_upload(key, upload_id, choice.parts)
    head = await bucket.head(key)
    assert head is not None
    assert (head.size, head.content_type) == (4, "video/mp4")


@on_both
async def test_completing_twice_is_told_that_the_upload_is_gone_or_nothing_and_the_object_stays(
    bucket: Bucket, sender: Sender
) -> None:
    key, upload_id = await opened(bucket)
    await sender.send(key, upload_id, 1, b"film")
    parts = await bucket.list_parts(key, upload_id)
    await bucket.complete_upload(key, upload_id, parts)
    # AWS answers NoSuchUpload, SeaweedFS 200 again.
    with contextlib.suppress(UploadGone):
        await bucket.complete_upload(key, upload_id, parts)
    assert await bucket.head(key) is not None


@on_both
async def test_parts_that_s3_refuses_to_put_together_stay_open(bucket: Bucket, sender: Sender) -> None:
    key, upload_id = await opened(bucket)
    await sender.send(key, upload_id, 1, b"film")
    (part,) = await bucket.list_parts(key, upload_id)
    with pytest.raises(StorageUnavailable):
        await bucket.complete_upload(key, upload_id, [replace(part, etag="0" * 32)])
    assert await bucket.has_upload(key, upload_id)
    assert await bucket.head(key) is None


@on_both
async def test_what_is_not_there_is_nothing_and_no_failure(bucket: Bucket) -> None:
    key = new_key()
    assert await bucket.head(key) is None
    assert [block async for block in bucket.read(key, block_size=4)] == []
    assert not await bucket.copy(key, new_key(), etag="0" * 32, content_type="video/mp4")
    assert not await bucket.has_upload(key, "no-such-upload")
    await bucket.delete(key)


async def test_only_the_object_that_was_meant_is_copied_and_read_back_whole(bucket: Bucket) -> None:
    source, copied = new_key(), new_key()
    await bucket.put(source, b"film")
    head = await bucket.head(source)
    assert head is not None
    assert await bucket.copy(source, copied, etag=head.etag, content_type="video/mp4")
    assert b"".join([block async for block in bucket.read(copied, block_size=3)]) == b"film"
    await bucket.put(source, b"FILM")
    assert not await bucket.copy(source, copied, etag=head.etag, content_type="video/mp4")
    assert b"".join([block async for block in bucket.read(copied, block_size=3)]) == b"film"


@on_both
async def test_ping_finds_the_bucket(bucket: Bucket) -> None:
    await bucket.ping()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>"),
        (200, "<CompleteMultipart"),
        (500, "<Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>"),
        (503, "<Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>"),
        (403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"),
    ],
)
async def test_whatever_is_not_a_success_is_not_taken_for_one(
    aiohttp_server: AiohttpServer, status: int, body: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/xml")

    async with answering_bucket(aiohttp_server, answer) as bucket:
        with pytest.raises(StorageUnavailable):
            await bucket.complete_upload("objects/a", "id", [])


async def test_nobody_at_the_address_is_unavailable(unused_tcp_port: int) -> None:
    async with fake_bucket(f"http://127.0.0.1:{unused_tcp_port}") as bucket:
        for call in (bucket.ping(), bucket.head("a"), bucket.create_upload("a", content_type="video/mp4")):
            with pytest.raises(StorageUnavailable):
                await call


def fake_bucket(url: str) -> AbstractAsyncContextManager[Bucket]:
    return open_bucket(url=url, region="us-east-1", name="vss", access_key_id="a", secret_access_key="b")


@asynccontextmanager
async def answering_bucket(
    aiohttp_server: AiohttpServer, answer: Callable[[web.Request], Awaitable[web.Response]]
) -> AsyncIterator[Bucket]:
    """One whose storage answers every call so."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with fake_bucket(f"http://127.0.0.1:{(await aiohttp_server(app)).port}") as bucket:
        yield bucket


@pytest.mark.parametrize(("ahead", "is_said"), [(600, True), (-600, True), (60, False)])
@pytest.mark.parametrize("status", [200, 403])
async def test_a_clock_that_differs_from_the_storages_is_said_once(
    aiohttp_server: AiohttpServer, caplog: pytest.LogCaptureFixture, *, ahead: int, is_said: bool, status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        date = format_datetime(utc_now() + timedelta(seconds=ahead), usegmt=True)
        return web.Response(status=status, headers={"Date": date})

    async with answering_bucket(aiohttp_server, answer) as bucket:
        for _ in range(2):
            with contextlib.suppress(StorageUnavailable):
                await bucket.ping()
    said = [record for record in caplog.records if record.getMessage() == "clocks differ"]
    assert len(said) == is_said
    assert all(abs(vars(record)["s3_is_ahead_seconds"] - ahead) < 60 for record in said)
