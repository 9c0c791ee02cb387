"""Log-in storms: how long others wait, and what memory is taken, while 200 wrong log-ins come at once (I9)."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import aiohttp
import psutil

from benchmarks.installed import installed
from benchmarks.pairs import Quantity

_MIB: Final = 2**20
_LOG_INS: Final = 200
_NUMBERS: Final = itertools.count(1)
_ROUNDS: Final = 5
_IDLE_REQUESTS: Final = 100
# argon2 takes 19 MiB a hash: bounded is what a few of them take, not two hundred.
_MEMORY_BOUND_MIB: Final = 100


def rows() -> Iterator[Quantity]:
    """Both of one product."""
    # Through a proxy that is believed, each from an address of its own: the throttle stops none of them.
    with installed(AUTH_TRUSTED_PROXIES="127.0.0.1", AUTH_CALLS_PER_MINUTE="1000000") as (_, product):
        yield Quantity(
            name="I9",
            what=f"others' median during {_LOG_INS} wrong log-ins, of idle",
            measure=partial(_slowdown, product.url("auth")),
            bound=2,
            unit="times",
            rounds=_ROUNDS,
        )
        yield Quantity(
            name="I9",
            what=f"memory that {_LOG_INS} wrong log-ins take at most",
            measure=partial(_memory_mib, product.url("auth"), product.service_processes()["auth"]),
            bound=_MEMORY_BOUND_MIB,
            unit="MiB",
            rounds=1,
        )


def _slowdown(url: str) -> float:
    async def measure() -> float:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {await _token(session, url)}"}
            idle = [await _seconds(session, url, headers) for _ in range(_IDLE_REQUESTS)]
            storm = asyncio.ensure_future(_storm(url))
            # It has begun once the first of them are being hashed.
            busy = [await _seconds(session, url, headers)]
            while not storm.done():
                busy.append(await _seconds(session, url, headers))
            await storm
            return statistics.median(busy) / statistics.median(idle)

    return asyncio.run(measure())


def _memory_mib(url: str, process: psutil.Process) -> float:
    async def measure() -> float:
        before = highest = process.memory_info().rss
        storm = asyncio.ensure_future(_storm(url))
        while not storm.done():
            highest = max(highest, process.memory_info().rss)
            await asyncio.sleep(0.01)
        await storm
        return (highest - before) / _MIB

    return asyncio.run(measure())


async def _storm(url: str) -> None:
    """As many names and addresses as log-ins: every one of them is hashed."""
    # Without a bound on connections: all at once.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        statuses = await asyncio.gather(*(_wrong_log_in(session, url) for _ in range(_LOG_INS)))
    assert set(statuses) == {401}, statuses


async def _wrong_log_in(session: aiohttp.ClientSession, url: str) -> int:
    number = next(_NUMBERS)
    form = {"grant_type": "password", "username": f"nobody{number}", "password": "not the password"}
    # A network of its own: addresses of one network share a bucket.
    headers = {"X-Forwarded-For": f"2001:db8:{number:x}::1"}
    async with session.post(f"{url}/v1/token", data=form, headers=headers) as answer:
        await answer.read()
        return answer.status


async def _token(session: aiohttp.ClientSession, url: str) -> str:
    form = {"grant_type": "password", "username": "admin", "password": "admin"}
    async with session.post(f"{url}/v1/token", data=form) as answer:
        assert answer.status == 200, await answer.text()
        token: str = (await answer.json())["access_token"]
        return token


async def _seconds(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> float:
    start = time.perf_counter()
    async with session.get(f"{url}/v1/me", headers=headers) as answer:
        await answer.read()
        assert answer.status == 200
    return time.perf_counter() - start
