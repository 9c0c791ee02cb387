"""A person's browser, as far as the services can tell: it keeps cookies and says where each request comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import ClientResponse, ClientSession, FormData
from yarl import URL

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """One visitor; answers are read and redirects are not followed, so that tests see them."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def open(self, url: str | URL, **headers: str) -> ClientResponse:
        """Goes to an address as a link or a bookmark does."""
        return await self._send("GET", url, headers={"Accept": "text/html,*/*;q=0.8", **headers})

    async def post_form(
        self,
        url: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        sent_from: Mapping[str, str] = OWN_PAGE,
    ) -> ClientResponse:
        """Sends a form; `sent_from` are the headers by which a browser tells from which site."""
        return await self._send(
            "POST",
            url,
            data=FormData(dict(fields) if isinstance(fields, Mapping) else fields),
            headers={"Accept": "text/html", **sent_from},
        )

    async def call(
        self, method: str, url: str, *, json: object = None, sent_from: Mapping[str, str] = OWN_PAGE
    ) -> ClientResponse:
        """What a page's script sends to its service."""
        return await self._send(method, url, json=json, headers=dict(sent_from))

    async def log_in(self, service_url: str, *, target: str = "/") -> ClientResponse:
        """As the account that is there from the start."""
        fields = {"username": "admin", "password": "admin", "next": target}
        return await self.post_form(f"{service_url}/login", fields)

    async def create(self, upload_url: str, size: int = 17, **fields: Any) -> dict[str, Any]:
        """Announces a file of so many bytes, as the upload page does; returns the upload."""
        content = {"title": "A film", "filename": "film.mp4", "size": size, "content_type": "video/mp4", **fields}
        answer = await self.call("POST", f"{upload_url}/v1/uploads", json=content)
        assert answer.status == 201, await answer.text()
        upload: dict[str, Any] = await answer.json()
        return upload

    async def upload(self, upload_url: str, film: bytes, **fields: Any) -> str:
        """Uploads a small film; returns the video's id."""
        upload_id: str = (await self.create(upload_url, len(film), **fields))["id"]
        url = f"{upload_url}/v1/uploads/{upload_id}"
        signed = await (await self.call("POST", f"{url}/part-urls", json={"part_numbers": [1]})).json()
        async with self._session.put(signed["urls"]["1"], data=film, headers=signed["headers"]) as sent:
            assert sent.status == 200
        assert (await self.call("POST", f"{url}/complete")).status == 200
        return upload_id

    async def _send(self, method: str, url: str | URL, **options: Any) -> ClientResponse:
        async with self._session.request(method, url, allow_redirects=False, **options) as answer:
            await answer.read()
        return answer
