"""Brings what people send through this service to the storage, by presigned URLs."""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from typing import Final

import aiohttp
from yarl import URL

from common.errors import StorageUnavailable
from contracts.media import Put

# For at most 10 MiB, to a storage that is near.
PUT_TIMEOUT: Final = aiohttp.ClientTimeout(total=15, sock_connect=5)


class Bucket:
    """Where the bytes go."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def put(self, put: Put, content: bytes) -> None:
        """Stores exactly these bytes. Raises StorageUnavailable."""
        try:
            async with self._session.put(
                # It is signed as it stands.
                URL(put.url, encoded=True),
                # As a file, which is sent piece by piece.
                data=BytesIO(content),
                headers=put.headers,
                timeout=PUT_TIMEOUT,
                allow_redirects=False,
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise StorageUnavailable from exc
        if answer.status != HTTPStatus.OK:
            raise StorageUnavailable
