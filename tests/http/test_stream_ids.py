"""An id is that id and no other way to write it; whatever else stands in an address is not there. On both databases."""

from __future__ import annotations

import pytest
from yarl import URL

from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"


def _others(video_id: str) -> list[str]:
    """What is not the id of a video that there is. (`test_bent_ids.py` has ids of nothing.)

    MySQL holds texts that differ in spaces at the end for equal, and many collations those that differ in case.
    """
    return [f"{video_id}%20", f"%20{video_id}", video_id.upper(), video_id[:-1], f"{video_id}a", f"{video_id}%00"]


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
