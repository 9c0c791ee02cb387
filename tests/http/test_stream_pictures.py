"""What the library and the watch page show of a video's content, with the real fs_svc and storage."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from sqlalchemy import insert, select, update
from yarl import URL

from catalogue.tables import MEDIA_FACTS, VIDEOS
from catalogue.videos import Visibility
from common.db import Database, open_database
from common.ids import new_id
from tests.browser import Browser
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.http.test_links import Visitor
from tests.http.test_links import make as make_link
from tests.http.test_media_jobs import POSTER, Worker
from tests.problems import assert_problem
from tests.videos import video
from upload_svc.store import Store

FILM = b"a very short film"
STORYBOARD = {"storyboard-0.webp": b"many pictures", "storyboard.json": b"{}"}
LENGTHS = {"under-4": 239_999, "4-20": 240_000, "over-20": 1_200_000}


async def _calls_for_pictures(services: Services) -> float:
    """How often fs_svc has been asked for pictures."""
    async with services.session.get(f"{services.addresses.fs_url}/metrics") as answer:
        found = re.findall(
            r'^http_requests_total\{.*route="sign-pictures".*\} (.+)$', await answer.text(), re.MULTILINE
        )
    return sum(float(count) for count in found)


async def _look_at(services: Services) -> dict[str, Any]:
    """A public video of admin's with facts, poster and storyboard, as a worker hands them in."""
    admin = await services.log_in("admin", "admin")
    made = await admin.upload(FILM, visibility="public")
    worker = Worker(services)
    look = await worker.take("look")
    assert look is not None
    await worker.look(look)
    storyboard = await worker.take("storyboard")
    assert storyboard is not None
    await worker.make(storyboard, STORYBOARD)
    assert (await worker.tell(storyboard, "complete")).status == 204
    return made


async def _add_alike(database: Database, video_id: str, number: int) -> None:
    """More videos whose facts say the same, each with a poster of its own that nobody knows."""
    facts = (await database.rows(select(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == video_id)))[0]._asdict()
    for _ in range(number):
        one = video(visibility=Visibility.PUBLIC, duration_ms=facts["duration_ms"])
        await Store(database).add_video(one)
        await database.change(insert(MEDIA_FACTS).values({**facts, "video_id": one.id, "poster_id": new_id()}))


async def test_a_list_of_sixty_asks_once_and_everybody_gets_the_same_urls_all_day(
    services: Services, services_url: str, browser: Browser
) -> None:
    made = await _look_at(services)
    alice, stream_url = services.person("alice"), services.addresses.stream_url
    async with open_database(services_url) as database:
        await _add_alike(database, made["id"], 59)
    listed = await (await alice.call("GET", f"{stream_url}/v1/videos?limit=60")).json()
    assert len(listed["items"]) == 60
    assert await _calls_for_pictures(services) == 1
    [shown] = [item for item in listed["items"] if item["id"] == made["id"]]
    facts = {name: shown[name] for name in ("duration", "width", "height", "codecs", "has_audio", "frame_rate")}
    assert facts == {
        "duration": 61.5,
        "width": 640,
        "height": 360,
        "codecs": ["vp8", "opus"],
        "has_audio": False,
        "frame_rate": None,
    }
    for width in ("320", "640"):
        status, headers, body = await fetch("GET", shown["pictures"]["poster"][width]["webp"])
        assert (status, headers["Content-Type"], body) == (200, "image/webp", POSTER[f"poster-{width}.webp"])

    await browser.log_in(stream_url)
    page = unescape(await (await browser.open(f"{stream_url}/?limit=60")).text())
    assert shown["pictures"]["poster"]["320"]["webp"] in page
    assert page.count(">1:01<") == 60
    # Its storyboard and the pictures of the others by one question.
    asked = await _calls_for_pictures(services)
    watch = unescape(await (await browser.open(f"{stream_url}/watch/{made['id']}")).text())
    assert await _calls_for_pictures(services) == asked + 1
    assert f'poster="{shown["pictures"]["poster"]["640"]["webp"]}"' in watch
    playback = await (await alice.call("GET", f"{stream_url}/v1/videos/{made['id']}/playback")).json()
    pictures = playback["pictures"]
    assert pictures["poster"] == shown["pictures"]["poster"]
    assert (await fetch("GET", pictures["storyboard"]["sprites"]["storyboard-0.webp"]))[2] == b"many pictures"
    assert (await fetch("GET", pictures["storyboard"]["index"]))[2] == b"{}"
    found = re.search(r"data-storyboard='(.+?)'", watch)
    assert found is not None
    assert json.loads(found[1]) == pictures["storyboard"]

    # What is known is said without fs_svc too; what would have to be asked for is left out.
    await services.fs.stop()
    async with open_database(services_url) as database:
        again = (await (await alice.call("GET", f"{stream_url}/v1/videos/{made['id']}")).json())["pictures"]
        assert again == shown["pictures"]
        change = update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == made["id"]).values(poster_id=new_id())
        await database.change(change)
    without = await (await alice.call("GET", f"{stream_url}/v1/videos/{made['id']}")).json()
    assert (without["pictures"], without["duration"]) == (None, 61.5)
    assert (await browser.open(stream_url)).status == 200
    await services.fs.start()


async def test_each_picture_has_an_address_that_lasts_for_those_who_may_watch(
    services: Services, services_url: str
) -> None:
    made = await _look_at(services)
    url = f"{services.addresses.stream_url}/v1/videos/{made['id']}/pictures/"
    stranger = services.person(None)
    for name, content in (
        ("poster", POSTER["poster-640.webp"]),
        ("poster-320.webp", POSTER["poster-320.webp"]),
        ("storyboard", STORYBOARD["storyboard.json"]),
        ("storyboard-0.webp", STORYBOARD["storyboard-0.webp"]),
    ):
        answer = await stranger.call("GET", url + name)
        assert (answer.status, answer.headers["Cache-Control"]) == (307, "no-store")
        assert (await fetch("GET", answer.headers["Location"]))[::2] == (200, content)
    alice = services.person("alice")
    for name in ("poster-999.webp", "source", "%2e%2e", "POSTER", "storyboard-9.webp", "a" * 1000):
        await assert_problem(await alice.call("GET", url + name), 404, "not-found")
    # Nothing is known of this one yet.
    unlooked = await alice.upload(FILM)
    await assert_problem(
        await alice.call("GET", f"{alice.stream_url}/v1/videos/{unlooked['id']}/pictures/poster"), 404, "not-found"
    )

    async with open_database(services_url) as database:
        change = update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == made["id"]).values(poster_id=new_id())
        await database.change(change)
        await services.fs.stop()
        # That there is none could not be known.
        await assert_problem(await alice.call("GET", url + "poster"), 503, "unavailable")
        await services.fs.start()
        await database.change(update(VIDEOS).where(VIDEOS.c.id == made["id"]).values(visibility="private"))
    await assert_problem(await alice.call("GET", url + "storyboard"), 404, "not-found")
    await assert_problem(await stranger.call("GET", url + "storyboard"), 401, "unauthenticated")


async def test_the_library_is_filtered_and_sorted_by_length(services: Services, services_url: str) -> None:
    alice, ids = services.person("alice"), dict[str, str]()
    async with open_database(services_url) as database:
        for length, duration_ms in LENGTHS.items():
            one = video(visibility=Visibility.MEMBERS, duration_ms=duration_ms)
            await Store(database).add_video(one)
            ids[length] = one.id
        unlooked = [video(visibility=Visibility.MEMBERS) for _ in range(2)]
        for one in unlooked:
            await Store(database).add_video(one)
        assert len(await database.rows(select(VIDEOS.c.id))) == 5

    async def found(**query: str) -> list[str]:
        listed = await alice.call("GET", f"{alice.stream_url}/v1/videos", params=query)
        return [item["id"] for item in (await listed.json())["items"]]

    for length, video_id in ids.items():
        assert await found(length=length) == [video_id]
    # What nobody has looked at yet is last, from either end.
    unknown = sorted(one.id for one in unlooked)
    for sort, order in (
        ("-duration", [*reversed(ids.values()), *reversed(unknown)]),
        ("duration", [*ids.values(), *unknown]),
    ):
        assert await found(sort=sort) == order
        page, cursor = list[str](), dict[str, Any]()
        for _ in order:
            answer = await alice.call(
                "GET", f"{alice.stream_url}/v1/videos", params={"sort": sort, "limit": "1", **cursor}
            )
            listed = await answer.json()
            page += [item["id"] for item in listed["items"]]
            cursor = {"cursor": listed["next_cursor"]}
        assert (page, cursor) == (order, {"cursor": None})


async def test_whoever_has_a_link_sees_pictures_by_urls_of_two_minutes(services: Services) -> None:
    made = await _look_at(services)
    admin = await services.log_in("admin", "admin")
    link = await make_link(admin, made, password="open sesame")
    async with Visitor() as guest:
        await assert_problem(await guest.call("GET", f"{link['url']}/pictures/poster"), 403, "forbidden")
        assert (await guest.call("POST", link["url"], data={"password": "open sesame"})).status == 303
        page = unescape(await (await guest.call("GET", link["url"])).text())
        playback = await (await guest.call("GET", f"{link['url']}/playback")).json()
        storyboard = playback["pictures"]["storyboard"]
        found = re.search(r"data-storyboard='(.+?)'", page)
        assert found is not None
        assert json.loads(found[1]) == storyboard
        poster = playback["pictures"]["poster"]["640"]["webp"]
        assert f'poster="{poster}"' in page
        # What is on the page is the link's own, and ends with it.
        urls = {
            poster: POSTER["poster-640.webp"],
            storyboard["index"]: b"{}",
            storyboard["sprites"]["storyboard-0.webp"]: b"many pictures",
        }
        for url, content in urls.items():
            assert url.startswith(f"{link['url']}/pictures/")
            answer = await guest.call("GET", url)
            assert answer.status == 307
            assert URL(answer.headers["Location"]).query["X-Amz-Expires"] == "120"
            assert (await fetch("GET", answer.headers["Location"]))[2] == content
        await assert_problem(await guest.call("GET", f"{link['url']}/pictures/poster-1.webp"), 404, "not-found")
        grant = f"{admin.upload_url}/v1/uploads/{made['id']}/grants/{link['id']}"
        assert (await admin.call("DELETE", grant)).status == 204
        await assert_problem(await guest.call("GET", poster), 404, "not-found")
