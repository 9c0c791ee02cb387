"""The threat model names tests that exist, of the kind it says, and decides on every chapter of ASVS 5.0."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_TEXT = (_ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def _tests_in(text: str) -> set[str]:
    return set(re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE))


def _named_in(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def _texts(folder: str) -> list[str]:
    return [file.read_text(encoding="utf-8") for file in (_ROOT / "tests" / folder).rglob("test_*.py")]


def test_every_test_it_names_is_there() -> None:
    there = {name for text in _texts("") for name in _tests_in(text)}
    assert _named_in(_TEXT)
    assert sorted(_named_in(_TEXT) - there) == []


def test_every_rule_has_a_test_and_those_said_to_ask_over_http_do() -> None:
    section = _TEXT.partition("## Rules, and the tests that prove them")[2].partition("\n## ")[0]
    rules = [row for row in re.findall(r"^\| (.+?) \|(.*?)\|(.*?)\|$", section, re.MULTILINE) if row[0] != "rule"]
    assert len(rules) > 20
    assert [rule for rule, over_http, besides in rules if not _named_in(over_http + besides)] == []
    there = {name for text in _texts("http") for name in _tests_in(text)}
    claimed = {name for _, over_http, _ in rules for name in _named_in(over_http)}
    assert sorted(claimed - there) == []


def test_every_chapter_of_asvs_has_a_decision() -> None:
    rows = re.findall(r"^\| V(\d+) [^|]+\| ([^|]+) \|(.*)\|$", _TEXT, re.MULTILINE)
    assert [int(chapter) for chapter, _, _ in rows] == list(range(1, 18))
    without_tests = [
        chapter for chapter, decision, tests in rows if "test_" not in tests and "not apply" not in decision
    ]
    assert without_tests == []
