"""Free TCP ports on loopback."""

from __future__ import annotations

import os
import random
import socket

# Below what systems hand out to clients and what the storage engine chooses from (10,240 and up), so that
# nobody takes one between look and use; and away from the ports of an ordinary `make run`.
_FIRST, _LAST = 2_000, 7_900


def _mine() -> tuple[int, int]:
    """The part of them for this process of a run that has several: some are chosen long before they are used."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (_LAST - _FIRST) // processes
    return _FIRST + process * size, _FIRST + (process + 1) * size


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    offsets = list(range(count))
    base = free_base(offsets)
    return [base + offset for offset in offsets]


def free_base(offsets: list[int]) -> int:
    """A number such that the port at each of the offsets from it is free."""
    first, last = _mine()
    for _ in range(200):
        base = random.randrange(first, last - max(offsets))  # noqa: S311 - spreads parallel runs, no secret
        if all(_is_free(base + offset) for offset in offsets):
            return base
    raise AssertionError(f"no free ports between {first} and {last}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers bind: what an earlier one left in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
