"""The child that opens files: what it cannot do, and what the worker makes of one that has been taken over."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from contracts.media import Reason, Task
from contracts.renditions import Rendering
from media_svc.blocks import Blocks
from media_svc.jail import Jail, Limits, Order
from media_svc.made import Failed
from tests.films import write_film
from tests.media.conftest import Source

_ROOT = str(Path(__file__).parent.parent.parent)

# Locks itself in as the child does, and then tries everything.
_PRISONER = """
import ctypes, json, mmap, os, resource, signal, socket, sys, threading
from media_svc.child import lock
version = lock.lock(parent=os.getppid(), cpu_seconds=20, memory=2**30)

def _tcp():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5):
        pass

def _with_the_number_of_another():
    os.close(0)
    _udp()

def _udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", ("127.0.0.1", int(sys.argv[1])))

def _more_memory():
    bytearray(2**30)

def _more_handles():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

tries = {
    "read": lambda: open("/etc/passwd"),
    "list": lambda: os.listdir("/"),
    "write": lambda: open("/tmp/x-of-the-jail", "w"),
    "own": lambda: open("/proc/self/environ"),
    "parent": lambda: open(f"/proc/{os.getppid()}/maps"),
    "tcp": _tcp,
    "udp": _udp,
    "closed": _with_the_number_of_another,
    "pipe": os.pipe,
    "fork": os.fork,
    "thread": lambda: threading.Thread(target=int).start(),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "memory": _more_memory,
    "handles": _more_handles,
    "root": lambda: os.setuid(0) if os.getuid() else (_ for _ in ()).throw(PermissionError()),
}
said = {}
for name, attempt in tries.items():
    try:
        attempt()
        said[name] = "done"
    except BaseException as exc:
        said[name] = type(exc).__name__
print(json.dumps([version, os.getuid(), said]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux's")
async def test_what_is_locked_in_can_do_nothing_but_compute(source: Source) -> None:
    port = source.url.rsplit(":", 1)[1].strip("/")
    prisoner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PRISONER, port),
        env={"PYTHONPATH": _ROOT},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await prisoner.communicate()
    landlock, user, said = json.loads(output)
    assert user != 0
    assert "done" not in said.values(), said
    assert landlock >= 1, "this kernel has no Landlock"
    assert not source.asked


_CHILD = """
import json, os, signal, sys, time
given = json.loads(sys.argv[1])
sys.path[:] = given["path"]
from media_svc.child import lock
from media_svc.child.parent import Parent
from media_svc.wire import BLOCK_NUMBER, HEAD, Kind
lock.lock(parent=given["parent"], cpu_seconds=given["cpu_seconds"], memory=given["memory"])
parent = Parent()
# Python itself sets this one.
if set(os.environ) - {"LC_CTYPE"} or os.getuid() == 0:
    os._exit(9)
READY, DONE = (Kind.READY, b'{"landlock": 7}'), (Kind.DONE, b'{}')
PIECE = Kind.PIECE, bytes(1000)
def say(*messages):
    for kind, payload in messages:
        parent.send(kind, payload)
def give(name, content):
    return Kind.FILE, bytes([len(name)]) + name + content
WEBP = b"RIFF....WEBPVP8 "
"""

_WAYS = {
    # It dies.
    "exits": ("say(READY); os._exit(3)", "crashed exit code 3"),
    "falls": ("say(READY); os.kill(os.getpid(), signal.SIGSEGV)", "crashed exit code -11"),
    "is-killed": ("say(READY); os.kill(os.getpid(), signal.SIGKILL)", "too-costly killed"),
    "never-ready": ("os._exit(0)", "crashed exit code 0"),
    # It goes beyond its limits.
    "computes": ("say(READY)\nwhile True: pass", "too-costly processor"),
    "sleeps": ("say(READY); time.sleep(600)", "too-costly time"),
    "waits": ("say(READY); parent.receive(1)", "too-costly time"),
    "reads": (
        "say(READY)\nfor n in list(range(40)) * 2: say((Kind.READ, BLOCK_NUMBER.pack(n))); parent.receive(2**18)",
        "too-costly reads",
    ),
    # It speaks nonsense.
    "babbles": ("os.write(0, b'<html>' * 9)", "crashed no such message"),
    "not-ready": ("say(DONE)", "crashed it does not say that it is locked"),
    "ready-twice": ("say(READY, READY)", "crashed READY out of turn"),
    "too-long": ("say(READY); os.write(0, HEAD.pack(Kind.FILE, 2**32 - 1))", "crashed a message that is too long"),
    "past-the-end": ("say(READY, (Kind.READ, BLOCK_NUMBER.pack(2**63)))", "crashed it reads past the end"),
    "no-json": ("say(READY, (Kind.DONE, b'[' * 1000))", "crashed no JSON"),
    "no-reason": ("say(READY, (Kind.FAILED, b'<script>'))", "crashed no such reason"),
    "many-files": ("say(READY, *(give(b'%d' % n, WEBP) for n in range(99)))", "crashed FILE out of turn"),
    "piece-of-a-look": ("say(READY, PIECE)", "crashed PIECE out of turn"),
    "much": ("say(READY, *(give(b'%d' % n, WEBP * 2**18) for n in range(20)))", "crashed files that are too large"),
    "strange-name": ("say(READY, give(b'../../x.webp', WEBP), DONE)", "crashed it says what cannot be"),
    "strange-file": ("say(READY, give(b'poster-320.webp', b'<html>'), DONE)", "crashed it says what cannot be"),
    "strange-facts": ('say(READY, (Kind.FACTS, b\'{"width": "9"}\'), DONE)', "crashed it says what cannot be"),
    "strange-end": ('say(READY, (Kind.DONE, b\'{"more": 2}\'))', "crashed it says what cannot be"),
}  # fmt: skip


@pytest.mark.parametrize("way", _WAYS)
async def test_whatever_a_child_does_the_worker_has_a_reason(source: Source, tmp_path: Path, way: str) -> None:
    does, reason = _WAYS[way]
    child = tmp_path / "child.py"
    child.write_text(dedent(_CHILD) + does)
    limits = Limits(cpu_seconds=1, seconds=1 if way in ("sleeps", "waits") else 30, memory=2**30)
    with pytest.raises(Failed) as failed:
        await source.look(bytes(40 * 2**18), jail=Jail(child), limits=limits)
    assert f"{failed.value.reason} {failed.value}" == reason


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are seen in /proc")
@pytest.mark.parametrize(
    "does", ["os._exit(3)", "time.sleep(600)", "os.write(0, b'<html>' * 9)", "say((Kind.FAILED, b'damaged'))"]
)
async def test_however_a_child_ends_its_pieces_are_closed(source: Source, tmp_path: Path, does: str) -> None:
    child = tmp_path / "child.py"
    child.write_text(dedent(_CHILD) + f"say(READY, PIECE, (Kind.PROGRESS, b'1')); {does}")
    source.content = bytes(10)
    blocks = Blocks(source.session, source.where(), source.renew, most_bytes=10)
    seen, others = [], _nameless_files()
    with pytest.raises(Failed) as failed:
        await Jail(child).run(
            Order(task=Task.CHUNK, rendering=Rendering()),
            blocks,
            limits=Limits(cpu_seconds=9, seconds=3),
            on_progress=lambda _: seen.append(_nameless_files()),
        )
    # What was raised is still held, and by it all that there was.
    assert (seen, _nameless_files()) == ([others + 1], others)
    assert failed.value.is_final is ("FAILED" in does)


def _nameless_files() -> int:
    """How many temporary files this process has open."""
    found = 0
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += handle.readlink().match(f"{tempfile.gettempdir()}/*(deleted)")
    return found


async def test_a_decoder_without_memory_is_too_costly(source: Source, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", times_ms=[0, 40], size=(3840, 2160))
    with pytest.raises(Failed) as failed:
        await source.look(film.read_bytes(), limits=Limits(cpu_seconds=60, seconds=60, memory=150 * 2**20))
    assert failed.value.reason in (Reason.TOO_COSTLY, Reason.TOO_LARGE, Reason.CRASHED)


async def test_a_job_that_is_cancelled_leaves_no_child(source: Source, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(dedent(_CHILD) + "say(READY, (Kind.PROGRESS, bytes([os.getpid() % 100])))\nwhile True: pass")
    source.content = bytes(10)
    blocks = Blocks(source.session, source.where(), source.renew, most_bytes=10)

    def cancel(_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await Jail(child).run(
            Order(task=Task.LOOK), blocks, limits=Limits(cpu_seconds=60, seconds=60), on_progress=cancel
        )
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(child) in (process.info["cmdline"] or [])
    ]
