"""The worker: facts and poster of a file of any size (P19), the storyboard of a long film (P20), the worker's memory
(P21), and what a library full of pictures costs a browser (P22).

Times of P19 and P20 are of the processor: the worker's, its child's, and here also that of the server that it reads
from. How busy the machine is does not matter. The files are real footage: the same ten seconds once, or again and
again, not encoded anew. In a large one the pieces lie far apart, with holes between them.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext

from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from contracts.media import Facts, Job, JobSource, Task
from media_svc.jail import Jail
from media_svc.looking import Looking
from media_svc.made import Made
from tests import browsers, footage
from tests.api_client import Person, person
from tests.films import decode
from tests.product import Product
from tests.waiting import eventually

_MIB: Final = 2**20
_SIZES: Final = {"1 MiB": 0, "100 MiB": 100 * _MIB, "10 GiB": 10 * 2**30}
_ENDS: Final = ("front", "end")
_MOST_READ_MIB: Final = 8
_CPU_ROUNDS: Final = 5

_FILM_SECONDS: Final = 2 * 60 * 60
_CLIP_SECONDS: Final = 10
_SPRITES: Final = 3
# Of 256 shades, on average: what two encoders make of one picture. Another picture of the clip differs by 20 and more.
_ALIKE: Final = 6

_VIDEOS: Final = 60
# All cards lie within it: otherwise pictures are fetched as one scrolls.
_WINDOW: Final = {"width": 1440, "height": 6000}
_ALL_SHOWN: Final = f"""() => {{
  const pictures = [...document.querySelectorAll("[data-video] img.poster-picture")];
  return pictures.length === {_VIDEOS} && pictures.every((picture) => picture.complete && picture.naturalWidth);
}}"""
_TIMES: Final = """() => [
  Math.max(...performance.getEntriesByType("resource").filter(({ name }) => name.includes("/derived/"))
    .map(({ responseEnd }) => responseEnd)),
  performance.getEntriesByType("navigation")[0].loadEventEnd,
]"""
_LIMIT_SECONDS: Final = 1200


def of_files() -> Iterator[Quantity]:
    """P19 and P20."""
    with tempfile.TemporaryDirectory(prefix="vss-bench-") as name:
        folder = Path(name)
        clip, looped = footage.fetch(footage.OCEAN_MP4), folder / "looped.mp4"
        footage.loop_film(clip, looped, times=10)
        films = {
            (size, end): _spread(looped if _SIZES[size] else clip, folder, size=_SIZES[size], end=end)
            for size in _SIZES
            for end in _ENDS
        }
        for (size, end), film in films.items():
            yield Quantity(
                name="P19",
                what=f"facts and poster of {size}, its index at the {end}: read",
                measure=partial(_read_mib, film),
                bound=_MOST_READ_MIB,
                unit="MiB",
                rounds=1,
            )
        for end in _ENDS:
            yield Quantity(
                name="P19",
                what=f"CPU for 10 GiB, index at the {end}, of that for 1 MiB",
                measure=partial(_cpu_ratio, films["10 GiB", end], films["1 MiB", end]),
                bound=1.5,
                unit="of its peer's time",
                rounds=_CPU_ROUNDS,
            )
        yield Quantity(
            name="P19",
            what="memory of the child at its most, for 10 GiB",
            measure=lambda: _look(films["10 GiB", "end"]).peak_memory_bytes / _MIB,
            bound=100,
            unit="MiB",
            rounds=1,
        )
        yield from _of_a_long_film(folder)


def _of_a_long_film(folder: Path) -> Iterator[Quantity]:
    film = folder / "film.mp4"
    footage.loop_film(footage.fetch(footage.OCEAN_MP4), film, times=_FILM_SECONDS // _CLIP_SECONDS)
    yield Quantity(
        name="P20",
        what="storyboard of 2 h, memory of the child at its most",
        measure=lambda: _storyboard(film).peak_memory_bytes / _MIB,
        bound=100,
        unit="MiB",
        rounds=1,
    )
    if shutil.which("ffmpeg") is None:
        print("P20  beside ffmpeg: left out, ffmpeg is not installed")
        return
    yield Quantity(
        name="P20",
        what="storyboard of 2 h, CPU, of ffmpeg's for the same pictures",
        measure=partial(_of_ffmpeg, film),
        bound=1.5,
        unit="of its peer's time",
        rounds=1,
    )


def of_a_library() -> Iterator[Quantity]:
    """P21 and P22."""
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000", MEDIA_JOBS="1") as (_, product):
        asyncio.run(_fill(product))
        yield Quantity(
            name="P21",
            what=f"memory of media_svc at its most, {_VIDEOS} videos looked at",
            measure=lambda: _peak_memory(product.processes()["media"].pid) / _MIB,
            bound=120,
            unit="MiB",
            rounds=1,
        )
        of_visits: tuple[tuple[str, Callable[[_Visit, _Visit], float], float, str, int], ...] = (
            ("pictures fetched", lambda first, _: first.fetched, _VIDEOS, "pictures", 1),
            ("KiB a picture", lambda first, _: first.size / first.fetched / 1024, 16, "KiB", 1),
            ("last picture, of the page's load", lambda first, _: first.last_picture / first.load, 2, "of its time", 5),
            ("pictures fetched on the second visit", lambda _, second: second.fetched, 0, "pictures", 1),
        )
        for what, value, bound, unit, rounds in of_visits:
            yield Quantity(
                name="P22",
                what=f"library of {_VIDEOS}: {what}",
                measure=partial(_of_visits, product, value),
                bound=bound,
                unit=unit,
                rounds=rounds,
            )


# P19: a film of any size.


def _spread(film: Path, folder: Path, *, size: int, end: str) -> Path:
    """The MP4 `film`, whose index is the last box, in `size` bytes: the index at that end, holes between the rest.

    ISO/IEC 14496-12, 4.2 and 8.7.5.
    """
    content = film.read_bytes()
    top = dict(_boxes(content))
    starts: list[int] = []

    def note(start: int) -> int:
        starts.append(start)
        return start

    index_size = len(_with_places(b"moov", top[b"moov"], note))
    starts.sort()
    head = _box(b"ftyp", top[b"ftyp"])
    media = len(head) + (index_size if end == "front" else 0)
    hole = max(0, size - len(content)) // len(starts)
    places = {start: media + 16 + start - starts[0] + number * hole for number, start in enumerate(starts)}
    index = _with_places(b"moov", top[b"moov"], places.__getitem__)
    stops = [*starts[1:], len(content) - len(_box(b"moov", top[b"moov"]))]
    pieces = [content[start:stop] for start, stop in zip(starts, stops, strict=True)]
    media_end = places[starts[-1]] + len(pieces[-1])
    path = folder / f"{size}-{end}.mp4"
    with path.open("wb") as file:
        file.write(head + (index if end == "front" else b""))
        # Its size in 64 bits.
        file.write((1).to_bytes(4) + b"mdat" + (media_end - media).to_bytes(8))
        for start, piece in zip(starts, pieces, strict=True):
            file.seek(places[start])
            file.write(piece)
        file.write(index if end == "end" else b"")
    return path


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    while start < len(content):
        size = int.from_bytes(content[start : start + 4])
        yield content[start + 4 : start + 8], content[start + 8 : start + size]
        start += size


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def _with_places(kind: bytes, content: bytes, place: Callable[[int], int]) -> bytes:
    """The box with each chunk at its new place, in 64 bits."""
    if kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
        return _box(kind, b"".join(_with_places(*inner, place) for inner in _boxes(content)))
    if kind == b"stco":
        starts = [int.from_bytes(content[at : at + 4]) for at in range(8, len(content), 4)]
        return _box(b"co64", content[:8] + b"".join(place(start).to_bytes(8) for start in starts))
    return _box(kind, content)


def _read_mib(film: Path) -> float:
    made = _look(film)
    assert made.facts is not None
    assert made.facts.duration_ms
    assert made.files, "there is no poster"
    return made.bytes_read / _MIB


def _cpu_ratio(film: Path, peer: Path) -> float:
    ours, theirs = (_cpu_seconds(partial(_read_mib, each)) for each in (film, peer))
    return ours / theirs


def _cpu_seconds(call: Callable[[], object]) -> float:
    """Of this process and of those that it starts meanwhile."""
    before = _cpu()
    call()
    return _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _look(film: Path) -> Made:
    return asyncio.run(_make(film, film.stat().st_size, Task.LOOK))


async def _make(film: Path, size: int, task: Task, facts: Facts | None = None) -> Made:
    """What a worker makes of the film, which it reads from a server, as from S3."""
    app = web.Application()
    app.router.add_static("/", film.parent)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        now = datetime.now(UTC)
        source = JobSource(url=str(server.make_url(f"/{film.name}")), size=size, expires_at=now)

        async def renew() -> JobSource:
            return source

        job = Job(id="1", task=task, attempt=1, lease_seconds=120, source=source, facts=facts)
        looking = Looking(session, Jail())
        make = looking.look if task is Task.LOOK else looking.storyboard
        return await make(job, renew=renew, on_progress=lambda _: None)


# P20: the storyboard.


def _storyboard(film: Path) -> Made:
    facts = Facts(duration_ms=_FILM_SECONDS * 1000)
    return asyncio.run(_make(film, film.stat().st_size, Task.STORYBOARD, facts))


def _of_ffmpeg(film: Path) -> float:
    made: list[Made] = []
    ours = _cpu_seconds(lambda: made.append(_storyboard(film)))
    peer = _cpu_seconds(partial(_storyboard_by_ffmpeg, film))
    sprites = [file.content for file in made[0].files if file.name.endswith(".webp")]
    assert len(sprites) == _SPRITES
    for number, sprite in enumerate(sprites, start=1):
        theirs = film.with_name(f"peer-{number}.webp").read_bytes()
        assert _difference(sprite, theirs) < _ALIKE, "they are not the same pictures"
    return ours / peer


def _storyboard_by_ffmpeg(film: Path) -> None:
    """As quickly as it can, on one thread like ours: it reads and decodes key frames alone, and takes the last one
    before the middle of each tile, which is the one that a seek leads to.
    """
    interval = _FILM_SECONDS // (_SPRITES * 100)
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y"),
            *("-threads", "1", "-discard", "nokey", "-skip_frame", "nokey", "-i", film),
            *("-vf", f"setpts=PTS-1,fps=1/{interval},scale=160:90:flags=area+accurate_rnd,tile=10x10"),
            *("-an", "-frames:v", str(_SPRITES), "-c:v", "libwebp", "-quality", "78", "-compression_level", "4"),
            *("-f", "image2", film.with_name("peer-%d.webp")),
        ],
        check=True,
        timeout=_LIMIT_SECONDS,
    )


def _difference(one: bytes, other: bytes) -> float:
    pairs = zip(*(bytes(decode(content).planes[0]) for content in (one, other)), strict=True)
    return statistics.fmean(abs(ours - theirs) for ours, theirs in pairs)


# P21 and P22: the product.


async def _fill(product: Product) -> None:
    """Sixty videos, and each has been looked at."""
    film = footage.fetch(footage.OCEAN_MP4).read_bytes()
    async with aiohttp.ClientSession() as session:
        admin = await person(session, product)
        for number in range(_VIDEOS):
            await admin.upload(film, title=f"Ocean {number}", filename="ocean.mp4")
        await eventually(partial(_have_pictures, admin), what="all have pictures", limit_seconds=_LIMIT_SECONDS)


async def _have_pictures(admin: Person) -> bool:
    answer = await admin.call("GET", f"{admin.stream_url}/v1/videos", params={"limit": str(_VIDEOS)})
    items: Sequence[dict[str, Any]] = (await answer.json())["items"]
    return len(items) == _VIDEOS and all(item["pictures"] for item in items)


def _peak_memory(pid: int) -> int:
    """In bytes (Linux only)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@dataclass(slots=True)
class _Visit:
    """How many pictures came over the line, and their bytes; when the last one was there and the page loaded, in ms."""

    fetched: int = 0
    size: int = 0
    last_picture: float = 0
    load: float = 0


def _of_visits(product: Product, value: Callable[[_Visit, _Visit], float]) -> float:
    async def measure() -> float:
        async with browsers.chromium() as browser:
            context = await browsers.logged_in(browser, product, viewport=_WINDOW)
            first, second = [await _visit(context, product) for _ in range(2)]
        return value(first, second)

    return asyncio.run(measure())


async def _visit(context: BrowserContext, product: Product) -> _Visit:
    page, visit, pictures = await context.new_page(), _Visit(), set[str]()
    session = await context.new_cdp_session(page)

    def answered(said: dict[str, Any]) -> None:
        if "/derived/" in said["response"]["url"]:
            pictures.add(said["requestId"])

    def finished(said: dict[str, Any]) -> None:
        # What comes from a cache is no byte long.
        if said["requestId"] in pictures and said["encodedDataLength"]:
            visit.fetched += 1
            visit.size += int(said["encodedDataLength"])

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    await session.send("Network.enable")
    await page.goto(f"{product.url('stream')}/?limit={_VIDEOS}")
    await page.wait_for_function(_ALL_SHOWN)
    visit.last_picture, visit.load = await page.evaluate(_TIMES)
    await page.close()
    return visit
