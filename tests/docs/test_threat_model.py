"""The threat model names tests that exist, and says something of every chapter of ASVS 5.0."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_TEXT = (_ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")


def test_every_test_it_names_is_there() -> None:
    there: set[str] = set()
    for file in (_ROOT / "tests").rglob("test_*.py"):
        there.update(re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", _TEXT))
    assert named
    assert sorted(named - there) == []


def test_every_chapter_of_asvs_has_a_decision() -> None:
    rows = re.findall(r"^\| V(\d+) [^|]+\| ([^|]+) \|(.*)\|$", _TEXT, re.MULTILINE)
    assert [int(chapter) for chapter, _, _ in rows] == list(range(1, 18))
    without_tests = [
        chapter for chapter, decision, tests in rows if "test_" not in tests and "not apply" not in decision
    ]
    assert without_tests == []
