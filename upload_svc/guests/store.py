"""Links by which guests send, and what they have sent: `grants` with the right `upload`, and `guest_uploads`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.access import Right, Viewer
from catalogue.links import hash_of
from catalogue.lists import COLUMNS as VIDEO_COLUMNS
from catalogue.lists import to_video
from catalogue.tables import COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS, lasts
from catalogue.videos import Video, VideoState
from common.audit import AuditEntry, write_down
from common.db import AnyRow, Queries, rows_changed
from common.idempotency import Keep
from upload_svc.collection_store import lock_collection
from upload_svc.errors import TooManyUploadLinks
from upload_svc.guest_uploads import give_up_guest_uploads
from upload_svc.guests.errors import Busy, LinkEnded, LinkFull
from upload_svc.store import insert_video
from upload_svc.tables import GUEST_UPLOADS

# Of one collection.
MOST_LINKS: Final = 100
# Of all guests of one owner together: fs_svc lets an account have 20, of which some are left for the owner.
MOST_OPEN: Final = 12
UPLOAD: Final = Right.UPLOAD.value


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLink:
    """By which whoever has it sends files into a collection of `owner_id`'s.

    None where there is no such limit: `max_size` in bytes of each file, `max_files` of all guests together.
    `password_hash` is argon2id's. `link_name`: what its maker calls it.
    """

    id: str
    collection_id: str
    created_at: datetime
    expires_at: datetime | None
    password_hash: str | None
    max_size: int | None
    max_files: int | None
    note: str
    link_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUploadLink:
    """A link, and how many files have come by it."""

    link: UploadLink
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestUpload:
    """What a guest has begun to send. `secret_hash` is of what their browser holds."""

    video_id: str
    grant_id: str
    collection_id: str
    secret_hash: str
    sender: str
    message: str


class GuestStore(Queries):
    async def add_link(
        self, by: Viewer, link: UploadLink, *, token_hash: str, entry: AuditEntry, keep: Keep | None = None
    ) -> None:
        """Adds a link into a collection that is theirs or that they manage, and `keep`s the answer.

        Raises NotFound and TooManyUploadLinks.
        """
        async with self._database.write() as connection:
            # Locked, so that two requests do not both add the last one.
            await lock_collection(connection, link.collection_id, by, now=entry.at)
            count = select(func.count()).select_from(GRANTS).where(*_links_of(link.collection_id))
            if (await connection.execute(count)).scalar_one() >= MOST_LINKS:
                raise TooManyUploadLinks(MOST_LINKS)
            await connection.execute(insert(GRANTS).values(**asdict(link), right=UPLOAD, token_hash=token_hash))
            await write_down(connection, entry)
            if keep is not None:
                await keep(connection)

    async def find_link(self, token: str, *, now: datetime) -> tuple[UploadLink, str] | None:
        """The link with this token, unless its time is over, and whose collection it leads into."""
        query = (
            select(*_LINK, COLLECTIONS.c.owner_id)
            .select_from(GRANTS.join(COLLECTIONS, COLLECTIONS.c.id == GRANTS.c.collection_id))
            .where(GRANTS.c.token_hash == hash_of(token), *_is_open(now))
        )
        row = await self._database.row(query)
        return None if row is None else (_to_link(row), row.owner_id)

    async def list_links(
        self, collection_id: str, *, after: tuple[Any, str] | None, limit: int
    ) -> list[ListedUploadLink]:
        """The links into a collection, the newest first, behind the place (created_at, id)."""
        created_at, link_id = GRANTS.c.created_at, GRANTS.c.id
        query = select(*_LINK, _RECEIVED).where(*_links_of(collection_id))
        if after is not None:
            at, last_id = after
            query = query.where(created_at <= at, or_(created_at < at, link_id < last_id))
        rows = await self._database.rows(query.order_by(created_at.desc(), link_id.desc()).limit(limit))
        return [ListedUploadLink(link=_to_link(row), received=row.received) for row in rows]

    async def list_links_around(
        self, video: Video, *, link_id: str | None = None, limit: int
    ) -> list[tuple[ListedUploadLink, str]]:
        """The links (or this one) into collections of its owner's in which the video is, the newest first.

        Each with the title of its collection.
        """
        query = (
            select(*_LINK, _RECEIVED, COLLECTIONS.c.title)
            .select_from(
                COLLECTION_VIDEOS.join(COLLECTIONS, COLLECTIONS.c.id == COLLECTION_VIDEOS.c.collection_id).join(
                    GRANTS, GRANTS.c.collection_id == COLLECTIONS.c.id
                )
            )
            .where(COLLECTION_VIDEOS.c.video_id == video.id, COLLECTIONS.c.owner_id == video.owner_id, _IS_LINK)
        )
        if link_id is not None:
            query = query.where(GRANTS.c.id == link_id)
        rows = await self._database.rows(query.order_by(GRANTS.c.created_at.desc(), GRANTS.c.id.desc()).limit(limit))
        return [(ListedUploadLink(link=_to_link(row), received=row.received), row.title) for row in rows]

    async def revoke_link(self, collection_id: str, link_id: str, entry: AuditEntry, *, now: datetime) -> bool:
        """Takes the link away, with what is unfinished; False when there is no such link into the collection."""
        async with self._database.write() as connection:
            here = delete(GRANTS).where(GRANTS.c.id == link_id, *_links_of(collection_id))
            if rows_changed(await connection.execute(here)) != 1:
                return False
            await give_up_guest_uploads(connection, link_id, now=now)
            await write_down(connection, entry)
            return True

    async def give_up_ended(self, *, ended_before: datetime, now: datetime, limit: int) -> None:
        """Deletes what is unfinished of links that have ended by then, of so many links at most."""
        query = (
            # From what is on its way, which is little: links that have ended stay, and become many.
            select(GUEST_UPLOADS.c.grant_id)
            .distinct()
            .select_from(
                VIDEOS.join(GUEST_UPLOADS, GUEST_UPLOADS.c.video_id == VIDEOS.c.id).join(
                    GRANTS, GRANTS.c.id == GUEST_UPLOADS.c.grant_id
                )
            )
            .where(_IS_UPLOADING, GRANTS.c.expires_at <= ended_before)
            .limit(limit)
        )
        for row in await self._database.rows(query):
            async with self._database.write() as connection:
                await give_up_guest_uploads(connection, row.grant_id, now=now)

    async def count_taken(self, link_id: str) -> int:
        """How many files have come by the link, or are on their way."""
        async with self._database.read() as connection:
            return await _count_taken(connection, link_id)

    async def add_upload(self, upload: GuestUpload, video: Video, *, now: datetime) -> None:
        """Adds the video and whose it is, as far as the link still takes one. Raises LinkEnded, LinkFull and Busy."""
        async with self._database.write() as connection:
            # Locked, so that two guests do not both send the last one, and nobody begins after it was revoked.
            here = (GRANTS.c.id == upload.grant_id, *_is_open(now))
            row = (await connection.execute(select(GRANTS.c.max_files).where(*here).with_for_update())).one_or_none()
            if row is None:
                raise LinkEnded
            if row.max_files is not None and await _count_taken(connection, upload.grant_id) >= row.max_files:
                raise LinkFull
            # By two links at the same moment one more may pass: the bound that holds is fs_svc's.
            if await _count_open(connection, video.owner_id) >= MOST_OPEN:
                raise Busy
            await insert_video(connection, video)
            await connection.execute(insert(GUEST_UPLOADS).values(**asdict(upload)))

    async def has_upload(self, link_id: str, secret_hash: str, video_id: str) -> bool:
        """Whether this guest has sent, or begun to send, this video by the link."""
        sent = GUEST_UPLOADS.c
        theirs = (sent.video_id == video_id, sent.grant_id == link_id, sent.secret_hash == secret_hash)
        return await self._database.row(select(sent.video_id).where(*theirs)) is not None

    async def list_sent(self, link_id: str, secret_hash: str, *, is_received: bool, limit: int) -> list[Video]:
        """What this guest has sent by the link, or has begun to send and not finished, the newest first."""
        sent = GUEST_UPLOADS.c
        query = (
            select(*VIDEO_COLUMNS)
            .select_from(GUEST_UPLOADS.join(VIDEOS, VIDEOS.c.id == sent.video_id))
            .where(sent.grant_id == link_id, sent.secret_hash == secret_hash)
            .where(sent.received_at.is_not(None) if is_received else _IS_UPLOADING)
            .order_by(VIDEOS.c.created_at.desc())
            .limit(limit)
        )
        return [to_video(row) for row in await self._database.rows(query)]


async def _count_taken(connection: AsyncConnection, link_id: str) -> int:
    """What was given up or has expired does not count; what has come does, whatever its owner does with it."""
    count = (
        select(func.count())
        .select_from(GUEST_UPLOADS.join(VIDEOS, VIDEOS.c.id == GUEST_UPLOADS.c.video_id))
        .where(GUEST_UPLOADS.c.grant_id == link_id, or_(GUEST_UPLOADS.c.received_at.is_not(None), _IS_UPLOADING))
    )
    return (await connection.execute(count)).scalar_one()


async def _count_open(connection: AsyncConnection, owner_id: str) -> int:
    """How many files guests are sending to this owner, by whichever link."""
    count = (
        select(func.count())
        .select_from(GUEST_UPLOADS.join(VIDEOS, VIDEOS.c.id == GUEST_UPLOADS.c.video_id))
        .where(VIDEOS.c.owner_id == owner_id, _IS_UPLOADING)
    )
    return (await connection.execute(count)).scalar_one()


def _links_of(collection_id: str) -> Sequence[ColumnElement[bool]]:
    return GRANTS.c.collection_id == collection_id, _IS_LINK


def _is_open(now: datetime) -> Sequence[ColumnElement[bool]]:
    return GRANTS.c.right == UPLOAD, lasts(GRANTS.c.expires_at, now)


_IS_UPLOADING: Final = VIDEOS.c.state == VideoState.UPLOADING.value
_IS_LINK: Final = and_(GRANTS.c.subject.is_(None), GRANTS.c.right == UPLOAD)
# Of GRANTS: how many files have come by it.
_RECEIVED: Final = (
    select(func.count())
    .select_from(GUEST_UPLOADS)
    .where(GUEST_UPLOADS.c.grant_id == GRANTS.c.id, GUEST_UPLOADS.c.received_at.is_not(None))
    .scalar_subquery()
    .label("received")
)
_LINK: Final = tuple(GRANTS.c[field.name] for field in fields(UploadLink))


def _to_link(row: AnyRow) -> UploadLink:
    values = {field.name: getattr(row, field.name) for field in fields(UploadLink)}
    return UploadLink(**{**values, "note": values["note"] or ""})
