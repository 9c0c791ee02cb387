"""Grants of videos and of collections, as the service keeps them that makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.access import WATCHING, Right, Viewer
from catalogue.collections import COLUMNS as COLLECTION_COLUMNS
from catalogue.collections import Collection, to_collection
from catalogue.links import COLUMNS, Link, to_link
from catalogue.tables import AUDIENCE, COLLECTION_VIDEOS, COLLECTIONS, GRANTS, LINK_VIEWS, VIDEOS, lasts
from catalogue.videos import VideoState
from common.audit import AuditEntry, write_down
from common.db import AnyRow, Queries, rows_changed
from common.errors import NotFound
from common.idempotency import Keep
from upload_svc.audience import enqueue_collection, is_only_granted, refresh_audience
from upload_svc.collection_store import lock_collection
from upload_svc.errors import OwnersAlone, TooManyGrants, TooManyLinks
from upload_svc.guest_uploads import give_up_guest_uploads
from upload_svc.media.queue_store import renew_pictures

# Of one video, and of one collection.
MOST_LINKS: Final = 100
MOST_GRANTS: Final = 500


@dataclass(frozen=True, slots=True)
class Target:
    """What is granted: a video, or a collection."""

    id: str
    is_collection: bool = False

    @property
    def column(self) -> Column[Any]:
        """Of GRANTS: where its id stands."""
        return GRANTS.c.collection_id if self.is_collection else GRANTS.c.video_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who may watch a video, or watch or manage a collection, until `expires_at` (None: for ever).

    `subject` is `account:` or `group:` with its id, and `name` what its maker has seen it called, in a list its name
    now; or of a collection `members` or `everyone`, without a name.
    """

    id: str
    video_id: str | None = None
    collection_id: str | None = None
    subject: str
    name: str | None
    right: Right = Right.WATCH
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink:
    """A link, how many visitors have played by it, and what its maker calls it."""

    link: Link
    views: int
    name: str | None


class GrantStore(Queries):
    """What takes `by` is for the owner of the video or collection, and of a collection for those who manage it."""

    async def add_link(
        self,
        by: Viewer,
        link: Link,
        *,
        name: str | None = None,
        token_hash: str,
        entry: AuditEntry,
        keep: Keep | None = None,
    ) -> None:
        """Adds a link to what is theirs and not deleted, and `keep`s the answer about it.

        Raises NotFound and TooManyLinks.
        """
        target = target_of(link)
        async with self._database.write() as connection:
            # Locked, so that two requests do not both add the last one.
            await _lock(connection, target, by, now=entry.at)
            is_link = and_(GRANTS.c.subject.is_(None), GRANTS.c.right == Right.WATCH.value)
            if await _count(connection, target, is_link) >= MOST_LINKS:
                raise TooManyLinks(MOST_LINKS)
            values = {**asdict(link), "frame_ancestors": " ".join(link.frame_ancestors) or None}
            await connection.execute(insert(GRANTS).values(**values, link_name=name, token_hash=token_hash))
            await write_down(connection, entry)
            if keep is not None:
                await keep(connection)

    async def put_grant(
        self, by: Viewer, grant: Grant, *, entry: AuditEntry, keep: Callable[[Grant], Keep] | None = None
    ) -> tuple[Grant, bool]:
        """Gives it to the subject until the grant's end; of one that has it already only right and end change.

        The grant that there is then, whose answer is kept, and whether anything is new. Lists have what is in a
        collection when the loop has come by. Raises NotFound, TooManyGrants, and OwnersAlone where somebody else than
        the owner would change who manages a collection.
        """
        target = target_of(grant)
        async with self._database.write() as connection:
            # Locked: of two requests for the same subject the second one finds the first one's grant.
            owner_id = await _lock(connection, target, by, now=entry.at)
            here = (target.column == target.id, GRANTS.c.subject == grant.subject)
            row = (await connection.execute(_SELECT.where(*here))).one_or_none()
            known = None if row is None else _to_grant(row)
            is_about_managing = Right.MANAGE in (grant.right, None if known is None else known.right)
            if is_about_managing and owner_id != by.account_id:
                raise OwnersAlone
            if known is None:
                if await _count(connection, target, GRANTS.c.subject.is_not(None)) >= MOST_GRANTS:
                    raise TooManyGrants(MOST_GRANTS)
                await connection.execute(insert(GRANTS).values(_values(grant)))
            else:
                grant = replace(grant, id=known.id, created_at=known.created_at)
                await connection.execute(update(GRANTS).where(*here).values(_values(grant)))
            is_new = known is None or (known.right, known.expires_at) != (grant.right, grant.expires_at)
            if is_new:
                if target.is_collection:
                    await enqueue_collection(connection, target.id, is_narrower=False, now=entry.at)
                else:
                    await refresh_audience(connection, [target.id])
                await write_down(connection, entry)
            if keep is not None:
                await keep(grant)(connection)
            return grant, is_new

    async def list_grants(
        self, target: Target, *, is_links: bool, after: tuple[Any, str] | None, limit: int
    ) -> list[Grant | ListedLink]:
        """The grants of it, or its links alone, the newest first, behind the place (created_at, id)."""
        created_at, grant_id = GRANTS.c.created_at, GRANTS.c.id
        views = func.coalesce(LINK_VIEWS.c.views, 0).label("views")
        query = (
            select(*COLUMNS, *_OF_SUBJECTS, GRANTS.c.link_name, views)
            .select_from(GRANTS.outerjoin(LINK_VIEWS, LINK_VIEWS.c.link_id == grant_id))
            .where(target.column == target.id, GRANTS.c.right.in_(WATCHING))
            .order_by(created_at.desc(), grant_id.desc())
            .limit(limit)
        )
        if is_links:
            query = query.where(GRANTS.c.subject.is_(None))
        if after is not None:
            at, last_id = after
            query = query.where(created_at <= at, or_(created_at < at, grant_id < last_id))
        return [
            ListedLink(link=to_link(row), views=row.views, name=row.link_name)
            if row.subject is None
            else _to_grant(row)
            for row in await self._database.rows(query)
        ]

    async def list_shared_collections(self, video_id: str, *, now: datetime, limit: int) -> list[Collection]:
        """The collections of the video's owner, by title, by which others may watch it, be it by a link."""
        is_shared = exists().where(
            GRANTS.c.collection_id == COLLECTIONS.c.id,
            GRANTS.c.right.in_(WATCHING),
            lasts(GRANTS.c.expires_at, now),
        )
        query = (
            select(*COLLECTION_COLUMNS)
            .select_from(
                COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == COLLECTION_VIDEOS.c.video_id).join(
                    COLLECTIONS, COLLECTIONS.c.id == COLLECTION_VIDEOS.c.collection_id
                )
            )
            .where(COLLECTION_VIDEOS.c.video_id == video_id, COLLECTIONS.c.owner_id == VIDEOS.c.owner_id, is_shared)
            .order_by(COLLECTIONS.c.title_key, COLLECTIONS.c.id)
            .limit(limit)
        )
        return [to_collection(row) for row in await self._database.rows(query)]

    async def find_target(self, grant_id: str) -> Target | None:
        """What is granted, be it by a link; None: there is no such grant."""
        row = await self._database.row(select(GRANTS.c.video_id, GRANTS.c.collection_id).where(GRANTS.c.id == grant_id))
        if row is None:
            return None
        return Target(row.collection_id, is_collection=True) if row.video_id is None else Target(row.video_id)

    async def get_grant(self, target: Target, grant_id: str) -> Grant | None:
        """A grant of it to others than whoever has a link."""
        here = (GRANTS.c.id == grant_id, target.column == target.id, GRANTS.c.subject.is_not(None))
        row = await self._database.row(_SELECT.where(*here))
        return None if row is None else _to_grant(row)

    async def revoke_link(self, target: Target, link_id: str, entry: AuditEntry, *, now: datetime) -> bool:
        """Takes the link away, with what guests have begun to send by it; False when there is no such link to it."""
        async with self._database.write() as connection:
            here = (GRANTS.c.id == link_id, target.column == target.id, GRANTS.c.subject.is_(None))
            if rows_changed(await connection.execute(delete(GRANTS).where(*here))) != 1:
                return False
            await give_up_guest_uploads(connection, link_id, now=now)
            await write_down(connection, entry)
            return True

    async def revoke_grant(
        self, grant: Grant, entry: AuditEntry | None, *, now: datetime, has_ended: bool = False
    ) -> bool:
        """Takes the grant away; False when it is gone, has another right, or (if it `has_ended`) lasts longer by now.

        Of videos that fewer people may watch then, the pictures are made again: of a collection when the loop comes by.
        """
        target = target_of(grant)
        here = [GRANTS.c.id == grant.id, GRANTS.c.subject.is_not(None), GRANTS.c.right == grant.right.value]
        if has_ended:
            here.append(GRANTS.c.expires_at <= now)
        async with self._database.write() as connection:
            if target.is_collection:
                locked = select(COLLECTIONS.c.id).where(COLLECTIONS.c.id == target.id)
            else:
                locked = select(VIDEOS.c.id, is_only_granted().label("is_only_granted")).where(VIDEOS.c.id == target.id)
            row = (await connection.execute(locked.with_for_update())).one_or_none()
            if rows_changed(await connection.execute(delete(GRANTS).where(*here))) != 1:
                return False
            await write_down(connection, entry)
            if target.is_collection:
                await enqueue_collection(connection, target.id, is_narrower=True, now=now)
                return True
            await refresh_audience(connection, [target.id])
            if row is not None and row.is_only_granted:
                await renew_pictures(connection, [target.id])
            return True

    async def list_ended(self, *, now: datetime, limit: int) -> list[Grant]:
        """Grants that have ended, other than links."""
        query = _SELECT.where(GRANTS.c.subject.is_not(None), GRANTS.c.expires_at <= now)
        return [_to_grant(row) for row in await self._database.rows(query.order_by(GRANTS.c.expires_at).limit(limit))]

    async def list_groups(self, *, after: str, limit: int) -> list[str]:
        """Groups that have grants, as subjects, behind that one."""
        subject = GRANTS.c.subject
        query = select(subject).distinct().where(subject > after, subject.startswith("group:"))
        return [row.subject for row in await self._database.rows(query.order_by(subject).limit(limit))]

    async def forget_subject(self, subject: str) -> None:
        """Takes away all that is granted to somebody who is gone."""
        async with self._database.write() as connection:
            await connection.execute(delete(GRANTS).where(GRANTS.c.subject == subject))
            await connection.execute(delete(AUDIENCE).where(AUDIENCE.c.subject == subject))


async def forget_grants(connection: AsyncConnection, video_id: str) -> None:
    """Takes away every grant of a video: it is deleted, or somebody else's, who has given none."""
    await connection.execute(delete(GRANTS).where(GRANTS.c.video_id == video_id))
    await connection.execute(delete(AUDIENCE).where(AUDIENCE.c.video_id == video_id))


def target_of(grant: Grant | Link) -> Target:
    return (
        Target(grant.video_id) if grant.video_id is not None else Target(grant.collection_id or "", is_collection=True)
    )


async def _lock(connection: AsyncConnection, target: Target, by: Viewer, *, now: datetime) -> str:
    """Locks a video of theirs that is not deleted, or a collection that is theirs or that they manage; whose it is.

    Raises NotFound.
    """
    if target.is_collection:
        return (await lock_collection(connection, target.id, by, now=now)).owner_id
    row = select(VIDEOS.c.id).where(
        VIDEOS.c.id == target.id, VIDEOS.c.owner_id == by.account_id, VIDEOS.c.state != VideoState.DELETED.value
    )
    if (await connection.execute(row.with_for_update())).one_or_none() is None:
        raise NotFound
    return by.account_id


async def _count(connection: AsyncConnection, target: Target, kind: ColumnElement[bool]) -> int:
    count = select(func.count()).select_from(GRANTS).where(target.column == target.id, kind)
    return (await connection.execute(count)).scalar_one()


def _values(grant: Grant) -> dict[str, Any]:
    values = asdict(grant)
    values["subject_name"] = values.pop("name")
    return {**values, "right": grant.right.value}


def _to_grant(row: AnyRow) -> Grant:
    values = {field.name: getattr(row, field.name) for field in fields(Grant)}
    return Grant(**{**values, "right": Right(row.right)})


# Of a grant, and not of a link.
_OF_SUBJECTS: Final = (GRANTS.c.subject, GRANTS.c.subject_name.label("name"), GRANTS.c.right)
_SELECT: Final[Select[Any]] = select(
    *(GRANTS.c[name] for name in ("id", "video_id", "collection_id", "created_at", "expires_at")), *_OF_SUBJECTS
)
