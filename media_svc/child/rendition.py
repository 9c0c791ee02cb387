"""Renditions: a film's pictures in several sizes from one decoding, and its sound; as fragmented MP4 (CMAF).

Pieces of a film that are made apart fit together: their times are the film's own, so that there is nothing to add to
them, and pictures that need later ones (B-frames) are not made, because players do not agree on when the first of them
is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final, TypedDict

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from media_svc.child.codec_strings import codec_string
from media_svc.child.facts import language_of
from media_svc.child.fragments import TIMESCALE, FragmentedFile
from media_svc.child.opening import AUDIO_DECODERS, DAMAGED, decoder_of, frames, ratio
from media_svc.child.parent import EnoughRead, Parent
from media_svc.child.pictures import BT709, Looks, fit, render
from media_svc.child.poster import begin_of, seek

MOST_SOUNDS: Final = 8
_KEY_FRAME_SECONDS: Final = 2
_BASE: Final = Fraction(1, TIMESCALE)
_FLAGS: Final = "empty_moov+default_base_moof+negative_cts_offsets+frag_discont+skip_trailer"
_MUXER: Final = {"use_editlist": "0", "avoid_negative_ts": "disabled"}
_BUFFER: Final = 2**18
# Bits per second at most, by pixels of 16:9 with that short side.
_RATES: Final = ((1080, 6_000_000), (720, 3_200_000), (480, 1_500_000), (360, 800_000), (0, 400_000))
_CRF: Final = "23"
_SAMPLE_RATE: Final = 48_000
_SOUND_BITS: Final = 128_000
_SOUND_FRAGMENT_MICROSECONDS: Final = 4_000_000
# From where a film is read when the place before a piece cannot be found: so many milliseconds before that.
_FURTHER_BACK: Final = (0, 15_000, 120_000)


class MadeRendition(TypedDict, total=False):
    """As the worker is told of it: segments follow each other behind the beginning, sizes and durations."""

    name: str
    kind: str
    codec: str | None
    width: int
    height: int
    frame_rate: float | None
    channels: int
    language: str | None
    init_size: int
    segments: list[tuple[int, int]]


class Rung:
    """One size of the pictures, encoded and sent away as they come."""

    def __init__(
        self, parent: Parent, number: int, name: str, size: tuple[int, int], *, rate: float, preset: str
    ) -> None:
        self.size = size
        self._name = name
        self._file = FragmentedFile(parent, number)
        self._rate = rate
        self._container = _muxer(self._file, {"movflags": f"frag_keyframe+{_FLAGS}"})
        self._stream = stream = self._container.add_stream("libx264", rate=round(rate) or 1)
        assert isinstance(stream, VideoStream)  # noqa: S101
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = context_base = _BASE
        context = stream.codec_context
        context.time_base = context_base
        context.thread_count = 1
        context.color_range, context.colorspace = 1, BT709
        context.color_primaries = context.color_trc = BT709
        most = _most_bits(size)
        context.options = {
            "preset": preset,
            "profile": "high",
            "crf": _CRF,
            "forced-idr": "1",
            "bf": "0",
            "maxrate": str(most),
            "bufsize": str(2 * most),
            "x264-params": "scenecut=0:keyint=infinite",
        }
        self.is_empty = True
        # Held back until it is known how long it is shown.
        self._packet: Packet[Any] | None = None

    def add(self, frame: VideoFrame, tick: int, *, is_key: bool) -> None:
        self.is_empty = False
        frame.pts, frame.time_base = tick, _BASE
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        self._mux(frame)

    def finish(self, start: int, end: int, *, next_tick: int) -> MadeRendition:
        """It is of the film from `start` to `end` (1/90000 s); the last picture is shown until `next_tick`."""
        self._mux(None)
        self._send(next_tick)
        self._container.close()
        assert isinstance(self._stream, VideoStream)  # noqa: S101
        width, height = self.size
        return {
            "name": self._name,
            "kind": "video",
            "codec": codec_string(self._stream, name="h264"),
            "width": width,
            "height": height,
            "frame_rate": round(self._rate, 3) or None,
            "init_size": self._file.init_size,
            "segments": self._file.segments(scale=TIMESCALE, start=start, end=end),
        }

    def _mux(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            self._send(packet.pts or 0)
            self._packet = packet

    def _send(self, until: int) -> None:
        if (packet := self._packet) is not None:
            packet.duration = max(1, until - (packet.pts or 0))
            self._container.mux(packet)


def pictures(
    container: InputContainer,
    video: VideoStream,
    first: VideoFrame,
    looks: Looks,
    parent: Parent,
    *,
    start_ms: int,
    end_ms: int | None,
    rungs: Sequence[tuple[str, int]],
    preset: str,
    duration_ms: int,
) -> list[MadeRendition]:
    """Each of the `rungs` (name, short side) from `start_ms` to before `end_ms`, None: to the end; largest first.

    `first` is the film's first picture. What the film has no pictures for is left out.
    """
    rate = float(ratio(video.average_rate) or ratio(video.guessed_rate) or 25)
    start, end = start_ms * TIMESCALE // 1000, None if end_ms is None else end_ms * TIMESCALE // 1000
    length = max(1, (end or duration_ms * TIMESCALE // 1000) - start)
    made = [
        Rung(parent, number, name, size_of(looks, side), rate=min(rate, 1000), preset=preset)
        for number, (name, side) in enumerate(rungs)
    ]
    largest_first = sorted(made, key=lambda rung: -rung.size[0])
    last, marker, usual, following = -1, -1, round(TIMESCALE / rate), None
    base, length_of_last = ratio(video.time_base), usual
    for frame, tick in _between(container, video, first, start):
        if end is not None and tick >= end:
            following = tick
            break
        if tick <= last:
            continue
        last, length_of_last = tick, round((frame.duration or 0) * base * TIMESCALE) or usual
        is_key, marker = tick // (_KEY_FRAME_SECONDS * TIMESCALE) != marker, tick // (_KEY_FRAME_SECONDS * TIMESCALE)
        shown, as_it_is = frame, looks
        for rung in largest_first:
            width, height = rung.size
            shown = render(shown, as_it_is, width=width, height=height, pixels="yuv420p", matrix="bt709")
            as_it_is = Looks(turn="", width=width, height=height)
            rung.add(shown, tick, is_key=is_key)
        parent.progress(100 * (tick - start) / length)
    next_tick = following if following is not None else last + length_of_last
    until = next_tick if end is None or following is None else end
    return [rung.finish(start, until, next_tick=next_tick) for rung in made if not rung.is_empty]


def size_of(looks: Looks, side: int) -> tuple[int, int]:
    """With a short side of so many pixels, or as large as the source."""
    is_upright = looks.height > looks.width
    width, height = (side, looks.height) if is_upright else (looks.width, side)
    return fit(looks, width=width, height=height)


def _between(
    container: InputContainer, video: VideoStream, first: VideoFrame, start: int
) -> Iterator[tuple[VideoFrame, int]]:
    """Pictures from `start` on with their times in the film, both in 1/90000 s. Raises EnoughRead."""
    begin, base = begin_of(video), ratio(video.time_base)
    for frame in _from(container, video, max(start, _tick(first, base, begin)), begin=begin):
        if frame.pts is not None and (tick := _tick(frame, base, begin)) >= start:
            yield frame, tick


def _from(container: InputContainer, video: VideoStream, start: int, *, begin: Fraction) -> Iterator[VideoFrame]:
    """Pictures from a key frame before `start` on, which is not before the film's first picture.

    The one to which a seek leads may lie behind it: in MPEG-TS it is found by when it is decoded, not shown.
    """
    base = ratio(video.time_base)
    for back in _FURTHER_BACK:
        _seek(container, video, start * 1000 // TIMESCALE - back)
        going = frames(container, video)
        first = next((frame for frame in going if frame.pts is not None), None)
        if first is not None and (back == _FURTHER_BACK[-1] or _tick(first, base, begin) <= start):
            yield first
            yield from going
            return


def _seek(container: InputContainer, video: VideoStream, moment_ms: int) -> None:
    """As well as it can be done. Before the beginning is the beginning, but not all formats know that."""
    try:
        seek(container, video, moment_ms)
    except av.error.FFmpegError:
        with suppress(av.error.FFmpegError):
            seek(container, video, max(0, moment_ms))


def _tick(frame: VideoFrame, base: Fraction, begin: Fraction) -> int:
    return round((frame.pts * base - begin) * TIMESCALE) if frame.pts is not None else 0


def sounds(container: InputContainer, parent: Parent, *, duration_ms: int) -> list[MadeRendition]:
    """Each sound that can be decoded, as AAC."""
    streams = [stream for stream in container.streams.audio if decoder_of(stream) in AUDIO_DECODERS][:MOST_SOUNDS]
    begin = Fraction(container.start_time or 0, av.time_base)
    made = [Sound(parent, number, stream, begin, duration_ms=duration_ms) for number, stream in enumerate(streams)]
    by_index = {sound.index: sound for sound in made}
    with suppress(EnoughRead):
        for packet in container.demux(streams) if streams else ():
            sound = by_index[packet.stream.index]
            if packet.pts is not None and duration_ms:
                parent.progress(100 * float(packet.pts * ratio(packet.time_base) - begin) * 1000 / duration_ms)
            try:
                found = packet.decode()
            except DAMAGED:
                # As a player does; what is missing there is silent.
                continue
            for frame in found:
                sound.add(frame)  # type: ignore[arg-type]
    return [rendition for sound in made if (rendition := sound.finish()) is not None]


class Sound:
    """One language, encoded and sent away as it comes."""

    def __init__(self, parent: Parent, number: int, stream: AudioStream, begin: Fraction, *, duration_ms: int) -> None:
        self.index = stream.index
        self._name = "audio" if number == 0 else f"audio-{number + 1}"
        self._language = language_of(stream)
        self._source = stream
        self._begin = begin
        self._duration_ms = duration_ms
        self._file = FragmentedFile(parent, number)
        self._container: OutputContainer | None = None
        self._graph: Graph | None = None
        self._channels = 1 if stream.channels == 1 else 2
        self._end = 0

    def add(self, frame: AudioFrame) -> None:
        if frame.pts is None:
            return
        if self._graph is None:
            self._graph = self._filters(frame)
            self._open()
        base = ratio(self._source.time_base)
        frame.pts -= round(self._begin / base)
        # Another rate or other channels in the middle, which a player would follow: what does not fit is left out.
        with suppress(av.error.ArgumentError):
            self._graph.push(frame)
        self._drain()

    def finish(self) -> MadeRendition | None:
        if self._graph is None or self._container is None:
            return None
        self._graph.push(None)
        self._drain()
        self._encode(None)
        self._container.close()
        segments = self._file.segments(scale=_SAMPLE_RATE, start=0, end=self._end)
        return segments and {  # type: ignore[return-value]
            "name": self._name,
            "kind": "audio",
            "codec": "mp4a.40.2",
            "channels": self._channels,
            "language": self._language,
            "init_size": self._file.init_size,
            "segments": segments,
        }

    def _filters(self, frame: AudioFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        layout = "mono" if self._channels == 1 else "stereo"
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            channels=frame.layout.nb_channels,
            time_base=ratio(self._source.time_base),
        )
        graph.link_nodes(
            source,
            # Gaps are filled and what overlaps is cut, from the film's beginning on.
            graph.add("aresample", f"{_SAMPLE_RATE}:async=1000:first_pts=0"),
            # A sound that ends before its film goes on in silence: players would wait for more of it.
            graph.add("apad", f"whole_dur={self._duration_ms}ms"),
            graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}:sample_rates={_SAMPLE_RATE}"),
            graph.add("asetnsamples", "n=1024:p=0"),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _open(self) -> None:
        options: dict[str, Any] = {"movflags": _FLAGS, "frag_duration": str(_SOUND_FRAGMENT_MICROSECONDS)}
        self._container = _muxer(self._file, options)
        stream = self._container.add_stream("aac", rate=_SAMPLE_RATE)
        assert isinstance(stream, AudioStream)  # noqa: S101
        stream.layout = "mono" if self._channels == 1 else "stereo"
        stream.bit_rate = _SOUND_BITS
        self._stream = stream

    def _drain(self) -> None:
        assert self._graph is not None  # noqa: S101
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, AudioFrame)  # noqa: S101
            self._encode(frame)

    def _encode(self, frame: AudioFrame | None) -> None:
        if frame is not None:
            frame.time_base = Fraction(1, _SAMPLE_RATE)
            self._end = (frame.pts or 0) + frame.samples
        context: AudioCodecContext = self._stream.codec_context
        for packet in context.encode(frame):
            # What the encoder puts before the beginning is nobody's.
            if packet.pts is not None and packet.pts >= 0 and self._container is not None:
                packet.stream = self._stream
                self._container.mux(packet)


def _muxer(file: FragmentedFile, options: dict[str, str]) -> OutputContainer:
    container: OutputContainer = av.open(file, "w", format="mp4", options={**_MUXER, **options}, buffer_size=_BUFFER)
    return container


def _most_bits(size: tuple[int, int]) -> int:
    side = min(size)
    return next(bits for least, bits in _RATES if side >= least)
