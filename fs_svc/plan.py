"""How a file of a given size is split into parts; nothing else computes a part size."""

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024
SMALLEST_PART_SIZE = 8 * MIB
# S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MOST_PARTS = 10_000
# Of a part that is not the last.
LEAST_PART_SIZE = 5 * MIB
LARGEST_PART_SIZE = 5 * 1024 * MIB
LARGEST_SIZE = MOST_PARTS * LARGEST_PART_SIZE
# What is larger is sent in parts: a form that is cut begins anew.
LARGEST_FORM = 100 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Parts 1 … `part_count`, all of `part_size` bytes except the last, which has the rest."""

    size: int
    part_size: int
    part_count: int

    def size_of(self, part_number: int) -> int:
        """The exact size in bytes of one part; ValueError for a number outside the plan."""
        if part_number not in self:
            raise ValueError(f"part {part_number} of {self.part_count}")
        if part_number < self.part_count:
            return self.part_size
        return self.size - self.part_size * (self.part_count - 1)

    def __contains__(self, part_number: int) -> bool:
        return 1 <= part_number <= self.part_count

    def missing(self, received: Iterable[tuple[int, int]]) -> list[int]:
        """The part numbers, ascending, that are not among these (part number, size) with their exact size."""
        exact = {number for number, size in received if number in self and size == self.size_of(number)}
        return [number for number in range(1, self.part_count + 1) if number not in exact]


def plan_parts(size: int) -> Plan:
    """The plan for a file of `size` bytes; ValueError for an empty one, and beyond 10,000 parts of 5 GiB."""
    if not 1 <= size <= LARGEST_SIZE:
        raise ValueError(f"no plan for {size} bytes")
    least = -(-size // MOST_PARTS)
    part_size = max(SMALLEST_PART_SIZE, -(-least // MIB) * MIB)
    return Plan(size=size, part_size=part_size, part_count=-(-size // part_size))
