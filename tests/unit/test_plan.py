"""Part planning: the boundaries of the rule, and what must hold for every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fs_svc.plan import LARGEST_SIZE, MIB, MOST_PARTS, plan_parts

EIGHT = 8 * MIB


@pytest.mark.parametrize(
    ("size", "part_size", "part_count"),
    [
        (1, EIGHT, 1),
        (EIGHT - 1, EIGHT, 1),
        (EIGHT, EIGHT, 1),
        (EIGHT + 1, EIGHT, 2),
        (2 * EIGHT - 1, EIGHT, 2),
        (2 * EIGHT, EIGHT, 2),
        (2 * EIGHT + 1, EIGHT, 3),
        (MOST_PARTS * EIGHT - 1, EIGHT, MOST_PARTS),
        (MOST_PARTS * EIGHT, EIGHT, MOST_PARTS),
        # One byte more does not fit into 10,000 parts of 8 MiB; of 9 MiB it takes 8,889.
        (MOST_PARTS * EIGHT + 1, 9 * MIB, 8_889),
        (MOST_PARTS * 9 * MIB, 9 * MIB, MOST_PARTS),
        (MOST_PARTS * 9 * MIB + 1, 10 * MIB, 9_001),
        (LARGEST_SIZE - 1, 5 * 1024 * MIB, MOST_PARTS),
        (LARGEST_SIZE, 5 * 1024 * MIB, MOST_PARTS),
    ],
)
def test_part_size_and_count_at_the_boundaries(size: int, part_size: int, part_count: int) -> None:
    plan = plan_parts(size)
    assert (plan.part_size, plan.part_count) == (part_size, part_count)


@pytest.mark.parametrize("size", [-1, 0, LARGEST_SIZE + 1])
def test_a_size_that_cannot_be_planned_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="no plan for"):
        plan_parts(size)


@given(st.integers(1, LARGEST_SIZE))
def test_parts_add_up_to_the_size_and_none_is_empty(size: int) -> None:
    plan = plan_parts(size)
    assert 1 <= plan.part_count <= MOST_PARTS
    assert plan.part_size % MIB == 0
    last = plan.size_of(plan.part_count)
    assert 1 <= last <= plan.part_size
    assert (plan.part_count - 1) * plan.part_size + last == size
    if plan.part_count > 1:
        assert plan.size_of(1) == plan.part_size


@pytest.mark.parametrize("part_number", [-1, 0, 4, 10_001])
def test_a_part_number_outside_the_plan_has_no_size(part_number: int) -> None:
    plan = plan_parts(3 * EIGHT)
    assert part_number not in plan
    with pytest.raises(ValueError, match="of 3"):
        plan.size_of(part_number)


def test_missing_are_holes_and_parts_of_another_size() -> None:
    plan = plan_parts(3 * EIGHT + 5)
    assert plan.missing([(1, EIGHT), (2, EIGHT), (3, EIGHT), (4, 5)]) == []
    assert plan.missing([]) == [1, 2, 3, 4]
    assert plan.missing([(1, EIGHT), (3, EIGHT - 1), (4, 6), (5, EIGHT)]) == [2, 3, 4]
