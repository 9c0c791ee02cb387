"""A person who uses the API: the calls of upload_svc and stream_svc with a token, and the parts sent to S3."""

from __future__ import annotations

import io
from typing import Any

from aiohttp import ClientResponse, ClientSession
from yarl import URL

from tests.installation import Installation
from tests.product import Product

PART_SIZE = 8 * 2**20


class Person:
    """One account's view; `token` may also be one that should not work, or None."""

    def __init__(self, session: ClientSession, token: str | None, *, upload_url: str, stream_url: str) -> None:
        self._session = session
        self.token = token
        self.upload_url = upload_url
        self.stream_url = stream_url

    async def call(self, method: str, url: str | URL, **arguments: Any) -> ClientResponse:
        """One request, answered and read; redirects are not followed."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        headers.update(arguments.pop("headers", {}))
        async with self._session.request(method, url, headers=headers, allow_redirects=False, **arguments) as answer:
            await answer.read()
        return answer

    async def begin(self, size: int, **fields: Any) -> dict[str, Any]:
        """A new upload of so many bytes."""
        content = {"title": "A film", "filename": "film.mp4", "size": size, "content_type": "video/mp4", **fields}
        answer = await self.call("POST", f"{self.upload_url}/v1/uploads", json=content)
        assert answer.status == 201, await answer.text()
        upload: dict[str, Any] = await answer.json()
        assert answer.headers["Location"].endswith(f"/v1/uploads/{upload['id']}")
        return upload

    async def part_urls(self, upload_id: str, numbers: list[int]) -> dict[str, Any]:
        """URLs to send those parts to, and the headers to send with them."""
        answer = await self.call(
            "POST", f"{self.upload_url}/v1/uploads/{upload_id}/part-urls", json={"part_numbers": numbers}
        )
        assert answer.status == 200, await answer.text()
        urls: dict[str, Any] = await answer.json()
        return urls

    async def send_part(self, upload_id: str, number: int, content: bytes) -> int:
        """Sends bytes as that part, to S3; returns the status of its answer."""
        signed = await self.part_urls(upload_id, [number])
        body = io.BytesIO(content)
        async with self._session.put(signed["urls"][str(number)], data=body, headers=signed["headers"]) as answer:
            return answer.status

    async def send(self, upload: dict[str, Any], content: bytes) -> None:
        """Sends every part."""
        for number in range(1, upload["part_count"] + 1):
            part = content[(number - 1) * upload["part_size"] : number * upload["part_size"]]
            assert await self.send_part(upload["id"], number, part) == 200

    async def complete(self, upload_id: str) -> ClientResponse:
        """Asks for the video."""
        return await self.call("POST", f"{self.upload_url}/v1/uploads/{upload_id}/complete")

    async def upload(self, content: bytes, **fields: Any) -> dict[str, Any]:
        """The whole of it; returns the video as its owner sees it."""
        upload = await self.begin(len(content), **fields)
        await self.send(upload, content)
        answer = await self.complete(upload["id"])
        assert answer.status == 200, await answer.text()
        video: dict[str, Any] = await answer.json()
        assert video["state"] == "ready"
        return video


async def person(session: ClientSession, place: Product | Installation) -> Person:
    """The administrator who is there from the start, logged in."""
    form = {"grant_type": "password", "username": "admin", "password": "admin"}
    async with session.post(f"{place.url('auth')}/v1/token", data=form) as answer:
        assert answer.status == 200, await answer.text()
        token = (await answer.json())["access_token"]
    return Person(session, token, upload_url=place.url("upload"), stream_url=place.url("stream"))
