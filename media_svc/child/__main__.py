"""Started by media_svc.jail as a file: `python -I -S -B __main__.py '<JSON>'`, its socket as standard input."""

from __future__ import annotations

import json
import os
import sys
from typing import TypedDict


class Order(TypedDict):
    """What to do, and within which limits: bytes, seconds."""

    path: list[str]
    parent: int
    cpu_seconds: int
    memory: int
    niceness: int
    task: str
    size: int
    poster_ms: int | None
    duration_ms: int
    start_ms: int
    end_ms: int | None
    rungs: list[tuple[str, int]]
    preset: str


def main(order: Order) -> None:
    # Whoever waits for a page or a film comes first; the worker itself, which answers in time, is no hurdle.
    os.nice(order["niceness"])
    # Here, not above: the way to them has just been set. Everything that is needed later is imported before the door
    # is closed.
    from media_svc.child import lock, work  # noqa: PLC0415
    from media_svc.child.opening import Refused  # noqa: PLC0415
    from media_svc.child.parent import Parent  # noqa: PLC0415
    from media_svc.wire import Kind  # noqa: PLC0415

    work.prepare()
    landlock = lock.lock(parent=order["parent"], cpu_seconds=order["cpu_seconds"], memory=order["memory"])
    parent = Parent()
    for handle in (1, 2):
        os.close(handle)
    parent.say(Kind.READY, {"landlock": landlock})
    try:
        done = work.work(
            parent,
            task=order["task"],
            size=order["size"],
            poster_ms=order["poster_ms"],
            duration_ms=order["duration_ms"],
            piece=work.Piece(
                start_ms=order["start_ms"], end_ms=order["end_ms"], rungs=order["rungs"], preset=order["preset"]
            ),
        )
    except Refused as exc:
        parent.send(Kind.FAILED, exc.reason.encode())
    except MemoryError:
        parent.send(Kind.FAILED, b"too-costly")
    else:
        parent.say(Kind.DONE, done)
        # Until the worker has seen how much memory that took; then it hangs up.
        parent.receive(1)


if __name__ == "__main__":
    given: Order = json.loads(sys.argv[1])
    sys.path[:] = given["path"]
    main(given)
    # Without a look at standard output, which is closed.
    os._exit(0)
