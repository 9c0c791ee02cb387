"""The bucket, in S3's own verbs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
from botocore.exceptions import BotoCoreError, HTTPClientError
from prometheus_client import CollectorRegistry

from common.bucket_rule import cors_of
from common.s3_client import s3_client
from fs_svc.parts import Part
from fs_svc.s3.calls import S3Calls, UploadGone, unavailable

# Of a listing, all pages together: 10,000 parts take about a second when all is well.
LIST_SECONDS: Final = 12
# Of one block of an object.
READ_SECONDS: Final = 20
# S3 puts up to 10,000 parts together before it answers. What takes longer is checked again by the loop.
COMPLETE_SECONDS: Final = 20
# Parsing a page holds the event loop, for some 50 µs an entry.
PAGE_SIZE: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What S3 reports about a whole object; `size` in bytes, `etag` without quotes."""

    size: int
    etag: str
    content_type: str
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """An object in a listing of the bucket."""

    object_key: str
    size: int
    etag: str
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUpload:
    """An open multipart upload in a listing of the bucket."""

    object_key: str
    s3_upload_id: str
    initiated: datetime


@asynccontextmanager
async def open_bucket(
    *,
    url: str,
    region: str,
    name: str,
    access_key_id: str,
    secret_access_key: str,
    registry: CollectorRegistry | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncIterator[Bucket]:
    """The bucket behind `url`."""
    async with s3_client(
        url=url,
        region=region,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        read_seconds=COMPLETE_SECONDS,
    ) as client:
        yield Bucket(client, name, registry, page_size=page_size)


class Bucket:
    """Every method raises StorageUnavailable when S3 does not answer as it should; what was asked may then still
    have happened.
    """

    def __init__(self, client: Any, name: str, registry: CollectorRegistry | None, *, page_size: int) -> None:
        self._name = name
        self._page_size = page_size
        self._call = S3Calls(client, name, registry)

    async def ping(self) -> None:
        """Returns if the bucket exists and can be used. Warns once if S3's clock differs from this machine's."""
        await self._call("head_bucket")

    async def create_upload(self, object_key: str, *, content_type: str) -> str:
        """Opens a multipart upload; returns S3's id of it."""
        answer = await self._call("create_multipart_upload", tries=1, Key=object_key, ContentType=content_type)
        return str(answer["UploadId"])

    async def list_uploads(self, object_key: str) -> list[str]:
        """S3's ids of the open multipart uploads of this key. A hint: some vendors forget them at a restart."""
        answer = await self._call("list_multipart_uploads", Prefix=object_key)
        return [upload["UploadId"] for upload in answer.get("Uploads", []) if upload["Key"] == object_key]

    async def list_objects(self, *, prefix: str = "", after: str = "") -> AsyncIterator[ListedObject]:
        """Every object in the bucket with this key prefix, in byte order of the keys, after the key `after`."""
        arguments: dict[str, Any] = {"MaxKeys": self._page_size, "Prefix": prefix}
        if after:
            arguments["StartAfter"] = after
        while True:
            answer = await self._call("list_objects_v2", seconds=LIST_SECONDS, **arguments)
            for found in answer.get("Contents", []):
                yield ListedObject(
                    object_key=found["Key"],
                    size=found["Size"],
                    etag=_unquoted(found["ETag"]),
                    last_modified=found["LastModified"],
                )
            if not answer.get("IsTruncated") or not answer.get("NextContinuationToken"):
                return
            arguments["ContinuationToken"] = answer["NextContinuationToken"]

    async def list_all_uploads(self) -> AsyncIterator[ListedUpload]:
        """Every open multipart upload in the bucket. A hint: some vendors forget them at a restart."""
        arguments: dict[str, Any] = {"MaxUploads": self._page_size}
        while True:
            answer = await self._call("list_multipart_uploads", seconds=LIST_SECONDS, **arguments)
            for found in answer.get("Uploads", []):
                yield ListedUpload(
                    object_key=found["Key"], s3_upload_id=found["UploadId"], initiated=found["Initiated"]
                )
            # SeaweedFS gives the second alone, and lists in the order of those ids.
            markers = {"KeyMarker": answer.get("NextKeyMarker"), "UploadIdMarker": answer.get("NextUploadIdMarker")}
            markers = {name: marker for name, marker in markers.items() if marker}
            if not answer.get("IsTruncated") or not markers:
                return
            arguments |= markers

    async def list_parts(self, object_key: str, s3_upload_id: str, *, enough: int | None = None) -> list[Part]:
        """Every copy of every part that S3 holds, as listed, or at least `enough` of them. Raises UploadGone."""
        parts: list[Part] = []
        marker = 0
        try:
            async with asyncio.timeout(LIST_SECONDS):
                while True:
                    page, has_more = await self._page(object_key, s3_upload_id, marker)
                    if not has_more or (enough is not None and len(parts) + len(page) >= enough):
                        return parts + page
                    # SeaweedFS goes on behind the last part *number*: copies of that part which did not fit on
                    # the page would never be listed. So that number is asked for again, all of it.
                    last = page[-1].part_number
                    whole = [part for part in page if part.part_number < last]
                    if whole:
                        parts += whole
                        marker = last - 1
                    else:
                        parts += page
                        marker = last
        except TimeoutError as exc:
            raise unavailable("list_parts", "timeout") from exc

    async def _page(self, object_key: str, s3_upload_id: str, marker: int) -> tuple[list[Part], bool]:
        answer = await self._call(
            "list_parts", Key=object_key, UploadId=s3_upload_id, PartNumberMarker=marker, MaxParts=self._page_size
        )
        page = [
            Part(
                part_number=part["PartNumber"],
                size=part["Size"],
                etag=_unquoted(part["ETag"]),
                last_modified=part["LastModified"],
            )
            for part in answer.get("Parts", [])
        ]
        return page, bool(answer.get("IsTruncated")) and bool(page)

    async def complete_upload(self, object_key: str, s3_upload_id: str, parts: Sequence[Part]) -> None:
        """Completes the object from its parts. Raises UploadGone, which may mean that an earlier attempt succeeded.

        S3 can answer 200 and put an error inside; botocore reads that as the failure that it is.
        """
        listed = [{"PartNumber": part.part_number, "ETag": f'"{part.etag}"'} for part in parts]
        await self._call(
            "complete_multipart_upload",
            tries=1,
            seconds=COMPLETE_SECONDS,
            Key=object_key,
            UploadId=s3_upload_id,
            MultipartUpload={"Parts": listed},
        )

    async def abort_upload(self, object_key: str, s3_upload_id: str) -> None:
        """Aborts a multipart upload and its parts; succeeds if it is gone already."""
        try:
            await self._call("abort_multipart_upload", Key=object_key, UploadId=s3_upload_id)
        except UploadGone:
            return

    async def has_upload(self, object_key: str, s3_upload_id: str) -> bool:
        """Whether S3 still knows the multipart upload."""
        try:
            await self._call("list_parts", Key=object_key, UploadId=s3_upload_id, MaxParts=1)
        except UploadGone:
            return False
        return True

    async def head(self, object_key: str) -> Head | None:
        """The whole object's metadata; None if there is none."""
        answer = await self._call("head_object", missing={}, Key=object_key)
        if not answer:
            return None
        return Head(
            size=answer["ContentLength"],
            etag=_unquoted(answer["ETag"]),
            content_type=answer.get("ContentType", ""),
            last_modified=answer["LastModified"],
        )

    async def read(self, object_key: str, *, block_size: int) -> AsyncIterator[bytes]:
        """The whole object in blocks; nothing when there is none. A block that does not come in time ends it."""
        answer = await self._call("get_object", missing={}, Key=object_key)
        if not answer:
            return
        async with answer["Body"] as body:
            while True:
                try:
                    async with asyncio.timeout(READ_SECONDS):
                        block = await body.read(block_size)
                except (HTTPClientError, BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as exc:
                    raise unavailable("get_object", type(exc).__name__) from exc
                if not block:
                    return
                yield block

    async def put(self, object_key: str, content: bytes) -> None:
        """Writes a small object of our own, replacing any existing one."""
        await self._call("put_object", Key=object_key, Body=content, ContentType="application/json")

    async def copy(self, source_key: str, object_key: str, *, etag: str, content_type: str) -> bool:
        """Copies an object's bytes within the bucket, without its metadata.

        False when the source is not there, or not the one with `etag`.
        """
        answer = await self._call(
            "copy_object",
            tries=1,
            seconds=COMPLETE_SECONDS,
            missing={},
            Key=object_key,
            CopySource={"Bucket": self._name, "Key": source_key},
            CopySourceIfMatch=f'"{etag}"',
            MetadataDirective="REPLACE",
            ContentType=content_type,
            TaggingDirective="REPLACE",
        )
        return bool(answer)

    async def set_cors(self, origins: Sequence[str]) -> None:
        """Writes the bucket's CORS rule, for pages of these origins and no others."""
        await self._call("put_bucket_cors", CORSConfiguration=cors_of(origins))

    async def delete(self, object_key: str) -> None:
        """Deletes the object; succeeds if it is gone already."""
        await self._call("delete_object", missing={}, Key=object_key)

    async def delete_all(self, prefix: str) -> None:
        """Deletes every object with this key prefix; succeeds if there is none."""
        for object_key in [listed.object_key async for listed in self.list_objects(prefix=prefix)]:
            await self.delete(object_key)


def _unquoted(etag: str) -> str:
    return etag.strip('"')
