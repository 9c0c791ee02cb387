"""stream_svc reads `videos` and never writes it: every statement of every route, on both kinds of database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text
from yarl import URL

from catalogue.access import Viewer
from common.db import open_database
from common.ids import new_id
from stream_svc.app_keys import HLS
from stream_svc.routes import API, PAGES
from tests.browser import Browser
from tests.http.conftest import Services
from tests.statements import statements

# With everything that strangers may be shown.
pytestmark = [pytest.mark.both_databases, pytest.mark.parametrize("public_library", ["true"])]

FILM = b"a very short film"


async def _rows(url: str) -> list[Any]:
    async with open_database(url) as database, database.read() as connection:
        return [tuple(row) for row in await connection.execute(text("SELECT * FROM videos ORDER BY id"))]


async def test_no_route_writes_a_video(services: Services, services_url: str, browser: Browser) -> None:
    alice = services.person("alice")
    url = services.addresses.stream_url
    video = await alice.upload(FILM, visibility="public")
    framed = {"frame_ancestors": ["https://lms.example"]}
    made = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video['id']}/grants", json=framed)
    known = {
        "video_id": video["id"],
        "code": "invalid",
        "name": "poster",
        "token": URL((await made.json())["url"]).name,
        "set_id": new_id(),
    }
    player = {"token": services.stream[HLS].token(video["id"], Viewer(services.auth.account_id("alice"), frozenset()))}
    await browser.log_in(url)
    upload_url = services.addresses.upload_url
    collection = await browser.call("POST", f"{upload_url}/v1/collections", json={"title": "Course"})
    known["collection_id"] = (await collection.json())["id"]
    # Settled: upload_svc's loop has nothing to do with these rows any more.
    before = await _rows(services_url)
    with statements() as seen:
        for method, path in [
            *((route.method, route.path) for route in API),
            *((page.method, page.path) for page in PAGES),
        ]:
            address = url + path.format(**(known | player if "/hls/t/" in path else known))
            address += f"?url={url}/watch/{video['id']}" if path == "/oembed" else ""
            content = {"seconds": 11, "duration": 20} if method == "PUT" else None
            sent = browser.post_form(address, {}) if method == "POST" else browser.call(method, address, json=content)
            # Nobody has made pictures or renditions of it, and its link is of no collection.
            assert (await sent).status in (
                200,
                204,
                303,
                307,
                *([404] if "pictures" in path or "/hls/" in path or path == "/s/{token}/feed.xml" else []),
            ), path
        for path in (f"/v1/videos?q=film&sort=title&owner={services.auth.account_id('alice')}", "/?sort=created_at"):
            assert (await browser.open(url + path)).status == 200
    # Loops run in this process too, upload_svc's among them: their tasks have names, those of requests have numbers.
    of_requests = [one.text for one in seen if one.task.startswith("Task-")]
    of_videos = [statement for statement in of_requests if re.search(r"\bvideos\b", statement)]
    # One each but for the export and the two ways to forget, which know positions alone, the two pages about problems
    # and robots.txt; on the two pages of the library a second list beside it, on the watch page two, a count before the
    # sitemap, how much is in a collection, a link's video before and after its form is read, and on three pages until
    # when it is shared.
    assert len(of_videos) == len(API) + len(PAGES) - 6 + 2 + 4 + 1 + 1 + 1 + 3
    for statement in of_videos:
        assert statement.startswith("SELECT"), statement
    assert await _rows(services_url) == before
