"""Guests who send: what somebody without an account can do by a link, what they learn, and what its maker gets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text
from yarl import URL

from auth_svc.accounts.store import Role
from common.clock import rfc3339, utc_now
from common.db import open_database
from tests.api_client import Person
from tests.browser import OWN_PAGE, Browser
from tests.http.conftest import Services
from tests.http.test_collections import make, read, titles
from tests.http.test_moderation import audited
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.guests.app_keys import GUESTS

FILM = b"a film that somebody else has shot"
FILE: dict[str, Any] = {"filename": "My_Holiday.MP4", "size": len(FILM), "content_type": "video/mp4"}


@pytest.fixture
async def another() -> AsyncIterator[Browser]:
    """Another guest, in another browser."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Browser(session)


async def ask(maker: Person, collection: str, **fields: Any) -> dict[str, Any]:
    """A new link into the collection."""
    asked = {"subject": "link", "right": "upload", **fields}
    answer = await maker.call("POST", f"{collection}/grants", json=asked)
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    assert made["url"].startswith(f"{maker.upload_url}/u/")
    return made


async def begin(guest: Browser, url: str, **fields: Any) -> str:
    """The address of a guest's new upload."""
    answer = await guest.call("POST", f"{url}/uploads", json={**FILE, **fields})
    assert answer.status == 201, await answer.text()
    return str(URL(url).join(URL(answer.headers["Location"])))


async def send(guest: Browser, upload: str, content: bytes = FILM) -> None:
    """The only part of it, straight to the storage."""
    signed = await (await guest.call("POST", f"{upload}/part-urls", json={"part_numbers": [1]})).json()
    async with (
        aiohttp.ClientSession() as session,
        session.put(signed["urls"]["1"], data=content, headers=signed["headers"]) as answer,
    ):
        assert answer.status == 200


@pytest.mark.both_databases
async def test_a_guest_sends_and_the_maker_finds_it_in_the_collection(
    services: Services, services_url: str, browser: Browser, another: Browser
) -> None:
    _, maker = await services.move_in("maker")
    collection = await make(maker, "Wedding")
    link = await ask(maker, collection, note="Your films, please", max_files=2, max_size=1000)
    hook = {"url": "https://hooks.example/vss", "events": ["guest.uploaded"]}
    webhook = await (await maker.call("POST", f"{maker.upload_url}/v1/webhooks", json=hook)).json()
    url = link["url"]

    # The page tells what its maker says, and nothing else that there is; the browser is known from now on, here alone.
    page = await browser.open(url)
    words = await page.text()
    assert page.status == 200
    assert "Your films, please" in words
    assert "Wedding" not in words
    assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex", "no-referrer")
    cookie = page.cookies["vss_guest"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (URL(url).path, True, "Lax")

    # Marks of the writing direction, which nobody has typed, are taken out.
    upload = await begin(browser, url, sender="\u200fAunt Ada\u200e", message="With\u061c love")
    await send(browser, upload)
    begun = await (await browser.call("GET", upload)).json()
    assert (begun["state"], begun["title"], len(begun["received"])) == ("uploading", "My Holiday", 1)
    assert not {"watch_url", "visibility", "description", "owner"} & begun.keys()
    # Nobody else's: not another guest's by the same link, whatever they do with it.
    await another.open(url)
    for method, path, content in (
        ("GET", "", None),
        ("POST", "/part-urls", {"part_numbers": [1]}),
        ("POST", "/complete", {}),
        ("DELETE", "", None),
    ):
        await assert_problem(await another.call(method, upload + path, json=content), 404, "not-found")
    done = await browser.call("POST", f"{upload}/complete")
    assert (done.status, (await done.json())["state"]) == (200, "ready")
    assert (await browser.call("POST", f"{upload}/complete")).status == 200
    # What its owner calls it is theirs to know.
    owned = f"{maker.upload_url}/v1/uploads/{URL(upload).name}"
    assert (await maker.call("PATCH", owned, json={"title": "Drunk aunt"})).status == 200
    assert (await (await browser.call("GET", upload)).json())["title"] == "My Holiday"
    assert (await maker.call("PATCH", owned, json={"title": "My Holiday"})).status == 200
    # Who comes back is told what has come, and nobody else is.
    assert FILE["filename"] in await (await browser.open(url)).text()
    assert FILE["filename"] not in await (await another.open(url)).text()
    # It has arrived, and is no longer the guest's to take away.
    await assert_problem(await browser.call("DELETE", upload), 409, "upload-not-open")

    # The maker's: private, in the collection, with what the guest has said.
    assert await titles(maker, collection) == "My Holiday"
    video = await read(maker, f"{maker.upload_url}/v1/uploads/{URL(upload).name}")
    assert (video["visibility"], video["guest"]) == ("private", {"sender": "Aunt Ada", "message": "With love"})
    [listed] = (await read(maker, f"{collection}/grants", right="upload"))["items"]
    assert (listed["received"], listed["max_files"], "url" in listed) == (1, 2, False)
    async with open_database(services_url) as database:
        kept = await database.row(text("SELECT token_hash FROM grants WHERE collection_id IS NOT NULL"))
    assert kept is not None
    assert URL(url).name not in kept.token_hash

    # Their webhook is told in the words of the guest.
    async def told() -> list[dict[str, Any]]:
        return list((await read(maker, f"{maker.upload_url}/v1/webhooks/{webhook['id']}/deliveries"))["items"])

    async def is_told() -> bool:
        return bool(await told())

    await eventually(is_told, what="the webhook is told")
    [delivery] = await told()
    assert delivery["type"] == "guest.uploaded"
    assert json.loads(delivery["body"])["data"] == {
        "video_id": video["id"],
        "title": "My Holiday",
        "collection_id": URL(collection).name,
        "sender": "Aunt Ada",
        "message": "With love",
    }


@pytest.mark.both_databases
async def test_a_link_takes_what_its_maker_says_and_nothing_once_it_is_revoked(
    services: Services, browser: Browser, another: Browser
) -> None:
    _, maker = await services.move_in("maker")
    collection = await make(maker)
    link = await ask(maker, collection, max_files=2, max_size=1000)
    url = link["url"]
    upload = await begin(browser, url, title="First")
    await send(browser, upload)
    assert (await browser.call("POST", f"{upload}/complete")).status == 200
    # What is running counts, what was given up does not, and what came does whatever becomes of it.
    await another.open(url)
    second = await begin(another, url)
    full = await another.call("POST", f"{url}/uploads", json=FILE)
    assert "as many files" in (await assert_problem(full, 409, "conflict"))["detail"]
    assert (await another.call("DELETE", second)).status == 204
    await assert_problem(await another.call("GET", second), 404, "not-found")
    assert (await maker.call("DELETE", f"{maker.upload_url}/v1/uploads/{URL(upload).name}")).status == 204
    # The last place is one guest's, however many come at the same moment.
    begun = await asyncio.gather(*(another.call("POST", f"{url}/uploads", json=FILE) for _ in range(4)))
    assert sorted(answer.status for answer in begun) == [201, 409, 409, 409]
    third = next(str(URL(url).join(URL(answer.headers["Location"]))) for answer in begun if answer.status == 201)
    await assert_problem(await browser.call("POST", f"{url}/uploads", json=FILE), 409, "conflict")
    large = await another.call("POST", f"{url}/uploads", json={**FILE, "size": 1001})
    [fault] = (await assert_problem(large, 422, "invalid"))["errors"]
    assert (fault["pointer"], "1.0 kB" in fault["detail"]) == ("#/size", True)
    for wrong in (
        {"visibility": "public"},
        {"title": 5},
        {"sender": "x" * 101},
        {"filename": "a.exe", "content_type": ""},
    ):
        await assert_problem(await another.call("POST", f"{url}/uploads", json={**FILE, **wrong}), 422, "invalid")

    # It is no link to watch, and no list of anything.
    token = URL(url).name
    await assert_problem(await browser.call("GET", f"{maker.stream_url}/s/{token}/playback"), 404, "not-found")
    assert (await browser.call("GET", f"{url}/uploads")).status == 405

    # Revoked in the middle: no further URL, and it looks as if there never was a link.
    assert (await maker.call("DELETE", f"{collection}/grants/{link['id']}")).status == 204
    for method, path, content in (
        ("POST", "/part-urls", {"part_numbers": [1]}),
        ("POST", "/complete", {}),
        ("GET", "", None),
    ):
        ended = await assert_problem(await another.call(method, third + path, json=content), 404, "not-found")
        unknown = await another.call("GET", f"{maker.upload_url}/u/{'x' * 43}/uploads/{URL(third).name}")
        assert ended == await assert_problem(unknown, 404, "not-found")
    assert (await another.open(url)).status == 404


@pytest.mark.both_databases
async def test_what_guests_leave_unfinished_holds_nothing_for_long(
    services: Services, services_url: str, browser: Browser
) -> None:
    _, maker = await services.move_in("maker")
    collection = await make(maker)
    file = {**FILE, "size": 1}

    async def begin_too_many(url: str) -> list[str]:
        begun = await asyncio.gather(*(browser.call("POST", f"{url}/uploads", json=file) for _ in range(14)))
        assert sorted(answer.status for answer in begun) == [201] * 12 + [429] * 2
        return [str(URL(url).join(URL(one.headers["Location"]))) for one in begun if one.status == 201]

    async def is_nothing_left() -> bool:
        async with open_database(services_url) as database:
            return not await database.rows(text("SELECT video_id FROM guest_uploads"))

    # Guests of one owner leave the owner some of the uploads that may be open.
    link = await ask(maker, collection)
    await browser.open(link["url"])
    first, *_ = await begin_too_many(link["url"])
    other = await ask(maker, collection)
    full = await browser.call("POST", f"{other['url']}/uploads", json=file)
    assert "in a moment" in (await assert_problem(full, 429, "rate-limited"))["detail"]
    own = await maker.call("POST", f"{maker.upload_url}/v1/uploads", json={**file, "title": "Mine"})
    assert own.status == 201
    assert (await browser.call("DELETE", first)).status == 204
    await send(browser, await begin(browser, link["url"], size=1), b"x")
    # Revoked: all that is on its way is given up, and what it held is free again.
    assert (await maker.call("DELETE", f"{collection}/grants/{link['id']}")).status == 204
    uploading = (await read(maker, f"{maker.upload_url}/v1/uploads", state="uploading"))["items"]
    assert [video["title"] for video in uploading] == ["Mine"]
    await services.settle(ahead=timedelta())
    await eventually(is_nothing_left, what="nothing is left of them", limit_seconds=20)

    # So it is soon after a link has ended by itself; what was completed in time has until then to be confirmed.
    ending = await ask(maker, collection, expires_at=rfc3339(utc_now() + timedelta(hours=1)))
    await begin(browser, ending["url"], title="Late")
    for minutes, left in ((70, ["Late", "Mine"]), (80, ["Mine"])):
        services.clock.moved = timedelta(minutes=minutes)
        await services.upload[GUESTS].give_up_ended()
        services.clock.moved = timedelta()
        uploading = (await read(maker, f"{maker.upload_url}/v1/uploads", state="uploading"))["items"]
        assert [video["title"] for video in uploading] == left
    await browser.open(other["url"])
    await begin_too_many(other["url"])


@pytest.mark.both_databases
async def test_an_administrator_sees_and_revokes_the_links_by_which_guests_send(
    services: Services, services_url: str, browser: Browser
) -> None:
    account_id, maker = await services.move_in("maker")
    await services.auth.set_account("root", role=Role.ADMIN)
    root = services.person("root", role="admin")
    collection, other = await make(maker, "Wedding"), await make(maker, "Other")
    video_id = (await maker.upload(FILM, title="Hers"))["id"]
    assert (await maker.call("PUT", f"{collection}/videos/{video_id}")).status in (200, 201, 204)
    link = await ask(maker, collection, name="For Ada", max_files=2)
    elsewhere = await ask(maker, other)
    await browser.open(link["url"])
    sent = await begin(browser, link["url"])

    url = f"{root.upload_url}/v1/uploads/{video_id}/moderation/grants"
    page = f"{root.upload_url}/videos/moderation?video={video_id}"
    [listed] = (await read(root, url))["upload_links"]
    assert (listed["id"], listed["name"], listed["received"], listed["max_files"]) == (link["id"], "For Ada", 0, 2)
    assert (listed["collection"], listed["right"], "url" in listed) == (
        {"id": URL(collection).name, "title": "Wedding"},
        "upload",
        False,
    )
    html = {"Accept": "text/html"}
    words = await (await root.call("GET", page, headers=html)).text()
    assert (listed["owner"].startswith("maker"), "For Ada" in words, "0 of 2 videos received" in words) == (
        True,
        True,
        True,
    )

    # Of a collection that the video is not in, nothing happens.
    assert (await root.call("DELETE", f"{url}/{elsewhere['id']}")).status == 204
    assert (await browser.open(elsewhere["url"])).status == 200
    assert [(await root.call("DELETE", f"{url}/{link['id']}")).status for _ in range(2)] == [204, 204]
    assert (await read(root, url))["upload_links"] == []
    assert (await browser.open(link["url"])).status == 404
    await assert_problem(await maker.call("GET", f"{maker.upload_url}/v1/uploads/{URL(sent).name}"), 404, "not-found")
    written = [entry for entry in await audited(services_url) if entry[0] == "link-revoked"]
    assert [(actor, target, details["link_id"], details["right"]) for _, actor, target, details in written] == [
        (services.auth.account_id("root"), account_id, link["id"], "upload")
    ]


async def test_what_a_link_by_which_guests_send_asks_for(services: Services, browser: Browser) -> None:
    account_id, maker = await services.move_in("maker")
    collection = await make(maker)
    # A link that ends, with a password.
    link = await ask(maker, collection, password="open sesame", expires_at=rfc3339(utc_now() + timedelta(hours=1)))
    url = link["url"]
    assert "password" in (await (await browser.open(url)).text()).lower()
    # A link of the page has the password that was typed, spaces too; the page says what links are called, and both when
    # one ends.
    links = f"{maker.upload_url}/videos/{URL(collection).parent.name}/{URL(collection).name}/links"
    typed = {"note": " ", "days": "7", "password": "  "}
    answer = await maker.call("POST", links, data=typed, headers={"Accept": "text/html"})
    [spaces] = re.findall(r'id="new-link"[^>]*>([^<]+)<', await answer.text())
    assert (await browser.post_form(spaces, {"password": " "})).status == 422
    assert (await browser.post_form(spaces, {"password": "  "})).status == 303
    await ask(maker, collection, name="For Ada")
    shown = await (await maker.call("GET", links, headers={"Accept": "text/html"})).text()
    assert ">For Ada</h2>" in shown
    for page in (shown, await (await browser.open(spaces)).text()):
        assert re.search(r'Until <time [^>]*data-day="with-time">[^<]* <bdi>\d\d:\d\d</bdi>', page)
    await assert_problem(await browser.call("POST", f"{url}/uploads", json=FILE), 403, "forbidden")
    assert (await browser.post_form(url, {"password": "wrong"})).status == 422
    assert (await browser.post_form(url, {"password": "open sesame"})).status == 303
    key = {**OWN_PAGE, "Idempotency-Key": "once"}
    first = await browser.call("POST", f"{url}/uploads", json=FILE, sent_from=key)
    again = await browser.call("POST", f"{url}/uploads", json=FILE, sent_from=key)
    assert (first.status, await first.json()) == (201, await again.json())
    await assert_problem(
        await browser.call("POST", f"{url}/uploads", json={**FILE, "size": 5}, sent_from=key),
        422,
        "idempotency-key-reused",
    )
    # After a reload the page knows what was begun.
    assert (await first.json())["id"] in await (await browser.open(url)).text()
    # Another site's page is not the guest's.
    foreign = await browser.call("POST", f"{url}/uploads", json=FILE, sent_from={"Origin": "https://evil.example"})
    await assert_problem(foreign, 403, "cross-origin")

    # The quota is the maker's, and what it is nobody is told.
    admin = await services.log_in("admin", "admin")
    account = f"{services.auth.url}/v1/accounts/{account_id}"
    assert (await admin.call("PATCH", account, json={"quota_bytes": len(FILM) + 5})).status == 200
    no_room = await assert_problem(await browser.call("POST", f"{url}/uploads", json=FILE), 413, "quota-exceeded")
    assert not {"limit", "used", "reserved"} & no_room.keys()
    # Whose maker is disabled, it is over; and when its time is.
    assert (await admin.call("PATCH", account, json={"disabled": True})).status == 200
    await assert_problem(await browser.call("POST", f"{url}/uploads", json=FILE), 404, "not-found")
    assert (await admin.call("PATCH", account, json={"disabled": False, "quota_bytes": None})).status == 200
    await begin(browser, url)
    services.clock.moved = timedelta(hours=2)
    await assert_problem(await browser.call("POST", f"{url}/uploads", json=FILE), 404, "not-found")
    services.clock.moved = timedelta()

    # Its maker's part.
    for wrong in (
        {"max_files": 0},
        {"max_size": 0},
        {"note": "x" * 2001},
        {"right": "manage"},
        {"expires_at": rfc3339(utc_now() - timedelta(hours=1))},
    ):
        asked = {"subject": "link", "right": "upload", **wrong}
        problem = await assert_problem(await maker.call("POST", f"{collection}/grants", json=asked), 422, "invalid")
        assert [fault["pointer"] for fault in problem["errors"]] == [f"#/{next(iter(wrong))}"]
    for right, wrong in (("watch", {"max_files": 5}), ("upload", {"view_limit": 5})):
        asked = {"subject": "link", "right": right, **wrong}
        problem = await assert_problem(await maker.call("POST", f"{collection}/grants", json=asked), 422, "invalid")
        assert [fault["pointer"] for fault in problem["errors"]] == [f"#/{next(iter(wrong))}"]
    stranger = services.person("bob")
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", f"/{link['id']}")):
        asked = {"subject": "link", "right": "upload"}
        await assert_problem(await stranger.call(method, f"{collection}/grants{path}", json=asked), 404, "not-found")
