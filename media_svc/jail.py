"""Starts the child that opens a file, feeds it and takes what it says for a stranger's word.

The child has an empty environment, no handle but one socket, no right to files, network, signals or further processes,
and limits on memory, processor and time (`media_svc.child.lock`). Whatever becomes of it, the worker goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from common.processes import send_signal
from contracts.media import MOST_FILES, Reason, Task
from contracts.renditions import MOST_RENDITIONS, Rendering
from media_svc.blocks import Blocks, TooMuchRead
from media_svc.made import Failed, Spool
from media_svc.wire import BLOCK_NUMBER, HEAD, MOST_BYTES, Kind

logger = logging.getLogger(__name__)

_CHILD: Final = Path(__file__).with_name("child") / "__main__.py"
_ROOT: Final = Path(__file__).parent.parent
# PyAV's libraries alone take half of a second to load, on a busy machine much more.
_START_SECONDS: Final = 60
_END_SECONDS: Final = 1
_PR_SET_DUMPABLE: Final = 4
# Of all files of one child: what the worker holds until they are stored.
_MOST_FILE_BYTES: Final = 64 * 2**20
# The same of renditions: three minutes of all sizes are 300 MB, ten hours of eight sounds 5 GB.
_MOST_SPOOLED_BYTES: Final = 8 * 2**30
_DEFAULT_MEMORY: Final = 2 * 2**30

# An attempt that ends so would end so again.
_FINAL: Final = frozenset({Reason.UNSUPPORTED, Reason.DAMAGED, Reason.TOO_LARGE, Reason.NO_PICTURE})


class Nonsense(Exception):
    """The child does not keep to what was agreed: it is no longer ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one child. `memory` is address space in bytes; `cpu_seconds` of all its work, `seconds` from start to end."""

    cpu_seconds: int
    seconds: float
    memory: int = _DEFAULT_MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the child is to do: `poster_ms` and `duration_ms` where they are known."""

    task: Task
    poster_ms: int | None = None
    duration_ms: int | None = None
    rendering: Rendering | None = None


@dataclass(slots=True, kw_only=True)
class Given:
    """What the child has given: bounded, and else unchecked."""

    facts: bytes | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)
    # What was made bit by bit, by number; whoever has it closes it.
    spools: dict[int, Spool] = field(default_factory=dict)
    # Whether there may be any: who asked for none closes none.
    takes_pieces: bool = False
    # The most that the child held, in bytes; 0 where the system does not say.
    peak_memory: int = 0

    def close(self) -> None:
        for spool in self.spools.values():
            spool.close()


class Jail:
    """Where children run, each of that `niceness`; one for each process."""

    def __init__(self, child: Path = _CHILD, *, niceness: int = 0) -> None:
        self._child = child
        self._niceness = niceness
        # What the kernel has of Landlock: its version, 0 if nothing; None as long as no child has run.
        self.landlock: int | None = None

    async def run(self, order: Order, blocks: Blocks, *, limits: Limits, on_progress: Callable[[int], None]) -> Given:
        """Runs one child to its end. Raises Failed, and what `blocks` hands on; no child is left in any case."""
        _hide_our_memory()
        ours, theirs = socket.socketpair()
        with ours, theirs, contextlib.ExitStack() as undone:
            ours.setblocking(False)  # noqa: FBT003 (its only argument)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", str(self._child)),
                _told(order, size=blocks.size, limits=limits, niceness=self._niceness),
                stdin=theirs.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                # Until it is locked, and has not yet heard of the file, what goes wrong is ours.
                stderr=None,
                env={},
                start_new_session=True,
            )
            theirs.close()
            given = Given(takes_pieces=order.rendering is not None)
            undone.callback(given.close)
            try:
                async with asyncio.timeout(limits.seconds):
                    await self._serve(given, ours, blocks, on_progress)
                given.peak_memory = _peak_memory(process.pid)
            except TimeoutError as exc:
                raise Failed(Reason.TOO_COSTLY, "time", is_final=False) from exc
            except (EOFError, ConnectionError) as exc:
                raise _how_it_died(await _end_of(process)) from exc
            except Nonsense as exc:
                raise Failed(Reason.CRASHED, str(exc), is_final=False) from exc
            except TooMuchRead as exc:
                raise Failed(Reason.TOO_COSTLY, "reads", is_final=True) from exc
            finally:
                # Whoever waits for an answer, or is done, ends by that.
                ours.close()
                await _end_of(process)
            # All is well: whoever is given them closes them.
            undone.pop_all()
        return given

    async def _serve(
        self, given: Given, ours: socket.socket, blocks: Blocks, on_progress: Callable[[int], None]
    ) -> None:
        """Answers what the child asks, until it is done. Raises Failed if it says so, Nonsense and EOFError."""
        async with asyncio.timeout(_START_SECONDS):
            kind, payload = await _receive(ours)
        if kind is not Kind.READY:
            raise Nonsense("it does not say that it is locked")
        self._remember(_members(payload).get("landlock"))
        while True:
            kind, payload = await _receive(ours)
            match kind:
                case Kind.READ:
                    block = await blocks.get(_number(payload, blocks))
                    await asyncio.get_running_loop().sock_sendall(ours, block)
                case Kind.PROGRESS:
                    on_progress(min(payload[0], 100) if payload else 0)
                case Kind.DONE:
                    given.done = _members(payload)
                    return
                case _:
                    _take(given, kind, payload)

    def _remember(self, landlock: object) -> None:
        if not isinstance(landlock, int):
            raise Nonsense("it does not say how it is locked")
        if self.landlock is None and not landlock:
            logger.warning("this kernel has no Landlock: files are opened with fewer safeguards")
        self.landlock = landlock


def _told(order: Order, *, size: int, limits: Limits, niceness: int) -> str:
    """The child's argument; the names are those of `media_svc.child.__main__.Order`."""
    rendering = order.rendering or Rendering()
    return json.dumps(
        {
            "task": order.task.value,
            "poster_ms": order.poster_ms,
            "duration_ms": order.duration_ms or 0,
            "start_ms": rendering.start_ms,
            "end_ms": rendering.end_ms,
            "rungs": [(rung.name, rung.short_side) for rung in rendering.rungs],
            "preset": rendering.preset,
            "size": size,
            "cpu_seconds": limits.cpu_seconds,
            "memory": limits.memory,
            "niceness": niceness,
            "parent": os.getpid(),
            # Its own is that of an isolated Python: without packages, and without ours.
            "path": [str(_ROOT), *filter(None, sys.path)],
        }
    )


async def _receive(ours: socket.socket) -> tuple[Kind, bytes]:
    number, size = HEAD.unpack(await _receive_exactly(ours, HEAD.size))
    try:
        kind = Kind(number)
    except ValueError as exc:
        raise Nonsense("no such message") from exc
    if size > MOST_BYTES[kind]:
        raise Nonsense("a message that is too long")
    return kind, await _receive_exactly(ours, size)


async def _receive_exactly(ours: socket.socket, size: int) -> bytes:
    loop, content = asyncio.get_running_loop(), bytearray()
    while len(content) < size:
        part = await loop.sock_recv(ours, min(size - len(content), 2**18))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _members(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as exc:
        raise Nonsense("no JSON") from exc
    if not isinstance(value, dict):
        raise Nonsense("no object")
    return value


def _number(payload: bytes, blocks: Blocks) -> int:
    if len(payload) == BLOCK_NUMBER.size and (number := int(BLOCK_NUMBER.unpack(payload)[0])) < blocks.count:
        return number
    raise Nonsense("it reads past the end")


def _take(given: Given, kind: Kind, payload: bytes) -> None:
    """What needs no answer. Raises Failed if it is one, and Nonsense."""
    match kind:
        case Kind.FACTS if given.facts is None:
            given.facts = payload
        case Kind.FILE if payload and len(given.files) < MOST_FILES:
            end = 1 + payload[0]
            given.files[payload[1:end].decode("ascii", errors="replace")] = payload[end:]
            if sum(map(len, given.files.values())) > _MOST_FILE_BYTES:
                raise Nonsense("files that are too large")
        case Kind.PIECE if given.takes_pieces and payload and payload[0] < MOST_RENDITIONS:
            if (number := payload[0]) not in given.spools:
                given.spools[number] = Spool()
            given.spools[number].write(payload[1:])
            if sum(spool.size for spool in given.spools.values()) > _MOST_SPOOLED_BYTES:
                raise Nonsense("renditions that are too large")
        case Kind.FAILED:
            raise _said(payload)
        case _:
            raise Nonsense(f"{kind.name} out of turn")


def _said(payload: bytes) -> Failed | Nonsense:
    try:
        reason = Reason(payload.decode("ascii", errors="replace"))
    except ValueError:
        return Nonsense("no such reason")
    return Failed(reason, is_final=reason in _FINAL)


async def _end_of(process: asyncio.subprocess.Process) -> int:
    """Its exit code; it is ended if it does not end by itself, now that nobody listens any more."""
    try:
        async with asyncio.timeout(_END_SECONDS):
            return await process.wait()
    except BaseException as exc:
        send_signal(process, signal.SIGKILL)
        await process.wait()
        if not isinstance(exc, TimeoutError):
            raise
    return -signal.SIGKILL


def _peak_memory(pid: int) -> int:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        if found := re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE):
            return int(found[1]) * 1024
    return 0


def _how_it_died(code: int) -> Failed:
    match -code:
        case signal.SIGXCPU:
            return Failed(Reason.TOO_COSTLY, "processor", is_final=True)
        case signal.SIGKILL:
            # The limit on the processor is given by this signal too, but mostly it is the kernel's want of memory.
            return Failed(Reason.TOO_COSTLY, "killed", is_final=False)
        case _:
            return Failed(Reason.CRASHED, f"exit code {code}", is_final=False)


def _hide_our_memory() -> None:
    """So that a child of the same user cannot look into this process (ptrace, /proc/<pid>/mem)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
