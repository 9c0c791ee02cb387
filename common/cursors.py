"""Page cursors: opaque to the client and tamper-evident."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from common.errors import Invalid

_MAC_SIZE = 16


class Cursors:
    """Makes and reads cursors of one list; `purpose` keeps those of other lists and other queries out."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

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
