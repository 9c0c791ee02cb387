"""URLs of derived files for people's browsers, which keep what they have fetched."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from contracts.derived import Derivation, DerivedState
from fs_svc.objects import Derived
from fs_svc.sigv4 import Presigner
from fs_svc.store import Store

# From the beginning of the day, so that each is good for a day at least.
PICTURE_URL_LIFETIME: Final = timedelta(days=2)
# As long as its URL stays the same. What it names never changes.
_CACHE_CONTROL: Final = f"private, max-age={timedelta(days=1) // timedelta(seconds=1)}, immutable"


class Pictures:
    """Signs for any caller: the caller decides who may see."""

    def __init__(self, store: Store, presigner: Presigner, *, clock: Clock) -> None:
        self._store = store
        self._presigner = presigner
        self._clock = clock

    async def sign(self, derived_ids: Collection[str]) -> dict[str, dict[str, str]]:
        """URLs by id and file name; what is not stored is absent, and what was sent by a person. The storage
        is not asked.

        The same URLs for the whole day (in UTC), so that a browser finds in its cache what it has fetched.
        """
        day = self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            item.id: self._sign(item, day)
            for item in await self._store.list_derived(derived_ids)
            if item.state is DerivedState.STORED and item.task is not Derivation.SENT_PICTURE
        }

    def _sign(self, item: Derived, day: datetime) -> dict[str, str]:
        return {
            file.name: self._presigner.presign(
                "GET",
                item.object_key(file.name),
                now=day,
                lifetime=PICTURE_URL_LIFETIME,
                # In the signature, so that S3 says what we say and nobody can make it say anything else.
                query={"response-cache-control": _CACHE_CONTROL, "response-content-type": file.content_type},
            )
            for file in item.files
        }
