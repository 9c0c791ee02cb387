"""Watching: the page for whoever may, the log-in or nothing for the others, and where downloads come from."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from yarl import URL

from catalogue.access import Viewer
from catalogue.videos import Visibility
from common.audit import NOBODY, audit_entry
from common.clock import utc_now
from common.db import open_database
from common.ids import new_id
from tests.browser import Browser
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.problems import assert_problem
from upload_svc.grant_store import Grant, GrantStore

FILM = b"a very short film"
LISTED_FOR_OTHERS = ("members", "public")


@pytest.mark.parametrize(
    ("visibility", "nobody", "member"),
    [("private", 303, 404), ("members", 303, 200), ("unlisted", 200, 200), ("public", 200, 200)],
)
async def test_the_page_is_for_whom_may_watch(
    services: Services, browser: Browser, visibility: str, nobody: int, member: int
) -> None:
    url = services.addresses.stream_url
    title = "Nosferatu"
    video = await services.person("alice").upload(FILM, visibility=visibility, title=title)
    page = await browser.open(f"{url}/watch/{video['id']}")
    assert page.status == nobody
    if nobody == 303:
        # Like one that is not there: the log-in, and from there back to what was asked for.
        assert page.headers["Location"] == f"/login?next=%2Fwatch%2F{video['id']}"
        unknown = await browser.open(f"{url}/watch/{'a' * 26}")
        assert (unknown.status, unknown.headers["Location"]) == (303, f"/login?next=%2Fwatch%2F{'a' * 26}")
    assert (title in await page.text()) is (nobody == 200)
    answer = await browser.log_in(url, target=f"/watch/{video['id']}")
    assert answer.headers["Location"] == f"/watch/{video['id']}"
    page = await browser.open(f"{url}/watch/{video['id']}")
    assert (page.status, page.content_type) == (member, "text/html")
    assert (title in await page.text()) is (member == 200)
    # Being an administrator, as this account is, opens nothing that is private.
    listed = await browser.call("GET", f"{url}/v1/videos")
    assert len((await listed.json())["items"]) == (visibility in LISTED_FOR_OTHERS)


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_the_owners_page_plays_and_leads_to_the_edit(
    services: Services, browser: Browser, visibility: str
) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    video_id = await browser.upload(
        services.addresses.upload_url, FILM, visibility=visibility, title="<Mine>", description="a\nb & c"
    )
    page = await browser.open(f"{url}/watch/{video_id}")
    text = await page.text()
    assert page.status == 200
    assert '<h1 dir="auto">&lt;Mine&gt;</h1>' in text
    assert "a\nb &amp; c</p>" in text
    assert f'href="{services.addresses.upload_url}/videos?edit={video_id}"' in text
    assert f'data-playback-api="/v1/videos/{video_id}/playback"' in text
    source = re.search(r'<video [^>]*src="([^"]+)"', text)
    assert source is not None
    assert (await fetch("GET", unescape(source[1])))[::2] == (200, FILM)
    policy = page.headers["Content-Security-Policy"]
    assert f"media-src 'self' blob: {services.addresses.s3_url};" in policy
    assert not re.search(r"<script(?![^>]* (src|type)=)|<style|\son\w+=|\sstyle=", text)
    assert page.headers["Cache-Control"] == "no-store"


async def test_a_link_to_a_moment_begins_there_whatever_was_watched_before(
    services: Services, browser: Browser
) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    video_id = await browser.upload(services.addresses.upload_url, FILM)
    kept = {"seconds": 30, "duration": 100}
    assert (await browser.call("PUT", f"{url}/v1/videos/{video_id}/position", json=kept)).status == 204
    begins = {"90": 90, "90s": 90, "1m30s": 90, "1m30": 90, "2h3m": 7380, "1h2m3s": 3723, "0": 0, "0s": 0}
    # What is no moment is as if nothing were said.
    begins |= dict.fromkeys(("", "soon", "-5", "1.5", "m", "9" * 30, "٩٠"), 30)
    for moment, seconds in begins.items():
        text = await (await browser.open(f"{url}/watch/{video_id}?t={moment}")).text()
        found = re.search(r'data-resume-at="([0-9.]+)"', text)
        assert found is not None
        assert float(found[1]) == seconds, moment


async def test_only_the_owner_is_led_to_the_edit_and_may_say_who_can_watch(
    services: Services, browser: Browser
) -> None:
    url = services.addresses.stream_url
    video = await services.person("alice").upload(FILM, visibility="public")

    async def is_in_nobody_elses_hands(path: str) -> bool:
        text = await (await browser.open(url + path)).text()
        return "?edit=" not in text and "data-visibility-of" not in text

    assert await is_in_nobody_elses_hands(f"/watch/{video['id']}")
    await browser.log_in(url)
    for path in (f"/watch/{video['id']}", "/"):
        assert await is_in_nobody_elses_hands(path)
    mine = await browser.upload(services.addresses.upload_url, FILM)
    for path in (f"/watch/{mine}", "/"):
        assert f'data-visibility-of="{mine}"' in await (await browser.open(url + path)).text()


async def test_what_may_be_watched_changes_with_the_next_request(services: Services) -> None:
    alice, nobody = services.person("alice"), services.person(None)
    video = await alice.upload(FILM)
    mine = f"{alice.upload_url}/v1/uploads/{video['id']}"
    watched = f"{alice.stream_url}/v1/videos/{video['id']}"
    for visibility, status in (
        ("public", 200),
        ("members", 401),
        ("unlisted", 200),
        ("private", 401),
        ("public", 200),
        ("unlisted", 200),
        ("members", 401),
    ):
        assert (await alice.call("PATCH", mine, json={"visibility": visibility})).status == 200
        assert (await nobody.call("GET", f"{watched}/playback")).status == status
    assert (await alice.call("DELETE", mine)).status == 204
    for call in ("", "/playback", "/source", "/pictures/poster"):
        await assert_problem(await alice.call("GET", watched + call), 404, "not-found")
    page = await alice.call("GET", f"{alice.stream_url}/watch/{video['id']}", headers={"Accept": "text/html"})
    assert (page.status, page.content_type) == (404, "text/html")


async def test_the_page_goes_on_in_the_order_of_the_list_one_came_from(services: Services, browser: Browser) -> None:
    url = services.addresses.stream_url
    await browser.log_in(url)
    alice = services.person("alice")
    ids = {
        title: (await alice.upload(FILM, visibility="members", title=title))["id"]
        for title in ("A sea", "C sea", "B sea", "D")
    }
    titles = {video_id: title for title, video_id in ids.items()}
    await alice.upload(FILM, visibility="unlisted", title="C sea, in no list")

    async def following(address: str) -> tuple[list[str], list[str]]:
        text = await (await browser.open(url + address)).text()
        cards = re.findall(r'<li class="video-card" data-video="(\w+)"( data-next)?', text)
        return [titles[one] for one, is_next in cards if is_next], [
            titles[one] for one, is_next in cards if not is_next
        ]

    library = await (await browser.open(f"{url}/?q=SEA&sort=title")).text()
    link = f"/watch/{ids['A sea']}?q=SEA&amp;sort=title"
    assert f'href="{link}"' in library
    assert await following(unescape(link)) == (["B sea", "C sea"], ["D"])
    page = await (await browser.open(url + unescape(link))).text()
    assert f'href="/watch/{ids["B sea"]}?q=SEA&amp;sort=title"' in page
    assert await following(f"/watch/{ids['C sea']}?q=SEA&sort=title") == ([], ["D", "B sea", "A sea"])
    # The whole library, the newest first, needs no words; nor does what cannot be.
    assert f'href="/watch/{ids["D"]}"' in await (await browser.open(url)).text()
    for query in ("", "?sort=size", "?q=" + "x" * 201, "?q=a&q=b"):
        assert await following(f"/watch/{ids['C sea']}{query}") == (["A sea"], ["D", "B sea"]), query
    assert await following(f"/watch/{ids['B sea']}?owner=nobody&q=%25_%27") == ([], ["D", "C sea", "A sea"])


async def test_a_public_video_is_not_listed_for_nobody(services: Services, browser: Browser) -> None:
    url = services.addresses.stream_url
    await services.person("alice").upload(FILM, visibility="public")
    await assert_problem(await browser.call("GET", f"{url}/v1/videos"), 401, "unauthenticated")
    home = await browser.open(f"{url}/?q=film&sort=title")
    assert (home.status, home.headers["Location"]) == (303, "/login?next=%2F%3Fq%3Dfilm%26sort%3Dtitle")


async def test_a_bad_token_opens_nothing_not_even_what_is_public(services: Services) -> None:
    video = await services.person("alice").upload(FILM, visibility="public")
    nobody = services.person(None)
    for call in ("", "/playback", "/source", "/pictures/poster"):
        answer = await nobody.call(
            "GET", f"{nobody.stream_url}/v1/videos/{video['id']}{call}", headers={"Authorization": "Bearer nonsense"}
        )
        await assert_problem(answer, 401, "unauthenticated")


async def test_a_source_is_good_for_its_method(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    url = f"{alice.stream_url}/v1/videos/{video['id']}/source"
    signed = {}
    for method in ("GET", "HEAD"):
        answer = await alice.call(method, url)
        assert answer.status == 307
        signed[method] = answer.headers["Location"]
        status, headers, _ = await fetch(method, signed[method])
        assert (status, headers["Content-Length"]) == (200, str(len(FILM)))
        assert headers["Content-Disposition"].startswith("inline")
    async with services.session.get(signed["GET"], headers={"Range": "bytes=2-5"}) as part:
        assert (part.status, await part.read()) == (206, FILM[2:6])
    # A player that looks first must be given a URL to look by.
    assert (await fetch("GET", signed["HEAD"]))[0] == 403


async def test_a_download_has_the_name_of_the_file(services: Services) -> None:
    alice = services.person("alice")
    for filename in ("film.mp4", "فيلم عن البحر.mp4", "🎬.mp4", "a \"b\" 'c' %41; d=e.mp4", "ö" * 120 + ".mp4"):
        video = await alice.upload(FILM, filename=filename, title="Another name")
        answer = await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source", params={"download": "1"})
        assert (answer.status, URL(answer.headers["Location"]).origin()) == (307, URL(services.addresses.s3_url))
        status, headers, body = await fetch("GET", answer.headers["Location"])
        assert (status, body, headers["Content-Type"]) == (200, FILM, "video/mp4")
        disposition = headers["Content-Disposition"]
        assert disposition.startswith("attachment;")
        assert disposition.endswith("filename*=UTF-8''" + quote(filename, safe="!#$&+-.^_`|~"))


async def test_a_question_about_the_download_is_yes_or_no(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    url = f"{alice.stream_url}/v1/videos/{video['id']}/source"
    answer = await alice.call("GET", url, params={"download": "0"})
    assert (await fetch("GET", answer.headers["Location"]))[1]["Content-Disposition"].startswith("inline")
    await assert_problem(await alice.call("GET", url, params={"download": "film.mp4"}), 422, "invalid")
    await assert_problem(await alice.call("GET", f"{url}?download=1&download=0"), 400, "malformed")


CALLS = ["", "/playback", "/source"]


# Visibility, who asks, and whether they may watch.
WHO_MAY_WATCH = [
    ("private", "owner", True),
    ("private", "other", False),
    ("private", None, False),
    ("members", "owner", True),
    ("members", "other", True),
    ("members", None, False),
    ("unlisted", "owner", True),
    ("unlisted", "other", True),
    ("unlisted", None, True),
    ("public", "owner", True),
    ("public", "other", True),
    ("public", None, True),
    # In a group that has a grant.
    *((visibility.value, "granted", True) for visibility in Visibility),
]


@pytest.mark.parametrize(("visibility", "who", "may"), WHO_MAY_WATCH)
async def test_only_who_may_watch_gets_anything(
    services: Services, services_url: str, visibility: str, who: str | None, *, may: bool
) -> None:
    video = await services.person("owner").upload(FILM, visibility=visibility)
    group_id = new_id()
    viewer = services.person(who, groups=[group_id] if who == "granted" else ())
    async with open_database(services_url) as database:
        # Also for those who are in no group.
        grant = Grant(
            id=new_id(),
            video_id=video["id"],
            subject=f"group:{group_id}",
            name="A group",
            created_at=utc_now(),
            expires_at=None,
        )
        entry = audit_entry("video-granted", NOBODY, at=utc_now())
        await GrantStore(database).put_grant(Viewer(services.auth.account_id("owner")), grant, entry=entry)
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
        is_found = who in ("owner", "granted") or visibility in LISTED_FOR_OTHERS
        assert [item["id"] for item in (await listed.json())["items"]] == ([video["id"]] if is_found else [])


async def test_what_is_not_ready_cannot_be_watched(services: Services) -> None:
    owner = services.person("owner")
    upload = await owner.begin(len(FILM), visibility="public")
    for call in CALLS:
        answer = await owner.call("GET", f"{owner.stream_url}/v1/videos/{upload['id']}{call}")
        await assert_problem(answer, 404, "not-found")
