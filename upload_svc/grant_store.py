"""Grants, as the service keeps them that makes them: links, and those to accounts and groups with their `audience`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.links import COLUMNS, Link, to_link
from catalogue.lists import COLUMNS as VIDEO_COLUMNS
from catalogue.lists import to_video
from catalogue.tables import AUDIENCE, GRANTS, LINK_VIEWS, VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.audit import AuditEntry, write_down
from common.db import Queries, rows_changed
from common.errors import NotFound
from common.idempotency import Keep
from upload_svc.errors import TooManyGrants, TooManyLinks
from upload_svc.job_store import renew_pictures

# Of one video.
MOST_LINKS: Final = 100
MOST_GRANTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An account or a group that may watch a video, until `expires_at` (None: for ever).

    `subject` is `account:` or `group:` with its id, `name` what its maker has seen it called; in a list, its name now.
    """

    id: str
    video_id: str
    subject: str
    name: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink:
    """A link, how many visitors have played by it, and what its maker calls it."""

    link: Link
    views: int
    name: str | None


class GrantStore(Queries):
    async def add_link(
        self,
        owner_id: str,
        link: Link,
        *,
        name: str | None = None,
        token_hash: str,
        entry: AuditEntry,
        keep: Keep | None = None,
    ) -> None:
        """Adds a link to a video that its owner has not deleted, and `keep`s the answer about it.

        Raises NotFound and TooManyLinks.
        """
        async with self._database.write() as connection:
            # Locked, so that two requests do not both add the last one.
            await _lock(connection, link.video_id, owner_id)
            if await _count(connection, link.video_id, GRANTS.c.subject.is_(None)) >= MOST_LINKS:
                raise TooManyLinks(MOST_LINKS)
            values = {**asdict(link), "frame_ancestors": " ".join(link.frame_ancestors) or None}
            await connection.execute(insert(GRANTS).values(**values, link_name=name, token_hash=token_hash))
            await write_down(connection, entry)
            if keep is not None:
                await keep(connection)

    async def put_grant(
        self, owner_id: str, grant: Grant, *, entry: AuditEntry, keep: Callable[[Grant], Keep] | None = None
    ) -> tuple[Grant, bool]:
        """Gives the video to the subject until the grant's end; of one that has it already only that end changes.

        The grant that there is then, whose answer is kept, and whether anything is new. Raises NotFound and
        TooManyGrants.
        """
        async with self._database.write() as connection:
            # Locked: of two requests for the same subject the second one finds the first one's grant.
            await _lock(connection, grant.video_id, owner_id)
            here = (GRANTS.c.video_id == grant.video_id, GRANTS.c.subject == grant.subject)
            row = (await connection.execute(_SELECT.where(*here))).one_or_none()
            known = None if row is None else Grant(**row._asdict())
            if known is None:
                if await _count(connection, grant.video_id, GRANTS.c.subject.is_not(None)) >= MOST_GRANTS:
                    raise TooManyGrants(MOST_GRANTS)
                await connection.execute(insert(GRANTS).values(_values(grant)))
            else:
                grant = replace(grant, id=known.id, created_at=known.created_at)
                await connection.execute(update(GRANTS).where(*here).values(_values(grant)))
            is_new = known is None or known.expires_at != grant.expires_at
            if is_new:
                await refresh_audience(connection, grant.video_id)
                await write_down(connection, entry)
            if keep is not None:
                await keep(grant)(connection)
            return grant, is_new

    async def list_grants(
        self, video_id: str, *, is_links: bool, after: tuple[Any, str] | None, limit: int
    ) -> list[Grant | ListedLink]:
        """The grants of a video, or its links alone, the newest first, behind the place (created_at, id)."""
        created_at, grant_id = GRANTS.c.created_at, GRANTS.c.id
        views = func.coalesce(LINK_VIEWS.c.views, 0).label("views")
        query = (
            select(*COLUMNS, GRANTS.c.subject, GRANTS.c.subject_name.label("name"), GRANTS.c.link_name, views)
            .select_from(GRANTS.outerjoin(LINK_VIEWS, LINK_VIEWS.c.link_id == grant_id))
            .where(GRANTS.c.video_id == video_id)
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
            else Grant(**{field.name: getattr(row, field.name) for field in fields(Grant)})
            for row in await self._database.rows(query)
        ]

    async def get_grant(self, video_id: str, grant_id: str) -> Grant | None:
        """A grant of the video to an account or a group."""
        here = (GRANTS.c.id == grant_id, GRANTS.c.video_id == video_id, GRANTS.c.subject.is_not(None))
        row = await self._database.row(_SELECT.where(*here))
        return None if row is None else Grant(**row._asdict())

    async def revoke_link(self, video_id: str, link_id: str, entry: AuditEntry) -> bool:
        """Takes the link away; False when there is no such link to the video."""
        async with self._database.write() as connection:
            here = (GRANTS.c.id == link_id, GRANTS.c.video_id == video_id, GRANTS.c.subject.is_(None))
            if rows_changed(await connection.execute(delete(GRANTS).where(*here))) != 1:
                return False
            await write_down(connection, entry)
            return True

    async def revoke_grant(self, grant: Grant, entry: AuditEntry | None, *, ended_by: datetime | None = None) -> bool:
        """Takes the grant away; False when it is gone, or (with `ended_by`) lasts longer than that by now.

        If fewer people may watch the video then, its pictures are made again.
        """
        here = [GRANTS.c.id == grant.id, GRANTS.c.subject.is_not(None)]
        if ended_by is not None:
            here.append(GRANTS.c.expires_at <= ended_by)
        async with self._database.write() as connection:
            query = select(*VIDEO_COLUMNS).where(VIDEOS.c.id == grant.video_id).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if rows_changed(await connection.execute(delete(GRANTS).where(*here))) != 1:
                return False
            await refresh_audience(connection, grant.video_id)
            await write_down(connection, entry)
            if row is not None and _is_only_granted(to_video(row)):
                await renew_pictures(connection, grant.video_id)
            return True

    async def list_ended(self, *, now: datetime, limit: int) -> list[Grant]:
        """Grants to accounts and groups that have ended, of videos that can be watched."""
        ended = select(AUDIENCE.c.video_id, AUDIENCE.c.subject).where(AUDIENCE.c.expires_at <= now)
        found = ended.order_by(AUDIENCE.c.expires_at).limit(limit).subquery()
        is_one = and_(GRANTS.c.subject == found.c.subject, GRANTS.c.video_id == found.c.video_id)
        query = _SELECT.select_from(found.join(GRANTS, is_one))
        return [Grant(**row._asdict()) for row in await self._database.rows(query)]

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


async def has_audience(connection: AsyncConnection, video_id: str) -> bool:
    """Whether an account or a group may watch the video by a grant."""
    query = select(AUDIENCE.c.video_id).where(AUDIENCE.c.video_id == video_id).limit(1)
    return (await connection.execute(query)).first() is not None


async def refresh_audience(connection: AsyncConnection, video_id: str) -> None:
    """Makes `audience` what the video and its grants are, in the transaction that has changed one of them.

    The video's row is locked there, as whoever changes either has it.
    """
    await connection.execute(delete(AUDIENCE).where(AUDIENCE.c.video_id == video_id))
    rows = (
        select(
            GRANTS.c.video_id,
            GRANTS.c.subject,
            VIDEOS.c.created_at,
            VIDEOS.c.title_key,
            VIDEOS.c.duration_ms,
            GRANTS.c.expires_at,
        )
        .select_from(GRANTS.join(VIDEOS, VIDEOS.c.id == GRANTS.c.video_id))
        .where(
            GRANTS.c.video_id == video_id,
            GRANTS.c.subject.is_not(None),
            VIDEOS.c.state == VideoState.READY.value,
            VIDEOS.c.hidden_visibility.is_(None),
        )
    )
    await connection.execute(insert(AUDIENCE).from_select([column.name for column in AUDIENCE.c], rows))


def _is_only_granted(video: Video) -> bool:
    """Whether nobody but its owner may watch the video without a grant."""
    return video.visibility is Visibility.PRIVATE and not video.is_hidden


async def _lock(connection: AsyncConnection, video_id: str, owner_id: str) -> None:
    """The video's row, which its owner has not deleted. Raises NotFound."""
    video = select(VIDEOS.c.id).where(*_live(video_id, owner_id)).with_for_update()
    if (await connection.execute(video)).one_or_none() is None:
        raise NotFound


async def _count(connection: AsyncConnection, video_id: str, kind: ColumnElement[bool]) -> int:
    count = select(func.count()).select_from(GRANTS).where(GRANTS.c.video_id == video_id, kind)
    return (await connection.execute(count)).scalar_one()


def _values(grant: Grant) -> dict[str, Any]:
    values = asdict(grant)
    values["subject_name"] = values.pop("name")
    return values


def _live(video_id: str, owner_id: str) -> tuple[ColumnElement[bool], ...]:
    conditions: tuple[Any, ...] = (
        VIDEOS.c.id == video_id,
        VIDEOS.c.owner_id == owner_id,
        VIDEOS.c.state != VideoState.DELETED.value,
    )
    return conditions


_SELECT: Final = select(
    GRANTS.c.id,
    GRANTS.c.video_id,
    GRANTS.c.subject,
    GRANTS.c.subject_name.label("name"),
    GRANTS.c.created_at,
    GRANTS.c.expires_at,
)
