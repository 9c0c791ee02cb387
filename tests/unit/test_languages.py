"""The catalogues say all that the sources say, with the same placeholders; and which language a browser asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from common.languages import LANGUAGE, LANGUAGES, SOURCE, gettext, ngettext, preferred, read_catalogue, script_words

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "pages": ("auth_svc", "catalogue", "common", "contracts", "fs_svc", "stream_svc", "upload_svc"),
    "scripts": ("web",),
}
TRANSLATED = [tag for tag in LANGUAGES if tag != SOURCE.tag]

every_catalogue = pytest.mark.parametrize(("tag", "name"), [(tag, name) for tag in TRANSLATED for name in FOLDERS])


def said(name: str) -> set[Any]:
    """What the sources say: a message, or its singular and plural."""
    with (ROOT / "common" / "locale" / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    return {
        found[2]
        for folder in FOLDERS[name]
        for found in extract_from_dir(ROOT / folder, method_map=methods, options_map=options)
    }


def translations(tag: str, name: str) -> Iterator[Message]:
    return (message for message in read_catalogue(tag, name) if message.id)


def texts(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


@every_catalogue
def test_a_catalogue_holds_what_the_sources_say_and_nothing_else(tag: str, name: str) -> None:
    expected = said(name)
    assert len(expected) > 40
    assert {message.id for message in translations(tag, name)} == expected, "run make messages, and translate"


def test_no_word_of_a_script_is_written_where_it_is_not_found() -> None:
    # What stands within a template literal is passed over.
    scripts = (ROOT / "web" / "src").rglob("*.js")
    written = {
        text
        for script in scripts
        for text in re.findall(r'\bn?gettext\(\s*"((?:[^"\\]|\\.)+)"', script.read_text(encoding="utf-8"))
    }
    assert len(written) > 40
    assert written <= {texts(message)[0] for message in said("scripts")}


@every_catalogue
def test_everything_is_translated_in_every_form_and_nothing_is_a_guess(tag: str, name: str) -> None:
    catalogue = read_catalogue(tag, name)
    for message in translations(tag, name):
        assert not message.fuzzy, message.id
        assert all(texts(message.string)), message.id
        if isinstance(message.id, tuple):
            assert len(texts(message.string)) == catalogue.num_plurals, message.id


@every_catalogue
def test_a_translation_has_the_placeholders_and_the_marks_of_its_message(tag: str, name: str) -> None:
    for message in translations(tag, name):
        known = set(_kept(texts(message.id)[-1]))
        *forms, other = texts(message.string)
        assert set(_kept(other)) == known, (message.id, other)
        # What a form says by itself needs no figures: "two days", "none of them".
        for form in forms:
            assert set(_kept(form)) <= known, (message.id, form)


def _kept(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)[sd]|\{\w+\}|</?\w+>", text)


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("", "en"),
        ("ar", "ar"),
        ("AR-eg", "ar"),
        ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        ("en-GB, ar;q=0.9", "en"),
        ("ar;q=0.3, en;q=0.7", "en"),
        ("ar;q=0, *", "en"),
        ("de, fr;q=0.9, ar;q=0.1", "ar"),
        ("de, fr", "en"),
        ("ar;q=many", "en"),
        (",,;q=1,;;", "en"),
        ("a" * 10_000, "en"),
    ],
)
def test_the_first_language_of_ours_that_a_browser_asks_for(asked: str, tag: str) -> None:
    assert preferred(asked) == tag


def test_arabic_has_six_forms() -> None:
    token = LANGUAGE.set("ar")
    try:
        forms = {
            n: ngettext("%(count)d day ago", "%(count)d days ago", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 103, 111)
        }
    finally:
        LANGUAGE.reset(token)
    assert forms[3] == forms[10] == forms[103]
    assert forms[11] == forms[99] == forms[111]
    assert len(set(forms.values())) == 6


def test_what_has_no_translation_is_said_as_it_is() -> None:
    token = LANGUAGE.set("ar")
    try:
        # The empty message is what a catalogue keeps its header under.
        assert gettext("") == ""
        assert gettext("Nobody has translated this.") == "Nobody has translated this."
        assert gettext("Not found") != "Not found"
    finally:
        LANGUAGE.reset(token)


def test_a_page_in_the_language_of_the_sources_brings_no_words_with_it() -> None:
    assert script_words(SOURCE.tag) == {}
    assert all(isinstance(value, str | list) for value in script_words("ar").values())
