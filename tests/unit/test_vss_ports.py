"""Ports: the public ones are named when they are taken, the engine's are chosen once and avoid everybody."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_base
from vss.errors import PortTaken, SocketTaken
from vss.ports import GRPC_OFFSET, PublicPorts, engine_ports, refuse_taken

OFFSETS = [1, 2, 3, 4, 5, 333]


@pytest.fixture
def ports() -> PublicPorts:
    return PublicPorts(free_base(OFFSETS))


@pytest.fixture
def foreign_socket() -> Iterator[Path]:
    file = Path(f"/tmp/seaweedfs-test-{os.getpid()}.sock")  # noqa: S108
    file.touch()
    yield file
    file.unlink()


def test_the_public_ports_are_where_the_documents_say(ports: PublicPorts) -> None:
    assert [port - ports.base for port in ports.by_name().values()] == OFFSETS
    assert ports.url("stream") == f"http://127.0.0.1:{ports.base + 4}"


def test_free_ports_are_not_refused(ports: PublicPorts) -> None:
    refuse_taken(ports)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_named_with_the_option_that_changes_it(ports: PublicPorts, address: str) -> None:
    with (
        socket.create_server((address, ports["upload"])),
        pytest.raises(PortTaken, match=rf"port {ports['upload']} \(upload\) is in use.*--port-base"),
    ):
        refuse_taken(ports)


def test_all_taken_ports_are_named_at_once(ports: PublicPorts) -> None:
    with (
        socket.create_server(("127.0.0.1", ports["auth"])),
        socket.create_server(("127.0.0.1", ports["storage"])),
        pytest.raises(PortTaken, match=rf"ports {ports['auth']} \(auth\), {ports['storage']} \(storage\) are in use"),
    ):
        refuse_taken(ports)


def test_the_engine_keeps_its_ports(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = engine_ports(file, avoid=())
    assert len(set(chosen.all())) == 9
    assert all(10_000 < port < 32_768 for port in chosen.all())
    assert engine_ports(file, avoid=()) == chosen
    assert engine_ports(tmp_path / "other.json", avoid=()) != chosen


def test_the_engine_moves_when_one_of_its_ports_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = engine_ports(file, avoid=())
    with socket.create_server(("127.0.0.1", chosen.filer + GRPC_OFFSET)):
        moved = engine_ports(file, avoid=())
    assert set(moved.all()).isdisjoint({chosen.filer + GRPC_OFFSET})
    assert engine_ports(file, avoid=()) == moved


def test_the_engine_moves_out_of_the_way_of_the_public_ports(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = engine_ports(file, avoid=())
    assert chosen.master not in engine_ports(file, avoid={chosen.master}).all()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"master": 1}', b"\xff"])
def test_a_broken_file_is_written_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ports.json"
    file.write_bytes(content)
    chosen = engine_ports(file, avoid=())
    assert engine_ports(file, avoid=()) == chosen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that belongs to another user")
def test_a_socket_of_another_user_is_refused_by_name(tmp_path: Path, foreign_socket: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = engine_ports(file, avoid=())
    in_the_way = foreign_socket.rename(foreign_socket.with_name(f"seaweedfs-s3-grpc-{chosen.s3_grpc}.sock"))
    try:
        assert engine_ports(file, avoid=()) == chosen
        os.chown(in_the_way, 65534, -1)
        with pytest.raises(SocketTaken, match=rf"{in_the_way} belongs to another user.*remove {file}"):
            engine_ports(file, avoid=())
    finally:
        in_the_way.rename(foreign_socket)


def test_sockets_that_the_engine_left_are_removed(tmp_path: Path) -> None:
    chosen = engine_ports(tmp_path / "ports.json", avoid=())
    left = Path(f"/tmp/seaweedfs-admin-grpc-{chosen.admin + GRPC_OFFSET}.sock")  # noqa: S108
    left.touch()
    with socket.create_server(("127.0.0.1", chosen.admin + GRPC_OFFSET)):
        # Another engine has the port by now, and this is its socket.
        chosen.remove_sockets()
        assert left.exists()
    chosen.remove_sockets()
    assert not left.exists()
