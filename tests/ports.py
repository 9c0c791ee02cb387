"""Free TCP ports on loopback."""

from __future__ import annotations

import os
import random
import socket

# Below what systems hand out to clients and what the storage engine chooses from (10,240 and up), so that
# nobody takes one between look and use; and away from the ports of an ordinary `make run`.
_FIRST, _LAST = 2_000, 7_900
# Browsers open no page there (https://fetch.spec.whatwg.org/#port-blocking).
_BLOCKED = {2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697}


def _mine() -> tuple[int, int]:
    """The part of them for this process of a run that has several: some are chosen long before they are used."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (_LAST - _FIRST) // processes
    return _FIRST + process * size, _FIRST + (process + 1) * size


# Where the search for the next one begins. A port is handed out again only when all others were: between choosing
# and listening, and while a killed process is started again, a chosen port looks free to everybody.
_next_base = 0


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different, and others than those of the calls before."""
    offsets = list(range(count))
    base = free_base(offsets)
    return [base + offset for offset in offsets]


def free_base(offsets: list[int]) -> int:
    """A number such that the port at each of the offsets from it is free."""
    global _next_base  # noqa: PLW0603 - one for the whole process is the point
    first, last = _mine()
    places = last - first - max(offsets)
    # Somewhere at first: several runs on one machine are spread.
    start = (_next_base or random.randrange(first, last)) - first  # noqa: S311 - no secret
    for step in range(places):
        base = first + (start + step) % places
        if all(_is_free(base + offset) for offset in offsets):
            _next_base = base + max(offsets) + 1
            return base
    raise AssertionError(f"no free ports between {first} and {last}")


def _is_free(port: int) -> bool:
    if port in _BLOCKED:
        return False
    with socket.socket() as probe:
        # As servers bind: what an earlier one left in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
