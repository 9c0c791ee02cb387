"""What upload_svc needs of fs_svc: the authority on bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from common.service_client import Relayed, ServiceClient

# Refusals that are about the person's own request; the others are our trouble, not theirs.
_RELAYED: Final = (
    "not-found",
    "conflict",
    "invalid",
    "quota-exceeded",
    "upload-not-open",
    "part-ambiguous",
    "part-differs",
    "file-differs",
    "parts-missing",
    "rate-limited",
    "storage-unavailable",
    "unavailable",
)
# S3 puts thousands of parts together; a caller waits at most a minute for it.
COMPLETE_LIMIT_SECONDS: Final = 50.0
GONE: Final = frozenset({"aborted", "deleted"})


class Kind(StrEnum):
    """How the bytes come: in parts that fs_svc plans, in parts that the client cuts as it likes, or in one form."""

    PLANNED = "planned"
    FREE = "free"
    FORM = "form"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPart:
    """A part that S3 holds: `size` in bytes, `checksum` (SHA-256 in base64) where it was sent with one.

    `etag` is without quotes; it and `last_modified` (RFC 3339) are S3's own.
    """

    part_number: int
    size: int
    checksum: str | None
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """The SHA-256 of an object as it was read from the storage, and when (RFC 3339).

    None: it could not be read to its end.
    """

    sha256: str | None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What fs_svc says of an upload's bytes; `received` only when it was asked for and the upload is open.

    `size` is None while only the client knows it, and `part_size` where the client cuts the file. `sha256` is the whole
    file's as it was announced, and `is_another_file` whether what was read back is not that file.
    """

    id: str
    state: str
    kind: Kind
    size: int | None
    part_size: int | None
    part_count: int | None
    part_checksums: str | None
    sha256: str | None
    is_another_file: bool
    expires_at: str | None
    received: tuple[ReceivedPart, ...] | None
    read_back: ReadBack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUrls:
    """Presigned URLs by part number, the header fields to send with each, and those to send with one part."""

    urls: dict[str, str]
    headers: dict[str, str]
    part_headers: dict[str, dict[str, str]]
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A POST of `fields`, and then of `file`, to `url` as multipart/form-data, until `expires_at` (RFC 3339)."""

    url: str
    fields: dict[str, str]
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a person's films take up, unfinished ones and the trash included, and how much they may; in bytes."""

    taken: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LostObject:
    """An object in the bucket that fs_svc has no row of; `size` in bytes."""

    name: str
    size: int
    content_type: str
    last_modified: datetime


class FsClient:
    """fs_svc's API. Calls with `subject_token` are made for that person; the others for the row's own state."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def create(
        self,
        upload_id: str,
        *,
        kind: Kind,
        size: int | None,
        content_type: str,
        part_checksums: str | None,
        sha256: str | None,
        subject_token: str,
    ) -> StoredObject:
        """Plans the upload and opens it; the same again for the same id."""
        answer = await self._client.call(
            "PUT",
            f"/v1/objects/{upload_id}",
            content={
                "kind": kind,
                "size": size,
                "content_type": content_type,
                "part_checksums": part_checksums,
                "sha256": sha256,
            },
            subject_token=subject_token,
            is_idempotent=True,
            relays=_RELAYED,
        )
        return _object(answer.content)

    async def part_urls(
        self,
        upload_id: str,
        part_numbers: Sequence[int],
        *,
        checksums: Mapping[str, str] | None,
        subject_token: str,
    ) -> PartUrls:
        """Presigned URLs for these parts; `checksums` by part number, for an upload that has them."""
        answer = await self._client.call(
            "POST",
            f"/v1/objects/{upload_id}/part-urls",
            content={"part_numbers": list(part_numbers), "checksums": checksums},
            subject_token=subject_token,
            is_idempotent=True,
            relays=_RELAYED,
        )
        return PartUrls(
            urls=answer.content["urls"],
            headers=answer.content["headers"],
            part_headers=answer.content["part_headers"],
            expires_at=answer.content["expires_at"],
        )

    async def form(self, upload_id: str, *, subject_token: str) -> Form:
        """A presigned form for the whole file, of an upload that comes by one."""
        answer = await self._client.call(
            "POST", f"/v1/objects/{upload_id}/form", subject_token=subject_token, is_idempotent=True, relays=_RELAYED
        )
        return Form(url=answer.content["url"], fields=answer.content["fields"], expires_at=answer.content["expires_at"])

    async def get(self, upload_id: str, *, subject_token: str) -> StoredObject:
        """The object, with what S3 has received of it."""
        answer = await self._client.call(
            "GET", f"/v1/objects/{upload_id}", subject_token=subject_token, is_idempotent=True, relays=_RELAYED
        )
        return _object(answer.content)

    async def usage(self, *, subject_token: str) -> Usage | None:
        """How full the person's quota is; None when there is none."""
        answer = await self._client.call("GET", "/v1/usage", subject_token=subject_token, is_idempotent=True)
        limit = answer.content["limit"]
        if limit is None:
            return None
        return Usage(taken=answer.content["used"] + answer.content["reserved"], limit=limit)

    async def complete(
        self, upload_id: str, *, part_count: int | None, sha256: str | None, subject_token: str
    ) -> StoredObject:
        """Makes the parts one object; state `stored`, or `completing` when that is not certain yet.

        `part_count` is how many parts the client has cut the file into, where it was the client. `sha256` is the whole
        file's: until the answer has it too, it is not certain that the object is that file.
        """
        answer = await self._client.call(
            "POST",
            f"/v1/objects/{upload_id}/complete",
            content={"part_count": part_count, "sha256": sha256},
            subject_token=subject_token,
            is_idempotent=True,
            relays=_RELAYED,
            time_limit_seconds=COMPLETE_LIMIT_SECONDS,
        )
        return _object(answer.content)

    async def delete(self, upload_id: str) -> str:
        """Aborts or deletes what there is; returns the state it has reached, one of GONE when nothing is left."""
        try:
            answer = await self._client.call(
                "DELETE", f"/v1/objects/{upload_id}", is_idempotent=True, relays=("not-found",)
            )
        except Relayed:
            return "deleted"
        return str(answer.content["state"])

    async def hand_over(self, upload_ids: Sequence[str], *, old_owner_id: str, owner_id: str) -> list[str]:
        """Makes the bytes of up to 100 uploads another person's; returns the ids for which to ask again."""
        answer = await self._client.call(
            "POST",
            "/v1/objects/hand-over",
            content={"ids": list(upload_ids), "old_owner_id": old_owner_id, "owner_id": owner_id},
            is_idempotent=True,
        )
        return list(answer.content["remaining"])

    async def is_held(self) -> bool:
        """Whether nothing may be destroyed now only because its time is over."""
        return bool((await self._client.call("GET", "/v1/hold", is_idempotent=True)).content["is_held"])

    async def lost_objects(self, *, after: str) -> tuple[list[LostObject], str | None]:
        """Those in a part of the bucket, and behind which name it goes on (None: nowhere). Raises Relayed where fs_svc
        does not know the bucket as its own.
        """
        path = f"/v1/lost-objects?{urlencode({'after': after})}"
        content = (await self._client.call("GET", path, is_idempotent=True, relays=("conflict",))).content
        lost = [
            LostObject(**{**one, "last_modified": datetime.fromisoformat(one["last_modified"])})
            for one in content["objects"]
        ]
        return lost, content["next"]

    async def adopt(self, upload_id: str, name: str, *, owner_id: str) -> StoredObject:
        """Makes a lost object a stored one of the owner's; the same again for the same id."""
        answer = await self._client.call(
            "PUT",
            f"/v1/objects/{upload_id}/adopt",
            content={"name": name, "owner_id": owner_id},
            is_idempotent=True,
            relays=("conflict",),
        )
        return _object(answer.content)

    async def describe(self, upload_ids: Sequence[str]) -> dict[str, StoredObject]:
        """What fs_svc knows of up to 100 uploads, without asking S3; unknown ones are absent."""
        answer = await self._client.call(
            "POST", "/v1/objects/describe", content={"ids": list(upload_ids)}, is_idempotent=True
        )
        return {object_id: _object(content) for object_id, content in answer.content["objects"].items()}


def _object(content: dict[str, Any]) -> StoredObject:
    received, read_back = content.get("received"), content.get("read_back")
    return StoredObject(
        id=content["id"],
        state=content["state"],
        kind=Kind(content["kind"]),
        size=content["size"],
        part_size=content["part_size"],
        part_count=content["part_count"],
        part_checksums=content["part_checksums"],
        sha256=content["sha256"],
        is_another_file=content["is_another_file"],
        expires_at=content["expires_at"],
        read_back=None if read_back is None else ReadBack(sha256=read_back["sha256"], at=read_back["at"]),
        received=None
        if received is None
        else tuple(
            ReceivedPart(
                part_number=part["part_number"],
                size=part["size"],
                checksum=part["checksum"],
                etag=part["etag"],
                last_modified=part["last_modified"],
            )
            for part in received
        ),
    )
