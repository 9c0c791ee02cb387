"""A way to a server that can be cut, and that can be bad: what goes over it may be late, lost, or damaged."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

PIECE = 64 * 1024
# A head is smaller than that and stands first, and on one connection nothing follows a request until its answer: the
# last byte of such a piece is content.
_SURELY_CONTENT = 16 * 1024


@dataclass(slots=True, kw_only=True)
class Trouble:
    """The chances, from 0 to 1, of what may happen to each piece, and how often it did."""

    chance: random.Random
    delays: float = 0.0
    longest_delay_seconds: float = 0.05
    cuts: float = 0.0
    # Of whole pieces that go to the server, and of smaller ones the less: one byte of the content is another one.
    damages: float = 0.0
    # What is looked for in the answers.
    awaited: bytes | None = None
    cut: int = 0
    damaged: int = 0
    seen: int = 0

    async def to_server(self, data: bytes) -> bytes:
        """What arrives of it. Raises ConnectionAbortedError."""
        await self._on_the_way()
        # By the byte: pieces are smaller where much else is going on.
        if len(data) >= _SURELY_CONTENT and self.chance.random() < self.damages * len(data) / PIECE:
            self.damaged += 1
            return data[:-1] + bytes([data[-1] ^ 1])
        return data

    async def from_server(self, data: bytes) -> bytes:
        """The same, of an answer."""
        await self._on_the_way()
        self.seen += self.awaited is not None and self.awaited in data
        return data

    async def _on_the_way(self) -> None:
        if self.chance.random() < self.delays:
            await asyncio.sleep(self.chance.uniform(0, self.longest_delay_seconds))
        if self.chance.random() < self.cuts:
            self.cut += 1
            raise ConnectionAbortedError


class TcpProxy:
    """Hands on bytes between `port` and the server."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listening: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0
        # None: it hands on everything as it is.
        self.trouble: Trouble | None = None

    @property
    def url(self) -> str:
        """For HTTP."""
        return f"http://127.0.0.1:{self.port}"

    async def come_back(self) -> None:
        """Takes connections, always at the same port."""
        # Not asyncio's server: closed between an accept and what it makes of it, it leaves that connection open.
        listening = self._listening = socket.create_server(("127.0.0.1", self.port))
        listening.settimeout(0)
        self.port = listening.getsockname()[1]
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    async def go_away(self) -> None:
        """Ends every connection and takes no more."""
        assert self._listening is not None
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, listening: socket.socket) -> None:
        near, _ = listening.accept()
        task = asyncio.create_task(self._serve(near))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # Here as well, because a task that is cancelled before its first step closes nothing.
        task.add_done_callback(lambda _: near.close())

    async def _serve(self, near: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=near)
        try:
            # Refused: nobody is there behind it.
            with suppress(ConnectionRefusedError):
                await self._join(reader, writer)
        finally:
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._copy(reader, far_writer, is_answer=False))
                tasks.create_task(self._copy(far_reader, writer, is_answer=True))
        finally:
            far_writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        # One way that ends takes the other with it: its end closes the connection.
        with suppress(ConnectionError):
            while data := await reader.read(PIECE):
                if trouble := self.trouble:
                    data = await (trouble.from_server(data) if is_answer else trouble.to_server(data))
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tcp_proxy(host: str, port: int) -> AsyncIterator[TcpProxy]:
    """A proxy in front of the server, at `.port`."""
    proxy = TcpProxy(host, port)
    await proxy.come_back()
    try:
        yield proxy
    finally:
        await proxy.go_away()
