"""A way to a server that can be cut: connections end, and no new ones are taken, until it comes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """Hands on bytes between `port` and the server."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listening: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

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
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_copy(reader, far_writer))
                    tasks.create_task(_copy(far_reader, writer))
            finally:
                far_writer.close()
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
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
