"""Finishing what was left half done between our rows and fs_svc's, and emptying the trash."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final, assert_never

from catalogue.videos import Video, VideoState
from common.audit import NOBODY
from common.clock import Clock
from common.errors import Unavailable
from contracts.objects import GONE, State, StoredObject
from upload_svc.audit import Action, entry_about
from upload_svc.fs_client import FsClient
from upload_svc.store import Store

logger = logging.getLogger(__name__)

CHECK_AGAIN: Final = timedelta(seconds=10)
# Nobody else works on a row that somebody has taken, so long.
LEASE: Final = timedelta(seconds=60)
# Longer than the work on one row can take: a call to fs_svc and two uses of the database.
STEP_LIMIT: Final = timedelta(seconds=35)
# A create that never reached fs_svc; by then its client has given up or was answered.
UNKNOWN_LIMIT: Final = timedelta(minutes=10)
# How soon it is asked again whether what lies in the trash may be purged.
HELD_FOR: Final = timedelta(hours=1)
SETTLE_AT_ONCE: Final = 100


class Settling:
    """What the loop does: every step may be done again, here or by another replica."""

    def __init__(self, store: Store, fs: FsClient, *, clock: Clock) -> None:
        self._store = store
        self._fs = fs
        self._clock = clock

    async def settle(self) -> int:
        """One step of the loop: moves rows to where fs_svc's are; returns how many there were. Raises Unavailable.

        Rows that cannot be worked on before their lease ends are left for a later step, here or elsewhere.
        """
        now = self._clock()
        until = now + LEASE
        videos = await self._store.take_unsettled(now=now, until=until, limit=SETTLE_AT_ONCE)
        objects = await self._fs.describe([video.id for video in videos]) if videos else {}
        has_trash = any(video.state is VideoState.TRASHED for video in videos)
        is_held = has_trash and await self._fs.is_held()
        for video in videos:
            if self._clock() + STEP_LIMIT > until:
                break
            match video.state:
                case VideoState.UPLOADING:
                    await self._settle_uploading(video, objects.get(video.id), now)
                case VideoState.TRASHED if is_held:
                    # Its owner may have restored it, and this row, or this clock, know nothing of that.
                    await self._store.set_settle_after(video.id, state=video.state, settle_after=now + HELD_FOR)
                case VideoState.TRASHED:
                    await self._purge(video, now, taken_until=until)
                case VideoState.DELETED:
                    await self._settle_deleted(video, objects.get(video.id), now)
                case VideoState.READY:
                    await self._store.set_settle_after(video.id, state=video.state, settle_after=None)
                case _:
                    assert_never(video.state)
        return len(videos)

    async def _settle_uploading(self, video: Video, stored_object: StoredObject | None, now: datetime) -> None:
        state = None if stored_object is None else stored_object.state
        if stored_object is not None and state is State.STORED:
            await become_ready(self._store, stored_object, at=now)
        elif state in GONE or (state is None and now >= video.created_at + UNKNOWN_LIMIT):
            await self._store.move_video(
                video.id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=now, has_expired=True
            )
            logger.info("unfinished upload is gone", extra={"upload_id": video.id, "object_state": state})
        else:
            await self._store.set_settle_after(video.id, state=video.state, settle_after=now + CHECK_AGAIN)

    async def _purge(self, video: Video, now: datetime, *, taken_until: datetime) -> None:
        entry = entry_about(Action.DELETED, NOBODY, video, at=now)
        if await self._store.purge_video(video.id, taken_until=taken_until, settle_after=now, entry=entry):
            entry.log()

    async def _settle_deleted(self, video: Video, stored_object: StoredObject | None, now: datetime) -> None:
        state = State.DELETED if stored_object is None else stored_object.state
        if state not in GONE:
            try:
                state = await self._fs.delete(video.id)
            except Unavailable:
                logger.warning("bytes not deleted yet", extra={"upload_id": video.id})
        if state in GONE:
            await self._store.finish_deleting(video.id)
        else:
            await self._store.set_settle_after(video.id, state=video.state, settle_after=now + CHECK_AGAIN)


async def become_ready(store: Store, stored_object: StoredObject, *, at: datetime) -> None:
    """Makes the video ready whose bytes are stored; nothing happens to one that is not uploading any more."""
    if stored_object.size is None:
        raise AssertionError(f"object {stored_object.id} is stored without a size")
    if await store.make_ready(stored_object.id, size=stored_object.size, sha256=stored_object.sha256, at=at):
        logger.info("video ready", extra={"upload_id": stored_object.id})
