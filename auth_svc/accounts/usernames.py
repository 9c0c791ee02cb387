"""Usernames: how they are compared, which ones are allowed, and which look alike.

After RFC 8265 (UsernameCaseMapped: width and case mapping) and UTS 39 (scripts that are not mixed, and skeletons). The
rules for scripts and look-alikes apply to new names only: existing ones stay valid.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from common.languages import N_

# No colon: services are `svc:…`. No space, and nothing that could be taken for markup or a path.
_FORM: Final = re.compile(r"[^\W_][\w.@+-]*")
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Letters that nobody sees; everything else that is invisible has the category Cf.
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
# UAX 31, table 5 (recommended scripts), by the first word of their characters' names.
_RECOMMENDED: Final = (
    "ARABIC ARMENIAN BENGALI BOPOMOFO CJK CYRILLIC DEVANAGARI ETHIOPIC GEORGIAN GREEK GUJARATI GURMUKHI HANGUL HEBREW"
    " HIRAGANA KANNADA KATAKANA KHMER LAO LATIN MALAYALAM MYANMAR ORIYA SINHALA TAMIL TELUGU THAANA THAI TIBETAN"
)
_SCRIPTS: Final = frozenset(_RECOMMENDED.split())
_SAME_SCRIPT: Final = {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA"}
# UTS 39, section 5.2, "highly restrictive": scripts that people do write together.
_TOGETHER: Final = (
    frozenset(("LATIN", "CJK", "HIRAGANA", "KATAKANA")),
    frozenset(("LATIN", "CJK", "BOPOMOFO")),
    frozenset(("LATIN", "CJK", "HANGUL")),
)
# Small letters of Cyrillic, Greek and Armenian, and rare ones of Latin, by the letter from a to z that they are read as
# (UTS 39, confusables.txt); as escapes, because one cannot see the difference.
_READ_AS: Final = {
    "a": "\u0430\u03b1\u0251",
    "b": "\u0432\u044c\u0185",
    "c": "\u0441\u1d04",
    "d": "\u0501",
    "e": "\u0435\u03b5",
    "g": "\u0581\u0261",
    "h": "\u043d\u04bb\u0570",
    "i": "\u0456\u03b9\u0131\u0269\u026a",
    "j": "\u0458\u0575",
    "k": "\u043a\u03ba\u0138",
    "l": "\u04cf\u01c0",
    "m": "\u043c",
    "n": "\u043f\u03b7\u0578\u057c",
    "o": "\u043e\u03bf\u03c3\u0585\u1d0f",
    "p": "\u0440\u03c1",
    "q": "\u051b\u0566",
    "r": "\u0433",
    "s": "\u0455\ua731",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d\u1d1c",
    "v": "\u0475\u03bd\u1d20",
    "w": "\u051d\u03c9\u1d21",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
    "z": "\u1d22",
}
_ALIKE: Final = str.maketrans({other: letter for letter, others in _READ_AS.items() for other in others})


def folded(name: str) -> str:
    """A username as a new account has it: NFKC, lower case, without invisible characters or white space around it."""
    return _small(unicodedata.normalize("NFKC", _seen(name)))


def spellings(name: str) -> tuple[str, ...]:
    """The names that somebody who typed this may mean: NFC only, as older names are stored, and folded."""
    return tuple(dict.fromkeys((_small(unicodedata.normalize("NFC", _seen(name))), folded(name))))


def skeleton(name: str) -> str:
    """The same for names that look alike or count as the same: 64 hexadecimal digits."""
    plain = unicodedata.normalize("NFKD", folded(name).casefold())
    digits = "".join(str(unicodedata.decimal(character, character)) for character in plain)
    return hashlib.sha256(digits.translate(_ALIKE).encode("utf-8", "surrogateescape")).hexdigest()


def fault_of_new_username(typed: str) -> str | None:
    """What is wrong with a new username, worded to follow the field's name; None: nothing."""
    name = folded(typed)
    # Characters that reverse the direction of writing are never typed by mistake.
    if _TURNS.search(typed) or not _FORM.fullmatch(name):
        return N_("may only contain letters, digits and . _ @ + -, and must start with a letter or digit")
    scripts = {_script(character) for character in name if character.isalpha()}
    is_one = len(scripts) <= 1 and scripts <= _SCRIPTS
    if not is_one and not any(scripts <= together for together in _TOGETHER):
        return N_("must not mix letters from different alphabets")
    return None


def _seen(name: str) -> str:
    return "".join(
        character for character in name if unicodedata.category(character) != "Cf" and character not in _FILLERS
    ).strip()


def _small(name: str) -> str:
    return unicodedata.normalize("NFC", name.lower())


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").partition(" ")[0]
    return _SAME_SCRIPT.get(first, first)
