"""The supervisor: children are started again, stopped in order, and never left behind."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

import vss.launch
from tests.waiting import eventually, wait_until
from vss.child import LOG_LIMIT_BYTES, Child, RunningChild, keep_short, passed_on
from vss.console import Console
from vss.errors import ChildCannotStart
from vss.supervisor import Supervisor

ROOT = Path(vss.__file__).parent.parent
BACKOFF_SECONDS = (0.01, 0.02)

# Says that it started, is ready once its file is there, and notes the order in which it was asked to stop.
STAND_IN = """
import os, pathlib, signal, sys
name, folder, manner = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
def stop(*_):
    with (folder / "stopped").open("a") as file:
        print(name, file=file)
    if manner != "deaf":
        sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("started", name, flush=True)
if manner == "broken":
    sys.exit("this cannot work")
if manner != "slow":
    (folder / f"{name}.ready").write_text(str(os.getpid()))
while True:
    signal.pause()
"""

PARENT = """
import asyncio, pathlib, sys
sys.path.insert(0, {root!r})
from tests.integration.test_vss_supervisor import stand_in
from vss.console import Console
from vss.supervisor import Supervisor

async def main(folder):
    supervisor = Supervisor(Console(sys.stdout), folder)
    async with asyncio.TaskGroup() as tasks:
        for name in ("one", "two"):
            tasks.create_task(supervisor.keep(stand_in(name, folder), asyncio.Event()))

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def stand_in(name: str, folder: Path, manner: str = "good", limit_seconds: float = 20) -> Child:
    ready = folder / f"{name}.ready"

    async def why_not_ready() -> str | None:
        return None if ready.exists() else "its file is missing"

    return Child(
        name=name,
        command=lambda: [sys.executable, "-c", STAND_IN, name, str(folder), manner],
        environment=passed_on(os.environ),
        folder=folder,
        address=f"here/{name}",
        why_not_ready=why_not_ready,
        ready_limit_seconds=limit_seconds,
    )


class Watched:
    """A supervisor, its children and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = io.StringIO()
        self.supervisor = Supervisor(Console(self.said), folder, BACKOFF_SECONDS)
        self.tasks: list[asyncio.Task[None]] = []
        self.names: list[str] = []

    def keep(self, child: Child) -> asyncio.Event:
        ready = asyncio.Event()
        self.names.append(child.name)
        self.tasks.append(asyncio.create_task(self.supervisor.keep(child, ready)))
        return ready

    async def stop(self, within_seconds: float = 20) -> None:
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, ChildCannotStart):
                await task
        await self.supervisor.stop(self.names, within_seconds=within_seconds)


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    watch = Watched(folder)
    try:
        yield watch
    finally:
        await watch.stop()


def says(watch: Watched, *words: str) -> Callable[[], Awaitable[bool]]:
    async def said() -> bool:
        return any(all(word in line for word in words) for line in watch.said.getvalue().splitlines())

    return said


async def test_a_child_that_is_ready_is_announced_with_its_address(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        await asyncio.wait_for(watch.keep(stand_in("one", tmp_path)).wait(), 60)
        assert watch.said.getvalue().split()[:3] == ["one", "ready", "here/one"]


async def test_a_child_that_dies_for_ever_is_started_for_ever(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        ready = watch.keep(stand_in("one", tmp_path))
        await asyncio.wait_for(ready.wait(), 60)
        # More often than a child may fail to start: each of these was ready first.
        for times in range(2, 9):
            os.kill(watch.supervisor.pid("one"), signal.SIGKILL)

            async def is_back(times: int = times) -> bool:
                return watch.said.getvalue().count("ready") == times

            await eventually(is_back, what=f"it is ready for the {times}. time")
        assert await says(watch, "one", "died", "ended by SIGKILL; restarting in 0.01 s")()
        assert not watch.tasks[0].done()


async def test_five_failures_to_start_end_it_with_the_last_lines(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        watch.keep(stand_in("one", tmp_path, "broken"))
        with pytest.raises(ChildCannotStart, match=r"one cannot start \(ended with exit code 1\)") as caught:
            await watch.tasks[0]
    # Of the last attempt alone; the log has all five.
    assert caught.value.details == ["started one", "this cannot work"]
    assert (tmp_path / "one.log").read_text().count("this cannot work") == 5
    assert watch.said.getvalue().count("failed") == 4


async def test_a_child_that_is_not_ready_in_time_is_killed_and_counts_as_failed(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        watch.keep(stand_in("one", tmp_path, "slow", limit_seconds=0.5))
        expected = r"not ready after 0.5 s: its file is missing"
        with pytest.raises(ChildCannotStart, match=expected):
            await watch.tasks[0]
        assert not psutil.pid_exists(watch.supervisor.pid("one"))


async def test_children_stop_in_the_order_asked_for(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        for name in ("three", "one", "two"):
            await asyncio.wait_for(watch.keep(stand_in(name, tmp_path)).wait(), 60)
        watch.names = ["one", "two", "three"]
    assert (tmp_path / "stopped").read_text().split() == ["one", "two", "three"]


async def test_a_child_that_does_not_stop_leaves_the_others_their_time(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        for name, manner in (("one", "deaf"), ("two", "good"), ("three", "good")):
            await asyncio.wait_for(watch.keep(stand_in(name, tmp_path, manner)).wait(), 60)
        deaf = watch.supervisor.pid("one")
        await watch.stop(within_seconds=3)
        assert (psutil.pid_exists(deaf), watch.said.getvalue().count("killed")) == (False, 1)
    assert (tmp_path / "stopped").read_text().split() == ["one", "two", "three"]


async def test_somebody_in_a_hurry_waits_for_nobody(tmp_path: Path) -> None:
    async with watched(tmp_path) as watch:
        await asyncio.wait_for(watch.keep(stand_in("one", tmp_path, "deaf")).wait(), 60)
        stop = asyncio.create_task(watch.stop(within_seconds=60))
        asked = tmp_path / "stopped"
        await eventually(lambda: asyncio.to_thread(asked.exists), what="it was asked")
        watch.supervisor.hurry()
        await asyncio.wait_for(stop, 60)


async def test_ctrl_c_in_the_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    running = await RunningChild.start(stand_in("one", tmp_path), tmp_path)
    try:
        assert await running.become_ready() is None
        assert os.getpgid(running.pid) == os.getsid(running.pid) == running.pid
    finally:
        running.kill()
        await running.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for the parent's death")
def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT.format(root=str(ROOT)), str(tmp_path)]
    files = [tmp_path / "one.ready", tmp_path / "two.ready"]
    with subprocess.Popen(command) as parent:
        wait_until(lambda: all(file.exists() and file.read_text() for file in files), what="both are ready")
        pids = [int(file.read_text()) for file in files]
        parent.kill()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), what="both are gone")


def test_elsewhere_the_end_of_the_lifeline_ends_the_whole_group(tmp_path: Path) -> None:
    theirs, ours = os.pipe()
    command = [sys.executable, vss.launch.__file__, str(os.getpid()), str(theirs)]
    command += stand_in("one", tmp_path).command()
    with subprocess.Popen(command, pass_fds=[theirs], start_new_session=True) as child:
        os.close(theirs)
        wait_until((tmp_path / "one.ready").exists, what="it is ready")
        group = [process for process in psutil.process_iter() if process_group(process.pid) == child.pid]
        assert len(group) == 2
        os.close(ours)
        _, left = psutil.wait_procs(group, timeout=20)
        for process in left:
            process.kill()
    assert left == []


def process_group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_a_long_log_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * (LOG_LIMIT_BYTES + 1))
        keep_short(log)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "one.log.1").stat().st_size == LOG_LIMIT_BYTES + 1


def test_a_child_sees_no_credentials_and_no_proxy_of_the_person() -> None:
    person = {"PATH": "/bin", "LC_ALL": "C", "AWS_ACCESS_KEY_ID": "a", "HTTP_PROXY": "b", "WEED_X": "c"}
    assert passed_on(person) == {"PATH": "/bin", "LC_ALL": "C"}
