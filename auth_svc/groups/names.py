"""Names of groups: how they are cleaned, and which count as the same."""

from __future__ import annotations

import unicodedata
from typing import Final

from auth_svc.accounts.usernames import folded
from common.characters import is_visible, without_controls

MAX_NAME_LENGTH: Final = 64
MAX_DESCRIPTION_LENGTH: Final = 500
# What folding lengthens so far that it would not fit (a single ligature can become 18 letters) is no name.
KEY_LENGTH: Final = 255


def clean_name(text: str) -> str:
    """A name in one line: NFC, single spaces, without control and bidi characters; empty when nothing can be seen."""
    line = " ".join(without_controls(" ".join(text.split())).split())
    # What was taken out may have stood between two that go together.
    line = unicodedata.normalize("NFC", line)
    return line if is_visible(line) else ""


def name_key(name: str) -> str:
    """The same for names that differ in case, width or invisible characters alone; lists are in its order."""
    return folded(name).casefold()[:KEY_LENGTH]
