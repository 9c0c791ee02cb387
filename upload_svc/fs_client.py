"""What upload_svc needs of fs_svc: the authority on bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from common.service_client import Relayed, ServiceClient
from contracts.derived import (
    AskDerivedPart,
    AskPictures,
    AskSentPicture,
    CompleteInParts,
    CreateDerived,
    DeleteDerived,
    DerivedObject,
    DerivedPart,
    SignedPictures,
)
from contracts.media import JobSource, Outputs
from contracts.objects import (
    AdoptObject,
    AskPartUrls,
    AskSources,
    CompleteObject,
    CreateObject,
    Describe,
    Described,
    Form,
    HandedOver,
    HandOver,
    Hold,
    LostObjects,
    PartUrls,
    QuotaUsage,
    SignedSources,
    Source,
    State,
    StoredObject,
    WantedSource,
)

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
# A list does not wait longer for its pictures.
_PICTURES_SECONDS: Final = 2.0


class FsClient:
    """fs_svc's API. Calls with `subject_token` are made for that person; the others for the row's own state."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def create(self, upload_id: str, new: CreateObject, *, subject_token: str) -> StoredObject:
        """Plans the upload and opens it; the same again for the same id."""
        path = f"/v1/objects/{upload_id}"
        return await self._client.ask(
            StoredObject, "PUT", path, content=new, subject_token=subject_token, relays=_RELAYED
        )

    async def part_urls(self, upload_id: str, asked: AskPartUrls, *, subject_token: str) -> PartUrls:
        """Presigned URLs for parts."""
        path = f"/v1/objects/{upload_id}/part-urls"
        return await self._client.ask(
            PartUrls, "POST", path, content=asked, subject_token=subject_token, relays=_RELAYED
        )

    async def form(self, upload_id: str, *, subject_token: str) -> Form:
        """A presigned form for the whole file, of an upload that comes by one."""
        path = f"/v1/objects/{upload_id}/form"
        return await self._client.ask(Form, "POST", path, subject_token=subject_token, relays=_RELAYED)

    async def get(self, upload_id: str, *, subject_token: str) -> StoredObject:
        """The object, with what S3 has received of it."""
        path = f"/v1/objects/{upload_id}"
        return await self._client.ask(StoredObject, "GET", path, subject_token=subject_token, relays=_RELAYED)

    async def usage(self, *, subject_token: str) -> QuotaUsage:
        """How full the person's quota is."""
        return await self._client.ask(QuotaUsage, "GET", "/v1/usage", subject_token=subject_token)

    async def complete(self, upload_id: str, asked: CompleteObject, *, subject_token: str) -> StoredObject:
        """Makes the parts one object; `stored`, or `completing` when that is not certain yet.

        Until the answer has the `sha256` that was asked with, it is not certain that the object is that file.
        """
        return await self._client.ask(
            StoredObject,
            "POST",
            f"/v1/objects/{upload_id}/complete",
            content=asked,
            subject_token=subject_token,
            relays=_RELAYED,
            time_limit_seconds=COMPLETE_LIMIT_SECONDS,
        )

    async def delete(self, upload_id: str) -> State:
        """Aborts or deletes what there is; returns the state it has reached, one of GONE when nothing is left."""
        try:
            deleted = await self._client.ask(StoredObject, "DELETE", f"/v1/objects/{upload_id}", relays=("not-found",))
        except Relayed:
            return State.DELETED
        return deleted.state

    async def hand_over(self, upload_ids: Sequence[str], *, old_owner_id: str, owner_id: str) -> list[str]:
        """Makes the bytes of up to 100 uploads another person's; returns the ids for which to ask again."""
        asked = HandOver(ids=list(upload_ids), old_owner_id=old_owner_id, owner_id=owner_id)
        return (await self._client.ask(HandedOver, "POST", "/v1/objects/hand-over", content=asked)).remaining

    async def is_held(self) -> bool:
        """Whether nothing may be destroyed now only because its time is over."""
        return (await self._client.ask(Hold, "GET", "/v1/hold")).is_held

    async def lost_objects(self, *, after: str) -> LostObjects:
        """Those behind that name in a section of the bucket. Raises Relayed where fs_svc does not know the bucket as
        its own.
        """
        path = f"/v1/lost-objects?{urlencode({'after': after})}"
        return await self._client.ask(LostObjects, "GET", path, relays=("conflict",))

    async def adopt(self, upload_id: str, name: str, *, owner_id: str) -> StoredObject:
        """Makes a lost object a stored one of the owner's; the same again for the same id."""
        asked = AdoptObject(name=name, owner_id=owner_id)
        path = f"/v1/objects/{upload_id}/adopt"
        return await self._client.ask(StoredObject, "PUT", path, content=asked, relays=("conflict",))

    async def describe(self, upload_ids: Sequence[str]) -> dict[str, StoredObject]:
        """What fs_svc knows of up to 100 uploads, without asking S3; unknown ones are absent."""
        asked = Describe(ids=list(upload_ids))
        return (await self._client.ask(Described, "POST", "/v1/objects/describe", content=asked)).objects

    async def sources(self, upload_ids: Collection[str], *, is_internal: bool) -> dict[str, Source]:
        """URLs of up to 100 stored objects, for services or for the outside; what is not stored is absent."""
        wanted = [WantedSource(id=upload_id, method="GET", is_internal=is_internal) for upload_id in upload_ids]
        asked = AskSources(sources=wanted)
        return (await self._client.ask(SignedSources, "POST", "/v1/sources", content=asked)).sources

    async def create_derived(self, derived_id: str, new: CreateDerived) -> Outputs:
        """URLs for files that were made of a video; the same again for the same id."""
        path = f"/v1/derived/{derived_id}"
        return await self._client.ask(Outputs, "PUT", path, content=new, relays=("conflict", "not-found"))

    async def complete_derived(self, derived_id: str) -> DerivedObject:
        """Stored, once every file is there; the same again for the same id."""
        path, relays = f"/v1/derived/{derived_id}/complete", ("conflict", "not-found")
        return await self._client.ask(DerivedObject, "POST", path, relays=relays)

    async def part_url(self, derived_id: str, asked: AskDerivedPart) -> Outputs:
        """A URL for a part of a file that was made of a video; the first part of an id begins it."""
        path, relays = f"/v1/derived/{derived_id}/part-url", ("conflict", "not-found", "storage-unavailable")
        return await self._client.ask(Outputs, "POST", path, content=asked, relays=relays)

    async def complete_parts(self, derived_id: str, parts: Sequence[DerivedPart]) -> None:
        """Stored, made of these parts; the same again for the same id."""
        await self._client.ask(
            DerivedObject,
            "POST",
            f"/v1/derived/{derived_id}/complete-parts",
            content=CompleteInParts(parts=list(parts)),
            relays=("conflict", "not-found"),
            time_limit_seconds=COMPLETE_LIMIT_SECONDS,
        )

    async def sent_picture(self, derived_id: str, *, is_internal: bool) -> JobSource | None:
        """Where a picture is read that its owner sent, by services or from outside; None where it is not stored."""
        path, asked = f"/v1/derived/{derived_id}/source", AskSentPicture(is_internal=is_internal)
        try:
            return await self._client.ask(JobSource, "POST", path, content=asked, relays=("not-found",))
        except Relayed:
            return None

    async def delete_derived(self, derived_ids: Collection[str]) -> None:
        """Deletes those of up to 100 that are there; repeatable."""
        asked = DeleteDerived(ids=list(derived_ids))
        await self._client.call("POST", "/v1/derived/delete", content=asked.model_dump(mode="json"), is_idempotent=True)

    async def pictures(self, derived_ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """URLs of up to 100 derived objects by file name; what is not stored is absent."""
        asked, path = AskPictures(ids=list(derived_ids)), "/v1/pictures"
        signed = await self._client.ask(
            SignedPictures, "POST", path, content=asked, time_limit_seconds=_PICTURES_SECONDS
        )
        return signed.pictures
