"""Making videos of objects that lost their rows, as by a backup that was older than they are."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from catalogue.videos import Video, VideoState, Visibility
from common.clock import Clock
from common.ids import new_id
from common.media_types import BY_ENDING
from common.service_client import Relayed, ServiceClient
from contracts.accounts import NamedAccount
from contracts.objects import LostObject
from upload_svc.fs_client import FsClient
from upload_svc.store import Store

logger = logging.getLogger(__name__)

# Before the settling loop looks at what is being adopted: longer than a call to fs_svc takes.
_SETTLE_AFTER: Final = timedelta(seconds=60)
_NAME_SHOWN: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What became of a lost object: the id of its video; None: it was left alone, and `reason` says why."""

    lost: LostObject
    title: str
    video_id: str | None
    reason: str | None = None


class Adopting:
    """Every step may be done again: whatever died between two of them, the settling loop or the next run goes on."""

    def __init__(self, auth: ServiceClient, store: Store, fs: FsClient, *, clock: Clock) -> None:
        self._auth = auth
        self._store = store
        self._fs = fs
        self._clock = clock

    async def owner(self, username: str) -> NamedAccount | None:
        """The account with this user name. Raises Unavailable."""
        path = f"/internal/accounts/named?{urlencode({'username': username})}"
        try:
            return await self._auth.ask(NamedAccount, "GET", path, relays=("not-found",))
        except Relayed:
            return None

    async def run(self, owner: NamedAccount, *, is_dry_run: bool) -> AsyncIterator[Adoption]:
        """Adopts all that is lost, one after the other; one that cannot be is told and passed.

        Raises Unavailable, and Relayed where the bucket is not known to be this installation's.
        """
        after: str | None = ""
        while after is not None:
            lost = await self._fs.lost_objects(after=after)
            after = lost.next
            for one in lost.objects:
                title = f"{one.last_modified:%Y-%m-%d} {one.name[:_NAME_SHOWN]}"
                if not one.content_type.startswith("video/") or one.size == 0:
                    yield Adoption(lost=one, title=title, video_id=None, reason="it is not a video")
                elif is_dry_run:
                    yield Adoption(lost=one, title=title, video_id=None)
                else:
                    yield await self._adopt(owner, one, title)

    async def _adopt(self, owner: NamedAccount, lost: LostObject, title: str) -> Adoption:
        # As every upload: the video, its bytes, and then it is ready. When this ends in between, the settling loop
        # does the rest: it makes ready what has bytes, and drops what has none for ten minutes.
        video = _new_video(owner, lost, title, video_id=new_id(), clock=self._clock)
        await self._store.add_video(video)
        try:
            stored = await self._fs.adopt(video.id, lost.name, owner_id=owner.id)
        except Relayed as refusal:
            await self._store.move_video(
                video.id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=self._clock()
            )
            return Adoption(lost=lost, title=title, video_id=None, reason=refusal.detail)
        if stored.size is not None:
            await self._store.make_ready(video.id, size=stored.size, sha256=None, at=self._clock())
        logger.warning("video adopted", extra={"upload_id": video.id, "owner_id": owner.id, "size": stored.size})
        return Adoption(lost=lost, title=title, video_id=video.id)


def _new_video(owner: NamedAccount, lost: LostObject, title: str, *, video_id: str, clock: Clock) -> Video:
    now = clock()
    ending = next((ending for ending, known in BY_ENDING.items() if known == lost.content_type), "")
    return Video(
        id=video_id,
        owner_id=owner.id,
        owner_username=owner.username,
        title=title,
        description="",
        filename=f"{title}{ending}",
        size=lost.size,
        content_type=lost.content_type,
        visibility=Visibility.PRIVATE,
        state=VideoState.UPLOADING,
        sha256=None,
        part_size=None,
        part_count=None,
        created_at=now,
        settle_after=now + _SETTLE_AFTER,
    )
