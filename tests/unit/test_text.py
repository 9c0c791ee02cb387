"""Text from people: what is kept, what is refused, by what it is sorted and searched, and what a file name tells."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.characters import title_from_filename
from common.media_types import video_content_type
from common.text import clean_filename, clean_line, clean_text, search_key, sort_key

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
        # Nothing of these can be seen.
        ("\u200b", ""),
        ("\u3164\u2800 \ufeff", ""),
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


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("istanbul", "\u0130STANBUL"),
        ("\u0130stanbul", "istanbul"),
        ("Diyarbakir", "Diyarbak\u0131r"),
        ("grosse", "Gr\u00f6\u00dfe"),
        ("Gr\u00f6\u00dfe", "GROSSE"),
        ("Lodz", "\u0141\u00f3d\u017a"),
        ("Smorrebrod", "Sm\u00f8rrebr\u00f8d"),
        # With and without vowel signs; the forms of alef; a stretched word; ya and alef maqsura; Persian letters.
        ("\u0645\u062d\u0645\u062f", "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f"),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u0627\u062d\u0645\u062f", "\u0623\u062d\u0645\u062f"),
        ("\u0645\u0631\u062d\u0628\u0627", "\u0645\u0631\u062d\u0640\u0640\u0628\u0627"),
        ("\u0639\u0644\u064a", "\u0639\u0644\u0649"),
        ("\u0643\u0644\u064a\u067e", "\u06a9\u0644\u06cc\u067e"),
        ("\u0645\u062f\u0631\u0633\u0647", "\u0645\u062f\u0631\u0633\u0629"),
        ("2026", "\u0662\u0660\u0662\u0666"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd"),
        ("film", "fi\u00adlm\u200b"),
        # What a phone or a word processor writes for the quotes and dashes of a keyboard, and the other way about.
        ("don't", "Don\u2019t"),
        ("don\u2019t", "Don't"),
        ("hawai'i", "Hawai\u02bbi"),
        ("\"hi\" 'you'", "\u201eHi\u201c \u2018you\u2019"),
        ("9-11", "9\u201311"),
        ("e-mail", "e\u2011mail"),
        ('\u05e6\u05d4"\u05dc', "\u05e6\u05d4\u05f4\u05dc"),
    ],
)
def test_a_search_takes_for_the_same_what_people_do(typed: str, stored: str) -> None:
    assert search_key(typed) == search_key(stored)


def test_marks_that_make_another_letter_are_regarded() -> None:
    for one, other in (("\u304b", "\u304c"), ("\u0915\u093f", "\u0915\u0941"), ("\u0e01\u0e34", "\u0e01\u0e38")):
        assert search_key(one) != search_key(other)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("film.mp4", "film.mp4"),
        ("\u200f\u0641\u064a\u0644\u0645\u200f.mp4", "\u0641\u064a\u0644\u0645.mp4"),
        ("/home/a/film.mp4", "film.mp4"),
        ("C:\\Films/a\\film.mp4", "film.mp4"),
        ("folder/", "folder"),
        ("a\tb\r\n\x00.mp4", "ab.mp4"),
        ("e\u0301te\u0301.mp4", "\u00e9t\u00e9.mp4"),
        ("e\u200e\u0301.mp4", "\u00e9.mp4"),
        (" a .mp4 ", "a .mp4"),
        ("\U0001f468\u200d\U0001f469.mp4", "\U0001f468\u200d\U0001f469.mp4"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mkv",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mkv",
        ),
        ("x" * 300 + ".webm", "x" * 250 + ".webm"),
        ("\u00e9" * 300, "\u00e9" * 255),
        *((name, "video") for name in ("", " ", "/", "\\", ".", "..", "a/..", "\u202e", "\ud800", "\u200b\u3164")),
    ],
)
def test_a_file_name_is_cleaned_and_never_refused(sent: str, kept: str) -> None:
    assert clean_filename(sent) == kept


@given(st.text())
def test_a_cleaned_file_name_is_a_good_one(sent: str) -> None:
    kept = clean_filename(sent)
    assert clean_filename(kept) == kept
    assert 0 < len(kept) <= 255
    assert clean_filename(unicodedata.normalize("NFD", sent)) == clean_filename(unicodedata.normalize("NFC", sent))
    kept.encode()


TITLES = json.loads((Path(__file__).parents[1] / "data" / "file_titles.json").read_text("utf-8"))


@pytest.mark.parametrize(("name", "title"), TITLES.items())
def test_a_file_name_suggests_the_same_title_here_and_on_the_upload_page(name: str, title: str) -> None:
    assert title_from_filename(name, longest=200) == title


def test_a_suggested_title_is_one_that_is_accepted() -> None:
    assert title_from_filename("🎬" * 300 + ".mp4", longest=200) == "🎬" * 200
    assert title_from_filename("\u200b\u3164.mp4", longest=200) == ""


@pytest.mark.parametrize(
    ("filename", "claimed", "taken"),
    [
        ("a.mkv", "image/png", "video/x-matroska"),
        ("00001.MTS", "model/vnd.mts", "video/mp2t"),
        ("a.avi", "video/avi", "video/x-msvideo"),
        ("a.wmv", "application/x-ms-wmv", "video/x-ms-wmv"),
        ("a.qt", "", "video/quicktime"),
        ("tape.m2t", "", "video/mp2t"),
        ("a.3gpp", "audio/3gpp", "video/3gpp"),
        ("no ending", "video/webm;codecs=vp9", "video/webm"),
        ("a.unknown", "video/mp4", "video/mp4"),
        ("tape", "video/vnd.avi", "video/x-msvideo"),
        ("tape.unknown", "VIDEO/MSVIDEO", "video/x-msvideo"),
        ("no ending", "video/matroska;codecs=avc1", "video/x-matroska"),
        ("a.unknown", "image/png", None),
        ("mp4", "", None),
        ("a.mp4.exe", "application/octet-stream", None),
    ],
)
def test_a_known_ending_decides_and_a_claimed_type_only_without_one(
    filename: str, claimed: str, taken: str | None
) -> None:
    assert video_content_type(claimed, filename) == taken
