"""What text from people may hold."""

from __future__ import annotations

import unicodedata

from common.languages import N_

# Characters that reorder or hide what follows them (Unicode TR 9 and TR 36): they make a name read as another.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_line(text: str) -> str:
    """One line of text: NFC, outer white space removed. Raises ValueError on control and bidi characters."""
    return _clean(text, allowed="")


def clean_text(text: str) -> str:
    """Several lines of text: NFC, line ends as line feeds. Raises ValueError on other control and bidi characters."""
    return _clean(text.replace("\r\n", "\n").replace("\r", "\n"), allowed="\n\t")


def _clean(text: str, *, allowed: str) -> str:
    cleaned = unicodedata.normalize("NFC", text).strip()
    for character in cleaned:
        if character in _BIDI:
            raise ValueError(N_("must not hold characters that change the writing direction"))
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed:
            raise ValueError(N_("must not hold control characters"))
    return cleaned


def sort_key(text: str) -> str:
    """A key by which titles sort alike on every database: compatibility-folded, case-folded, at most 200 characters."""
    return unicodedata.normalize("NFKD", text).casefold()[:200]


def search_key(text: str) -> str:
    """Text as the search compares it: case-folded NFKC, the same on every database."""
    return unicodedata.normalize("NFKC", text).casefold()
