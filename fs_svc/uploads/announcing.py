"""The whole file's SHA-256, as a client announces it: the first one is what everybody is held to."""

from __future__ import annotations

from dataclasses import replace

from common.clock import Clock
from contracts.objects import State
from fs_svc.comparing import Comparing
from fs_svc.errors import FileDiffers
from fs_svc.objects import Object
from fs_svc.store import Store
from fs_svc.uploads.outcomes import unexpected
from fs_svc.uploads.part_checksums import PartChecksums
from fs_svc.uploads.rows import owned


class Announcements:
    """Both methods raise FileDiffers where it is another file."""

    def __init__(self, store: Store, comparing: Comparing, *, clock: Clock) -> None:
        self._store = store
        self._comparing = comparing
        self._checksums = PartChecksums(store, clock=clock)
        self._clock = clock

    async def announce(self, item: Object, sha256: str) -> Object:
        """Records what an open upload is to become, where nothing is on record; returns the object as it is then."""
        if item.sha256 not in (None, sha256):
            raise FileDiffers
        if item.sha256 is not None or item.state is not State.OPEN:
            return item
        if await self._checksums.of_whole_file(item) not in (None, sha256):
            raise FileDiffers
        if await self._store.announce(item, sha256):
            return replace(item, sha256=sha256)
        # Somebody else was faster, with the same or with another one.
        return await self.announce(await owned(self._store, item.id, None), sha256)

    async def compare_stored(self, item: Object, sha256: str) -> Object:
        """Compares a stored object, which is read where nothing was announced: nobody is told yes unseen.

        Returns the object without this SHA-256 while that takes. Raises StorageUnavailable.
        """
        if item.sha256 == sha256:
            return item
        if item.sha256 is None and item.read_back_sha256 is None:
            await self._store.want_reading(item, at=self._clock())
            item = await self._comparing.compare_at_once(await owned(self._store, item.id, None))
            if item.state is not State.STORED or item.read_wanted_at is not None:
                return item
            if item.read_back_sha256 is None:
                raise unexpected(item, "the object cannot be read")
        if sha256 != (item.sha256 or item.read_back_sha256):
            raise FileDiffers
        await self._store.announce(item, sha256)
        return await owned(self._store, item.id, None)
