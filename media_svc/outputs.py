"""Brings the files that were made to the storage, by presigned URLs."""

from __future__ import annotations

from http import HTTPStatus
from typing import BinaryIO, Final

import aiohttp
from yarl import URL

from contracts.media import Put, Reason
from media_svc.made import Failed, MadeFile, Spool, StorageAway

# For at most 16 MiB, on a line that is not quick.
PUT_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=5)
# The URL has ended, there were too many calls, or the storage has trouble of its own: later, perhaps.
_PASSING: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Bucket:
    """Where files go."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def put(self, put: Put, file: MadeFile) -> None:
        """Stores exactly these bytes. Raises StorageAway when trying again may help, else Failed."""
        await self._put(put, file.content, PUT_TIMEOUT)

    async def put_part(self, put: Put, spool: Spool) -> None:
        """The same of a part."""
        # At 64 KiB a second.
        limit = aiohttp.ClientTimeout(total=60 + spool.size / 2**16, sock_connect=5, sock_read=60)
        with spool.reader() as content:
            await self._put(put, content, limit)

    async def _put(self, put: Put, content: bytes | BinaryIO, limit: aiohttp.ClientTimeout) -> None:
        try:
            async with self._session.put(
                # It is signed as it stands.
                URL(put.url, encoded=True),
                data=content,
                headers=put.headers,
                timeout=limit,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise StorageAway(f"no answer to a PUT: {type(exc).__name__}") from None
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise StorageAway(f"a PUT is answered with {status}")
        if status != HTTPStatus.OK:
            raise Failed(Reason.STORAGE, f"a PUT is answered with {status}")
