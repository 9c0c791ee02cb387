"""stream_svc's API: who may watch what, lists, search, and where the bytes are."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = b"a very short film"
CALLS = ["", "/playback", "/source"]
# Visibility, who asks, and whether they may watch.
WHO_MAY_WATCH = [
    ("private", "owner", True),
    ("private", "other", False),
    ("private", None, False),
    ("members", "owner", True),
    ("members", "other", True),
    ("members", None, False),
    ("public", "owner", True),
    ("public", "other", True),
    ("public", None, True),
]


@pytest.mark.parametrize(("visibility", "who", "may"), WHO_MAY_WATCH)
async def test_only_who_may_watch_gets_anything(
    services: Services, visibility: str, who: str | None, *, may: bool
) -> None:
    video = await services.person("owner").upload(FILM, visibility=visibility)
    viewer = services.person(who)
    for call in CALLS:
        answer = await viewer.call("GET", f"{viewer.stream_url}/v1/videos/{video['id']}{call}")
        unknown = await viewer.call("GET", f"{viewer.stream_url}/v1/videos/{'a' * 26}{call}")
        if may:
            assert answer.status in (200, 307)
        elif who is None:
            await assert_problem(answer, 401, "unauthenticated")
            # Not to be told from one that is not there.
            assert await answer.text() == await unknown.text()
        else:
            await assert_problem(answer, 404, "not-found")
            assert await answer.text() == await unknown.text()
    if who is not None:
        listed = await viewer.call("GET", f"{viewer.stream_url}/v1/videos")
        assert [item["id"] for item in (await listed.json())["items"]] == ([video["id"]] if may else [])


async def test_nobody_sees_the_list_and_pages_lead_to_the_log_in(services: Services) -> None:
    nobody = services.person(None)
    await assert_problem(await nobody.call("GET", f"{nobody.stream_url}/v1/videos"), 401, "unauthenticated")
    page = await nobody.call("GET", f"{nobody.stream_url}/watch/{'a' * 26}?t=5")
    assert page.status == 303
    assert page.headers["Location"] == f"/login?next=%2Fwatch%2F{'a' * 26}%3Ft%3D5"


async def test_a_public_video_has_a_page_for_anybody(services: Services) -> None:
    video = await services.person("owner").upload(FILM, visibility="public", title="<b>&")
    nobody = services.person(None)
    page = await nobody.call("GET", f"{nobody.stream_url}/watch/{video['id']}")
    assert page.status == 200
    assert "&lt;b&gt;&amp;" in await page.text()
    assert services.addresses.s3_url in await page.text()


async def test_what_is_not_ready_cannot_be_watched(services: Services) -> None:
    owner = services.person("owner")
    upload = await owner.begin(len(FILM), visibility="public")
    for call in CALLS:
        answer = await owner.call("GET", f"{owner.stream_url}/v1/videos/{upload['id']}{call}")
        await assert_problem(answer, 404, "not-found")


async def test_the_source_leads_straight_to_s3(services: Services) -> None:
    owner = services.person("owner")
    video = await owner.upload(FILM, filename="Ein «Film».mp4")
    url = f"{owner.stream_url}/v1/videos/{video['id']}/source"
    for method in ("GET", "HEAD"):
        answer = await owner.call(method, url, params={"download": "1"})
        assert answer.status == 307
        assert URL(answer.headers["Location"]).origin() == URL(services.addresses.s3_url)
        async with services.session.request(method, answer.headers["Location"]) as bytes_:
            assert bytes_.status == 200
            assert bytes_.headers["Content-Type"] == "video/mp4"
            assert bytes_.headers["Content-Disposition"].startswith("attachment")
            assert await bytes_.read() == (FILM if method == "GET" else b"")
    answer = await owner.call("GET", url)
    async with services.session.get(answer.headers["Location"], headers={"Range": "bytes=2-5"}) as part:
        assert (part.status, await part.read()) == (206, FILM[2:6])


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("wave", ["Ocean waves", "waves of SAND"]),
        ("SAND wave", ["waves of SAND"]),
        ("ÉTÉ", ["l'été"]),
        ("100%", ["100% pure"]),
        ("1_0", []),
        ("بحر", ["بحر"]),
        ("", ["100% pure", "l'été", "Ocean waves", "waves of SAND", "بحر"]),
    ],
)
async def test_search_finds_every_word_in_title_or_description(services: Services, q: str, titles: list[str]) -> None:
    owner = services.person("owner")
    for title in ("Ocean waves", "waves of SAND", "l'été", "100% pure", "بحر"):
        await owner.upload(FILM, title=title)
    answer = await owner.call("GET", f"{owner.stream_url}/v1/videos", params={"q": q, "sort": "title"})
    assert [item["title"] for item in (await answer.json())["items"]] == titles


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"sort": "size"}, {"cursor": "x"}])
async def test_a_query_that_cannot_be_is_refused(services: Services, query: dict[str, Any]) -> None:
    owner = services.person("owner")
    answer = await owner.call("GET", f"{owner.stream_url}/v1/videos", params=query)
    await assert_problem(answer, 422, "invalid")
