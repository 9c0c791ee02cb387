"""The embedded storage engine by itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from vss.bucket import Bucket
from vss.child import RunningChild
from vss.data_folder import DataFolder
from vss.errors import ChildCannotStart
from vss.ports import remove_engine_sockets
from vss.seaweedfs import NAME, prepare

_STOP_SECONDS: Final = 5.0


@asynccontextmanager
async def running_engine(path: Path, *, port: int, origins: Sequence[str] = ()) -> AsyncIterator[Bucket]:
    """An engine by itself with its data in `path`: ready to use, and stopped at the end.

    The thread that enters must live until the end (see `RunningChild.start`). Raises `ChildCannotStart`.
    """
    folder = DataFolder.prepare(path)
    engine = prepare(folder, port=port, origins=origins, environment=os.environ)
    running = await RunningChild.start(engine.child, folder.logs)
    try:
        if trouble := await running.become_ready():
            raise ChildCannotStart(f"{NAME} cannot start: {trouble}", running.last_lines())
        yield engine.bucket
    finally:
        running.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await running.wait()
        except TimeoutError:
            running.kill()
            await running.wait()
        remove_engine_sockets(folder.engine_ports)
