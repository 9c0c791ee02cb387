"""The languages that people are spoken to: which one a request is answered in, and the catalogues.

A catalogue is a gettext `.po` file of `common/locale/<tag>/`, read as it is: `pages` holds what the services say,
`scripts` what the modules in the browser say. `make messages` brings both up to date with the sources.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

_FOLDER: Final = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: its tag (RFC 5646), its name in itself, and which way it is written (`ltr` or `rtl`)."""

    tag: str
    name: str
    direction: str


SOURCE: Final = Language(tag="en", name="English", direction="ltr")
LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {SOURCE.tag: SOURCE, "ar": Language(tag="ar", name="العربية", direction="rtl")}
)
# Of the request that is being answered; what is said to nobody in particular is said in the source's language.
LANGUAGE: ContextVar[str] = ContextVar("language", default=SOURCE.tag)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, which its tools look for
    """Marks a message that is translated where it is said, not where it stands."""
    return message


def gettext(message: str) -> str:
    """The message in the request's language; as it is where there is no translation."""
    # The empty message is a catalogue's header.
    return _translations(LANGUAGE.get()).gettext(message) if message else message


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form of the message for `n` things in the request's language."""
    return _translations(LANGUAGE.get()).ngettext(singular, plural, n)


def load_catalogues() -> None:
    """Reads all of them, once, so that no request waits for it and a damaged one is found at the start."""
    for tag in LANGUAGES:
        _translations(tag)
        script_words(tag)


def preferred(accept_language: str) -> str:
    """The tag of the first language of ours that `Accept-Language` asks for (RFC 9110, section 12.5.4)."""
    ranked = []
    for item in accept_language.replace(" ", "").split(","):
        tag, _, weight = item.partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if quality > 0:
            ranked.append((quality, tag.partition("-")[0].lower()))
    # A stable sort: of equal ones the first that was named.
    for _, tag in sorted(ranked, key=lambda entry: -entry[0]):
        if tag in LANGUAGES:
            return tag
    return SOURCE.tag


@cache
def script_words(tag: str) -> Mapping[str, str | list[str]]:
    """What the modules of a page say: message to translation, or to the list of its plural forms."""
    words: dict[str, str | list[str]] = {}
    if tag != SOURCE.tag:
        for message in read_catalogue(tag, "scripts"):
            if isinstance(message.string, tuple):
                words[message.id[0]] = list(message.string)
            elif message.id:
                words[str(message.id)] = str(message.string)
    return words


def read_catalogue(tag: str, name: str) -> Catalog:
    """The catalogue `pages` or `scripts` of a language."""
    with (_FOLDER / tag / f"{name}.po").open("rb") as file:
        return read_po(file, locale=tag)


@cache
def _translations(tag: str) -> NullTranslations:
    if tag == SOURCE.tag:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(tag, "pages"))
    compiled.seek(0)
    return GNUTranslations(compiled)
