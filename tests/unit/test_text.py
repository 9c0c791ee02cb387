"""Text from people: what is kept, what is refused, and by what it is sorted and searched."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.text import clean_line, clean_text, search_key, sort_key

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "\x00\x01\x07\x08\x1b\x1f\x7f\x80\x9f"
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("A film", "A film"),
        ("  A film \t\n", "A film"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("\u0645\u0631\u062d\u0628\u0627", "\u0645\u0631\u062d\u0628\u0627"),
        # A family: joiners hold an emoji together.
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_line_is_kept_as_its_writer_sees_it(typed: str, kept: str) -> None:
    assert clean_line(typed) == kept


@pytest.mark.parametrize("character", [*BIDI])
@pytest.mark.parametrize("clean", [clean_line, clean_text])
def test_what_turns_the_writing_direction_is_refused(clean: Callable[[str], str], character: str) -> None:
    for text in (f"a{character}b", f"{character}b", f"a{character}"):
        with pytest.raises(ValueError, match="direction"):
            clean(text)


@pytest.mark.parametrize("character", [*CONTROLS, "\ud800"])
@pytest.mark.parametrize("clean", [clean_line, clean_text])
def test_controls_and_half_characters_are_refused(clean: Callable[[str], str], character: str) -> None:
    with pytest.raises(ValueError, match="control"):
        clean(f"a{character}b")


@pytest.mark.parametrize("character", [*LINE_ENDS, "\t"])
def test_a_line_is_one_line(character: str) -> None:
    with pytest.raises(ValueError, match="control"):
        clean_line(f"a{character}b")


def test_a_text_may_have_lines_which_end_alike() -> None:
    assert clean_text("a\r\nb\rc\n\n\td\r\n") == "a\nb\nc\n\n\td"
    for character in set(LINE_ENDS) - {"\n", "\r"}:
        with pytest.raises(ValueError, match="control"):
            clean_text(f"a{character}b")


@given(st.text())
def test_what_is_kept_is_kept_when_it_comes_again(text: str) -> None:
    for clean in (clean_line, clean_text):
        try:
            kept = clean(text)
        except ValueError:
            continue
        assert clean(kept) == kept
        assert unicodedata.is_normalized("NFC", kept)
        assert kept == kept.strip()
        kept.encode()


def test_titles_sort_without_regard_to_case_and_spelling() -> None:
    assert sorted(["b", "A", "\u00e9a", "Eb", "a"], key=sort_key) == ["A", "a", "b", "Eb", "\u00e9a"]
    assert sort_key("\uff21") == sort_key("a")
    assert sort_key("Stra\u00dfe") == sort_key("STRASSE")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_sort_key_fits_its_column(text: str) -> None:
    assert len(sort_key(text)) <= 200


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_search_finds_what_is_spelt_otherwise(text: str) -> None:
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(unicodedata.normalize("NFC", text))


def test_a_search_does_not_regard_case() -> None:
    for typed, stored in (
        ("FILM", "A film"),
        ("stra\u00dfe", "STRASSE"),
        ("\uff26ilm", "film"),
        ("ZOE\u0308", "zo\u00eb"),
    ):
        assert search_key(typed) in search_key(stored)
