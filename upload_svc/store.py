"""Videos, as the service keeps them that their owners change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.lists import COLUMNS, Branch, found_by, library_index, read_list, to_video
from catalogue.outbox import EventType, add_event
from catalogue.pages import Place, Sort
from catalogue.tables import VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.audit import AuditEntry, write_down
from common.db import Queries, rows_changed
from common.text import search_key, sort_key
from contracts.media import Task
from upload_svc.audience import has_audience, refresh_audience
from upload_svc.collection_store import forget_collected
from upload_svc.errors import PreconditionFailed
from upload_svc.grant_store import forget_grants
from upload_svc.guest_uploads import await_guest_upload, forget_guest, receive_guest_upload
from upload_svc.media.queue_store import add_job, forget_media, renew_pictures
from upload_svc.public_reviews import forget_review, hand_over_review


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A part of one owner's videos: in which states, searching what, chosen to be seen by whom, in which order."""

    owner_id: str
    states: Sequence[VideoState]
    q: str = ""
    visibility: Visibility | None = None
    sort: Sort = Sort.NEWEST


class Store(Queries):
    async def add_video(self, video: Video) -> None:
        async with self._database.write() as connection:
            await insert_video(connection, video)

    async def get_video(self, video_id: str, owner_id: str) -> Video | None:
        """The owner's video with this id, unless it was deleted."""
        row = await self._database.row(_SELECT.where(*_live(video_id, owner_id)))
        return None if row is None else to_video(row)

    async def list_videos(self, listing: Listing, *, after: Place | None, limit: int) -> list[Video]:
        """These of the owner's videos, behind the place `after`."""
        is_by_age, chosen = listing.sort in (Sort.NEWEST, Sort.OLDEST), listing.visibility
        branches: list[Branch] = []
        for state in listing.states:
            mine = and_(
                VIDEOS.c.owner_id == listing.owner_id,
                VIDEOS.c.state == state.value,
                found_by(listing.q, has_many_owners=False),
            )
            if is_by_age and chosen is None:
                branches.append(Branch(mine, "videos_mine"))
                continue
            for one in Visibility:
                # Of what is hidden, which is stored as private, its owner sees what they have chosen.
                if chosen is not None and one not in (chosen, Visibility.PRIVATE):
                    continue
                branch = and_(mine, VIDEOS.c.visibility == one.value)
                if chosen is not None and one is Visibility.PRIVATE:
                    branch = and_(branch, func.coalesce(VIDEOS.c.hidden_visibility, one.value) == chosen.value)
                branches.append(Branch(branch, library_index(listing.sort, is_one_owners=True)))
        return await read_list(self._database, branches, sort=listing.sort, after=after, limit=limit)

    async def list_trashed(self, owner_id: str, video_ids: Collection[str]) -> list[Video]:
        """Those of the videos that are in their owner's trash."""
        is_trashed = VIDEOS.c.state == VideoState.TRASHED.value
        query = _SELECT.where(VIDEOS.c.id.in_(video_ids), VIDEOS.c.owner_id == owner_id, is_trashed)
        return [to_video(row) for row in await self._database.rows(query)]

    async def set_plan(self, video_id: str, *, part_size: int, part_count: int) -> None:
        """Keeps fs_svc's plan, which never changes, beside the video."""
        await self._database.change(
            update(VIDEOS).where(VIDEOS.c.id == video_id).values(part_size=part_size, part_count=part_count)
        )

    async def set_sent_sha256(self, video_id: str, sha256: str) -> None:
        """Keeps the SHA-256 of what is stored beside a video of which none is known."""
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, _NOT_DELETED, VIDEOS.c.sha256.is_(None), VIDEOS.c.sent_sha256.is_(None))
            .values(sent_sha256=sha256)
        )
        await self._database.change(change)

    async def edit_video(
        self,
        video_id: str,
        owner_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        visibility: Visibility | None = None,
        if_match: Collection[str] | None = None,
    ) -> bool:
        """Changes what is given of what the owner may change; False when there is no such video of theirs.

        Of a hidden video the visibility is kept for the time when it is shown again. When fewer people may watch it
        than before, its pictures are made again. Raises PreconditionFailed, and changes nothing, when `if_match` does
        not have the video's ETag.
        """
        async with self._database.write() as connection:
            # Nobody else changes the row until this ends, so that what the texts are found by is of both as they are.
            query = _SELECT.where(*_live(video_id, owner_id)).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return False
            video = to_video(row)
            if if_match is not None and video.etag not in if_match:
                raise PreconditionFailed
            values: dict[str, Any] = {}
            if visibility is not None:
                values["hidden_visibility" if video.is_hidden else "visibility"] = visibility.value
            if title is not None or description is not None:
                values |= _texts(
                    video.title if title is None else title, video.description if description is None else description
                )
            if values:
                await connection.execute(update(VIDEOS).where(VIDEOS.c.id == video_id).values(**values))
            if title is not None:
                await refresh_audience(connection, [video_id])
            if visibility is not None:
                await forget_review(connection, owner_id, video_id)
            if visibility is not None and not video.is_hidden and visibility.is_narrower_than(video.visibility):
                await renew_pictures(connection, [video_id])
            return True

    async def move_video(
        self,
        video_id: str,
        *,
        old: Collection[VideoState],
        new: VideoState,
        settle_after: datetime | None,
        entry: AuditEntry | None = None,
        if_match: Collection[str] | None = None,
        has_expired: bool = False,
    ) -> bool:
        """Takes the edge from one of `old` to `new`; False when the video is in another state.

        Its owner's webhooks are told of what was ready and is deleted, and of what `has_expired`. Raises
        PreconditionFailed, and changes nothing, when `if_match` does not have the video's ETag.
        """
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, VIDEOS.c.state.in_([state.value for state in old]))
            .values(state=new.value, settle_after=settle_after)
        )
        async with self._database.write() as connection:
            video = None
            if if_match is not None or new is VideoState.DELETED:
                query = _SELECT.where(VIDEOS.c.id == video_id).with_for_update()
                row = (await connection.execute(query)).one_or_none()
                video = None if row is None else to_video(row)
                if if_match is not None and video is not None and video.etag not in if_match:
                    raise PreconditionFailed
            if rows_changed(await connection.execute(change)) != 1:
                return False
            if new is VideoState.DELETED:
                await forget_collected(connection, video_id)
            await refresh_audience(connection, [video_id])
            # What is deleted is settled from that moment on.
            if new is VideoState.DELETED and video is not None and settle_after is not None:
                if has_expired:
                    await _tell(connection, EventType.UPLOAD_EXPIRED, video, at=settle_after)
                elif video.state is not VideoState.UPLOADING:
                    await _tell(connection, EventType.VIDEO_DELETED, video, at=settle_after)
            await write_down(connection, entry)
            return True

    async def make_ready(self, video_id: str, *, size: int, sha256: str | None, at: datetime) -> bool:
        """Takes the edge from uploading to ready, with the size that is stored, and its SHA-256 where that is known.

        In the same transaction somebody is asked to look at it, its owner's webhooks are told, and what a guest has
        sent comes into its collection.
        """
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, VIDEOS.c.state == VideoState.UPLOADING.value)
            .values(state=VideoState.READY.value, settle_after=None, size=size, sent_sha256=sha256)
        )
        async with self._database.write() as connection:
            awaited = await await_guest_upload(connection, video_id)
            if rows_changed(await connection.execute(change)) != 1:
                return False
            video = to_video((await connection.execute(_SELECT.where(VIDEOS.c.id == video_id))).one())
            if awaited is not None:
                await receive_guest_upload(connection, awaited, video, at=at)
            await refresh_audience(connection, [video_id])
            await add_job(connection, video_id, Task.LOOK, is_backfill=False, at=at)
            await _tell(connection, EventType.VIDEO_READY, video, at=at)
            return True

    async def hide_video(self, video_id: str, entry: AuditEntry) -> bool:
        """Takes it away from everybody but its owner; False when it is hidden already, or deleted.

        If others may watch it until then, its pictures are made again.
        """
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, _NOT_DELETED, VIDEOS.c.hidden_visibility.is_(None))
            # In this order: MySQL gives each column its value in turn, from what the columns hold by then.
            .ordered_values(
                (VIDEOS.c.hidden_visibility, VIDEOS.c.visibility), (VIDEOS.c.visibility, Visibility.PRIVATE.value)
            )
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) != 1:
                return False
            query = select(VIDEOS.c.hidden_visibility).where(VIDEOS.c.id == video_id)
            was_private = await connection.scalar(query) == Visibility.PRIVATE.value
            if await has_audience(connection, video_id) or not was_private:
                await renew_pictures(connection, [video_id])
            await refresh_audience(connection, [video_id])
            await write_down(connection, entry)
            return True

    async def show_video(self, video_id: str, entry: AuditEntry) -> bool:
        """Gives it back the visibility that its owner has chosen; False when it is not hidden, or deleted."""
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, _NOT_DELETED, VIDEOS.c.hidden_visibility.is_not(None))
            .ordered_values((VIDEOS.c.visibility, VIDEOS.c.hidden_visibility), (VIDEOS.c.hidden_visibility, null()))
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) != 1:
                return False
            await refresh_audience(connection, [video_id])
            await write_down(connection, entry)
            return True

    async def change_owner(
        self, video_id: str, *, old_owner_id: str, owner_id: str, owner_username: str, entry: AuditEntry
    ) -> bool:
        """Hands the video over; False when it is not the old owner's any more, or deleted."""
        change = (
            update(VIDEOS)
            .where(*_live(video_id, old_owner_id))
            .values(owner_id=owner_id, owner_username=owner_username)
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) != 1:
                return False
            await hand_over_review(connection, video_id, old_owner_id=old_owner_id, owner_id=owner_id)
            # The new owner has given none.
            if await has_audience(connection, video_id):
                await renew_pictures(connection, [video_id])
            await forget_grants(connection, video_id)
            await forget_collected(connection, video_id, owner_id=old_owner_id)
            # Of collections that were handed over before, the new owner may have shared some.
            await refresh_audience(connection, [video_id])
            await write_down(connection, entry)
            return True

    async def get_anybodys_video(self, video_id: str) -> Video | None:
        """The video with this id, unless it was deleted."""
        row = await self._database.row(_SELECT.where(VIDEOS.c.id == video_id, _NOT_DELETED))
        return None if row is None else to_video(row)

    async def list_ready_videos(self, owner_id: str | None, q: str, *, after: Place | None, limit: int) -> list[Video]:
        """Ready videos with the words of `q`, whoever may watch them, newest first, behind the place `after`."""
        wanted = [VIDEOS.c.state == VideoState.READY.value, found_by(q, has_many_owners=True)]
        if owner_id is not None:
            wanted.append(VIDEOS.c.owner_id == owner_id)
        index = library_index(Sort.NEWEST, is_one_owners=owner_id is not None)
        branches = [Branch(and_(*wanted, VIDEOS.c.visibility == one.value), index) for one in Visibility]
        return await read_list(self._database, branches, after=after, limit=limit)

    async def purge_video(
        self, video_id: str, *, taken_until: datetime, settle_after: datetime, entry: AuditEntry | None = None
    ) -> bool:
        """Takes the edge from trashed to deleted for the one who has the row until `taken_until`.

        False when the video was restored meanwhile, even if it is in the trash again: its days are counted anew.
        """
        change = (
            update(VIDEOS)
            .where(
                VIDEOS.c.id == video_id,
                VIDEOS.c.state == VideoState.TRASHED.value,
                VIDEOS.c.settle_after == taken_until,
            )
            .values(state=VideoState.DELETED.value, settle_after=settle_after)
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) != 1:
                return False
            await forget_collected(connection, video_id)
            video = to_video((await connection.execute(_SELECT.where(VIDEOS.c.id == video_id))).one())
            # It is settled from the moment on at which it is deleted.
            await _tell(connection, EventType.VIDEO_DELETED, video, at=settle_after)
            await write_down(connection, entry)
            return True

    async def finish_deleting(self, video_id: str) -> None:
        """Nothing is left to settle of a deleted video; what somebody wrote about it goes too, and what is known of its
        content. The row stays: its id, owner and size, so that every key there ever was can be traced to one.
        """
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, VIDEOS.c.state == VideoState.DELETED.value)
            .values(settle_after=None, owner_username="", filename="", sha256=None, sent_sha256=None, **_texts("", ""))
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) == 1:
                await forget_media(connection, video_id)
                await forget_guest(connection, video_id)
                await forget_grants(connection, video_id)

    async def take_unsettled(self, *, now: datetime, until: datetime, limit: int) -> list[Video]:
        """Videos that are due, leased until `until`: nobody else gets them before."""
        query = _SELECT.where(VIDEOS.c.settle_after <= now).order_by(VIDEOS.c.settle_after).limit(limit)
        due = [to_video(row) for row in await self._database.rows(query)]
        taken = []
        if due:
            async with self._database.write() as connection:
                for video in due:
                    take = (
                        update(VIDEOS)
                        .where(VIDEOS.c.id == video.id, VIDEOS.c.settle_after == video.settle_after)
                        .values(settle_after=until)
                    )
                    if rows_changed(await connection.execute(take)) == 1:
                        taken.append(video)
        return taken

    async def set_settle_after(self, video_id: str, *, state: VideoState, settle_after: datetime | None) -> None:
        """When to settle a video next that is still in `state`; None: never."""
        change = (
            update(VIDEOS)
            .where(VIDEOS.c.id == video_id, VIDEOS.c.state == state.value)
            .values(settle_after=settle_after)
        )
        await self._database.change(change)


async def insert_video(connection: AsyncConnection, video: Video) -> None:
    values = {
        **asdict(video),
        **_texts(video.title, video.description),
        "visibility": video.visibility.value,
        "state": video.state.value,
        "hidden_visibility": video.hidden_visibility and video.hidden_visibility.value,
    }
    await connection.execute(insert(VIDEOS).values(values))


_SELECT: Final = select(*COLUMNS)
_NOT_DELETED: Final = VIDEOS.c.state != VideoState.DELETED.value


async def _tell(connection: AsyncConnection, event: EventType, video: Video, *, at: datetime) -> None:
    await add_event(connection, event, owner_id=video.owner_id, at=at, video_id=video.id, title=video.title)


def _live(video_id: str, owner_id: str) -> tuple[Any, ...]:
    return (
        VIDEOS.c.id == video_id,
        VIDEOS.c.owner_id == owner_id,
        _NOT_DELETED,
    )


def _texts(title: str, description: str) -> dict[str, str]:
    return {
        "title": title,
        "title_key": sort_key(title),
        "description": description,
        "search_key": search_key(f"{title}\n{description}"),
    }
