"""URLs of derived files for people's browsers, which keep what they have fetched."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from contracts.derived import Derivation, DerivedState
from fs_svc.objects import Derived
from fs_svc.sigv4 import Presigner
from fs_svc.sources import BRIEF_URL_LIFETIME
from fs_svc.store import Store

# As long as S3 allows (SigV4), and a day longer than the same URL is given out: each is good for a day at least.
PICTURE_URL_LIFETIME: Final = timedelta(days=7)
_SAME_URL: Final = timedelta(days=6)
# A stranger's file, and films, whose URLs are good for minutes (`films.py`).
_NO_PICTURES: Final = (Derivation.SENT_PICTURE, Derivation.RENDITION)
# What it names never changes.
_CACHE_CONTROL: Final = f"private, max-age={_SAME_URL // timedelta(seconds=1)}, immutable"


class Pictures:
    """Signs for any caller: the caller decides who may see."""

    def __init__(self, store: Store, presigner: Presigner, *, clock: Clock) -> None:
        self._store = store
        self._presigner = presigner
        self._clock = clock

    async def sign(self, derived_ids: Collection[str], *, is_brief: bool = False) -> dict[str, dict[str, str]]:
        """URLs by id and file name; what is not stored is absent, what was sent by a person, and films. The storage
        is not asked.

        The same URLs for six days, so that a browser finds in its cache what it has fetched; a new one begins at
        midnight (UTC), of each picture on a day of its own. What `is_brief` is good for two minutes from now.
        """
        now = self._clock()
        return {
            item.id: self._sign(item, now, BRIEF_URL_LIFETIME)
            if is_brief
            else self._sign(item, _period_of(item, now), PICTURE_URL_LIFETIME)
            for item in await self._store.list_derived(derived_ids)
            if item.state is DerivedState.STORED and item.task not in _NO_PICTURES
        }

    def _sign(self, item: Derived, at: datetime, lifetime: timedelta) -> dict[str, str]:
        return {
            file.name: self._presigner.presign(
                "GET",
                item.object_key(file.name),
                now=at,
                lifetime=lifetime,
                # In the signature, so that S3 says what we say and nobody can make it say anything else.
                query={"response-cache-control": _CACHE_CONTROL, "response-content-type": file.content_type},
            )
            for file in item.files
        }


def _period_of(item: Derived, now: datetime) -> datetime:
    """When the URLs of this moment began: on the day that it was made, or some periods later."""
    first = item.created_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return first + (now - first) // _SAME_URL * _SAME_URL
