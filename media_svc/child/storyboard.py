"""What is where in a film: a small picture of each of its moments, a hundred to a sprite."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media_svc.child.opening import frames
from media_svc.child.parent import Parent
from media_svc.child.pictures import Looks, encode_webp, fit, render
from media_svc.child.poster import seek, stamp_of, time_of

COLUMNS: Final = 10
ROWS: Final = 10
LEAST_INTERVAL_MS: Final = 2000
MOST_TILES: Final = 300
_TILE: Final = 160
# From a key frame to the beginning of a tile.
_MOST_FRAMES: Final = 600


def interval_of(duration_ms: int) -> int:
    """From one tile to the next, in milliseconds."""
    return max(LEAST_INTERVAL_MS, -(-duration_ms // MOST_TILES))


class Sprite:
    """A yuv420p picture of up to 10 × 10 tiles."""

    def __init__(self, width: int, height: int) -> None:
        self._tile = (width, height)
        self.count = 0
        across, down = width * COLUMNS, height * ROWS
        # Black, in limited range.
        self._planes = (
            (bytearray(b"\x10" * (across * down)), across, width, height),
            *((bytearray(b"\x80" * (across * down // 4)), across // 2, width // 2, height // 2) for _ in range(2)),
        )

    @property
    def is_full(self) -> bool:
        return self.count == COLUMNS * ROWS

    def add(self, tile: VideoFrame) -> None:
        row, column = divmod(self.count, COLUMNS)
        for (pixels, across, width, height), plane in zip(self._planes, tile.planes, strict=True):
            source = bytes(plane)
            for line in range(height):
                start = (row * height + line) * across + column * width
                pixels[start : start + width] = source[line * plane.line_size :][:width]
        self.count += 1

    def encode(self) -> bytes:
        """As WebP, with as many rows as there are."""
        rows = -(-self.count // COLUMNS)
        frame = VideoFrame(self._tile[0] * COLUMNS, self._tile[1] * rows, "yuv420p")
        for (pixels, across, _, height), plane in zip(self._planes, frame.planes, strict=True):
            lines = (pixels[line * across :][:across] for line in range(height * rows))
            plane.update(b"".join(line.ljust(plane.line_size, b"\0") for line in lines).ljust(plane.buffer_size, b"\0"))
        return encode_webp(frame)


def sprites(
    container: InputContainer, video: VideoStream, looks: Looks, *, duration_ms: int, parent: Parent
) -> Iterator[tuple[str, bytes, int]]:
    """Names, contents and numbers of tiles."""
    interval = interval_of(duration_ms)
    width, height = tile_size(looks)
    total = max(1, -(-duration_ms // interval))
    sprite, number, last = Sprite(width, height), 0, None
    for done, frame in enumerate(_moments(container, video, interval=interval, total=total)):
        parent.progress(100 * done / total)
        if frame is not None:
            last = render(frame, looks, width=width, height=height, pixels="yuv420p")
        if last is None:
            # Nothing has been decoded yet: what comes first stands for it.
            continue
        sprite.add(last)
        if sprite.is_full:
            yield f"storyboard-{number}.webp", sprite.encode(), sprite.count
            sprite, number = Sprite(width, height), number + 1
    if sprite.count:
        yield f"storyboard-{number}.webp", sprite.encode(), sprite.count


def tile_size(looks: Looks) -> tuple[int, int]:
    return fit(looks, width=_TILE, height=_TILE)


def _moments(
    container: InputContainer, video: VideoStream, *, interval: int, total: int
) -> Iterator[VideoFrame | None]:
    """A picture for each tile, from its own time; None where there is none but the one before.

    It goes through the file once and forwards: to the next key frame where one lies nearer, else by decoding on.
    """
    going, last = None, None
    for tile in range(total):
        begins, ends = tile * interval, (tile + 1) * interval
        if last is not None and time_of(last, video) >= begins:
            # Decoded already; perhaps of a later tile, where pictures are rare.
            yield last if time_of(last, video) < ends else None
            continue
        try:
            if going is None or _has_key_frame(video, after=last, up_to=begins + interval // 2):
                seek(container, video, begins + interval // 2)
                going = frames(container, video)
            found = None
            for frame in islice(going, _MOST_FRAMES):
                found = frame
                if time_of(frame, video) >= begins:
                    break
        except av.error.FFmpegError:
            found, going = None, None
        last = found or last
        yield found


def _has_key_frame(video: VideoStream, *, after: VideoFrame | None, up_to: int) -> bool:
    """Whether a seek to `up_to` (ms) leads past `after`; True where the index does not say."""
    entries = video.index_entries
    if after is None or after.pts is None or not len(entries):
        return True
    number = entries.search_timestamp(stamp_of(up_to, video), backward=True)
    return number < 0 or entries[number].timestamp > after.pts
