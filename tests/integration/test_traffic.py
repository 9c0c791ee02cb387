"""The meter that later says "no service carries a film" must see one when it is there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.traffic import Traffic, metered

_MIB = 2**20


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            yield client, server


def _send(count: int, client: socket.socket, server: socket.socket) -> None:
    sender = threading.Thread(target=client.sendall, args=(b"x" * count,))
    sender.start()
    received = 0
    while received < count:
        received += len(server.recv(_MIB))
    sender.join()


def test_what_a_process_sends_and_what_it_receives_both_count() -> None:
    with _connection() as (client, server), metered({os.getpid(): "me"}) as traffic:
        _send(3 * _MIB, client, server)
    # Both ends are this process's own.
    assert traffic.total_bytes() == {"me": 6 * _MIB}


def test_what_is_sent_again_counts_once() -> None:
    traffic = Traffic({7: "me"}, readings=1)
    # As `ss` writes it where the machine was so busy that two segments went out twice.
    traffic.read("ESTAB users:((x,pid=7,fd=3)) ino:9 bytes_sent:3276694 bytes_retrans:130966 bytes_acked:3145728")
    assert traffic.total_bytes() == {"me": 3 * _MIB}


def test_what_went_before_does_not_count() -> None:
    with _connection() as (client, server):
        _send(1000, client, server)
        with metered({os.getpid(): "me"}) as traffic:
            _send(50, client, server)
    assert traffic.total_bytes() == {"me": 100}
