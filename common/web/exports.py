"""What is kept about a person, as one JSON document to download: written piece by piece, however much there is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel

T = TypeVar("T")


async def every(page: Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]]) -> AsyncIterator[T]:
    """All items of a list that is read in pages: `page` takes a cursor and gives items and the next cursor."""
    cursor: str | None = None
    while True:
        items, cursor = await page(cursor)
        for item in items:
            yield item
        if cursor is None:
            return


async def send_export(
    request: web.Request, filename: str, lists: Mapping[str, AsyncIterator[BaseModel]], **members: BaseModel
) -> web.StreamResponse:
    """Answers with an object of `members` and `lists`, to be saved as `filename`.

    What fails on the way cuts the answer, so that half a document is never taken for a whole one.
    """
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json",
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    between = "{"
    for name, member in members.items():
        await response.write(f"{between}{json.dumps(name)}:{member.model_dump_json()}".encode())
        between = ",\n"
    for name, items in lists.items():
        await response.write(f"{between}{json.dumps(name)}:[".encode())
        between = "\n"
        async for item in items:
            await response.write(f"{between}{item.model_dump_json()}".encode())
            between = ",\n"
        await response.write(b"]")
        between = ",\n"
    await response.write(b"}\n")
    await response.write_eof()
    return response
