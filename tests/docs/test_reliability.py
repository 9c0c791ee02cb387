"""docs/reliability.md holds a row for each fault that tests bring about, and no others; see `make reliability`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import FAULTS, PAGE, Fault, promise, rows_of
from tests.visitor import ANSWER_SECONDS, COMPLETE_SECONDS, HEALED_SECONDS

_TESTS = Path(__file__).parent.parent
# A loop of a killed process held the lease of a row.
_LEASE_SECONDS = 60


def test_the_page_has_the_faults_of_the_tests_in_their_order() -> None:
    rows = [(fault, seen, heals) for fault, seen, _, _, _, heals in rows_of(PAGE)]
    assert rows == [promise(fault) for fault in FAULTS], "run make reliability"


def test_what_the_page_says_was_seen_is_within_what_is_promised() -> None:
    for fault, _, answer, lost, healed, _ in rows_of(PAGE):
        assert answer == "–" or float(answer.removesuffix(" s")) <= COMPLETE_SECONDS, fault
        assert lost == "nothing", fault
        lease = _LEASE_SECONDS if fault.startswith("any call") else 0
        assert float(healed.removesuffix(" s")) <= HEALED_SECONDS + lease, fault
    text = PAGE.read_text(encoding="utf-8")
    assert f"{ANSWER_SECONDS} seconds at most, {COMPLETE_SECONDS} for completing" in text
    assert f"within {HEALED_SECONDS} seconds" in text


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_test_brings_the_fault_about(fault: Fault) -> None:
    known_as = {fault.id, *([fault.id.removesuffix("-killed-under-vss")] if "under-vss" in fault.id else [])}
    sources = [file.read_text(encoding="utf-8") for file in _TESTS.glob("integration/test_*.py")]
    assert any(f'"{name}"' in source for name in known_as for source in sources)
