"""Which characters can be seen, which mislead, and the title that a file's name suggests; light enough for a program
that is started for one command.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Characters that reorder or hide what follows them (Unicode TR 9 and TR 36): they make a name read as another.
BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Characters without an image of their own that count as letters, signs or symbols.
_BLANK: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Me", "Mn", "Zl", "Zp", "Zs"})


def is_visible(text: str) -> bool:
    """Whether there is anything to see."""
    return any(
        unicodedata.category(character) not in _INVISIBLE_CATEGORIES and character not in _BLANK for character in text
    )


def without_controls(text: str) -> str:
    """`text` without control characters and those of BIDI."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in BIDI)


def title_from_filename(filename: str, *, longest: int) -> str:
    """`My_Holiday.2026-final.MP4` → `My Holiday 2026-final`; empty when nothing of it can be seen.

    The upload page has the same rule (titleFromFileName), and both are held to tests/data/file_titles.json.
    """
    name = without_controls(unicodedata.normalize("NFC", filename))
    stem = re.sub(r"(?<=.)\.[a-zA-Z0-9]{1,5}$", "", name.rstrip())
    # Dots between words are spaces; between figures ("v1.2", "10.30") they are part of what is said.
    words = re.sub(r"\.(?!\d)|(?<!\d)\.", " ", stem.replace("_", " "))
    title = " ".join(words.split())[:longest].strip()
    return title if is_visible(title) else ""
