"""What strangers and their programs see of the videos that they may watch, with a public library and without."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientResponse
from sqlalchemy import insert, update

from catalogue.tables import MEDIA_FACTS, VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.clock import rfc3339
from common.db import Database, open_database
from common.text import sort_key
from stream_svc.app_keys import DISABLED_OWNERS
from tests.api_client import Person
from tests.browser import Browser
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.http.test_media_jobs import POSTER, Worker
from tests.problems import assert_problem
from tests.statements import statements
from tests.videos import NOW, video
from upload_svc.store import Store

PUBLIC = pytest.mark.parametrize("public_library", ["true"])
FILM = b"a very short film"
HOSTILE = "</script><script>alert(1)</script> \"'&<>"
ATOM = "{http://www.w3.org/2005/Atom}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
async def database(services: Services, services_url: str) -> AsyncIterator[Database]:
    async with open_database(services_url) as database:
        yield database


async def _film(services: Services, **fields: Any) -> dict[str, Any]:
    """A film of admin's with facts and a poster."""
    made = await (await services.log_in("admin", "admin")).upload(FILM, **fields)
    worker = Worker(services)
    await worker.look(await worker.take_one("look"))
    return made


async def _json(answer: ClientResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status == status, await answer.text()
    content: dict[str, Any] = await answer.json()
    return content


async def _xml(answer: ClientResponse) -> ET.Element:
    assert answer.status == 200, await answer.text()
    return ET.fromstring(await answer.text())  # noqa: S314 - our own


def _properties(page: str) -> dict[str, str]:
    return {
        name: unescape(value)
        for name, value in re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page)
    }


async def test_other_sites_are_told_of_what_anybody_may_watch_and_of_nothing_else(
    services: Services, browser: Browser, database: Database
) -> None:
    url = services.addresses.stream_url
    description = f"{HOSTILE}\n" + "long " * 100
    made = await _film(services, visibility="public", title=HOSTILE, description=description)
    page_url, api = f"{url}/watch/{made['id']}", f"{url}/v1/videos/{made['id']}"
    text = await (await browser.open(f"{page_url}?t=5")).text()
    assert f'<link rel="canonical" href="{page_url}">' in text
    said = _properties(text)
    shown = {
        "og:type": "video.other",
        "og:site_name": "vss",
        "og:title": HOSTILE,
        "og:url": page_url,
        "og:image": f"{api}/pictures/poster",
        "og:image:type": "image/webp",
        "og:image:width": "640",
        "og:image:height": "360",
        "og:video": f"{api}/source",
        "og:video:type": "video/mp4",
        "video:duration": "62",
        "twitter:card": "summary_large_image",
        # Without a public library nobody is to find it who was not given its address.
        "robots": "noindex",
    }
    assert shown.items() <= said.items()
    assert said["og:description"] == said["description"]
    assert said["description"].startswith(f"{HOSTILE} long")
    assert len(said["description"]) == 300
    poster = await services.person(None).call("GET", said["og:image"])
    assert (await fetch("GET", poster.headers["Location"]))[2] == POSTER["poster-640.webp"]

    # It stands in a script element, and neither ends it nor is a script.
    [linked] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert "alert(1)</script>" not in text
    assert json.loads(linked) == {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": HOSTILE,
        "description": description.strip(),
        "thumbnailUrl": f"{api}/pictures/poster",
        "uploadDate": made["created_at"],
        "duration": "PT0H1M1S",
        "contentUrl": f"{api}/source",
        "encodingFormat": "video/mp4",
        "url": page_url,
        "author": {"@type": "Person", "name": "admin"},
    }

    found = re.search(r'type="application/json\+oembed" href="([^"]+)"', text)
    assert found is not None
    stranger, origin = services.person(None), {"Origin": "https://elsewhere.example"}
    answer = await stranger.call("GET", unescape(found[1]), headers=origin)
    thumbnail = {"thumbnail_width": 640, "thumbnail_height": 360}
    link = {
        "version": "1.0",
        "type": "link",
        "title": HOSTILE,
        "author_name": "admin",
        "provider_name": "vss",
        "provider_url": f"{url}/",
    }
    assert await _json(answer) == {**link, **thumbnail, "thumbnail_url": f"{api}/pictures/poster-640.webp"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers

    async def oembed(person: Person = stranger, **query: str) -> ClientResponse:
        return await person.call("GET", f"{url}/oembed?{urlencode(query)}")

    smaller = await _json(await oembed(url=f"{page_url}?t=9#x", maxwidth="639", maxheight="180"))
    assert smaller["thumbnail_url"] == f"{api}/pictures/poster-320.webp"
    assert await _json(await oembed(url=page_url, maxheight="179")) == link
    await assert_problem(await oembed(url=page_url, format="xml"), 501, "format-not-offered")
    await assert_problem(await oembed(), 422, "invalid")
    await assert_problem(await oembed(url=page_url, maxwidth="0"), 422, "invalid")
    for other in (
        *(
            f"https://elsewhere.example/watch/{made['id']}",
            f"/watch/{made['id']}",
            "http://[",
            "x",
            url,
            f"{url}/watch/",
        ),
        *(f"{url}/watch/{'a' * 26}", f"{page_url}/x", f"{url}/login", f"{url}/watch/..%2f{made['id']}"),
    ):
        await assert_problem(await oembed(url=other), 404, "not-found")

    # A picture of one's own has its own size, which nobody knows here.
    await database.change(update(MEDIA_FACTS).values(poster_ms=None))
    said = _properties(await (await browser.open(page_url)).text())
    assert "og:image" in said
    assert "og:image:width" not in said
    assert await _json(await oembed(url=page_url)) == link

    await browser.log_in(url)
    for visibility in ("members", "private"):
        await database.change(update(VIDEOS).values(visibility=visibility))
        text = await (await browser.open(page_url)).text()
        assert unescape(text).count(HOSTILE) >= 1
        assert re.search("og:|canonical|oembed|ld\\+json|twitter", text) is None
        assert _properties(text)["robots"] == "noindex"
        # Whoever asks: what it answers is for everybody.
        for person in (stranger, await services.log_in("admin", "admin")):
            await assert_problem(await oembed(person, url=page_url), 404, "not-found")


async def test_without_a_public_library_there_are_pages_of_videos_and_nothing_to_find(
    services: Services, browser: Browser
) -> None:
    url = services.addresses.stream_url
    for path in ("/feed.xml", "/sitemap.xml"):
        await assert_problem(await services.person(None).call("GET", url + path), 404, "not-found")
    robots = await (await browser.open(f"{url}/robots.txt")).text()
    assert "Allow: /watch/\n" in robots
    assert robots.endswith("\nDisallow: /\n")
    await assert_problem(await browser.call("GET", f"{url}/v1/videos?limit=0"), 401, "unauthenticated")
    assert (await browser.open(f"{url}/?limit=0")).headers["Location"] == "/login?next=%2F%3Flimit%3D0"
    await browser.log_in(url)
    page = await (await browser.open(url)).text()
    assert "rss" not in page
    assert _properties(page)["robots"] == "noindex"


@PUBLIC
@pytest.mark.both_databases
async def test_strangers_find_what_is_public_in_a_public_library_and_nothing_else(
    services: Services, browser: Browser, database: Database
) -> None:
    store, url = Store(database), services.addresses.stream_url
    made = list[Video]()
    for number, (owner, visibility, state) in enumerate(itertools.product(("anna", "bela"), Visibility, VideoState)):
        who = {"owner_id": services.auth.account_id(owner), "owner_username": owner}
        what = {"title": f"Film {number % 3}", "created_at": NOW + timedelta(seconds=number)}
        made.append(video(**who, **what, visibility=visibility, state=state, duration_ms=1000 * number))
        await store.add_video(made[-1])
    is_public = {one.id for one in made if (one.visibility, one.state) == (Visibility.PUBLIC, VideoState.READY)}
    assert len(is_public) == 2
    stranger = services.person(None)

    async def found(**query: str) -> list[str]:
        """The ids of all pages of one video each, and the same in the page for people."""
        ids, cursor = list[str](), None
        while cursor is not None or not ids:
            asked = {**query, "limit": "1", **({"cursor": cursor} if cursor else {})}
            page = await _json(await stranger.call("GET", f"{url}/v1/videos", params=asked))
            ids += [item["id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        text = await (await browser.open(f"{url}/?{urlencode(query)}")).text()
        assert re.findall(r'<li class="video-card" data-video="(\w+)"', text) == ids
        return ids

    for query in ({}, {"q": "film"}, *({"sort": sort} for sort in ("created_at", "title", "-duration", "duration"))):
        assert set(await found(**query)) == is_public, query
    anna = services.auth.account_id("anna")
    assert [len(await found(**query)) for query in ({"owner": anna}, {"q": "anna"}, {"length": "over-20"})] == [1, 1, 0]
    with statements() as seen:
        await stranger.call("GET", f"{url}/v1/videos", params={"q": "film"})
    lists = [one.text for one in seen if one.task.startswith("Task-") and re.search(r"\bvideos\b", one.text)]
    # One read of the index of what is public, and one of what is granted to everyone.
    assert len(lists) == 1
    assert (lists[0].count("FROM videos"), lists[0].count("FROM audience")) == (2, 1)

    page = await (await browser.open(url)).text()
    assert 'href="/login?next=/"' in page
    assert "Upload" not in page
    assert "anna" in page
    assert "robots" not in _properties(page)
    assert f'<link rel="alternate" type="application/rss+xml" href="{url}/feed.xml"' in page
    # Names of people of whom nothing is to be seen are not said.
    carol = services.auth.account_id("carol")
    await store.add_video(video(owner_id=carol, owner_username="carol", visibility=Visibility.MEMBERS, title="Hers"))
    nothing = await (await browser.open(f"{url}/?owner={carol}")).text()
    assert not {"carol", "Hers"} & set(re.findall(r"\w+", nothing))

    sitemap = await _xml(await browser.open(f"{url}/sitemap.xml"))
    named = [element.text for element in sitemap.iter(f"{SITEMAP}loc")]
    assert named[0] == f"{url}/"
    assert set(named[1:]) == {f"{url}/watch/{video_id}" for video_id in is_public}
    lastmods = [element.text for element in sitemap.iter(f"{SITEMAP}lastmod")]
    assert lastmods == [rfc3339(one.created_at) for one in made if one.id in is_public]

    await database.change(update(VIDEOS).where(VIDEOS.c.owner_id == anna).values(title="Of anna"))
    services.stream[DISABLED_OWNERS]._ids = frozenset({anna})  # noqa: SLF001 - as auth_svc says it
    assert len(await found()) == 1
    for path in ("/", "/v1/videos", "/feed.xml", "/sitemap.xml"):
        text = await (await browser.open(url + path)).text()
        assert not {one.id for one in made if one.owner_id == anna} & set(re.findall(r"\w{26}", text)), path
        assert "anna" not in text, path


@PUBLIC
async def test_strangers_and_their_programs_are_led_on_from_a_public_video(
    services: Services, browser: Browser, database: Database
) -> None:
    url = services.addresses.stream_url
    first, second = [
        await services.person("alice").upload(FILM, visibility="public", title=title) for title in ("One", "Two")
    ]
    await services.person("alice").upload(FILM, visibility="members", title="Three")
    robots = await (await browser.open(f"{url}/robots.txt")).text()
    assert "Allow: /$\n" in robots
    assert f"Sitemap: {url}/sitemap.xml\n" in robots
    page = await (await browser.open(f"{url}/watch/{second['id']}")).text()
    assert "robots" not in _properties(page)
    assert re.findall(r'<li class="video-card" data-video="(\w+)"', page) == [first["id"]]
    assert f'href="/?owner={services.auth.account_id("alice")}"' in page
    # What may be opened and is in no list has all but its being found.
    for visibility in set(Visibility) - {Visibility.PUBLIC}:
        await database.change(update(VIDEOS).values(visibility=visibility.value))
        answer = await browser.open(f"{url}/watch/{second['id']}")
        is_open = second["id"] in (text := await answer.text())
        assert answer.status == (200 if is_open else 303), visibility
        assert not is_open or ("og:title" in text and _properties(text)["robots"] == "noindex"), visibility


@PUBLIC
async def test_the_feed_is_what_a_podcast_client_subscribes_to(services: Services, database: Database) -> None:
    url = services.addresses.stream_url
    made = await _film(services, visibility="public", title=HOSTILE, description="a < b\nc")
    for number in range(50):
        age = timedelta(days=1 + number)
        one = video(visibility=Visibility.PUBLIC, title="Old \uffff\x00", created_at=NOW - age)
        await Store(database).add_video(one)
    stranger = services.person(None)
    answer = await stranger.call("GET", f"{url}/feed.xml")
    assert (answer.status, answer.content_type, answer.charset) == (200, "application/rss+xml", "utf-8")
    rss = await _xml(answer)
    assert (rss.tag, rss.get("version"), len(rss)) == ("rss", "2.0", 1)
    channel = rss[0]
    # What RSS 2.0 asks of a channel; and where it is to be found again.
    assert [channel.findtext(name) for name in ("title", "link", "description")] == [
        *("vss", f"{url}/", "New videos from vss")
    ]
    self_link = channel.find(f"{ATOM}link")
    assert self_link is not None
    assert (self_link.get("rel"), self_link.get("href")) == ("self", f"{url}/feed.xml")
    items = channel.findall("item")
    assert len(items) == 50
    assert {item.findtext("title") for item in items[1:]} == {"Old \ufffd\ufffd"}
    assert len({item.findtext("guid") for item in items}) == 50
    dates = [parsedate_to_datetime(item.findtext("pubDate", "")) for item in items]
    assert dates == sorted(dates, reverse=True)
    item = items[0]
    texts = {element.tag: element.text for element in item}
    assert texts["title"] == HOSTILE
    assert texts["link"] == f"{url}/watch/{made['id']}"
    assert texts["description"] == "a &lt; b<br>c"
    assert texts[f"{ITUNES}duration"] == "1:01"
    picture, enclosure = item.find(f"{ITUNES}image"), item.find("enclosure")
    assert picture is not None
    assert picture.get("href") == f"{url}/v1/videos/{made['id']}/pictures/poster"
    assert enclosure is not None
    assert (enclosure.get("length"), enclosure.get("type")) == (str(len(FILM)), "video/mp4")
    source = await stranger.call("GET", enclosure.get("url", ""))
    assert (await fetch("GET", source.headers["Location"]))[2] == FILM

    etag = answer.headers["ETag"]
    for known, status in ((etag, 304), (f'"x", {etag}', 304), ('"x"', 200)):
        again = await stranger.call("GET", f"{url}/feed.xml", headers={"If-None-Match": known})
        assert (again.status, again.headers["ETag"], again.headers["Cache-Control"]) == (status, etag, "no-cache")
    await database.change(update(VIDEOS).where(VIDEOS.c.id == made["id"]).values(title="Another"))
    again = await stranger.call("GET", f"{url}/feed.xml", headers={"If-None-Match": etag})
    assert again.status == 200


@PUBLIC
async def test_fifty_thousand_and_more_are_in_several_sitemaps(services: Services, database: Database) -> None:
    url, one = services.addresses.stream_url, video(visibility=Visibility.PUBLIC)
    names = [column.name for column in VIDEOS.c if column.name not in ("title_key", "search_key")]
    row = {name: getattr(one, name) for name in names}
    row |= {"title_key": sort_key(one.title), "search_key": "", "visibility": "public", "state": "ready"}
    rows = [{**row, "id": f"{number:026}"} for number in range(51_100)]
    for beginning in range(0, len(rows), 5_000):
        async with database.write() as connection:
            await connection.execute(insert(VIDEOS), rows[beginning : beginning + 5_000])

    async def read(query: str = "") -> tuple[str, list[str]]:
        async with services.session.get(f"{url}/sitemap.xml{query}") as answer:
            document = await _xml(answer)
        return document.tag, [element.text or "" for element in document.iter(f"{SITEMAP}loc")]

    assert await read() == (f"{SITEMAP}sitemapindex", [f"{url}/sitemap.xml?number={number}" for number in (1, 2)])
    (tag, first), (_, second) = await asyncio.gather(read("?number=1"), read("?number=2"))
    assert (tag, len(first)) == (f"{SITEMAP}urlset", 50_000)
    assert [*first[1:], *second] == [f"{url}/watch/{row['id']}" for row in rows]
    await assert_problem(await services.person(None).call("GET", f"{url}/sitemap.xml?number=3"), 404, "not-found")


@PUBLIC
@pytest.mark.parametrize("calls_per_minute", ["5"])
async def test_strangers_of_one_address_read_so_many_lists_a_minute(services: Services) -> None:
    stranger, url = services.person(None), services.addresses.stream_url
    paths = ("/v1/videos", "/", "/feed.xml", "/sitemap.xml", "/?q=film")
    assert {(await stranger.call("GET", url + path)).status for path in paths} == {200}
    await assert_problem(await stranger.call("GET", f"{url}/v1/videos"), 429, "rate-limited")
    assert (await services.person("alice").call("GET", f"{url}/v1/videos")).status == 200
