"""docs/reliability.md holds a row for each fault that tests bring about, and no others; see `make reliability`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import FAULTS, PAGE, Fault, promise, rows_of

_TESTS = Path(__file__).parent.parent


def test_the_page_has_the_faults_of_the_tests_in_their_order() -> None:
    rows = [(fault, seen, heals) for fault, seen, _, _, _, heals in rows_of(PAGE)]
    assert rows == [promise(fault) for fault in FAULTS], "run make reliability"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_test_brings_the_fault_about(fault: Fault) -> None:
    known_as = {fault.id, *([fault.id.removesuffix("-killed-under-vss")] if "under-vss" in fault.id else [])}
    sources = [file.read_text(encoding="utf-8") for file in _TESTS.glob("integration/test_*.py")]
    assert any(f'"{name}"' in source for name in known_as for source in sources)
