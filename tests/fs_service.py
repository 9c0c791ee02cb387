"""fs_svc as its callers meet it: the real app on real storage, and the calls that upload_svc makes."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient

from common.clock import utc_now
from common.ids import new_id
from fs_svc.plan import MIB
from fs_svc.s3 import PAGE_SIZE as LISTED_AT_ONCE
from fs_svc.s3 import Bucket, open_bucket
from fs_svc.settings import Settings
from fs_svc.sigv4 import Presigner
from tests.addresses import Addresses
from tests.auth_service import AuthService
from vss.bucket import Bucket as StorageBucket

PART_SIZE = 8 * MIB
# Two parts, the second one small.
TWO_PARTS = PART_SIZE + 1_000
_KEY = re.compile(rb"<Contents>.*?<Key>([^<]+)</Key>", re.DOTALL)
_UPLOAD = re.compile(rb"<Upload>.*?<Key>([^<]+)</Key>.*?<UploadId>([^<]+)</UploadId>", re.DOTALL)


def content(size: int) -> bytes:
    """Bytes that differ from part to part."""
    block = hashlib.sha256(str(size).encode()).digest() * 4096
    return b"".join(bytes([index % 251]) + block for index in range(size // len(block) + 1))[:size]


def fs_settings(
    addresses: Addresses, database_url: str, storage: StorageBucket, auth: AuthService, *, s3_url: str | None = None
) -> Settings:
    """Settings for a real fs_svc; `s3_url` to reach the storage by another way than its callers do."""
    return Settings.model_validate(
        {
            **addresses.common_settings(),
            "port": addresses.fs_port,
            "database_url": database_url,
            "auth_url": auth.url,
            "s3_url": s3_url or storage.endpoint,
            "s3_region": storage.region,
            "s3_bucket": storage.name,
            "s3_access_key_id": storage.worker.access_key_id,
            "s3_secret_access_key": storage.worker.secret_access_key,
        }
    )


@asynccontextmanager
async def real_bucket(
    storage: StorageBucket, *, url: str | None = None, page_size: int = LISTED_AT_ONCE
) -> AsyncIterator[Bucket]:
    """fs_svc's own client of the storage."""
    async with open_bucket(
        url=url or storage.endpoint,
        region=storage.region,
        name=storage.name,
        access_key_id=storage.worker.access_key_id,
        secret_access_key=storage.worker.secret_access_key,
        page_size=page_size,
    ) as bucket:
        yield bucket


def empty(storage: StorageBucket) -> None:
    """Takes out of the bucket what tests have left, their installations' marks too.

    By hand: this is done after each test, and to make an S3 client takes longer than most of them.
    """
    signer = Presigner(
        endpoint=storage.endpoint,
        region=storage.region,
        bucket=storage.name,
        access_key_id=storage.worker.access_key_id,
        secret_access_key=storage.worker.secret_access_key,
    )
    address = urlsplit(storage.endpoint)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)

    def call(method: str, object_key: str = "", **query: str) -> bytes:
        url = signer.presign(method, object_key, now=utc_now(), lifetime=timedelta(minutes=1), query=query)
        connection.request(method, url.removeprefix(storage.endpoint))
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT), content
        return content

    with closing(connection):
        # Our keys have nothing that XML would escape.
        while keys := _KEY.findall(call("GET", **{"list-type": "2"})):
            for key in keys:
                call("DELETE", key.decode())
        for key, upload_id in _UPLOAD.findall(call("GET", uploads="")):
            call("DELETE", key.decode(), uploadId=upload_id.decode())


class FsService:
    """Calls as upload_svc and stream_svc make them, for a person."""

    def __init__(self, client: TestClient[web.Request, web.Application], auth: AuthService) -> None:
        self.client = client
        self._auth = auth

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        subject: str | None = "alice",
        quota_bytes: int | None = None,
        service: str = "upload",
        scope: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """Any call; `subject` is a user name, or None for a call of the service's own."""
        sent = {"Authorization": f"Bearer {self._auth.service_token(service, scope=scope)}"}
        if subject is not None:
            sent["Vss-Subject-Token"] = self._auth.token(subject, quota_bytes=quota_bytes)
        return await self.client.request(method, path, json=json, headers={**sent, **(headers or {})})

    async def answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The content of a 200."""
        response = await self.call(method, path, **options)
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        return found

    async def create(self, size: int = 100, *, object_id: str | None = None, **options: Any) -> str:
        """A new open upload; returns its id."""
        object_id = object_id or new_id()
        asked = {"size": size, "content_type": "video/mp4"}
        item = await self.answer("PUT", f"/v1/objects/{object_id}", json=asked, **options)
        assert item["state"] == "open"
        return object_id

    async def part_url(self, object_id: str, part_number: int) -> str:
        asked = {"part_numbers": [part_number]}
        url: str = (await self.answer("POST", f"/v1/objects/{object_id}/part-urls", json=asked))["urls"][
            str(part_number)
        ]
        return url

    async def put_part(self, object_id: str, part_number: int, body: bytes) -> int:
        """Sends a part straight to the storage; returns the status."""
        return await put(await self.part_url(object_id, part_number), body)

    async def send(self, object_id: str, body: bytes) -> None:
        """Sends every part of the body."""
        for start in range(0, len(body), PART_SIZE):
            part = body[start : start + PART_SIZE]
            assert await self.put_part(object_id, start // PART_SIZE + 1, part) == 200

    async def store(self, body: bytes) -> str:
        """A stored object with this content; returns its id."""
        object_id = await self.create(len(body))
        await self.send(object_id, body)
        item = await self.answer("POST", f"/v1/objects/{object_id}/complete")
        assert item["state"] == "stored"
        return object_id

    async def state(self, object_id: str) -> str:
        described = await self.answer("POST", "/v1/objects/describe", json={"ids": [object_id]}, subject=None)
        state: str = described["objects"][object_id]["state"]
        return state


async def put(url: str, body: bytes) -> int:
    """The status of a PUT, as a browser would send it."""
    async with aiohttp.ClientSession() as session, session.put(url, data=io.BytesIO(body)) as answer:
        return answer.status


async def fetch(method: str, url: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and content."""
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()
