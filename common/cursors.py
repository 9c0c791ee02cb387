"""Page cursors: opaque to the client and tamper-evident."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from common.errors import Invalid

_MAC_SIZE = 16

T = TypeVar("T")


class Cursors:
    """Makes and reads cursors of one list; `purpose` keeps those of other lists and other queries out."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    async def page(
        self,
        purpose: str,
        read: Callable[..., Awaitable[list[T]]],
        place_of: Callable[[T], tuple[datetime | str, str]],
        *,
        cursor: str | None,
        limit: int,
        value_of: Callable[[str], datetime | str | int | None] = datetime.fromisoformat,
    ) -> tuple[list[T], str | None]:
        """At most `limit` of what `read(after=…, limit=…)` finds behind the cursor's place, and the next cursor.

        A place is what the list is sorted by, and an id. Raises Invalid for a cursor that is not one of this list.
        """
        after = None
        if cursor is not None:
            value, key = self.read(purpose, cursor, length=2)
            after = (value_of(value), key)
        found = await read(after=after, limit=limit + 1)
        if len(found) <= limit:
            return found, None
        last, last_key = place_of(found[limit - 1])
        return found[:limit], self.make(purpose, [last if isinstance(last, str) else last.isoformat(), last_key])

    def make(self, purpose: str, position: Sequence[str]) -> str:
        """The cursor for the place behind `position`."""
        raw = json.dumps(list(position), ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(purpose, raw) + raw).rstrip(b"=").decode()

    def read(self, purpose: str, cursor: str, *, length: int) -> list[str]:
        """The position in a cursor made here for the same purpose. Raises Invalid."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        mac, content = raw[:_MAC_SIZE], raw[_MAC_SIZE:]
        if not hmac.compare_digest(mac, self._mac(purpose, content)):
            raise Invalid([{"pointer": "#/cursor", "detail": "is not a cursor for this list: start without one"}])
        position: list[str] = json.loads(content)
        if len(position) != length:
            raise AssertionError("a cursor of ours has another length")
        return position

    def _mac(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + content, hashlib.sha256)[:_MAC_SIZE]
