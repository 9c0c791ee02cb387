"""Becomes a command that cannot outlive the process which asked for it; run as a script:

    python -I -S launch.py <the asking process> <its lifeline, a descriptor, or -1> <command> [argument …]

A script of its own, because code between fork and exec of a bigger process is not safe. It runs before every
child, so it imports little.
"""

from __future__ import annotations

import os
import signal
import sys

# From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, lifeline, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if lifeline >= 0:
        _watch(lifeline)
    else:
        _die_with(parent)
    # Python ignores SIGPIPE, and exec would hand that on.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606


def _die_with(parent: int) -> None:
    """Linux: the kernel kills this process when the thread that started it ends, however it ends."""
    import ctypes  # noqa: PLC0415

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the line above.
        sys.exit(1)


def _watch(lifeline: int) -> None:
    """Elsewhere: a second process in our group waits for the end of the lifeline, then ends the group.

    It stays in the group, so the group's number cannot have gone to anybody else by then.
    """
    if os.fork():
        os.close(lifeline)
        return
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
