"""What administrators see of the jobs for workers, and have them do again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from common.clock import Clock
from common.cursors import Cursors
from common.errors import NotFound
from common.tokens import Principal
from upload_svc.auth_client import Administrators
from upload_svc.media.media import FailedJob, JobState, no_worker_is_there
from upload_svc.media.media_store import MediaStore
from upload_svc.media.queue_store import QueueStore
from upload_svc.store import Store


class Previews:
    """Every method is for administrators of this moment, and raises Forbidden for everybody else, and Unavailable.

    Only ready videos count: nobody works on what is in the trash, and its title is its owner's alone.
    """

    def __init__(
        self,
        media: MediaStore,
        queue: QueueStore,
        administrators: Administrators,
        cursors: Cursors,
        *,
        videos: Store,
        clock: Clock,
    ) -> None:
        self._media = media
        self._queue = queue
        self._videos = videos
        self._administrators = administrators
        self._cursors = cursors
        self._clock = clock

    async def count(self, principal: Principal) -> Mapping[JobState, tuple[int, datetime]]:
        """How many jobs wait, run and have failed, and since when the oldest of each has been asked for."""
        await self._administrators.require(principal)
        return await self._media.count_open_jobs()

    async def no_worker_since(self, principal: Principal) -> tuple[bool, datetime | None]:
        """Whether no worker is there, and when one has asked last, if ever."""
        await self._administrators.require(principal)
        asked_at = await self._media.worker_asked_at()
        return no_worker_is_there(asked_at, now=self._clock()), asked_at

    async def is_landlock_missing(self, principal: Principal) -> bool:
        """Whether the kernel of a worker that is there has no Landlock to shut its decoder in."""
        await self._administrators.require(principal)
        asked_at = await self._media.worker_without_landlock_asked_at()
        return not no_worker_is_there(asked_at, now=self._clock())

    async def list_failed(
        self, principal: Principal, *, cursor: str | None, limit: int
    ) -> tuple[list[FailedJob], str | None]:
        """What has failed, the latest first, and the next page's cursor. Raises Invalid."""
        await self._administrators.require(principal)
        return await self._cursors.page(
            "failed jobs", self._media.list_failed_jobs, lambda job: (job.at, job.id), cursor=cursor, limit=limit
        )

    async def retry(self, principal: Principal, video_id: str) -> None:
        """Has workers try again what failed of this video, before all that was there already. Idempotent.

        Raises NotFound.
        """
        await self._administrators.require(principal)
        if await self._videos.get_anybodys_video(video_id) is None:
            raise NotFound
        await self._queue.retry_jobs(video_id, at=self._clock())

    async def retry_all(self, principal: Principal) -> None:
        """Has them try again whatever failed, behind all that is new. Idempotent."""
        await self._administrators.require(principal)
        await self._queue.retry_failed_jobs(at=self._clock())
