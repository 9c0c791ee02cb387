"""The whole product as a person has it: `vss up` on a data folder, stopped as a terminal stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import aiohttp
import psutil

from tests.ports import free_base
from tests.traffic import Traffic, metered
from tests.waiting import wait_until

_ROOT = Path(__file__).parent.parent
_SERVICES = ("auth", "fs", "upload", "stream")
_OFFSETS = {"auth": 1, "fs": 2, "upload": 3, "stream": 4, "media": 5, "s3": 333}
# Decoders that step back for everybody else take minutes on a machine whose cores are all busy with tests.
_AS_TESTS_WANT = {"MEDIA_NICENESS": "0"}
# Ten are promised; the machine of the tests may be busy.
STOP_LIMIT_SECONDS = 60


@contextmanager
def running_product(folder: Path, **settings: str) -> Iterator[Product]:
    """A new installation in the folder, up with these settings of services, and at the end gone."""
    product = Product(folder, settings=settings)
    try:
        product.start()
        yield product
    finally:
        product.kill()


class Product:
    """One installation, which can be started and stopped again and again; its ports are its own."""

    password = "admin"

    def __init__(
        self,
        folder: Path,
        *,
        checkout: Path = _ROOT,
        command: Sequence[str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data = folder / "data"
        self._checkout = checkout
        self._command = command or [sys.executable, "-m", "vss", "up"]
        self.base = free_base(list(_OFFSETS.values()))
        self._settings = settings or {}
        self._output = folder / "vss-up.log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, part: str) -> str:
        """The public URL of `auth`, `upload`, `stream` or `s3`, and the ones of `fs` and `media`."""
        return f"http://127.0.0.1:{self.base + _OFFSETS[part]}"

    @property
    def output(self) -> str:
        """What the last `vss up` has printed so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def start(self, *, limit_seconds: float = 100) -> None:
        """Returns when `vss up` has said that it is open."""
        assert self._process is None, "it is running"
        ours = {"VSS_PORT_BASE": str(self.base), "VSS_DATA_DIR": str(self.data)}
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._checkout,
                env={**os.environ, **_AS_TESTS_WANT, **self._settings, **ours},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._is_open, what="vss up says where to go", limit_seconds=limit_seconds)

    def _is_open(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"vss up ended with {self._process.returncode}:\n{self.output}\n{self.logs()}")
        return f"{self.url('stream')} and log in" in self.output

    def logs(self) -> str:
        """The ends of the processes' own logs, for a person who looks why something failed."""
        return "\n".join(
            f"== {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
            for log in sorted(self.data.glob("logs/*.log"))
        )

    def processes(self) -> dict[str, psutil.Process]:
        """The running process of each service, the engine's as `storage`, and the worker's as `media` once it runs."""
        assert self._process is not None
        found: dict[str, psutil.Process] = {}
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                command, program, parent = process.cmdline(), process.name(), process.ppid()
            except psutil.NoSuchProcess:
                # A decoder that has done its work.
                continue
            # Begun by one of ours, and for a moment its copy: a decoder is forked before it runs its own program.
            if parent in {one.pid for one in found.values()}:
                continue
            names = {f"{name}_svc": name for name in (*_SERVICES, "media")}
            name = "storage" if program == "weed" else names.get(command[-1] if command else "")
            if name is not None:
                assert name not in found, f"two processes of {name}"
                found[name] = process
        # `vss up` does not wait for the worker.
        assert {*found, "media"} == {*_SERVICES, "media", "storage"}
        return found

    def session(self) -> aiohttp.ClientSession:
        """A client that reaches the public URLs."""
        return aiohttp.ClientSession()

    def metered(self) -> AbstractContextManager[Traffic]:
        """Counts what each service sends and receives."""
        return metered({process.pid: name for name, process in self.service_processes().items()})

    def service_processes(self) -> dict[str, psutil.Process]:
        """Each service's running process."""
        found = self.processes()
        return {name: found[name] for name in _SERVICES}

    def crash(self) -> None:
        """Kills `vss up` itself, without ceremony, and waits until what it ran has ended too."""
        assert self._process is not None
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        self._process = None
        wait_until(lambda: not any(map(_is_alive, family)), what="everything has ended", limit_seconds=30)

    def press_ctrl_c(self, *, status: int = 0) -> None:
        """What a terminal does: SIGINT to the whole group.

        Fails unless everything has ended, the first process with `status`, in time.
        """
        assert self._process is not None
        pid = self._process.pid
        family = psutil.Process(pid).children(recursive=True)
        os.killpg(pid, signal.SIGINT)
        try:
            ended = self._process.wait(timeout=STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not stopped within {STOP_LIMIT_SECONDS} s:\n{self.output}") from None
        self._process = None
        assert ended == status, f"ended with {ended}:\n{self.output}"
        left = [process.cmdline() for process in family if process.is_running()]
        assert not left, f"still running after the stop: {left}"

    def kill(self) -> None:
        """Ends whatever is still running, without ceremony."""
        if self._process is None or self._process.poll() is not None:
            return
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_LIMIT_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in family:
            if process.is_running():
                process.kill()
        self._process = None


def _is_alive(process: psutil.Process) -> bool:
    # Nobody may be there to bury an orphan that was killed.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
