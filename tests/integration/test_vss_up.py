"""`vss up` as a person has it: one command, until Ctrl-C; started again, killed, and in the way of another."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.command import ROOT, vss
from tests.ports import free_base
from tests.waiting import wait_until
from vss.ports import EnginePorts

OFFSETS = {"auth": 1, "fs": 2, "upload": 3, "stream": 4, "media": 5, "storage": 333}
SERVICES = ("auth", "fs", "upload", "stream")
START_LIMIT_SECONDS = 60
# Ten are promised; the machine of the tests may be busy.
STOP_LIMIT_SECONDS = 60


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    base: int
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_it_says(self, words: str) -> None:
        def says() -> bool:
            assert self.process.poll() is None, self.said()
            return re.search(words, self.said()) is not None

        wait_until(says, what=f"it says {words!r}", limit_seconds=START_LIMIT_SECONDS)

    def children(self) -> dict[str, psutil.Process]:
        """By the name that they have in its output."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            arguments = child.cmdline()
            name = "storage" if child.name() == "weed" else arguments[-1].removesuffix("_svc")
            found[name] = child
        return found

    def status(self, name: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.base + OFFSETS[name]}/readyz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


@contextmanager
def vss_up(folder: Path, base: int, output: Path) -> Iterator[Running]:
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "vss", *up(folder, base)], cwd=ROOT, stdout=file, stderr=file)
    running = Running(process, base, output)
    try:
        yield running
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def base() -> int:
    return free_base(list(OFFSETS.values()))


def run(folder: Path, base: int) -> subprocess.CompletedProcess[str]:
    return vss(*up(folder, base))


def up(folder: Path, base: int) -> list[str]:
    return ["up", "--data", str(folder), "--port-base", str(base)]


def test_it_starts_keeps_everything_running_and_stops_in_time(tmp_path: Path, base: int) -> None:
    folder = tmp_path / "data folder"
    with vss_up(folder, base, tmp_path / "output") as running:
        running.wait_until_it_says(rf"http://127.0.0.1:{base + 4} and log in as admin / admin")
        for name in SERVICES:
            assert running.status(name) == 200
            assert re.search(rf"^{name} +ready +http://127.0.0.1:{base + OFFSETS[name]} ", running.said(), re.MULTILINE)

        running.wait_until_it_says(rf"media +ready +http://127.0.0.1:{base + OFFSETS['media']} ")

        # Nothing in the folder is for others.
        modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.glob("*.db*"))}
        assert modes[folder] == 0o700
        assert set(modes.values()) == {0o700, 0o600}
        assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "secrets").iterdir()} == {0o600}

        # Another one in the same folder, and one with the same ports.
        second = run(folder, free_base(list(OFFSETS.values())))
        assert (second.returncode, second.stdout, second.stderr.count("\n")) == (1, "", 1)
        assert f"in use by another vss (process {running.process.pid})" in second.stderr
        third = run(tmp_path / "other", base)
        assert (third.returncode, third.stdout, third.stderr.count("\n")) == (1, "", 1)
        assert f"{base + 1} (auth)" in third.stderr
        assert "--port-base N" in third.stderr

        # Whatever dies comes back, and fs_svc rides over the engine's restart.
        children = running.children()
        for name in ("storage", "fs"):
            children[name].kill()
            running.wait_until_it_says(rf"{name} +died +ended by SIGKILL; restarting")
            running.wait_until_it_says(rf"(?s){name} +died.*{name} +ready")
        wait_until(lambda: running.status("fs") == 200, what="fs is ready again", limit_seconds=30)

        children = running.children()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(STOP_LIMIT_SECONDS) == 0
    assert set(children) == set(OFFSETS)
    assert not any(child.is_running() for child in children.values())
    assert "Traceback" not in running.said()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a watcher does this; see test_vss_supervisor")
def test_killed_it_leaves_nothing_behind_and_starts_again(tmp_path: Path, base: int) -> None:
    folder = tmp_path / "data"
    secrets = []
    for _ in range(2):
        with vss_up(folder, base, tmp_path / "output") as running:
            running.wait_until_it_says("log in as")
            secrets.append({file.name: file.read_text() for file in (folder / "secrets").iterdir()})
            children = list(running.children().values())
            running.process.kill()
            running.process.wait()
            wait_until(lambda: not any(map(is_alive, children)), what="all children are gone")  # noqa: B023
    assert secrets[0] == secrets[1]
    EnginePorts(**json.loads((folder / "engine-ports.json").read_text())).remove_sockets()


def is_alive(process: psutil.Process) -> bool:
    # Nobody may be there to bury an orphan that was killed.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_newer_database_is_one_line_and_everything_stops(tmp_path: Path, base: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "vss.db")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        connection.commit()
    answer = run(folder, base)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "revision 9999, which this vss does not know" in answer.stderr
    assert not [process for process in psutil.process_iter() if works_in(process, folder)]


def works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd() == os.fspath(folder)
    except psutil.Error:
        return False
