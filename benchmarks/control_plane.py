"""What a GiB that is uploaded and watched costs the services, beside a design in which the bytes go through them (P8).

The peer is what this system replaces: a service hands every byte on to another, which hands it on to the storage, and
back the same way. Both hops are as lean as aiohttp makes them: streamed, in large blocks, without a line of log.

Of ours it is what a GiB more of a film costs while services are asked: to sign its 128 parts, and to complete the
upload with their lines in S3's listing, which botocore reads at some 50 µs each. (While bytes go, nobody is asked; the
second row says so.) The 1/500 that was aimed at needs another reader of listings.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import aiohttp
import psutil
from aiohttp import web
from yarl import URL

from benchmarks.command_line import delete_all
from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from tests.api_client import Person, person
from tests.product import Product

_MIB: Final = 2**20
_GIB: Final = 2**30
_SMALL_SIZE: Final = _GIB
_LARGE_SIZE: Final = 4 * _GIB
_PEER_SIZE: Final = 128 * _MIB
_BLOCK: Final = 256 * 1024
_URLS_AT_ONCE: Final = 100
_START_SECONDS: Final = 30
_ROUNDS: Final = 3
# What calls, answers and their log lines come to.
_MOST_BYTES: Final = 2 * _MIB


def rows() -> Iterator[Quantity]:
    """CPU and bytes."""
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000") as (_, product):
        yield Quantity(
            name="P8",
            what="the services' CPU for a GiB there and back, of a proxy's",
            measure=partial(_of_a_proxy, product),
            bound=1 / 100,
            unit="of its peer's",
            rounds=_ROUNDS,
        )
        yield Quantity(
            name="P8",
            what="bytes through all services for 1 GiB there and back",
            measure=partial(_megabytes_through, product),
            bound=_MOST_BYTES / _MIB,
            unit="MiB",
            rounds=1,
        )


def _of_a_proxy(product: Product) -> float:
    large, small = (asyncio.run(_cost(product, size)) for size in (_LARGE_SIZE, _SMALL_SIZE))
    ours = (large - small) / ((_LARGE_SIZE - _SMALL_SIZE) / _GIB)
    return ours / (_proxy_cpu_seconds(product) / (_PEER_SIZE / _GIB))


async def _cost(product: Product, size: int) -> float:
    """CPU seconds of all services for what they are asked while so many bytes go there and back."""
    processes = list(product.service_processes().values())
    spent = 0.0

    @asynccontextmanager
    async def asking() -> AsyncIterator[None]:
        nonlocal spent
        before = sum(map(_cpu_seconds, processes))
        yield
        spent += sum(map(_cpu_seconds, processes)) - before

    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        await _there_and_back(session, somebody, size, asking=asking)
        await delete_all(somebody)
    return spent


def _megabytes_through(product: Product) -> float:
    async def there_and_back() -> None:
        async with aiohttp.ClientSession() as session:
            await _there_and_back(session, await person(session, product), _SMALL_SIZE)

    with product.metered() as traffic:
        asyncio.run(there_and_back())
    return sum(traffic.total_bytes().values()) / _MIB


def _cpu_seconds(process: psutil.Process) -> float:
    # The scheduler's own account, in nanoseconds: what psutil reads comes in hundredths of a second.
    tasks = Path(f"/proc/{process.pid}/task")
    if tasks.exists():
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9
    times = process.cpu_times()
    return times.user + times.system


async def _there_and_back(
    session: aiohttp.ClientSession,
    somebody: Person,
    size: int,
    *,
    by_way_of: str | None = None,
    asking: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> None:
    """Uploads so many bytes, as any client does, and reads them back; perhaps through a proxy at that address.

    Whatever services are asked is asked within `asking`.
    """

    def way(url: str) -> URL:
        target = URL(url, encoded=True)
        return target if by_way_of is None else URL(by_way_of + target.raw_path_qs, encoded=True)

    async with asking():
        upload = await somebody.begin(size)
    block = os.urandom(_BLOCK)
    for first in range(1, upload["part_count"] + 1, _URLS_AT_ONCE):
        numbers = list(range(first, min(first + _URLS_AT_ONCE, upload["part_count"] + 1)))
        async with asking():
            urls = (await somebody.part_urls(upload["id"], numbers))["urls"]
        for url in urls.values():
            await _put(session, way(url), upload["part_size"], block)
    async with asking():
        assert (await somebody.complete(upload["id"])).status == 200
        source = await somebody.call("GET", f"{somebody.stream_url}/v1/videos/{upload['id']}/source")
    assert await _get(session, way(source.headers["Location"])) == size


async def _put(session: aiohttp.ClientSession, url: URL, size: int, block: bytes) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(size // len(block)):
            yield block

    async with session.put(url, data=content(), headers={"Content-Length": str(size)}) as answer:
        assert answer.status == 200, await answer.text()


async def _get(session: aiohttp.ClientSession, url: URL) -> int:
    size = 0
    async with session.get(url) as answer:
        async for block in answer.content.iter_chunked(_BLOCK):
            size += len(block)
    return size


def _proxy_cpu_seconds(product: Product) -> float:
    """The CPU of two hops for one part there and back, until so many bytes have gone."""
    context = multiprocessing.get_context("spawn")
    far, far_end = context.Pipe()
    far_hop = context.Process(target=_hop, args=(far_end, product.url("s3")), daemon=True)
    far_hop.start()
    near, near_end = context.Pipe()
    near_hop = context.Process(target=_hop, args=(near_end, _address(far)), daemon=True)
    near_hop.start()
    hops = [psutil.Process(hop.pid) for hop in (far_hop, near_hop)]
    try:
        url = _address(near)
        before = sum(map(_cpu_seconds, hops))
        asyncio.run(_through(product, url))
        return sum(map(_cpu_seconds, hops)) - before
    finally:
        for hop in (near_hop, far_hop):
            hop.kill()
            hop.join()


def _address(hop: Connection) -> str:
    """Where it listens, once it says so."""
    assert hop.poll(_START_SECONDS), "a hop of the proxy does not start"
    address: str = hop.recv()
    return address


async def _through(product: Product, proxy_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        await _there_and_back(session, somebody, _PEER_SIZE, by_way_of=proxy_url)
        await delete_all(somebody)


def _hop(parent: Connection, target: str) -> None:
    """A service that hands on what it gets; says its address and runs until it is killed."""
    asyncio.run(_serve(parent, target))


async def _serve(parent: Connection, target: str) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def hand_on(request: web.Request) -> web.StreamResponse:
            headers = {"Content-Length": str(request.content_length)} if request.content_length else {}
            body = request.content.iter_chunked(_BLOCK) if request.can_read_body else None
            url = URL(target + request.raw_path, encoded=True)
            async with session.request(request.method, url, headers=headers, data=body) as answer:
                response = web.StreamResponse(status=answer.status)
                response.content_length = answer.content_length
                await response.prepare(request)
                async for block in answer.content.iter_chunked(_BLOCK):
                    await response.write(block)
                await response.write_eof()
                return response

        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", hand_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = runner.addresses[0]
        parent.send(f"http://127.0.0.1:{address[1]}")
        await asyncio.Event().wait()
