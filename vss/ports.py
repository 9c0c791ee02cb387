"""Ports: the public ones, made from one number, and the engine's own, chosen once per data folder."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from vss.errors import PortTaken, SocketTaken
from vss.files import write_atomically

HOST = "127.0.0.1"
# From the base on.
_PUBLIC: Final = {"auth": 1, "fs": 2, "upload": 3, "stream": 4, "media": 5, "storage": 333}
LOWEST_BASE = 1024
HIGHEST_BASE = 65535 - max(_PUBLIC.values())

# SeaweedFS's own convention, which parts of it rely on whatever the flags say: gRPC is 10,000 above HTTP.
GRPC_OFFSET = 10_000
# Both halves stay below the ports of outgoing connections, which begin at 32768 (Linux) or 49152 (macOS).
ENGINE_RANGE = range(10_240, 22_240)
CHOICES = 200

# Where the engine's gRPC parts put their sockets, whatever TMPDIR says.
SHARED_TEMPORARY_FOLDER = Path("/tmp")  # noqa: S108


@dataclass(frozen=True, slots=True)
class PublicPorts:
    """Where browsers come in, and where the worker says how it is; all on loopback."""

    base: int

    def __getitem__(self, name: str) -> int:
        return self.base + _PUBLIC[name]

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self[name]}"

    def by_name(self) -> dict[str, int]:
        """In the order in which they are shown."""
        return {name: self[name] for name in _PUBLIC}


def refuse_taken(ports: PublicPorts) -> None:
    """Raises `PortTaken`, naming each, when something listens on any of the public ports."""
    taken = [f"{port} ({name})" for name, port in ports.by_name().items() if not is_free(port)]
    if taken:
        what = f"port {taken[0]} is" if len(taken) == 1 else f"ports {', '.join(taken)} are"
        raise PortTaken(f"{what} in use by another program; choose others with --port-base N (or VSS_PORT_BASE)")


def is_free(port: int) -> bool:
    """Whether a server could listen there now (connections of the past, in TIME_WAIT, do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePorts:
    """The engine's HTTP ports; the gRPC port of each is `GRPC_OFFSET` above it. `s3_grpc` stands alone."""

    master: int
    volume: int
    filer: int
    admin: int
    s3_grpc: int

    def all(self) -> Iterator[int]:
        """Every port that the engine listens on, but the public one."""
        for port in (self.master, self.volume, self.filer, self.admin):
            yield port
            yield port + GRPC_OFFSET
        yield self.s3_grpc

    def sockets(self) -> Iterator[Path]:
        """What is in the shared temporary folder under the names that the engine will use."""
        for port in self.all():
            yield from _sockets(port)

    def remove_sockets(self) -> None:
        """Takes away what a stopped engine left there (it forgets some, and `kill -9` leaves all).

        Not where somebody listens: that is another engine, which has taken the port meanwhile.
        """
        for port in filter(is_free, self.all()):
            for socket_file in _sockets(port):
                with contextlib.suppress(OSError):
                    socket_file.unlink()


def _sockets(port: int) -> Iterator[Path]:
    return SHARED_TEMPORARY_FOLDER.glob(f"seaweedfs-*-{port}.sock")


def engine_ports(file: Path, *, avoid: Collection[int]) -> EnginePorts:
    """The ports that `file` holds; chosen anew, and written there, when it has none or one of them is taken.

    Objects still read when the ports change, so a port that somebody took meanwhile is no reason to stop. Raises
    `SocketTaken` when a socket of somebody else has a name that the engine needs: S3 would never answer then.
    """
    ports = _read(file)
    if ports is not None and (other := _socket_of_another(ports)):
        raise SocketTaken(
            f"{other} belongs to another user, and the storage engine needs that name; remove it, or remove {file} "
            "so that other ports are chosen"
        )
    if ports is None or not _usable(ports, avoid):
        if ports is not None:
            ports.remove_sockets()
        ports = _choose(avoid)
        write_atomically(file, json.dumps(asdict(ports), indent=2).encode() + b"\n")
    return ports


def remove_engine_sockets(file: Path) -> None:
    """Takes away what a stopped engine with the ports that `file` holds left in the shared temporary folder."""
    if (ports := _read(file)) is not None:
        ports.remove_sockets()


def _read(file: Path) -> EnginePorts | None:
    try:
        return EnginePorts(**{name: int(port) for name, port in json.loads(file.read_bytes()).items()})
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None


def _usable(ports: EnginePorts, avoid: Collection[int]) -> bool:
    return all(port not in avoid and is_free(port) for port in ports.all())


def _socket_of_another(ports: EnginePorts) -> Path | None:
    return next((file for file in ports.sockets() if file.lstat().st_uid != os.geteuid()), None)


def _choose(avoid: Collection[int]) -> EnginePorts:
    random = secrets.SystemRandom()
    for _ in range(CHOICES):
        master, volume, filer, admin, s3 = random.sample(ENGINE_RANGE, 5)
        ports = EnginePorts(master=master, volume=volume, filer=filer, admin=admin, s3_grpc=s3 + GRPC_OFFSET)
        if _usable(ports, avoid) and not _socket_of_another(ports):
            return ports
    raise PortTaken("no free ports for the storage engine between 10240 and 32240; end some programs that listen there")
