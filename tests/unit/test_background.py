"""Background loops, in real processes: one that dies takes its process with it, one that lives ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.addresses import Addresses
from tests.waiting import wait_until

_ROOT = Path(__file__).parent.parent.parent


class Running:
    """A process of `looping_service`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - http on loopback
            status: int = answer.status
            return status

    def is_serving(self) -> bool:
        try:
            return self._process.poll() is not None or self.get("/livez") == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """How the process ended, and what it said on standard error."""
        _, said = self._process.communicate(timeout=20)
        return self._process.returncode, said


@contextmanager
def running(loop: str) -> Iterator[Running]:
    addresses = Addresses.choose()
    told = {**addresses.common_settings(), "port": str(addresses.fs_port), "loop": loop}
    told["database_url"] = "sqlite+aiosqlite:////nowhere/vss.db"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.looping_service"],
        cwd=_ROOT,
        env={"PATH": os.environ["PATH"], **{f"TEST_{name.upper()}": value for name, value in told.items()}},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        service = Running(process, addresses.fs_url)
        wait_until(service.is_serving, what="the service answers or has ended")
        yield service
    finally:
        process.kill()
        process.wait()


def test_a_loop_that_dies_ends_the_process_with_a_failure_and_everything_is_closed() -> None:
    with running("dies when asked") as service:
        assert service.get("/die") == 200
        status, said = service.end()
    assert status not in (0, -signal.SIGKILL), said
    assert "RuntimeError: the loop has died" in said
    assert '"event": "database closed"' in said


def test_a_loop_that_dies_at_once_ends_the_process_too() -> None:
    with running("dies at once") as service:
        status, said = service.end()
    assert status not in (0, -signal.SIGKILL), said
    assert "RuntimeError: the loop has died" in said


@pytest.mark.parametrize(
    ("loop", "number"),
    [("lives", signal.SIGTERM), ("lives", signal.SIGINT), ("swallows", signal.SIGTERM)],
)
def test_a_loop_that_lives_is_ended_with_the_process_before_what_it_needs(loop: str, number: signal.Signals) -> None:
    with running(loop) as service:
        service.send(number)
        status, said = service.end()
    assert status == 0, said
    assert said.index('"event": "loop ended"') < said.index('"event": "database closed"')
    assert "Traceback" not in said
