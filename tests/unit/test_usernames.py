"""User names: what of them counts, and which look alike. What looks alike is written as escapes."""

from __future__ import annotations

import unicodedata

import pytest

from auth_svc.accounts.usernames import fault_of_new_username, folded, skeleton, spellings


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Admin", "admin"),
        (" admin\n", "admin"),
        ("admin\r\n", "admin"),
        ("\u200badm\u200din\ufeff", "admin"),
        ("\u200fadmin\u202c", "admin"),
        ("adm\u00adin", "admin"),
        ("admin\u3164", "admin"),
        ("\uff41\uff44\uff4d\uff49\uff4e", "admin"),
        ("\U0001d41admin", "admin"),
        ("a\u0308rger", "\u00e4rger"),
        ("\u0410\u041d\u041d\u0410", "\u0430\u043d\u043d\u0430"),
    ],
)
def test_what_does_not_count_makes_no_other_name(typed: str, name: str) -> None:
    assert folded(typed) == name
    assert folded(name) == name
    assert name in spellings(typed)


@pytest.mark.parametrize("name", ["stra\u00dfe", "\u0131brahim", "e\u0301mile", "\ufb01"])
def test_an_account_from_before_is_found_by_the_name_that_it_has(name: str) -> None:
    as_it_was = unicodedata.normalize("NFC", name).lower()
    for typed in (name, unicodedata.normalize("NFD", name), f"{name}\n", name.upper() if name.isascii() else name):
        assert spellings(typed)[0] == as_it_was


@pytest.mark.parametrize(
    "other",
    [
        "\u0430dmin",  # one Cyrillic letter
        "\u0430\u0501\u043c\u0456\u043f",  # Cyrillic from end to end
        "\u03b1dm\u03b9n",
        "adm\u0131n",
        "\u0251dmin",
        "ADMIN",
        "\uff21dmin",
        "\u200badmin",
    ],
)
def test_what_looks_like_admin_is_admin_or_no_name(other: str) -> None:
    assert skeleton(other) == skeleton("admin")


@pytest.mark.parametrize(
    ("one", "other"), [("stra\u00dfe", "STRASSE"), ("user1", "user\u0661"), ("\u0456van", "ivan"), ("\u0451", "\u00eb")]
)
def test_what_reads_the_same_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("user1", "userl"), ("anna", "\u00e4nna"), ("bob", "bobo"), ("a.b", "ab")])
def test_what_people_tell_apart_stays_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "j\u00fcrgen.m\u00fcller+1@example.org",
        "\u0430\u043d\u043d\u0430",
        "\u0645\u062d\u0645\u062f",
        "\u05d3\u05d5\u05d3",
        "\u592a\u90ce",
        "tanaka\u592a\u90ce\u305f\u308d\u3046",
        "\u30bf\u30ed\u30fc",
        "\uae40kim",
        "42",
    ],
)
def test_names_of_any_script_may_be(name: str) -> None:
    assert fault_of_new_username(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "\u0430dmin",
        "\u03b1dmin",
        "admin\u0645",
        "\u13a0dmin",  # Cherokee, which nobody has to use here
        "\ua4e0",  # Lisu
        "\u043c\u03b1",
        "svc:upload",
        "a b",
        "../etc",
        "",
        ".admin",
    ],
)
def test_mixed_and_strange_ones_may_not(name: str) -> None:
    assert fault_of_new_username(name)
