"""Files that mean harm: a reason for each, within bounds, and no request but for their own bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from contracts.media import Reason
from media_svc.blocks import Blocks
from media_svc.made import Failed, StorageAway
from media_svc.wire import BLOCK_SIZE
from tests import footage
from tests.films import write_film, write_streams
from tests.media.conftest import Source

_LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXTINF:9,\n{url}secret\n#EXT-X-ENDLIST\n",
    "hls-in-hls": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}secret.m3u8\n",
    "concat": "ffconcat version 1.0\nfile 'file:///etc/passwd'\nfile '{url}secret'\n",
    "dash": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
    "mediaPresentationDuration='PT9S'><Period><AdaptationSet mimeType='video/mp4'><Representation id='1' "
    "bandwidth='1'><BaseURL>{url}secret</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "text": "This is no film.\n" * 1000,
    "svg": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}secret'/></svg>",
}  # fmt: skip


@pytest.mark.parametrize("kind", _LISTS)
async def test_a_text_is_no_film_and_leads_nowhere(source: Source, kind: str) -> None:
    with pytest.raises(Failed) as failed:
        await source.look(_LISTS[kind].replace("{url}", source.url).encode())
    assert (failed.value.reason, failed.value.is_final) == (Reason.UNSUPPORTED, True)
    assert {path for path, _ in source.asked} == {"/film"}


def _too_wide(folder: Path) -> bytes:
    return _announcing(folder, 17_000, 180)


def _announcing(folder: Path, width: int, height: int) -> bytes:
    """A film whose index and pictures say that they are that large."""
    path = write_film(folder / "film.mov", codec="mjpeg", times_ms=[0, 40], pixels="yuvj420p")
    film = bytearray(path.read_bytes())
    entry = film.index(b"jpeg", film.index(b"stsd")) + 4 + 24
    film[entry : entry + 4] = width.to_bytes(2) + height.to_bytes(2)
    starts = [found.start() for found in re.finditer(b"\xff\xc0\0\x11", film)]
    assert len(starts) == 2
    for start in starts:
        film[start + 5 : start + 9] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(film)


def _many_streams(folder: Path) -> bytes:
    return write_streams(folder / "streams.mkv", count=260).read_bytes()


def _without_its_index(_: Path) -> bytes:
    return footage.fetch(footage.OCEAN_MP4).read_bytes()[:500_000]


def _index_of_nothing(_: Path) -> bytes:
    # A `moov` of 4 GiB in a file of 100 bytes.
    return b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\xff\xff\xff\xffmoov" + bytes(68)


def _noise(_: Path) -> bytes:
    return random.Random(1).randbytes(100_000)  # noqa: S311


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_too_wide, Reason.TOO_LARGE),
        (_many_streams, Reason.TOO_LARGE),
        (_without_its_index, Reason.DAMAGED),
        (_index_of_nothing, Reason.DAMAGED),
        (_noise, Reason.UNSUPPORTED),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
async def test_a_film_that_cannot_be_has_a_reason(
    source: Source, tmp_path: Path, make: Callable[[Path], bytes], reason: Reason
) -> None:
    with pytest.raises(Failed) as failed:
        await source.look(make(tmp_path))
    assert (failed.value.reason, failed.value.is_final) == (reason, True)


@pytest.mark.parametrize("side", [16_000, 65_000])
async def test_pictures_that_nobody_can_hold_are_not_made(source: Source, tmp_path: Path, side: int) -> None:
    made = await source.look(_announcing(tmp_path, side, side))
    assert (made.files, made.facts is not None and made.facts.has_video) == ([], True)


async def test_a_film_that_ends_early_shows_what_there_is(source: Source) -> None:
    content = footage.fetch(footage.OCEAN_WEBM).read_bytes()[:300_000]
    made = await source.look(content)
    assert made.files
    assert (await source.storyboard(content, facts=made.facts)).files


async def test_a_url_that_has_run_out_is_renewed_once_and_a_storage_that_fails_is_no_fault_of_the_film(
    source: Source,
) -> None:
    source.content = bytes(3 * BLOCK_SIZE + 5)
    renewed = 0

    async def renew() -> object:
        nonlocal renewed
        renewed += 1
        return source.where()

    blocks = Blocks(source.session, source.where(), renew, most_bytes=10 * BLOCK_SIZE)  # type: ignore[arg-type]
    source.key = "2"
    assert await blocks.get(3) == bytes(5)
    assert (renewed, blocks.requests, blocks.bytes_read) == (1, 2, 5)
    assert await blocks.get(3) == bytes(5)
    assert blocks.requests == 2

    refusals: list[Callable[[web.Request], web.StreamResponse]] = [
        lambda _: web.Response(status=403),
        lambda _: web.Response(status=503),
        # All of it, or another part, or of another file, or less.
        lambda _: web.Response(body=source.content),
        lambda _: web.Response(status=206, body=b"x", headers={"Content-Range": f"bytes 0-0/{len(source.content)}"}),
        lambda _: web.Response(
            status=206, body=bytes(BLOCK_SIZE), headers={"Content-Range": f"bytes 0-{BLOCK_SIZE - 1}/9999999"}
        ),
        lambda _: web.Response(status=302, headers={"Location": f"{source.url}secret"}),
    ]
    # Where there is no such object, there is nothing to wait for.
    source.instead = lambda _: web.Response(status=404)
    with pytest.raises(Failed) as failed:
        await blocks.get(0)
    assert (type(failed.value), failed.value.reason) == (Failed, Reason.STORAGE)
    for refuse in refusals:
        source.instead = refuse
        with pytest.raises(StorageAway):
            await blocks.get(0)
    assert {path for path, _ in source.asked} == {"/film"}
