"""The header fields of every answer, whoever makes it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# For a year: who came here over TLS never comes without it again (RFC 6797).
HSTS: Final = "max-age=31536000"

# A page sets its own policies; what is not a page needs nothing and may be shown nowhere.
API_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
