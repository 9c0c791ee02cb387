"""Links: whoever has one watches one video, until it ends; nobody else learns anything by it."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Self

import aiohttp
import pytest
from yarl import URL

from common.clock import rfc3339, utc_now
from stream_svc.app_keys import LINKS
from tests.api_client import Person
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = b"a very short film"


class Visitor:
    """Somebody without an account who was sent links: a browser with cookies of its own."""

    def __init__(self) -> None:
        # Cookies of an address without a name.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(self, method: str, url: str, **arguments: Any) -> aiohttp.ClientResponse:
        async with self._session.request(method, url, allow_redirects=False, **arguments) as answer:
            await answer.read()
        return answer

    async def plays(self, url: str) -> bool:
        """Whether the link gives a URL, and that one the video."""
        answer = await self.call("GET", f"{url}/playback")
        if answer.status != 200:
            await assert_problem(answer, 404, "not-found")
            return False
        return (await fetch("GET", (await answer.json())["sources"][0]["url"]))[2] == FILM


async def make(person: Person, video: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    answer = await person.call("POST", f"{person.upload_url}/v1/uploads/{video['id']}/grants", json=wanted)
    assert answer.status == 201, await answer.text()
    link: dict[str, Any] = await answer.json()
    assert link["url"].startswith(f"{person.stream_url}/s/")
    return link


async def listed(person: Person, video: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads/{video['id']}/grants")
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


@pytest.mark.both_databases
async def test_a_link_opens_one_private_video_until_it_is_revoked(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    video = await alice.upload(FILM, title="A <b>film</b>")
    link = await make(alice, video, start_at=3.5, name="For alice's friends")
    async with Visitor() as guest:
        page = await guest.call("GET", link["url"], headers={"Accept": "text/html"})
        text = await page.text()
        assert (page.status, page.headers["Referrer-Policy"]) == (200, "no-referrer")
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert "A &lt;b&gt;film&lt;/b&gt;" in text
        assert 'data-resume-at="3.5"' in text
        # Neither whose it is nor what they call the link nor what else there is; and looking at the page is no view.
        assert "alice" not in text
        assert "X-Amz-Signature" not in text
        assert (await listed(alice, video))[0]["views"] == 0
        assert await guest.plays(link["url"])
        assert await guest.plays(link["url"])
        source = await guest.call("GET", f"{link['url']}/source", params={"download": "1"})
        assert source.status == 307
        assert URL(source.headers["Location"]).query["X-Amz-Expires"] == "120"
        assert (await fetch("GET", source.headers["Location"]))[1]["Content-Disposition"].startswith("attachment")
        assert (await guest.call("HEAD", f"{link['url']}/source")).status == 307
        [shown] = await listed(alice, video)
        assert (shown["views"], "url" in shown) == (1, False)

        # It is the video's alone, and its owner's.
        grants = f"{alice.upload_url}/v1/uploads/{video['id']}/grants"
        for method, url in (("GET", grants), ("POST", grants), ("DELETE", f"{grants}/{link['id']}")):
            await assert_problem(await bob.call(method, url, json={}), 404, "not-found")
        await assert_problem(
            await guest.call("GET", f"{bob.stream_url}/v1/videos/{video['id']}"), 401, "unauthenticated"
        )
        another = await alice.upload(FILM)
        other = f"{alice.upload_url}/v1/uploads/{another['id']}/grants/{link['id']}"
        assert (await alice.call("DELETE", other)).status == 204
        assert await guest.plays(link["url"])

        # Not while it is hidden or in the trash.
        root = await services.log_in("admin", "admin")
        hide = f"{root.upload_url}/v1/uploads/{video['id']}/moderation"
        for how in ({"hidden": True}, {"hidden": False}):
            assert (await root.call("PUT", hide, json=how)).status == 204
            assert await guest.plays(link["url"]) != how["hidden"]
        mine = f"{alice.upload_url}/v1/uploads/{video['id']}"
        assert (await alice.call("POST", f"{mine}/trash")).status == 204
        assert not await guest.plays(link["url"])
        assert (await alice.call("POST", f"{mine}/restore")).status == 204
        assert await guest.plays(link["url"])

        for _ in range(2):
            assert (await alice.call("DELETE", f"{grants}/{link['id']}")).status == 204
        assert not await guest.plays(link["url"])
        ended = await guest.call("GET", link["url"], headers={"Accept": "text/html"})
        assert (ended.status, "ask whoever sent it" in await ended.text()) == (404, True)
        unknown = await guest.call("GET", f"{alice.stream_url}/s/{'a' * 43}", headers={"Accept": "text/html"})
        # But for the link itself and the number of the request.
        own = re.compile(r"/s/[\w-]{43}|%2Fs%2F[\w-]{43}|<code>\w{26}</code>")
        assert own.sub("", await ended.text()) == own.sub("", await unknown.text())
        assert await listed(alice, video) == []
    await services.stream[LINKS].forget()


@pytest.mark.both_databases
async def test_as_many_visitors_play_as_the_link_is_for(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    link = await make(alice, video, view_limit=2)
    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Visitor()) for _ in range(6)]
        # All at once: the limit holds, and who was counted plays again.
        played = await asyncio.gather(*(guest.plays(link["url"]) for guest in guests))
        assert sum(played) == 2
        assert await asyncio.gather(*(guest.plays(link["url"]) for guest in guests)) == played
        pages = [(await guest.call("GET", link["url"])).status for guest in guests]
        assert pages == [200 if may else 404 for may in played]
        assert (await listed(alice, video))[0]["views"] == 2


async def test_a_link_ends_and_a_password_is_asked_for_once(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    end = utc_now() + timedelta(hours=1)
    link = await make(alice, video, expires_at=rfc3339(end), password="open sesame")
    assert link["has_password"]
    async with Visitor() as guest, Visitor() as other:
        page = await guest.call("GET", link["url"])
        text = await page.text()
        assert (page.status, 'name="password"' in text, "A film" in text) == (200, True, False)
        for path in ("playback", "source"):
            await assert_problem(await guest.call("GET", f"{link['url']}/{path}"), 403, "forbidden")
        wrong = await guest.call("POST", link["url"], data={"password": "Open Sesame"})
        assert (wrong.status, "Wrong password" in await wrong.text()) == (422, True)
        right = await guest.call("POST", link["url"], data={"password": "open sesame"})
        assert (right.status, right.headers["Location"]) == (303, URL(link["url"]).path)
        assert await guest.plays(link["url"])
        # Of this browser, and of this link alone.
        await assert_problem(await other.call("GET", f"{link['url']}/playback"), 403, "forbidden")
        second = await make(alice, video, password="open sesame")
        cookie = right.cookies["vss_link_proof"].value
        stolen = {"Cookie": f"vss_link_proof={cookie}; vss_link_seen={cookie}"}
        await assert_problem(await other.call("GET", f"{second['url']}/playback", headers=stolen), 403, "forbidden")
        # Nobody tries them all.
        statuses = [(await other.call("POST", link["url"], data={"password": str(n)})).status for n in range(12)]
        assert statuses[-1] == 429
        services.clock.moved = timedelta(hours=1, seconds=1)
        assert not await guest.plays(link["url"])
        assert (await guest.call("POST", link["url"], data={"password": "open sesame"})).status == 404
        services.clock.moved = timedelta()
    for wanted, pointer in (
        ({"expires_at": rfc3339(utc_now() - timedelta(seconds=1))}, "#/expires_at"),
        ({"expires_at": "tomorrow"}, "#/expires_at"),
        ({"password": ""}, "#/password"),
        ({"view_limit": 0}, "#/view_limit"),
        ({"start_at": -1}, "#/start_at"),
        ({"subject": "everyone"}, "#/subject"),
        ({"right": "manage"}, "#/right"),
        ({"color": "red"}, "#/color"),
    ):
        answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video['id']}/grants", json=wanted)
        problem = await assert_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_link_to_a_collection_opens_its_videos_and_nothing_else(services: Services) -> None:
    alice, root = services.person("alice"), await services.log_in("admin", "admin")
    lesson, second, hidden, other = [
        await alice.upload(FILM, title=title) for title in ("Lesson", "Second", "Hidden", "Other")
    ]
    collections = f"{alice.upload_url}/v1/collections"
    made = await (await alice.call("POST", collections, json={"title": "A <b>course</b>"})).json()
    for video in (lesson, second, hidden):
        assert (await alice.call("PUT", f"{collections}/{made['id']}/videos/{video['id']}")).status == 204
    hide = f"{root.upload_url}/v1/uploads/{hidden['id']}/moderation"
    assert (await root.call("PUT", hide, json={"hidden": True})).status == 204
    grants = f"{collections}/{made['id']}/grants"
    for wrong in ({"frame_ancestors": ["https://lms.example"]}, {"start_at": 3}, {"subject": "group:x"}):
        problem = await assert_problem(await alice.call("POST", grants, json=wrong), 422, "invalid")
        assert problem["errors"][0]["pointer"] == f"#/{next(iter(wrong))}"
    link = await (await alice.call("POST", grants, json={"password": "open sesame", "view_limit": 1})).json()
    url, html = link["url"], {"Accept": "text/html"}
    async with Visitor() as guest, Visitor() as late:
        # Before the password nothing is told.
        for visited in (url, f"{url}?v={lesson['id']}"):
            told = await (await guest.call("GET", visited, headers=html)).text()
            assert re.search("course|Lesson", told) is None
        assert (await guest.call("GET", f"{url}/playback?v={lesson['id']}")).status == 403
        typed = await guest.call("POST", f"{url}?v={lesson['id']}", data={"password": "open sesame"})
        assert (typed.status, typed.headers["Location"]) == (303, f"{URL(url).path}?v={lesson['id']}")
        assert (await late.call("POST", url, data={"password": "open sesame"})).status == 303
        page = await guest.call("GET", url, headers=html)
        text = await page.text()
        assert (page.status, page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == (
            200,
            "noindex",
            "no-referrer",
        )
        assert "A &lt;b&gt;course&lt;/b&gt;" in text
        assert [re.search(word, text) is not None for word in ("Lesson", "Second", "Hidden", "Other", "alice")] == [
            True,
            True,
            False,
            False,
            False,
        ]
        # Each of its videos, as often as a visitor likes, who is one.
        for video in (lesson, second, lesson):
            watched = await (await guest.call("GET", f"{url}?v={video['id']}", headers=html)).text()
            assert f"playback?v={video['id']}" in watched
            assert "alice" not in watched
            # What stands beside it there, and which it is.
            beside = re.findall(r'href="[^"]*v=(\w+)"(?: (rel="\w+"|aria-current="page"))', watched)
            assert sorted(beside) == sorted(
                [(second["id"], 'rel="next"'), (lesson["id"], 'aria-current="page"')]
                if video is lesson
                else [(lesson["id"], 'rel="prev"'), (second["id"], 'aria-current="page"')]
            )
            played = await guest.call("GET", f"{url}/playback", params={"v": video["id"]})
            assert (await fetch("GET", (await played.json())["sources"][0]["url"]))[2] == FILM
            source = await guest.call("HEAD", f"{url}/source", params={"v": video["id"]})
            assert URL(source.headers["Location"]).query["X-Amz-Expires"] == "120"
        assert (await (await alice.call("GET", grants)).json())["items"][0]["views"] == 1
        await assert_problem(await late.call("GET", f"{url}/playback?v={lesson['id']}"), 404, "not-found")
        rss = await (await guest.call("GET", f"{url}/feed.xml")).text()
        assert [f"{url}/source?v={video['id']}" in rss for video in (lesson, second, hidden, other)] == [
            True,
            True,
            False,
            False,
        ]
        assert "alice" not in rss
        assert (await late.call("GET", f"{url}/feed.xml")).status == 404
        # Nothing else, and nothing without saying which.
        for query in ("", "?v=nonsense", *(f"?v={video['id']}" for video in (hidden, other))):
            await assert_problem(await guest.call("GET", f"{url}/playback{query}"), 404, "not-found")
            await assert_problem(await guest.call("GET", f"{url}/source{query}"), 404, "not-found")
        assert (await alice.call("DELETE", f"{collections}/{made['id']}/videos/{second['id']}")).status == 204
        assert (await guest.call("GET", f"{url}/playback?v={second['id']}")).status == 404
        assert "Second" not in await (await guest.call("GET", url, headers=html)).text()
        assert (await alice.call("DELETE", f"{grants}/{link['id']}")).status == 204
        for gone in (url, f"{url}?v={lesson['id']}", f"{url}/feed.xml", f"{url}/playback?v={lesson['id']}"):
            assert (await guest.call("GET", gone, headers=html)).status == 404


async def test_no_log_has_a_token(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    alice = services.person("alice")
    link = await make(alice, await alice.upload(FILM))
    caplog.set_level("DEBUG")
    token = URL(link["url"]).name
    async with Visitor() as guest:
        for path in ("", "/playback", "/source", "/nothing", "?t=1"):
            await guest.call("GET", link["url"] + path)
    ours = [record for record in caplog.records if record.name.startswith(("stream_svc", "common", "upload_svc"))]
    assert ours
    assert token not in str([record.__dict__ for record in ours])
