"""Renditions drawn here, without a worker: small fragmented MP4 files, and what is to be known of each."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import av
from av.video.stream import VideoStream
from sqlalchemy import delete, insert

from catalogue.tables import RENDITIONS
from common.db import Database
from contracts.derived import AskDerivedPart, CreateInParts, Derivation, DerivedPart
from contracts.renditions import TIMESCALE, Renditions, Segment, VideoRendition, file_id
from fs_svc.derived.in_parts import InParts
from tests.films import picture

_RATE = 10


def write_rendition(path: Path, *, side: int = 64, seconds: int = 5) -> VideoRendition:
    """Writes a square picture of that side, ten a second, in segments of two seconds; its name is the file's."""
    with av.open(path, "w", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}) as container:
        options = {"g": str(2 * _RATE), "bf": "0", "sc_threshold": "0", "preset": "ultrafast", "profile": "high"}
        stream = container.add_stream("libx264", rate=_RATE, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for number in range(seconds * _RATE):
            frame = picture(number % 200 + 20, width=side, height=side)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = path.read_bytes()
    init_size, pieces = _fragments(content)
    whole = seconds * TIMESCALE
    return VideoRendition(
        name=path.stem,
        codec=_codec(content),
        init_size=init_size,
        segments=tuple(
            Segment(offset=offset, size=size, duration=min(2 * TIMESCALE, whole - number * 2 * TIMESCALE))
            for number, (offset, size) in enumerate(pieces)
        ),
        width=side,
        height=side,
    )


def _codec(content: bytes) -> str:
    """As the file says it (ISO/IEC 14496-15): profile, constraints and level."""
    begin = content.index(b"avcC") + 5
    return f"avc1.{content[begin : begin + 3].hex()}"


def _fragments(content: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Where the first fragment begins, and where each lies: moof and mdat."""
    offset, init_size, fragments = 0, 0, list[tuple[int, int]]()
    while offset < len(content):
        size, kind = struct.unpack_from(">I4s", content, offset)
        if kind == b"moof":
            fragments.append((offset, size))
        elif kind == b"mdat":
            fragments[-1] = (fragments[-1][0], fragments[-1][1] + size)
        elif not fragments:
            init_size += size
        offset += size
    return init_size, fragments


async def give(
    in_parts: InParts, database: Database, video_id: str, files: Mapping[VideoRendition, Path], *, set_id: str
) -> None:
    """Makes these what the video has, in place of what it had: stored as workers' parts are, and known to players."""
    async with aiohttp.ClientSession() as session:
        for rendition, path in files.items():
            content = path.read_bytes()
            upload = CreateInParts(object_id=video_id, task=Derivation.RENDITION, name=f"{rendition.name}.mp4")
            part = DerivedPart(part_number=1, size=len(content), sha256=hashlib.sha256(content).hexdigest())
            derived_id = file_id(video_id, set_id, rendition.name)
            signed = await in_parts.part_url(derived_id, AskDerivedPart(upload=upload, part=part))
            [put] = signed.puts.values()
            async with session.put(put.url, data=content, headers=put.headers) as answer:
                assert answer.status == 200, await answer.text()
            await in_parts.complete(derived_id, [part])
    told = Renditions(video=tuple(files))
    values = {
        "video_id": video_id,
        "set_id": set_id,
        "content": told.model_dump_json(),
        "names": " ".join(item.name for item in told.files),
    }
    await database.change(delete(RENDITIONS).where(RENDITIONS.c.video_id == video_id))
    await database.change(insert(RENDITIONS).values(**values))
