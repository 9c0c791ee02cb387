"""Pictures that owners send for their videos: brought to the storage, for a worker to make a poster of.

Whoever brings one is an attempt of the video's job, under a lease as a worker is: the row is there before any byte is,
and what a killed process leaves is deleted when the job has ended. The picture itself is a stranger's file that nobody
is shown.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from catalogue.videos import VideoState
from common.clock import Clock
from common.errors import NotFound, Unavailable
from common.service_client import Relayed
from common.tokens import Principal
from contracts.derived import CreateDerived, Derivation
from contracts.media import NewFile, PictureType, Reason
from upload_svc.bucket import Bucket
from upload_svc.errors import NotFinished, PictureReplaced
from upload_svc.fs_client import FsClient
from upload_svc.media.job_store import JobStore
from upload_svc.media.media import MediaJob
from upload_svc.store import Store

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 10 * 2**20
# In one process: each is in memory as a whole.
MOST_AT_ONCE: Final = 8
# Longer than a request may take.
LEASE: Final = timedelta(minutes=2)


class OwnPictures:
    """For owners alone."""

    def __init__(self, videos: Store, jobs: JobStore, fs: FsClient, bucket: Bucket, *, clock: Clock) -> None:
        self._videos = videos
        self._jobs = jobs
        self._fs = fs
        self._bucket = bucket
        self._clock = clock
        self._open = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Room for one picture in memory. Raises Unavailable."""
        if self._open >= MOST_AT_ONCE:
            raise Unavailable
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def check(self, principal: Principal, upload_id: str) -> None:
        """Raises NotFound and NotFinished where this person can't choose a picture."""
        video = await self._videos.get_video(upload_id, principal.account_id)
        if video is None:
            raise NotFound
        if video.state is not VideoState.READY:
            raise NotFinished

    async def choose(self, principal: Principal, upload_id: str, picture: bytes, *, content_type: PictureType) -> None:
        """Has a worker make the video's poster of this picture; the one that it has stays until then, or if it can't.

        What was chosen before and isn't made yet, a moment or a picture, is dropped. Raises what `check` does,
        PictureReplaced when something else is chosen meanwhile, Unavailable.
        """
        await self.check(principal, upload_id)
        now = self._clock()
        job = await self._jobs.begin_picture(upload_id, until=now + LEASE, at=now)
        if job is None:
            raise NotFinished
        try:
            await self._store_picture(job, picture, content_type)
        except (Unavailable, Relayed):
            # If nobody comes to say so, its lease ends.
            await self._jobs.fail_job(job, Reason.STORAGE, at=self._clock())
            raise
        if not await self._jobs.give_picture(job, at=self._clock()):
            raise PictureReplaced
        logger.info("picture sent", extra={"upload_id": upload_id, "job_id": job.id, "attempt": job.attempt})

    async def _store_picture(self, job: MediaJob, picture: bytes, content_type: PictureType) -> None:
        file = NewFile(
            name=f"picture.{content_type.removeprefix('image/')}",
            content_type=content_type,
            size=len(picture),
            sha256=hashlib.sha256(picture).hexdigest(),
        )
        derived_id = job.derived_id(job.attempt)
        asked = CreateDerived(object_id=job.video_id, task=Derivation.SENT_PICTURE, files=[file])
        outputs = await self._fs.create_derived(derived_id, asked)
        await self._bucket.put(outputs.puts[file.name], picture)
        await self._fs.complete_derived(derived_id)
