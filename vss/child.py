"""One child process: started so that it cannot outlive us, watched until it is ready, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import vss.launch
from common.processes import send_signal

POLL_SECONDS = 0.1
LAST_LINES = 12
LAST_BYTES = 16 * 1024
LOG_LIMIT_BYTES = 20 * 1024 * 1024

HAS_PARENT_DEATH_SIGNAL = sys.platform == "linux"

# glibc keeps what was once freed in large blocks, as argon2's 19 MiB a hash; with these two it goes back at once.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "2"}
# What a child is given of our own environment. Not the rest: with an AWS_ACCESS_KEY_ID in somebody's shell
# SeaweedFS adds an administrator, and an HTTP_PROXY would be asked for 127.0.0.1.
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
PASSED_ON_PREFIXES = ("LC_", "PYTHON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to run, and how to see that it is ready."""

    name: str
    # The program as an absolute path. Asked at each start: what it names may have been taken by another meanwhile.
    command: Callable[[], Sequence[str]]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    address: str
    why_not_ready: Callable[[], Awaitable[str | None]]  # None: it is ready
    ready_limit_seconds: float = 60


class RunningChild:
    """A started child. It has a session of its own, so that the terminal's Ctrl-C reaches only us."""

    def __init__(
        self, child: Child, process: asyncio.subprocess.Process, log: Path, *, log_offset: int, lifeline: int | None
    ) -> None:
        self.child = child
        self._process = process
        self._log = log
        self._log_offset = log_offset
        self._lifeline = lifeline

    @classmethod
    async def start(cls, child: Child, logs: Path) -> RunningChild:
        """Starts it with its output appended to `logs`/<name>.log.

        On Linux it lives as long as the *thread* that calls this. Raises what the child's `command` raises.
        """
        log = logs / f"{child.name}.log"
        command = child.command()
        theirs, ours = (-1, None) if HAS_PARENT_DEATH_SIGNAL else os.pipe()
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        log_offset = os.fstat(output).st_size
        try:
            process = await asyncio.create_subprocess_exec(
                *_launcher(theirs),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=child.folder,
                env=dict(child.environment),
                start_new_session=True,
                pass_fds=() if theirs < 0 else (theirs,),
            )
        except BaseException:
            if ours is not None:
                os.close(ours)
            raise
        finally:
            os.close(output)
            if theirs >= 0:
                os.close(theirs)
        return cls(child, process, log, log_offset=log_offset, lifeline=ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def become_ready(self) -> str | None:
        """Waits until the child is ready: None, or why it is not (it ended, or the time is up)."""
        limit_seconds = self.child.ready_limit_seconds
        reason: str | None = "no answer"
        end = asyncio.create_task(self._process.wait())
        look = asyncio.ensure_future(self.child.why_not_ready())
        try:
            async with asyncio.timeout(limit_seconds):
                while True:
                    await asyncio.wait({end, look}, return_when=asyncio.FIRST_COMPLETED)
                    if end.done():
                        return self.how_it_ended()
                    reason = look.result()
                    if reason is None:
                        return None
                    await asyncio.wait({end}, timeout=POLL_SECONDS)
                    look = asyncio.ensure_future(self.child.why_not_ready())
        except TimeoutError:
            return f"not ready after {limit_seconds:g} s: {reason}"
        finally:
            end.cancel()
            look.cancel()
            await asyncio.wait({end, look})

    async def wait(self) -> None:
        await self._process.wait()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def how_it_ended(self) -> str:
        """In words, once `has_ended`."""
        code = self._process.returncode or 0
        if code >= 0:
            return f"ended with exit code {code}"
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
        return f"ended by signal {-code}"

    def terminate(self) -> None:
        send_signal(self._process, signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and everything that it started, at once."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            send_signal(self._process, signal.SIGKILL)

    def last_lines(self) -> list[str]:
        """The end of what this process said, not of what an earlier one did."""
        try:
            with self._log.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(min(self._log_offset, end), end - LAST_BYTES))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]


def keep_short(log: Path) -> None:
    """Moves the content of a long log to `<name>.log.1`; its writer, which appends, goes on."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a helper ended, and what it said."""

    exit_code: int
    output: str
    errors: str


async def run_module(*arguments: str, stdin: str = "") -> Ended:
    """Runs `python -m <arguments>` to its end, killing it when that is no longer wanted.

    For what needs big imports once: our own process, which lives long, stays small, and the other core is used.
    """
    process = await asyncio.create_subprocess_exec(
        *(_launcher() if HAS_PARENT_DEATH_SIGNAL else ()),
        *(sys.executable, "-P", "-m", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=python_environment(os.environ),
        start_new_session=True,
    )
    try:
        output, errors = await process.communicate(stdin.encode())
    except BaseException:
        send_signal(process, signal.SIGKILL)
        await process.wait()
        raise
    return Ended(
        exit_code=process.returncode or 0,
        output=output.decode(errors="replace").strip(),
        errors=errors.decode(errors="replace").strip(),
    )


def _launcher(lifeline: int = -1) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", vss.launch.__file__, str(os.getpid()), str(lifeline))


def python_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """For a Python of ours: a checkout runs as an installation does."""
    root = str(Path(vss.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    return passed_on(environment) | {"PYTHONPATH": path} | MALLOC


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of `environment` that every child may see."""
    return {
        name: value for name, value in environment.items() if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
