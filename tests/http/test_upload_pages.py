"""upload_svc's pages, as a browser without JavaScript uses them: log in, see what is mine, edit it, delete it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import insert, select

from catalogue.tables import VIDEOS
from catalogue.videos import Visibility
from common.db import open_database
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem
from upload_svc.tables import PUBLIC_REVIEWS


@pytest.fixture
async def url(services: Services, browser: Browser) -> str:
    """upload_svc's, where the visitor has logged in."""
    await browser.log_in(services.addresses.upload_url)
    return services.addresses.upload_url


async def _get(browser: Browser, url: str, upload: dict[str, Any]) -> dict[str, Any]:
    answer = await browser.call("GET", f"{url}/v1/uploads/{upload['id']}")
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def test_a_log_in_opens_the_page_that_was_asked_for(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    asked = await browser.open(f"{url}/videos?limit=7")
    login = asked.headers["Location"]
    assert login == "/login?next=%2Fvideos%3Flimit%3D7"
    form = await (await browser.open(url + login)).text()
    target = re.search(r'name="next" value="([^"]*)"', form)
    assert target is not None
    answer = await browser.log_in(url, target=unescape(target[1]))
    assert (answer.status, answer.headers["Location"]) == (303, "/videos?limit=7")
    cookie = answer.cookies["vss_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    page = await browser.open(f"{url}/videos?limit=7")
    assert (page.status, page.content_type) == (200, "text/html")
    # Whoever is logged in needs no form.
    again = await browser.open(f"{url}/login?next=%2Fupload")
    assert (again.status, again.headers["Location"]) == (303, "/upload")


async def test_a_wrong_password_is_said_on_the_page(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    fields = {"username": 'ad"min', "password": "wrong", "next": "/videos"}
    answer = await browser.post_form(f"{url}/login", fields)
    text = await answer.text()
    assert answer.status == 401
    assert 'value="ad&#34;min"' in text
    assert 'value="/videos"' in text
    assert "wrong" not in text.replace("wrong password", "")
    assert (await browser.open(f"{url}/upload")).status == 303


async def test_the_upload_page_has_its_form_and_what_is_unfinished(
    services: Services, browser: Browser, url: str
) -> None:
    home = await browser.open(f"{url}/")
    assert (home.status, home.headers["Location"]) == (303, "/upload")
    upload = await browser.create(url, title="<i>Half</i>", filename="half&.mp4")
    theirs = await services.person("alice").begin(5, title="Of somebody else")
    text = await (await browser.open(f"{url}/upload")).text()
    for name in ("file", "title", "description", "visibility"):
        assert re.search(rf'<(input|textarea|select)[^>]* name="{name}"', text), name
    assert 'maxlength="200"' in text
    assert ".mkv" in text
    assert "&lt;i&gt;Half&lt;/i&gt;" in text
    assert "half&amp;.mp4" in text
    assert f'action="/videos/{upload["id"]}/delete"' in text
    assert theirs["title"] not in text


async def test_my_videos_shows_mine_and_opens_the_one_to_edit(services: Services, browser: Browser, url: str) -> None:
    upload = await browser.create(url, title="<Mine>", description="“x” & y")
    video = await services.person("alice").upload(b"film", title="Public, but of somebody else", visibility="public")
    text = await (await browser.open(f"{url}/videos")).text()
    assert "&lt;Mine&gt;" in text
    assert video["id"] not in text
    text = await (await browser.open(f"{url}/videos?edit={upload['id']}")).text()
    assert f'action="/videos/{upload["id"]}" method="post"' in text
    assert 'value="&lt;Mine&gt;"' in text
    assert "“x” &amp; y</textarea>" in text
    for video_id in (video["id"], "nonsense", "a" * 26):
        page = await browser.open(f"{url}/videos?edit={video_id}")
        assert (page.status, page.content_type) == (404, "text/html")


async def test_a_video_is_shared_from_a_page_of_its_own_too(services: Services, browser: Browser, url: str) -> None:
    mine = await browser.upload(url, b"a film", title="<Mine>")
    text = await (await browser.open(f"{url}/videos?share={mine}")).text()
    assert f'readonly value="{services.addresses.stream_url}/watch/{mine}"' in text
    unfinished = await browser.create(url)
    others = await services.person("alice").upload(b"another film", visibility="public")
    for video_id in (unfinished["id"], others["id"], "nonsense", "a" * 26):
        page = await browser.open(f"{url}/videos?share={video_id}")
        assert (page.status, page.content_type) == (404, "text/html")


async def test_every_visibility_has_its_own_words(browser: Browser, url: str) -> None:
    for visibility in Visibility:
        await browser.create(url, title=visibility, visibility=visibility)
    text = await (await browser.open(f"{url}/videos")).text()
    words = dict(re.findall(r'class="visibility-now" data-value="(\w+)".*?</svg><span>([^<]+)</span>', text))
    assert words.keys() == set(Visibility)
    assert len(set(words.values())) == len(Visibility)
    options = re.findall(r'<option value="(\w+)"', await (await browser.open(f"{url}/upload")).text())
    assert set(Visibility) <= set(options)


async def test_what_was_public_before_is_asked_about_once(
    services: Services, browser: Browser, services_url: str
) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)

    async def offer() -> str | None:
        """The button, as long as there is one."""
        found = re.search(r'value="unlist">([^<]+)<', await (await browser.open(f"{url}/videos")).text())
        return found and found[1]

    async def answer(action: str) -> ClientResponse:
        return await browser.post_form(f"{url}/videos/public-review?sort=title", {"action": action})

    assert await offer() is None
    for action, visibility, place in (("unlist", "unlisted", "changed=2"), ("keep", "public", "")):
        ids = [(await browser.create(url, visibility="public"))["id"] for _ in range(2)]
        # A new one has been chosen for.
        assert await offer() is None
        async with open_database(services_url) as database:
            for video_id in ids:
                owner = select(VIDEOS.c.owner_id, VIDEOS.c.id).where(VIDEOS.c.id == video_id)
                await database.change(insert(PUBLIC_REVIEWS).from_select(["owner_id", "video_id"], owner))
        for _ in range(2):
            assert await offer() == "Make 2 videos unlisted"
        assert (await answer("both")).status == 422
        gone = await answer(action)
        assert (gone.status, gone.headers["Location"]) == (303, f"/videos?sort=title{place and '&' + place}")
        assert await offer() is None
        assert [(await _get(browser, url, {"id": one}))["visibility"] for one in ids] == [visibility] * 2
    evil = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.post_form(f"{url}/videos/public-review", {"action": "keep"}, sent_from=evil)).status == 403


async def test_an_edit_form_that_was_open_for_long_writes_what_was_changed_in_it(browser: Browser, url: str) -> None:
    upload = await browser.create(url, title="Mine", description="a\nb", visibility="public")
    page = await (await browser.open(f"{url}/videos?edit={upload['id']}")).text()
    was = dict(re.findall(r'type="hidden" name="(was_\w+)" value="(\w+)"', page))
    assert len(was) == 3
    other = {"title": "Mine", "description": "a\r\nb", "visibility": "private"}
    await browser.post_form(f"{url}/videos/{upload['id']}", {**was, **other})
    # This one shows what was there before; a title alone was changed in it, at the second try.
    mine = {**was, "title": "", "description": "a\r\nb", "visibility": "public"}
    refused = await browser.post_form(f"{url}/videos/{upload['id']}", mine)
    assert refused.status == 422
    assert was.items() <= dict(re.findall(r'name="(was_\w+)" value="(\w+)"', await refused.text())).items()
    await browser.post_form(f"{url}/videos/{upload['id']}", {**mine, "title": "New"})
    edited = await _get(browser, url, upload)
    assert (edited["title"], edited["description"], edited["visibility"]) == ("New", "a\nb", "private")


async def test_the_pages_of_my_videos_lead_to_all_of_them(browser: Browser, url: str) -> None:
    made = [(await browser.create(url))["id"] for _ in range(5)]
    assert await _all_pages(browser, url, "/videos?limit=2") == made[::-1]


async def test_an_edit_form_changes_what_it_says(browser: Browser, url: str) -> None:
    upload = await browser.create(url)
    fields = {"title": " فيلم 🎬 ", "description": "one\r\ntwo", "visibility": "members", "unknown": "x"}
    answer = await browser.post_form(f"{url}/videos/{upload['id']}", fields)
    assert (answer.status, answer.headers["Location"]) == (303, "/videos")
    edited = await _get(browser, url, upload)
    assert (edited["title"], edited["description"], edited["visibility"]) == ("فيلم 🎬", "one\ntwo", "members")


async def test_a_form_with_a_fault_comes_back_as_it_was_typed(browser: Browser, url: str) -> None:
    upload = await browser.create(url, title="Before")
    faulty: list[tuple[dict[str, str], str]] = [
        ({"title": " ", "description": "<typed>", "visibility": "public"}, "title"),
        ({"title": "t" * 201, "description": "<typed>", "visibility": "public"}, "title"),
        ({"title": "a\u202eb", "description": "<typed>", "visibility": "public"}, "title"),
        ({"title": "T", "description": "<typed>" + "d" * 5000, "visibility": "public"}, "description"),
        ({"title": "T", "description": "<typed>", "visibility": "everybody"}, "visibility"),
    ]
    for fields, name in faulty:
        answer = await browser.post_form(f"{url}/videos/{upload['id']}", fields)
        text = await answer.text()
        assert (answer.status, answer.content_type) == (422, "text/html")
        assert "&lt;typed&gt;" in text
        assert re.findall(r'<p class="error"[^>]* data-error-of="(\w+)">', text) == [name]
    assert (await _get(browser, url, upload))["title"] == "Before"


async def test_a_form_with_a_field_missing_is_no_failure(browser: Browser, url: str) -> None:
    upload = await browser.create(url, title="Before")
    for fields in ({}, {"title": "T"}, {"description": "d", "visibility": "public"}):
        assert (await browser.post_form(f"{url}/videos/{upload['id']}", fields)).status == 422
    assert (await _get(browser, url, upload))["title"] == "Before"


async def test_a_delete_form_deletes(browser: Browser, url: str) -> None:
    upload, kept = await browser.create(url), await browser.create(url)
    answer = await browser.post_form(f"{url}/videos/{upload['id']}/delete", {})
    assert (answer.status, answer.headers["Location"]) == (303, "/videos")
    gone = await browser.call("GET", f"{url}/v1/uploads/{upload['id']}")
    await assert_problem(gone, 404, "not-found")
    assert (await browser.post_form(f"{url}/videos/{upload['id']}/delete", {})).status == 404
    assert (await _get(browser, url, kept))["id"] == kept["id"]


async def test_without_javascript_a_video_goes_into_the_trash_and_comes_back(browser: Browser, url: str) -> None:
    video_id = await browser.upload(url, b"film", title="<Ocean>")
    answer = await browser.post_form(f"{url}/videos/{video_id}/trash", {})
    assert (answer.status, answer.headers["Location"]) == (303, f"/videos?trashed={video_id}")
    # The page that follows offers to undo it, and the trash to restore it or to delete it for ever.
    undo = f'action="/videos/{video_id}/restore?state=trashed"'
    page = await (await browser.open(url + answer.headers["Location"])).text()
    named = f'name="ids" value="{video_id}"'
    assert (named in page, "&lt;Ocean&gt;" in page, f'data-video="{video_id}"' in page) == (True, True, False)
    page = await (await browser.open(f"{url}/videos?state=trashed")).text()
    assert (undo in page, f'action="/videos/{video_id}/delete?state=trashed"' in page, "in 7 days" in page) == (
        True,
        True,
        True,
    )
    answer = await browser.post_form(f"{url}/videos/{video_id}/restore?state=trashed", {})
    assert (answer.status, answer.headers["Location"]) == (303, "/videos?state=trashed")
    page = await (await browser.open(f"{url}/videos?trashed={video_id}")).text()
    assert ("moved to trash" in page, f'data-video="{video_id}"' in page) == (False, True)


async def test_a_form_leads_back_to_its_own_list_and_to_no_other_place(browser: Browser, url: str) -> None:
    for page, query, place in (
        ("upload", "", "/upload"),
        ("", "?state=trashed", "/videos?state=trashed"),
        (
            "",
            "?q=a%26b&sort=title&visibility=public&edit=x&next=//elsewhere",
            "/videos?q=a%26b&sort=title&visibility=public",
        ),
        ("https://elsewhere.example/", "", "/videos"),
        ("", "", "/videos"),
    ):
        upload = await browser.create(url)
        answer = await browser.post_form(f"{url}/videos/{upload['id']}/delete{query}", {"page": page})
        assert (answer.status, answer.headers["Location"]) == (303, place)


async def test_my_videos_are_searched_filtered_and_sorted_without_javascript(browser: Browser, url: str) -> None:
    for title, visibility in (
        ("Ocean b", "public"),
        ("Ocean a", "public"),
        ("Ocean c", "private"),
        ("Night", "public"),
    ):
        await browser.create(url, title=title, visibility=visibility)
    page = await (await browser.open(f"{url}/videos?q=ocean&visibility=public&sort=title")).text()
    assert re.findall(r'<tr [^>]* data-title="([^"]+)"', page) == ["Ocean a", "Ocean b"]
    # Every link and form of the list keeps that.
    kept = "?q=ocean&amp;visibility=public&amp;sort=title"
    assert f"{kept}&amp;edit=" in page
    assert f'action="/videos/batch{kept}"' in page
    assert {"visibility": "public", "sort": "title"}.items() <= dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page)
    ).items()
    nothing = await (await browser.open(f"{url}/videos?q=elephants")).text()
    assert ("No results for “elephants”" in nothing, 'href="/videos"' in nothing) == (True, True)


async def test_what_is_selected_is_changed_trashed_and_taken_back_without_javascript(
    browser: Browser, url: str
) -> None:
    ready = [await browser.upload(url, b"film", title=f"Ready {number}") for number in range(2)]
    unfinished = (await browser.create(url, title="<Half>"))["id"]
    where = f"{url}/videos/batch?sort=title"

    async def send(action: str, *ids: str, **fields: str) -> ClientResponse:
        return await browser.post_form(where, [("action", action), *fields.items(), *(("ids", one) for one in ids)])

    answer = await send("visibility", *ready, unfinished, visibility="public")
    assert (answer.status, answer.headers["Location"]) == (303, "/videos?sort=title&changed=3")
    assert "3 videos changed." in await (await browser.open(url + answer.headers["Location"])).text()
    # What cannot be trashed is named, and stays selected; the others are.
    answer = await send("trash", *ready, unfinished, visibility="")
    text = await answer.text()
    assert answer.status == 409
    assert "1 of 3 couldn’t be changed" in text
    assert "“&lt;Half&gt;”: The upload isn’t complete." in text
    assert re.findall(r'value="(\w+)" form="selection"[^>]* checked', text) == [unfinished]
    # Once more, of which nothing is refused: with a way back, for all of them.
    answer = await send("trash", *ready)
    place = f"/videos?sort=title&trashed={ready[0]}&trashed={ready[1]}"
    assert (answer.status, answer.headers["Location"]) == (303, place)
    text = await (await browser.open(url + place)).text()
    assert "2 videos moved to trash." in text
    assert set(re.findall(r'type="hidden" name="ids" value="(\w+)"', text)) == set(ready)
    assert (await send("restore", *ready)).status == 303
    assert "moved to trash" not in await (await browser.open(url + place)).text()
    # Nothing was selected.
    assert (await send("trash")).headers["Location"] == "/videos?sort=title"


async def test_pages_of_the_trash_stay_in_the_trash(browser: Browser, url: str) -> None:
    made = [await browser.upload(url, b"film") for _ in range(3)]
    await browser.upload(url, b"film", title="Kept")
    for video_id in made:
        await browser.post_form(f"{url}/videos/{video_id}/trash", {})
    assert await _all_pages(browser, url, "/videos?state=trashed&limit=2") == made[::-1]


async def _all_pages(browser: Browser, url: str, first: str) -> list[str]:
    """The videos of a page and of all that it leads to."""
    found: list[str] = []
    path: str | None = first
    while path is not None:
        text = await (await browser.open(url + path)).text()
        found += re.findall(r'data-video="(\w+)"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = None if following is None else unescape(following[1])
    return found


@pytest.mark.parametrize("path", ["/videos", "/upload"])
async def test_whoever_has_a_quota_sees_how_full_it_is_the_trash_counted(services: Services, path: str) -> None:
    alice = services.person("alice", quota_bytes=10_000)
    page = {"Accept": "text/html"}
    video = await alice.upload(b"x" * 2_000)
    await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video['id']}/trash")
    await alice.begin(3_000)
    text = await (await alice.call("GET", f"{alice.upload_url}{path}", headers=page)).text()
    assert "5.0 kB of 10.0 kB used" in text
    assert re.search(r'<meter [^>]*max="10000"[^>]* value="5000"', text)
    bob = services.person("bob")
    assert "<meter" not in await (await bob.call("GET", f"{bob.upload_url}{path}", headers=page)).text()
    # Without fs_svc the page is there all the same.
    await bob.upload(b"film")
    await services.fs.stop()
    answer = await services.person("carol", quota_bytes=1).call("GET", f"{bob.upload_url}{path}", headers=page)
    assert (answer.status, "<meter" in await answer.text()) == (200, False)
    await services.fs.start()


async def test_the_forms_of_somebody_elses_video_are_not_there(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    alice = services.person("alice")
    video = await alice.upload(b"film", title="Hers", visibility="public")
    await browser.log_in(url)
    for path, fields in (
        ("", {"title": "Mine", "description": "", "visibility": "private"}),
        ("", {"title": ""}),
        ("/trash", {}),
        ("/restore", {}),
        ("/delete", {}),
    ):
        answer = await browser.post_form(f"{url}/videos/{video['id']}{path}", fields)
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "Hers" not in await answer.text()
    answer = await alice.call("GET", f"{url}/v1/uploads/{video['id']}")
    assert await answer.json() == video


@pytest.mark.parametrize(
    ("query", "site", "policy"),
    [
        ("?dropped=http://127.0.0.1", "same-site", "unsafe-none"),
        ("?dropped=http://127.0.0.1", "cross-site", "same-origin-allow-popups"),
        ("?dropped=http://127.0.0.1", "none", "same-origin-allow-popups"),
        ("", "same-site", "same-origin-allow-popups"),
    ],
)
async def test_only_a_page_of_ours_may_hand_files_to_the_upload_page(
    url: str, browser: Browser, query: str, site: str, policy: str
) -> None:
    answer = await browser.open(f"{url}/upload{query}", **{"Sec-Fetch-Site": site})
    assert (answer.status, answer.headers["Cross-Origin-Opener-Policy"]) == (200, policy)
