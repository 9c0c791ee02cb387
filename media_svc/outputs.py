"""Brings the files that were made to the storage, by presigned URLs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from contracts.media import Put, Reason
from media_svc.made import Failed, MadeFile, StorageAway

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
        try:
            async with self._session.put(
                # It is signed as it stands.
                URL(put.url, encoded=True),
                data=file.content,
                headers=put.headers,
                timeout=PUT_TIMEOUT,
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
