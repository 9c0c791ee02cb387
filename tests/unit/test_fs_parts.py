"""Which copies of parts make the object."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fs_svc.parts import Part, choose_parts, multipart_etag
from fs_svc.plan import MIB, plan_parts

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FULL = 8 * MIB


def part(number: int, etag: str = "a", *, seconds: int = 0, size: int = FULL) -> Part:
    return Part(part_number=number, size=size, etag=etag, last_modified=NOON + timedelta(seconds=seconds))


def test_the_newest_copy_is_chosen_whatever_the_order() -> None:
    old, new = part(1, "old"), part(1, "new", seconds=1)
    for listed in ([old, new], [new, old]):
        choice = choose_parts(listed)
        assert choice.parts == [new]
        assert choice.ambiguous == []


def test_equal_copies_in_the_same_second_are_one() -> None:
    choice = choose_parts([part(1), part(1), part(2)])
    assert [chosen.part_number for chosen in choice.parts] == [1, 2]
    assert choice.ambiguous == []


def test_different_copies_in_the_same_second_are_ambiguous() -> None:
    choice = choose_parts([part(2, "a"), part(1), part(2, "b"), part(2, "c", seconds=-1)])
    assert choice.ambiguous == [2]


def test_a_later_copy_ends_the_ambiguity() -> None:
    choice = choose_parts([part(1, "a"), part(1, "b"), part(1, "c", seconds=1)])
    assert choice.ambiguous == []
    assert [chosen.etag for chosen in choice.parts] == ["c"]


def test_missing_are_the_parts_of_the_plan_that_are_not_there_exactly() -> None:
    plan = plan_parts(2 * FULL + 7)
    assert choose_parts([part(1), part(2), part(3, size=7)]).missing(plan) == []
    assert choose_parts([part(3, size=8)]).missing(plan) == [1, 2, 3]
    assert choose_parts([]).missing(plan) == [1, 2, 3]


@given(st.lists(st.binary(), min_size=1, max_size=5))
def test_the_etag_is_the_md5_of_the_parts_md5s_and_their_count(contents: list[bytes]) -> None:
    digests = [hashlib.md5(body, usedforsecurity=False).digest() for body in contents]
    parts = [part(number, digest.hex()) for number, digest in enumerate(digests, 1)]
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    assert multipart_etag(parts) == f"{whole}-{len(parts)}"


def test_the_etag_of_parts_without_md5s_cannot_be_foretold() -> None:
    assert multipart_etag([part(1, "0" * 32), part(2, "0" * 31 + "g")]) is None
