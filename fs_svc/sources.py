"""URLs from which a stored object is played or downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from common.clock import Clock
from contracts.objects import Source, State, WantedSource
from fs_svc.objects import Object
from fs_svc.sigv4 import Presigner
from fs_svc.store import Store

SOURCE_URL_LIFETIME: Final = timedelta(minutes=15)
BRIEF_URL_LIFETIME: Final = timedelta(minutes=2)


class Sources:
    """Signs for any caller: the caller decides who may watch."""

    def __init__(self, store: Store, presigner: Presigner, internal: Presigner, *, clock: Clock) -> None:
        self._store = store
        self._presigner = presigner
        self._internal = internal
        self._clock = clock

    async def sign(self, wanted: Sequence[WantedSource]) -> dict[str, Source]:
        """Sources by object id; what is not stored is absent."""
        items = {item.id: item for item in await self._store.list_by_id([one.id for one in wanted])}
        now = self._clock()
        return {
            one.id: self._sign(one, items[one.id], now)
            for one in wanted
            if one.id in items and items[one.id].state is State.STORED
        }

    def _sign(self, wanted: WantedSource, item: Object, now: datetime) -> Source:
        presigner = self._internal if wanted.is_internal else self._presigner
        lifetime = BRIEF_URL_LIFETIME if wanted.is_brief else SOURCE_URL_LIFETIME
        url = presigner.presign(
            wanted.method,
            item.object_key,
            now=now,
            lifetime=lifetime,
            # In the signature, so that S3 says what we say and nobody can make it say anything else.
            query={
                "response-content-type": item.content_type,
                "response-content-disposition": content_disposition(wanted.filename, is_download=wanted.is_download),
            },
        )
        return Source(url=url, expires_at=now.replace(microsecond=0) + lifetime, content_type=item.content_type)


def content_disposition(filename: str | None, *, is_download: bool) -> str:
    """The field's value (RFC 6266): the exact name in `filename*` (RFC 8187), and one in ASCII for old clients."""
    disposition = "attachment" if is_download else "inline"
    if filename is None:
        return disposition
    plain = "".join(
        character if character.isascii() and character.isprintable() and character not in '"\\%' else "_"
        for character in filename
    )
    # What RFC 8187 lets stand unquoted, besides letters and digits.
    exact = quote(filename, safe="!#$&+-.^_`|~")
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{exact}"
