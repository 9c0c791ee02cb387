"""`vss upload` beside curl and boto3: wall time, CPU and memory, whole processes with their starts (P9).

curl sends the same parts, cut, hashed and signed before, so that the storage has the same to compare, and completes.
`vss upload` starts Python, plans, hashes every part (SHA-256), has it signed, sends and completes. On a line, even a
fast one, that hides behind the sending; on loopback hashing takes its share of the processors from the storage.

boto3's `upload_file` is called as its users call it, straight to the same storage, with its own parallel parts. What is
compared is the CPU of sending: without the start of either, and without SHA-256, of which boto3 does nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
import psutil

from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from tests.api_client import PART_SIZE, Person, person
from tests.product import Product
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

_MIB: Final = 2**20
_SIZE: Final = 1024 * _MIB
_SMALL_SIZE: Final = 64 * _MIB
# Of a file of this size next to nothing is sent.
_START_SIZE: Final = _MIB
_PARALLEL: Final = 4
# What a good line takes, in MiB a second; curl's limit is for each of its transfers.
_LINE: Final = 100
_ROUNDS: Final = 3
_LIMIT_SECONDS: Final = 300
_BOTO3: Final = """
import sys, boto3
from botocore.config import Config
endpoint, region, bucket, key_id, secret, file = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint, region_name=region, aws_access_key_id=key_id,
                      aws_secret_access_key=secret, config=Config(s3={"addressing_style": "path"}))
client.upload_file(file, bucket, "objects/benchmark")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """Of one process: seconds on the wall and of CPU, and the most memory it had in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    product: Product
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "VSS_PORT_BASE": str(self.product.base),
        }

    def file(self, size: int) -> Path:
        path = self.folder / f"film-{size}.mp4"
        if not path.exists():
            with path.open("wb") as file:
                for _ in range(size // _MIB):
                    file.write(os.urandom(_MIB))
        return path


def rows() -> Iterator[Quantity]:
    """Wall time, CPU and memory."""
    measured = [
        (f"vss upload of 1 GiB at {_LINE} MiB/s: wall time, of curl's", _of_curl_on_a_line, 1.05, "of its peer's"),
        ("the same on loopback, where hashing shows", _of_curl, 1.25, "of its peer's"),
    ]
    if shutil.which("curl") is None:
        print("P9   beside curl: left out, curl is not installed")
        measured.clear()
    measured += [
        ("vss upload: CPU of sending 1 GiB besides SHA-256, of boto3's", _of_boto3, 1 / 3, "of its peer's"),
        ("vss upload: memory for 1 GiB, of that for 64 MiB", _of_small_file, 1.1, "times"),
    ]
    with _bench() as bench:
        for what, measure, bound, unit in measured:
            row = partial(measure, bench)
            yield Quantity(name="P9", what=what, measure=row, bound=bound, unit=unit, rounds=_ROUNDS)


@contextmanager
def _bench() -> Iterator[_Bench]:
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000") as (folder, product):
        bench = _Bench(product=product, folder=folder)
        log_in = [sys.executable, "-m", "vss", "login", "--username", "admin", "--password-stdin"]
        subprocess.run(
            log_in, env=bench.environment, input=b"admin\n", check=True, capture_output=True, timeout=_LIMIT_SECONDS
        )
        yield bench


def _of_curl_on_a_line(bench: _Bench) -> float:
    ours = _vss_upload(bench, _SIZE, "--limit-rate", f"{_LINE}M")
    return ours.wall / _curl(bench, f"limit-rate = {_LINE // _PARALLEL}M").wall


def _of_curl(bench: _Bench) -> float:
    return _vss_upload(bench, _SIZE).wall / _curl(bench).wall


def _of_boto3(bench: _Bench) -> float:
    ours = _vss_upload(bench, _SIZE).cpu - _vss_upload(bench, _START_SIZE).cpu - _hashing_seconds(bench.file(_SIZE))
    return ours / (_boto3(bench, _SIZE).cpu - _boto3(bench, _START_SIZE).cpu)


def _hashing_seconds(path: Path) -> float:
    started = time.process_time()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.process_time() - started


def _boto3(bench: _Bench, size: int) -> _Cost:
    bucket = bucket_of(DataFolder(bench.product.data), port=bench.product.base + 333)
    command = [sys.executable, "-c", _BOTO3, bucket.endpoint, bucket.region, bucket.name]
    keys = bucket.worker
    return _run([*command, keys.access_key_id, keys.secret_access_key, str(bench.file(size))], bench)


def _of_small_file(bench: _Bench) -> float:
    return _vss_upload(bench, _SIZE).peak / _vss_upload(bench, _SMALL_SIZE).peak


def _vss_upload(bench: _Bench, size: int, *options: str) -> _Cost:
    command = [sys.executable, "-m", "vss", "upload", "--quiet", "--json", "--parallel", str(_PARALLEL)]
    cost = _run([*command, *options, str(bench.file(size))], bench)
    asyncio.run(_delete_all(bench))
    return cost


def _curl(bench: _Bench, option: str = "") -> _Cost:
    parts = bench.folder / "parts"
    parts.mkdir(exist_ok=True)
    cut: list[Path] = []
    with bench.file(_SIZE).open("rb") as whole:
        while content := whole.read(PART_SIZE):
            cut.append(parts / str(len(cut) + 1))
            cut[-1].write_bytes(content)
    complete_url, token, transfers = asyncio.run(_begin(bench, cut))
    config = bench.folder / "curl.conf"
    config.write_text("\nnext\n".join(f"{transfer}\n{option}" for transfer in transfers))
    curl = ["curl", "--silent", "--fail"]
    sent = _run([*curl, "--parallel", "--parallel-max", str(_PARALLEL), "--config", str(config)], bench)
    completed = _run([*curl, "--request", "POST", "--header", f"Authorization: Bearer {token}", complete_url], bench)
    asyncio.run(_delete_all(bench))
    return _Cost(wall=sent.wall + completed.wall, cpu=sent.cpu + completed.cpu, peak=max(sent.peak, completed.peak))


def _run(command: Sequence[str], bench: _Bench) -> _Cost:
    """Runs it to its end and fails unless it was successful, and in time."""
    errors = bench.folder / "errors.log"
    started, peak = time.perf_counter(), 0
    with errors.open("wb") as said:
        process = psutil.Popen(command, env=bench.environment, stdout=subprocess.DEVNULL, stderr=said)
    # What the kernel says at the end counts the process that it was forked from.
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        if time.perf_counter() - started > _LIMIT_SECONDS:
            process.kill()
        peak = max(peak, _resident(process))
        time.sleep(0.005)
    wall = time.perf_counter() - started
    _, status, usage = ended
    assert os.waitstatus_to_exitcode(status) == 0, errors.read_text(errors="replace")[-2000:]
    return _Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=peak)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


async def _begin(bench: _Bench, parts: Sequence[Path]) -> tuple[str, str, list[str]]:
    """Where to complete an upload of these parts, with which token, and each transfer as curl's config has it."""
    checksums = [base64.b64encode(hashlib.sha256(part.read_bytes()).digest()).decode() for part in parts]
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, bench.product)
        upload = await somebody.begin(sum(part.stat().st_size for part in parts), part_checksums="sha256")
        url, transfers = f"{somebody.upload_url}/v1/uploads/{upload['id']}", []
        for first in range(0, len(parts), 100):
            numbers = range(first + 1, min(first + 100, len(parts)) + 1)
            asked = {"part_numbers": list(numbers), "checksums": {str(n): checksums[n - 1] for n in numbers}}
            signed = await (await somebody.call("POST", f"{url}/part-urls", json=asked)).json()
            transfers += [
                f'upload-file = "{parts[number - 1]}"\nurl = "{signed["urls"][str(number)]}"\n'
                f'header = "x-amz-checksum-sha256: {checksums[number - 1]}"\nexpect100-timeout = 0'
                for number in numbers
            ]
        assert somebody.token is not None
        return f"{url}/complete", somebody.token, transfers


async def _delete_all(bench: _Bench) -> None:
    async with aiohttp.ClientSession() as session:
        await delete_all(await person(session, bench.product))


async def delete_all(somebody: Person) -> None:
    """Every video of theirs, so that the disk does not fill up."""
    listed = await (await somebody.call("GET", f"{somebody.upload_url}/v1/uploads?limit=100")).json()
    for video in listed["items"]:
        await somebody.call("DELETE", f"{somebody.upload_url}/v1/uploads/{video['id']}")
