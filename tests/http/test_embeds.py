"""Embeds: the sites that a link names may frame its player, and nobody else anything."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from yarl import URL

from catalogue.embeds import MOST_SITES
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.http.test_links import FILM, Visitor, listed, make
from tests.problems import assert_problem

GIVEN = [
    "https://LMS.example:443/course/view.php?id=3#top",
    "https://lms.example",
    "https://*.schule.example:8443",
    "http://localhost:8080/",
    "https://bücher.example",
]
CLEANED = [
    "https://lms.example",
    "https://*.schule.example:8443",
    "http://localhost:8080",
    "https://xn--bcher-kva.example",
]
NO_SITES: list[Any] = [
    *("*", "'self'", "https://*", "https://*.com", "https://a.*.example", "lms.example", "http://lms.example", ""),
    *("https://a.example; script-src *", "https://a.example https://b.example", "https://a.example\nX: y", "https:", 5),
    *("ftp://a.example", "javascript:alert(1)", "https://a@b.example", "https://[::1]", "https://127.1", "https://a:0"),
    *("https://a.example,https://b.example", "https://a.example.", f"https://{'a' * 64}.example", "https://a:99999"),
]


async def embeddable(person: Any, video: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    return await make(person, video, **{"frame_ancestors": ["https://lms.example"], **wanted})


@pytest.mark.both_databases
async def test_only_the_sites_of_a_link_frame_its_player_until_it_is_revoked(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, title="A <b>film</b>")
    link = await make(alice, video, frame_ancestors=GIVEN, start_at=3.5)
    url = link["embed_url"]
    assert (link["frame_ancestors"], url) == (CLEANED, link["url"].replace("/s/", "/embed/"))
    assert f'src="{url}" title="A &lt;b&gt;film&lt;/b&gt;"' in link["embed_html"]
    [shown] = await listed(alice, video)
    assert (shown["frame_ancestors"], shown.keys() & {"url", "embed_url", "embed_html"}) == (CLEANED, set())

    async with Visitor() as guest:
        # Whoever is logged in here, speaks another language here and has chosen dark: nothing of it counts there.
        cookies = {"Cookie": "vss_session=nonsense; vss_language=en; vss_theme=dark"}
        page = await guest.call("GET", url, headers={"Accept-Language": "ar", **cookies})
        text, policy = await page.text(), page.headers["Content-Security-Policy"]
        assert page.status == 200
        assert policy.endswith(f"; frame-ancestors {' '.join(CLEANED)}")
        assert "X-Frame-Options" not in page.headers
        assert (page.headers["Referrer-Policy"], page.headers["X-Robots-Tag"]) == ("no-referrer", "noindex")
        assert not page.cookies
        assert '<html lang="ar" dir="rtl">' in text
        assert 'data-resume-at="3.5"' in text
        assert f'data-sites="{" ".join(CLEANED)}"' in text
        assert f'href="{URL(link["url"]).path}" target="_blank" rel="noopener noreferrer">A &lt;b&gt;film' in text
        assert re.search("alice|X-Amz-Signature|data-autoplay|bar-name| (muted|loop)[ >]", text) is None
        asked = await (await guest.call("GET", f"{url}?lang=en&t=1m5s&autoplay=1&muted=1&loop=1")).text()
        for said in ('<html lang="en" dir="ltr">', 'data-resume-at="65"', " data-autoplay", " muted", " loop>"):
            assert said in asked
        # What cannot be meant is passed over.
        assert 'data-resume-at="3.5"' in await (await guest.call("GET", f"{url}?lang=xx&t=soon&loop=maybe")).text()

        answer = await guest.call("GET", f"{url}/playback")
        playback = await answer.json()
        assert not answer.cookies
        assert URL(playback["sources"][0]["url"]).query["X-Amz-Expires"] == "120"
        assert (await fetch("GET", playback["sources"][0]["url"]))[2] == FILM
        # Neither the link's own page nor a link without sites may be framed.
        plain = await make(alice, video)
        assert "embed_url" not in plain
        for other in (link["url"], plain["url"]):
            assert "frame-ancestors 'none'" in (await guest.call("GET", other)).headers["Content-Security-Policy"]

        grants = f"{alice.upload_url}/v1/uploads/{video['id']}/grants"
        assert (await alice.call("DELETE", f"{grants}/{link['id']}")).status == 204
        for again in (f"{url}/playback", str(URL(url).join(URL(playback["renewal_url"], encoded=True)))):
            await assert_problem(await guest.call("GET", again), 404, "not-found")
        told: set[str] = set()
        for none in (url, plain["url"].replace("/s/", "/embed/"), f"{alice.stream_url}/embed/{'a' * 43}"):
            ended = await guest.call("GET", none, headers={"Accept": "text/html"})
            assert (ended.status, ended.headers["Referrer-Policy"]) == (404, "no-referrer")
            assert ended.headers["Content-Security-Policy"].endswith("; frame-ancestors *")
            told.add(await ended.text())
        assert len(told) == 1
        assert "may have ended or been revoked" in told.pop()


async def test_each_page_load_counts_once_without_a_cookie(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    link = await embeddable(alice, video, view_limit=2)
    url = URL(link["embed_url"])

    async with Visitor() as guest:

        async def play(address: URL) -> str | None:
            answer = await guest.call("GET", str(address))
            if answer.status == 200:
                renewal_url: str = (await answer.json())["renewal_url"]
                return renewal_url
            await assert_problem(answer, 404, "not-found")
            return None

        first = await play(url / "playback")
        assert first is not None
        assert await play(url.join(URL(first, encoded=True))) is not None
        assert (await listed(alice, video))[0]["views"] == 1
        # There may be no place left for who comes by the title.
        assert 'noreferrer">A film' not in await (await guest.call("GET", str(url))).text()
        assert await play(url / "playback") is not None
        assert await play(url / "playback") is None
        assert await play(url / "playback" % {"seen": "nonsense"}) is None
        assert (await guest.call("GET", str(url))).status == 404
        # Who was counted plays on, by this link alone.
        assert await play(url.join(URL(first, encoded=True))) is not None
        other = URL((await embeddable(alice, video, view_limit=1))["embed_url"]) / "playback"
        assert await play(other) is not None
        assert await play(other.with_query(URL(first, encoded=True).query)) is None


async def test_what_is_no_site_is_named(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    for wanted, pointer in (
        *(([site], "#/frame_ancestors/0") for site in NO_SITES),
        (["https://lms.example", "*"], "#/frame_ancestors/1"),
        ([f"https://{number}.example" for number in range(MOST_SITES + 1)], "#/frame_ancestors"),
        ("https://lms.example", "#/frame_ancestors"),
    ):
        answer = await alice.call(
            "POST", f"{alice.upload_url}/v1/uploads/{video['id']}/grants", json={"frame_ancestors": wanted}
        )
        problem = await assert_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer], wanted
    both = {"frame_ancestors": ["https://lms.example"], "password": "open sesame"}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video['id']}/grants", json=both)
    [error] = (await assert_problem(answer, 422, "invalid"))["errors"]
    assert error["pointer"] == "#/frame_ancestors"
    assert await listed(alice, video) == []


async def test_oembed_tells_how_to_frame_what_a_link_opens(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, title='"A" <film>')
    link = await embeddable(alice, video)
    async with Visitor() as guest:
        pages = [await (await guest.call("GET", url)).text() for url in (link["url"], link["embed_url"])]
        [found] = {url for page in pages for url in re.findall(r'type="application/json\+oembed" href="([^"]+)"', page)}
        said = await (await guest.call("GET", unescape(found))).json()
        assert said == {
            "version": "1.0",
            "type": "video",
            "title": '"A" <film>',
            "provider_name": "vss",
            "provider_url": f"{alice.stream_url}/",
            "html": link["embed_html"],
            "width": 640,
            "height": 360,
        }

        async def oembed(**query: str) -> Any:
            return await guest.call("GET", f"{alice.stream_url}/oembed?{urlencode(query)}")

        bounded = await (await oembed(url=link["url"], maxwidth="1280", maxheight="180")).json()
        assert (bounded["width"], bounded["height"]) == (320, 180)
        plain = (await make(alice, video))["url"]
        assert "oembed" not in await (await guest.call("GET", plain)).text()
        for other in (plain, plain.replace("/s/", "/embed/"), f"{alice.stream_url}/embed/{'a' * 43}"):
            await assert_problem(await oembed(url=other), 404, "not-found")
