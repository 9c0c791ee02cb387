"""How many bytes a process really sends and receives over TCP, by the kernel's own counters."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests import components

_INTERVAL_SECONDS = 0.05
_SOCKET = re.compile(r"\bino:(?P<inode>\d+)")
_OWNER = re.compile(r"\bpid=(?P<pid>\d+)")
_SENT = re.compile(r"\bbytes_sent:(?P<count>\d+)")
_RECEIVED = re.compile(r"\bbytes_received:(?P<count>\d+)")
# Among the sent ones: a busy machine sends a segment again that has arrived already.
_AGAIN = re.compile(r"\bbytes_retrans:(?P<count>\d+)")


@dataclass(slots=True)
class Traffic:
    """Bytes of each process since the meter started, connection by connection."""

    names: Mapping[int, str]
    before: dict[tuple[int, int], int] = field(default_factory=dict)
    seen: dict[tuple[int, int], int] = field(default_factory=dict)
    readings: int = 0

    def read(self, listing: str) -> None:
        """Takes in one listing of `ss`. A connection keeps its highest count, so it may close meanwhile."""
        for line in listing.splitlines():
            inode = _SOCKET.search(line)
            if inode is None:
                continue
            sent, again, received = (
                int(match["count"]) if (match := counter.search(line)) else 0 for counter in (_SENT, _AGAIN, _RECEIVED)
            )
            count = sent - again + received
            for owner in _OWNER.finditer(line):
                pid = int(owner["pid"])
                if pid in self.names:
                    key = pid, int(inode["inode"])
                    self.seen[key] = max(count, self.seen.get(key, 0))
        if self.readings == 0:
            self.before = dict(self.seen)
        self.readings += 1

    def total_bytes(self) -> dict[str, int]:
        """Sent and received together, by the name of the process."""
        totals = dict.fromkeys(self.names.values(), 0)
        for key, count in self.seen.items():
            totals[self.names[key[0]]] += count - self.before.get(key, 0)
        return totals


@contextmanager
def metered(names: Mapping[int, str]) -> Iterator[Traffic]:
    """Counts for the processes with these ids until the context ends.

    Looks twenty times a second: what is missed is the last twentieth of a second of a connection that closes, so
    megabytes could hide in nothing but connections that live shorter than that. Both ends of a call between two
    services count, each for its own process.
    """
    program = components.socket_statistics()
    traffic = Traffic(names)
    is_over = threading.Event()

    def look() -> None:
        listing = subprocess.run([program, "-tinpeHO"], capture_output=True, text=True, check=True)
        traffic.read(listing.stdout)

    def watch() -> None:
        while not is_over.wait(_INTERVAL_SECONDS):
            look()

    look()
    watcher = threading.Thread(target=watch, name="traffic")
    watcher.start()
    try:
        yield traffic
    finally:
        is_over.set()
        watcher.join()
        look()
