"""What text from people may hold."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from common.characters import BIDI, is_visible, without_controls
from common.languages import N_

_FILE_WITHOUT_A_NAME: Final = "video"
# Of a search, so that a statement has a bound.
MOST_WORDS: Final = 8
_ENDING: Final = re.compile(r"(?<=.)\.[^.\s]{1,16}$")
# What a search takes for the same and Unicode's foldings do not: letters that stand for others in Arabic and Persian
# writing, strokes and ligatures of Latin letters, and the quotes, dashes and question marks that phones and word
# processors write for those of a keyboard. The tatweel only stretches a word.
_SAME_IN_SEARCH: Final = str.maketrans(
    {
        "\u0131": "i",
        "\u0671": "\u0627",
        "\u0649": "\u064a",
        "\u06cc": "\u064a",
        "\u0629": "\u0647",
        "\u06a9": "\u0643",
        "\u0640": None,
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u061f": "?",
        "\u060c": ",",
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u05f3`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u05f4", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u05be", "-"),
    }
)


def clean_line(text: str) -> str:
    """One line of text: NFC, outer white space removed, empty when nothing of it can be seen.

    Raises ValueError on control and bidi characters.
    """
    return _clean(text, allowed="")


def clean_text(text: str) -> str:
    """Several lines of text: NFC, line ends as line feeds. Raises ValueError on other control and bidi characters."""
    return _clean(text.replace("\r\n", "\n").replace("\r", "\n"), allowed="\n\t")


def _clean(text: str, *, allowed: str) -> str:
    cleaned = unicodedata.normalize("NFC", text).strip()
    for character in cleaned:
        if character in BIDI:
            raise ValueError(N_("must not contain characters that change the writing direction"))
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed:
            raise ValueError(N_("must not contain control characters"))
    return cleaned if is_visible(cleaned) else ""


def clean_filename(text: str, *, longest: int = 255) -> str:
    """A file's name alone, which nobody typed and which is therefore cleaned and never refused.

    NFC, without folders (of either system), control and bidi characters; at most `longest` characters, the ending kept.
    """
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", text).rstrip("/\\"))[-1]
    name = without_controls(name).strip()
    # What was taken out may have stood between two that go together.
    name = unicodedata.normalize("NFC", name)
    if name in (".", "..") or not is_visible(name):
        return _FILE_WITHOUT_A_NAME
    if len(name) > longest:
        ending = found[0] if (found := _ENDING.search(name)) else ""
        name = name[: longest - len(ending)].rstrip() + ending
    return name


def sort_key(text: str) -> str:
    """A key by which titles sort alike on every database: compatibility-folded, case-folded, at most 200 characters."""
    return unicodedata.normalize("NFKD", text).casefold()[:200]


def search_key(text: str) -> str:
    """Text as the search compares it, the same on every database: what people take for the same word is the same.

    Case, compatibility forms, accents, vowel signs of Arabic and Hebrew, and kinds of digits do not matter. Marks that
    make another letter do (those of Indic and Thai writing, of kana, of Hangul): their combining classes are others.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (character for character in folded if not _is_accent(character) and unicodedata.category(character) != "Cf")
    letters = "".join(kept).translate(_SAME_IN_SEARCH)
    return unicodedata.normalize("NFKC", "".join(map(_with_ascii_digits, letters)))


def words_of(text: str) -> list[str]:
    """The words of what is searched for, each once; those after MOST_WORDS are ignored."""
    return list(dict.fromkeys(text.split()))[:MOST_WORDS]


def _is_accent(character: str) -> bool:
    combining = unicodedata.combining(character)
    return 10 <= combining <= 36 or 200 <= combining <= 240


def _with_ascii_digits(character: str) -> str:
    return str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character
