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
# Small letters of other scripts, and rare ones of Latin, that are read as one of a to z (UTS 39, confusables.txt);
# as escapes, because one cannot see the difference.
_ALIKE: Final = str.maketrans(
    {
        # Cyrillic
        "\u0430": "a",
        "\u0432": "b",
        "\u0433": "r",
        "\u0435": "e",
        "\u0456": "i",
        "\u043a": "k",
        "\u043c": "m",
        "\u043d": "h",
        "\u043e": "o",
        "\u043f": "n",
        "\u0440": "p",
        "\u0455": "s",
        "\u0442": "t",
        "\u0443": "y",
        "\u0445": "x",
        "\u0441": "c",
        "\u0458": "j",
        "\u04bb": "h",
        "\u04cf": "l",
        "\u0501": "d",
        "\u051b": "q",
        "\u051d": "w",
        "\u0475": "v",
        "\u044c": "b",
        # Greek
        "\u03b1": "a",
        "\u03b3": "y",
        "\u03b5": "e",
        "\u03b7": "n",
        "\u03b9": "i",
        "\u03ba": "k",
        "\u03bd": "v",
        "\u03bf": "o",
        "\u03c1": "p",
        "\u03c3": "o",
        "\u03c4": "t",
        "\u03c5": "u",
        "\u03c7": "x",
        "\u03c9": "w",
        # Armenian
        "\u0570": "h",
        "\u0578": "n",
        "\u057c": "n",
        "\u057d": "u",
        "\u0581": "g",
        "\u0585": "o",
        "\u0566": "q",
        "\u0575": "j",
        # Latin
        "\u0131": "i",
        "\u0269": "i",
        "\u026a": "i",
        "\u0251": "a",
        "\u0261": "g",
        "\u1d04": "c",
        "\u1d0f": "o",
        "\u1d1c": "u",
        "\u1d20": "v",
        "\u1d21": "w",
        "\u1d22": "z",
        "\ua731": "s",
        "\u0138": "k",
        "\u0185": "b",
        "\u01c0": "l",
    }
)


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
