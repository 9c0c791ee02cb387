"""Page cursors: what was made here comes back, for the same list only, and nothing else does."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.cursors import Cursors
from common.errors import Invalid

CURSORS = Cursors("k" * 32)
POSITION = ["2026-03-01T12:00:00.000001", "a" * 26]
CURSOR = CURSORS.make("uploads:ready", POSITION)


def assert_refused(cursor: str, *, purpose: str = "uploads:ready", cursors: Cursors = CURSORS) -> None:
    with pytest.raises(Invalid) as refused:
        cursors.read(purpose, cursor, length=2)
    assert [error["pointer"] for error in refused.value.errors] == ["#/cursor"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_a_position_comes_back(position: list[str]) -> None:
    cursor = CURSORS.make("list", position)
    assert CURSORS.read("list", cursor, length=len(position)) == position
    # Needs no quoting in a URL.
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(position=st.integers(0, len(CURSOR) - 1), character=st.characters())
def test_a_changed_cursor_is_refused(position: int, character: str) -> None:
    cursor = CURSOR[:position] + character + CURSOR[position + 1 :]
    try:
        read = CURSORS.read("uploads:ready", cursor, length=2)
    except Invalid:
        return
    # Another spelling of the very same bytes.
    assert read == POSITION


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_was_never_made_here_is_refused(cursor: str) -> None:
    assert_refused(cursor)


@pytest.mark.parametrize(
    "cursor", ["", "=", "====", "A", CURSOR[:-1], CURSOR[4:], CURSOR * 2, CURSOR + "AAAA", "\ud800"]
)
def test_less_and_more_are_refused(cursor: str) -> None:
    assert_refused(cursor)


def test_a_cursor_of_another_list_or_query_is_refused() -> None:
    for purpose in ("uploads:trashed", "uploads:read", "uploads:ready ", ""):
        assert_refused(CURSOR, purpose=purpose)


def test_a_cursor_made_with_another_key_is_refused() -> None:
    assert_refused(CURSOR, cursors=Cursors("l" * 32))


def test_the_position_cannot_be_replaced_under_the_same_seal() -> None:
    raw = base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4))
    other = raw.replace(b"a" * 26, b"b" * 26)
    assert other != raw
    assert_refused(base64.urlsafe_b64encode(other).decode().rstrip("="))
