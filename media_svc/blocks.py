"""Reads a video by its presigned URL, in blocks, each once."""

from __future__ import annotations

import asyncio
import random
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from contracts.media import JobSource, Reason
from media_svc.made import Failed, StorageAway
from media_svc.wire import BLOCK_SIZE

# Of one request, and of the storage's silence within it.
TIMEOUT: Final = aiohttp.ClientTimeout(total=30, sock_connect=5, sock_read=15)
TRIES: Final = 3
# 8 MiB: what lies between the sound and the picture of one moment, in files that are badly interleaved.
KEPT_BLOCKS: Final = 32

_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

Renew = Callable[[], Awaitable[JobSource]]


class TooMuchRead(Exception):
    """More is wanted than the file is worth: somebody goes round in circles."""


class Blocks:
    """The file of `source` in blocks of BLOCK_SIZE, the last ones kept; at most `most_bytes` are fetched.

    `renew` gives a source whose URL is good again; what it raises is handed on.
    """

    def __init__(self, session: aiohttp.ClientSession, source: JobSource, renew: Renew, *, most_bytes: int) -> None:
        self.bytes_read = 0
        self.requests = 0
        self.size = source.size
        self._session = session
        self._url = source.url
        self._renew = renew
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    @property
    def count(self) -> int:
        return -(-self.size // BLOCK_SIZE)

    async def get(self, number: int) -> bytes:
        """The block with that number, from 0. Raises StorageAway, Failed when there is no such object, TooMuchRead."""
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        first = number * BLOCK_SIZE
        last = min(first + BLOCK_SIZE, self.size) - 1
        if self.bytes_read + last + 1 - first > self._most_bytes:
            raise TooMuchRead
        block = await self._fetch(first, last)
        self._kept[number] = block
        if len(self._kept) > KEPT_BLOCKS:
            self._kept.popitem(last=False)
        return block

    async def _fetch(self, first: int, last: int) -> bytes:
        is_renewed = False
        for attempt in range(1, TRIES + 1):
            try:
                status, block = await self._ask(first, last)
            except (aiohttp.ClientError, TimeoutError) as exc:
                if attempt == TRIES:
                    raise StorageAway(type(exc).__name__) from exc
            else:
                if status == HTTPStatus.PARTIAL_CONTENT:
                    return block
                if status == HTTPStatus.NOT_FOUND:
                    # Nothing to wait for with the job in hand.
                    raise Failed(Reason.STORAGE, "the object is not there")
                if status == HTTPStatus.FORBIDDEN and not is_renewed:
                    # The URL has run out.
                    is_renewed = True
                    self._url = (await self._renew()).url
                    continue
                if status < HTTPStatus.INTERNAL_SERVER_ERROR or attempt == TRIES:
                    raise StorageAway(f"status {status}")
            await asyncio.sleep(random.uniform(0.1, 0.5) * attempt)  # noqa: S311 (jitter, not a secret)
        raise StorageAway("refused, with a new URL too")

    async def _ask(self, first: int, last: int) -> tuple[int, bytes]:
        self.requests += 1
        async with self._session.get(
            # It is signed as it stands.
            URL(self._url, encoded=True),
            headers={"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            allow_redirects=False,
        ) as answer:
            if answer.status != HTTPStatus.PARTIAL_CONTENT:
                return answer.status, b""
            found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if found is None or tuple(map(int, found.groups())) != (first, last, self.size):
                raise StorageAway("another range or size than was asked for")
            block = await answer.content.readexactly(last + 1 - first)
            self.bytes_read += len(block)
            return answer.status, block
