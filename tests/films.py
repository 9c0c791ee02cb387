"""Films of every kind, drawn here: small, quick to make, and each picture says when it is shown."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from math import pi, sin
from pathlib import Path
from random import Random

import av
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

X265 = "log-level=none:pools=1"
HDR10 = f"{X265}:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"

Draw = Callable[[int], int]


def picture(luma: int, *, width: int, height: int, pixels: str = "yuv420p") -> VideoFrame:
    """A scene of that lightness (0 to 255): lighter to the right, with bars across; 0 is black throughout."""
    frame = VideoFrame(width, height, "yuv420p")
    plane = frame.planes[0]
    row = bytes(min(235, 16 + (luma * (2 * x + width) // (3 * width))) if luma else 16 for x in range(width))
    dark = bytes(value // 2 + 8 for value in row) if luma else row
    lines = [(dark if y // 8 % 2 else row).ljust(plane.line_size, b"\0") for y in range(height)]
    plane.update(b"".join(lines).ljust(plane.buffer_size, b"\0"))
    for chroma in frame.planes[1:]:
        chroma.update(b"\x80" * chroma.buffer_size)
    return frame if pixels == "yuv420p" else frame.reformat(format=pixels)


def write_film(
    path: Path,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (320, 180),
    times_ms: Sequence[int],
    luma: Draw = lambda _: 180,
    group: int = 12,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    rotation: int = 0,
    languages: Iterable[str] = (),
    sound_blocks: int = 8,
    metadata: dict[str, str] | None = None,
    fonts: int = 0,
) -> Path:
    """Writes a film whose picture at each of `times_ms` has the lightness that `luma` says, with a tone of so many
    `sound_blocks` for each of `languages`, and so many `fonts` attached.
    """
    width, height = size
    with av.open(path, "w", container_options=container or {}) as output:
        output.metadata.update(metadata or {})
        video = output.add_stream(
            codec, rate=25, options=options or ({"preset": "ultrafast"} if codec.startswith("libx26") else {})
        )
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.gop_size = width, height, pixels, group
        video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.thread_count = 1
        if rotation:
            video.set_display_rotation(rotation)
        sounds = [_add_sound(output, language) for language in languages]
        for number in range(fonts):
            output.add_attachment(f"{number}.ttf", "font/ttf", b"\0\1\0\0")
        for time in times_ms:
            frame = picture(luma(time), width=width, height=height, pixels=pixels)
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for sound in sounds:
            _mux_tone(output, sound, blocks=sound_blocks)
    return path


def write_noise(path: Path, *, frames: int) -> Path:
    """Writes a film of 80 KB a picture, of which only the first needs no other."""
    noise = Random(1)  # noqa: S311 - no secret
    with av.open(path, "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "qp": "20"})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.gop_size = 320, 180, "yuv420p", 10_000
        for number in range(frames):
            frame = VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                plane.update(noise.randbytes(plane.buffer_size))
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return path


def write_music(path: Path, *, cover: bytes) -> Path:
    """Writes an MP3 whose ID3 tag has a cover (ID3v2.3, section 4.15)."""
    with av.open(path, "w", format="mp3", container_options={"id3v2_version": "0", "write_xing": "0"}) as output:
        sound = output.add_stream("libmp3lame", rate=48_000, layout="stereo")
        assert isinstance(sound, AudioStream)
        _mux_tone(output, sound, blocks=60)
    image = b"\0image/jpeg\0\3\0" + cover
    frame = b"APIC" + struct.pack(">IH", len(image), 0) + image
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\3\0\0" + size + frame + path.read_bytes())
    return path


def jpeg(*, width: int, height: int) -> bytes:
    """A picture as JPEG."""
    with BytesIO() as file:
        with av.open(file, "w", format="image2pipe") as output:
            stream = output.add_stream("mjpeg", rate=1)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
            frame = picture(180, width=width, height=height).reformat(format="yuvj420p", dst_color_range="JPEG")
            frame.pts = 0
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return file.getvalue()


def encoded(codec: str, pixels: str, *, width: int = 1600, height: int = 800) -> bytes:
    """A picture in the format of that encoder (`mjpeg`, `png`, `libwebp`)."""
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.time_base = width, height, pixels, Fraction(1, 25)
    frame = picture(180, width=width, height=height, pixels=pixels)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def write_streams(path: Path, *, count: int) -> Path:
    """Writes a file of `count` sounds."""
    with av.open(path, "w", format="matroska") as output:
        for sound in [_add_sound(output, "eng") for _ in range(count)]:
            _mux_tone(output, sound, blocks=1)
    return path


def decode(content: bytes) -> VideoFrame:
    """The picture in `content`, as yuv420p."""
    with av.open(BytesIO(content), "r") as file:
        return next(file.decode(video=0)).reformat(format="yuv420p", dst_color_range="MPEG")


def luma_of(frame: VideoFrame, *, left: int, top: int, width: int, height: int) -> float:
    """How light a part of a yuv420p picture is on average."""
    plane = frame.planes[0]
    content = bytes(plane)
    lines = [content[y * plane.line_size + left :][:width] for y in range(top, top + height)]
    return sum(map(sum, lines)) / (width * height)


def _add_sound(output: OutputContainer, language: str) -> AudioStream:
    sound = output.add_stream("aac", rate=48_000, layout="stereo")
    assert isinstance(sound, AudioStream)
    sound.metadata["language"] = language
    return sound


def _mux_tone(output: OutputContainer, sound: AudioStream, *, blocks: int) -> None:
    size = sound.codec_context.frame_size or 1024
    wave = struct.pack(f"={size}f", *((n % 100 - 50) / 100 for n in range(size)))
    for number in range(blocks):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=size)
        frame.sample_rate, frame.pts = 48_000, number * size
        for plane in frame.planes:
            plane.update(wave.ljust(plane.buffer_size, b"\0")[: plane.buffer_size])
        output.mux(sound.encode(frame))
    output.mux(sound.encode(None))


def write_clapper(path: Path, *, seconds: int, rate: int = 30, sound_codec: str = "aac") -> Path:
    """Writes a film that is white, and beeps, in the first tenth of each second; black and silent else."""
    with av.open(path, "w") as output:
        video = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "bf": "2"})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.gop_size = 320, 180, "yuv420p", 5 * rate
        sound = output.add_stream(sound_codec, rate=48_000, layout="mono")
        assert isinstance(sound, AudioStream)
        form = "s16" if sound_codec.startswith("pcm") else "fltp"
        size = 1600
        wave = [sin(2 * pi * 1000 * n / 48_000) * 0.5 for n in range(48_000)]
        loud = [wave[n] if n < 4800 else 0.0 for n in range(48_000)]
        code, scale = ("h", 32_767) if form == "s16" else ("f", 1)
        samples = struct.pack(f"={48_000}{code}", *(int(n * scale) if code == "h" else n for n in loud))
        width = struct.calcsize(code)
        for number in range(seconds * 30):
            frame = av.AudioFrame(format=form, layout="mono", samples=size)
            frame.sample_rate, frame.pts, frame.time_base = 48_000, number * size, Fraction(1, 48_000)
            begin = number % 30 * size * width
            frame.planes[0].update(samples[begin : begin + size * width].ljust(frame.planes[0].buffer_size, b"\0"))
            output.mux(sound.encode(frame))
            if number * rate % 30 == 0:
                shown = picture(255 if number % 30 < 3 else 0, width=320, height=180)
                shown.pts = number * rate // 30
                output.mux(video.encode(shown))
        output.mux(sound.encode(None))
        output.mux(video.encode(None))
    return path
