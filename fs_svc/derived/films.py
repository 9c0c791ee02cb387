"""URLs of renditions, from which players read in pieces, or which are downloaded whole."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from common.clock import Clock
from contracts.derived import Derivation, DerivedState
from contracts.objects import Source
from fs_svc.objects import Derived
from fs_svc.sigv4 import Presigner
from fs_svc.sources import BRIEF_URL_LIFETIME, SOURCE_URL_LIFETIME, content_disposition
from fs_svc.store import Store

# Pieces of a film fill no cache: each is watched once.
_CACHE_CONTROL: Final = "no-store"


class Films:
    """Signs for any caller: the caller decides who may watch."""

    def __init__(self, store: Store, presigner: Presigner, *, clock: Clock) -> None:
        self._store = store
        self._presigner = presigner
        self._clock = clock

    async def sign(
        self, derived_ids: Collection[str], *, is_brief: bool = False, filename: str | None = None
    ) -> dict[str, Source]:
        """Sources by id; what is no rendition or not stored is absent. The storage is not asked.

        Good as long as those of originals. With a `filename` they are saved under that name.
        """
        now = self._clock()
        return {
            item.id: self._sign(item, now, is_brief=is_brief, filename=filename)
            for item in await self._store.list_derived(derived_ids)
            if item.task is Derivation.RENDITION and item.state is DerivedState.STORED
        }

    def _sign(self, item: Derived, now: datetime, *, is_brief: bool, filename: str | None) -> Source:
        [file] = item.files
        lifetime = BRIEF_URL_LIFETIME if is_brief else SOURCE_URL_LIFETIME
        # In the signature, so that S3 says what we say and nobody can make it say anything else.
        query = {"response-cache-control": _CACHE_CONTROL, "response-content-type": file.content_type}
        if filename is not None:
            query["response-content-disposition"] = content_disposition(filename, is_download=True)
        url = self._presigner.presign("GET", item.object_key(file.name), now=now, lifetime=lifetime, query=query)
        return Source(url=url, expires_at=now.replace(microsecond=0) + lifetime, content_type=file.content_type)
