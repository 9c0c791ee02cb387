"""Takes from this process everything but its memory, the processor and the socket to its parent, for good."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Final

# Numbers of Linux, the same on every processor since 2019 (include/uapi/asm-generic/unistd.h).
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

# Users that nobody has: above those that systemd gives to containers.
_FIRST_USER: Final = 0x7000_0000
_NOBODY: Final = 65_534

# The rights that each version of Landlock (include/uapi/linux/landlock.h) knows, as numbers of bits.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_FILE_RIGHTS: Final = 16
_TCP_BIND_AND_CONNECT: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def lock(*, parent: int, cpu_seconds: int, memory: int) -> int:
    """Locks this process in; `parent` is the process id of who started it, `memory` bytes of address space.

    Returns the version of Landlock that holds, 0 if the kernel has none. Raises OSError.
    """
    landlock = 0
    if os.geteuid() == 0:
        _leave_root()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # After the change of user, which resets both.
        _call(libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _call(libc.prctl, _PR_SET_DUMPABLE, 0, 0, 0, 0)
        _call(libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        landlock = _restrict(libc)
        if os.getppid() != parent:
            raise ProcessLookupError("the worker has ended")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    # Neither a process nor a thread more. Root is not bound by it.
    _limit(resource.RLIMIT_NPROC, 0)
    # At the first SIGXCPU, by which the worker knows why it ended; SIGKILL for who does not end by that.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    with suppress(OSError, ValueError):  # macOS
        _limit(resource.RLIMIT_AS, memory)
    # What is open stays open; no number is left for another file or socket, not even that of one that is closed.
    _limit(resource.RLIMIT_NOFILE, 0)
    return landlock


def _leave_root() -> None:
    """A user of its own, so that it reaches neither its parent nor another child."""
    for user in (_FIRST_USER + os.getpid(), _NOBODY):
        # In a user namespace not every number is somebody, and perhaps nobody but root is.
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return


def _restrict(libc: ctypes.CDLL) -> int:
    """No file, no TCP, no signal to anybody: Landlock with an empty list of what is allowed."""
    version = int(libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION))
    if version < 1:
        return 0
    ruleset = _Ruleset(
        handled_access_fs=(1 << _FILE_RIGHTS.get(version, _ALL_FILE_RIGHTS)) - 1,
        handled_access_net=_TCP_BIND_AND_CONNECT if version >= 4 else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    handle = _call(libc.syscall, _LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    _call(libc.syscall, _LANDLOCK_RESTRICT_SELF, handle, 0)
    os.close(handle)
    return version


def _call(function: ctypes._NamedFuncPointer, *arguments: object) -> int:
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _limit(kind: int, most: int) -> None:
    resource.setrlimit(kind, (most, most))
