"""An id is that id and no other way to write it; whatever else stands in an address is not there. On both databases."""

from __future__ import annotations

import asyncio

import pytest
from yarl import URL

from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = b"a very short film"


@pytest.fixture
def services_url(database_url: str) -> str:
    return database_url


def _others(video_id: str) -> list[str]:
    """What is not the id, as it stands in an address."""
    return [
        # MySQL holds texts that differ in spaces at the end for equal.
        f"{video_id}%20",
        f"%20{video_id}",
        video_id.upper(),
        video_id[:-1],
        f"{video_id}a",
        f"{video_id}%00",
        f"{video_id}%0A",
        f"{video_id}%2F",
        "%25",
        "_" * 26,
        "%F0%9F%8E%AC",
        "%ED%A0%80",
        "%FF",
        "a" * 5000,
        "'%20OR%20''='",
    ]


async def test_only_the_id_itself_is_the_video(services: Services, browser: Browser) -> None:
    alice, nobody = services.person("alice"), services.person(None)
    video = await alice.upload(FILM, visibility="public")
    for other in _others(video["id"]):
        for call in ("", "/playback", "/source"):
            url = URL(f"{alice.stream_url}/v1/videos/{other}{call}", encoded=True)
            await assert_problem(await alice.call("GET", url), 404, "not-found")
            await assert_problem(await nobody.call("GET", url), 401, "unauthenticated")
        page = await browser.open(URL(f"{alice.stream_url}/watch/{other}", encoded=True))
        assert (page.status, page.headers["Location"][:11]) == (303, "/login?next")
    assert (await nobody.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/playback")).status == 200


async def test_only_the_id_itself_is_opened_for_editing(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)
    video_id = await browser.upload(url, FILM)
    for other in _others(video_id):
        page = await browser.open(URL(f"{url}/videos?edit={other}", encoded=True))
        assert (page.status, page.content_type) == (404, "text/html"), other
    assert (await browser.open(f"{url}/videos?edit={video_id}")).status == 200


@pytest.mark.parametrize(
    "target", [b"/v1/videos?q=\xff", b"/v1/videos?cursor=\xff", b"/v1/videos/\xff", b"/v1/videos?\xff=1"]
)
async def test_bytes_that_are_no_text_are_no_failure_of_ours(services: Services, target: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", services.addresses.stream_port)
    try:
        token = services.auth.token("alice").encode()
        head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
        writer.write(b"GET " + target + head)
        async with asyncio.timeout(10):
            answer = await reader.read()
    finally:
        writer.close()
    assert int(answer.split()[1]) in (200, 400, 404, 422), answer
