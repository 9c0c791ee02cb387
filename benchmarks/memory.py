"""Memory of each service, in the running product after it has answered some requests (P12).

On Linux the proportional set size: what the four processes share (Python, libraries) is shared out among them, so that
their sum is what the machine really gives. Elsewhere the resident set, which counts all of that four times.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from functools import partial

import psutil

from benchmarks.installed import installed
from benchmarks.pairs import Quantity

_MIB = 2**20
_BOUNDS_MIB = {"auth": 70, "fs": 100, "upload": 70, "stream": 70}
_REQUESTS = 100


def rows() -> Iterator[Quantity]:
    """One a service."""
    with installed() as (_, product):
        for name, process in product.service_processes().items():
            yield Quantity(
                name="P12",
                what=f"memory of {name}_svc",
                measure=partial(_memory_mib, product.url(name), process),
                bound=_BOUNDS_MIB[name],
                unit="MiB",
                rounds=1,
            )


def _memory_mib(url: str, process: psutil.Process) -> float:
    for _ in range(_REQUESTS):
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310 - http on loopback
            answer.read()
    memory = process.memory_full_info()
    return getattr(memory, "pss", memory.rss) / _MIB
