"""Webhooks through the real services: who is told what, by API and pages, and by whom they are seen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.api_client import Person
from tests.browser import Browser
from tests.html_pages import page_of
from tests.http.conftest import Services
from tests.http.test_links import Visitor, make
from tests.http.test_moderation import audited
from tests.problems import assert_problem
from tests.waiting import eventually
from tests.webhook_receiver import Receiver, answer, receiving
from upload_svc.app_keys import ACCOUNT_DELETIONS
from upload_svc.webhooks.app_keys import DISABLED_OWNERS, SENDING

FILM = b"a very short film"
TO_THIS_MACHINE = pytest.mark.parametrize("webhook_private_networks", ["true"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def create(person: Person, **wanted: Any) -> dict[str, Any]:
    made = await person.call("POST", f"{person.upload_url}/v1/webhooks", json=wanted)
    assert made.status == 201, await made.text()
    webhook: dict[str, Any] = await made.json()
    assert made.headers["Location"] == f"/v1/webhooks/{webhook['id']}"
    return webhook


async def items(person: Person, path: str) -> list[dict[str, Any]]:
    found = await person.call("GET", f"{person.upload_url}/v1/webhooks{path}")
    assert found.status == 200, await found.text()
    listed: list[dict[str, Any]] = (await found.json())["items"]
    return listed


@TO_THIS_MACHINE
@pytest.mark.both_databases
async def test_an_owner_is_told_of_their_own_videos_and_sees_what_was_sent(
    services: Services, receiver: Receiver
) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    webhook = await create(alice, url=f"{receiver.url}#part")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", webhook["secret"])
    assert (webhook["url"], webhook["events"]) == (receiver.url, None)
    few = await create(alice, url=f"{receiver.url}/few", events=["video.deleted"])
    await create(bob, url=f"{receiver.url}/bob")
    # The secret is told once.
    assert [(one["id"], "secret" in one) for one in await items(alice, "")] == [
        (few["id"], False),
        (webhook["id"], False),
    ]

    video = await alice.upload(FILM, title="Ünser Film")
    await receiver.wait(1)
    said = receiver.verified(webhook["secret"])
    assert (said["type"], said["data"]) == ("video.ready", {"video_id": video["id"], "title": "Ünser Film"})
    assert said["timestamp"].endswith("Z")
    link = await make(alice, video)
    async with Visitor() as guest, Visitor() as other:
        assert await guest.plays(link["url"])
        assert await other.plays(link["url"])
    await receiver.wait(2)
    said = receiver.verified(webhook["secret"])
    assert (said["type"], said["data"]["link_id"]) == ("link.first_view", link["id"])
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204
    await receiver.wait(4)
    assert receiver.types == ["video.ready", "link.first_view", "video.deleted", "video.deleted"]
    # The same event has the same id for both, and each its own signature.
    (one, _), (two, _) = receiver.came[2:]
    assert one["webhook-id"] == two["webhook-id"]
    assert one["webhook-signature"] != two["webhook-signature"]
    # What nobody has finished, and what goes out of the trash by itself.
    begun = await alice.begin(5)
    thrown = await alice.upload(FILM)
    assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{thrown['id']}/trash")).status == 204

    async def have_come() -> bool:
        # The service's own loop may hold a row at this moment.
        await services.settle(ahead=timedelta(days=8))
        return len(receiver.came) >= 7

    await eventually(have_come, what="it is told of what has ended")
    assert sorted(receiver.types[4:]) == ["video.deleted", "video.deleted", "video.ready"]
    # Given up by its owner: they know.
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{begun['id']}")).status == 204

    # The log, a page at a time; sent again under the same id.
    async def are_delivered() -> bool:
        # The last may have come a moment before its answer is written down.
        log = await items(alice, f"/{webhook['id']}/deliveries?limit=2")
        return {one["state"] for one in log} == {"delivered"}

    await eventually(are_delivered, what="their answers are written down")
    log = await items(alice, f"/{webhook['id']}/deliveries?limit=2")
    assert [(one["type"], one["status"], one["attempts"]) for one in log] == [
        ("video.deleted", 204, 1),
        ("video.ready", 204, 1),
    ]
    replay = f"{alice.upload_url}/v1/webhooks/{webhook['id']}/deliveries/{log[0]['id']}/replay"
    assert (await alice.call("POST", replay)).status == 202
    await receiver.wait(8)
    assert receiver.came[-1][0]["webhook-id"] == log[0]["event_id"]
    # Not others'.
    mine = f"{bob.upload_url}/v1/webhooks/{webhook['id']}"
    for method, url in (("DELETE", mine), ("GET", f"{mine}/deliveries"), ("POST", replay)):
        await assert_problem(await bob.call(method, url), 404, "not-found")
    assert (await alice.call("DELETE", mine)).status == 204
    await assert_problem(await alice.call("DELETE", mine), 404, "not-found")
    assert [one["id"] for one in await items(alice, "")] == [few["id"]]


async def test_bad_urls_are_refused_by_name_and_a_create_is_repeated_safely(services: Services) -> None:
    alice = services.person("alice")
    url = f"{alice.upload_url}/v1/webhooks"
    for bad in (
        *("", "hook", "ftp://example.org/", "http://example.org/", "https://", "https://me:you@example.org/"),
        *("https://example.org/a b", "https://exämple.org/", "https://example.org:99999/", f"https://a/{'x' * 2048}"),
    ):
        problem = await assert_problem(await alice.call("POST", url, json={"url": bad}), 422, "invalid")
        assert [fault["pointer"] for fault in problem["errors"]] == ["#/url"], bad
    good = "https://example.org/hook"
    for events in ([], ["video.ready", "video.ready"], ["everything"]):
        asked = await alice.call("POST", url, json={"url": good, "events": events})
        assert (await assert_problem(asked, 422, "invalid"))["errors"][0]["pointer"].startswith("#/events")
    key = {"Idempotency-Key": "once"}
    first = await (await alice.call("POST", url, json={"url": good}, headers=key)).json()
    again = await (await alice.call("POST", url, json={"url": good}, headers=key)).json()
    secret = first.pop("secret")
    assert (again, secret[:6]) == (first, "whsec_")
    for _ in range(19):
        await create(alice, url=good, events=["video.ready"])
    await assert_problem(await alice.call("POST", url, json={"url": good}), 409, "conflict")
    assert len(await items(alice, "")) == 20


async def test_no_request_reaches_this_machine_unless_a_setting_allows_it(
    services: Services, receiver: Receiver
) -> None:
    alice, address = services.person("alice"), receiver.url.partition("://")[2]
    port = address.partition("/")[0].partition(":")[2]
    hosts = ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0177.0.0.1", "127.1", "0")
    made = [await create(alice, url=f"https://{host}:{port}/hook") for host in hosts]
    await alice.upload(FILM)

    async def are_refused() -> bool:
        await services.upload[SENDING].step()
        logs = [await items(alice, f"/{webhook['id']}/deliveries") for webhook in made]
        return all(log and log[0]["failure"] == "address-not-allowed" for log in logs)

    await eventually(are_refused, what="each is refused", limit_seconds=20)
    assert receiver.came == []


@TO_THIS_MACHINE
async def test_the_page_creates_shows_tests_sends_again_and_deletes(
    services: Services, receiver: Receiver, browser: Browser
) -> None:
    base = services.addresses.upload_url
    await browser.log_in(base)
    empty = await page_of(await browser.open(f"{base}/videos/webhooks"))
    assert ("New webhook" in empty.text, empty.inline) == (True, [])
    refused = await browser.post_form(f"{base}/videos/webhooks", {"url": "ftp://x/", "events": "video.ready"})
    assert (refused.status, "The URL must begin with https://." in await refused.text()) == (422, True)
    none = await browser.post_form(f"{base}/videos/webhooks", {"url": receiver.url})
    assert (none.status, "The events must be at least one." in await none.text()) == (422, True)
    made = await browser.post_form(f"{base}/videos/webhooks", {"url": receiver.url, "events": "video.ready"})
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", await made.text())
    assert found is not None
    listed = await (await browser.open(f"{base}/videos/webhooks")).text()
    assert "whsec_" not in listed
    [page] = set(re.findall(r'href="(/videos/webhooks/\w{26})"', listed))

    # Nobody listens any more: it is disabled, and a test that is taken enables it again.
    receiver.answers.append(answer(410, "<b>gone</b>"))
    assert (await browser.post_form(f"{base}{page}/test", {})).status == 303
    await receiver.wait(1)

    async def shows(*words: str) -> bool:
        text = await (await browser.open(f"{base}{page}")).text()
        return all(word in text for word in words)

    await eventually(lambda: shows("Disabled", "410 (gone)", "&lt;b&gt;gone", "HTTP 410"), what="it is disabled")
    [resend] = set(re.findall(r'action="([^"]+/replay)"', await (await browser.open(f"{base}{page}")).text()))
    assert (await browser.post_form(f"{base}{resend}", {})).status == 303
    await receiver.wait(2)
    await eventually(lambda: shows("Enabled", "Delivered", "2 attempts"), what="it is enabled")
    assert receiver.verified(found[0])["type"] == "webhook.test"
    assert (await browser.post_form(f"{base}{page}/delete", {})).status == 303
    assert (await browser.open(f"{base}{page}")).status == 404


@TO_THIS_MACHINE
async def test_a_disabled_account_is_told_nothing_until_it_is_enabled(services: Services, receiver: Receiver) -> None:
    carol_id, carol = await services.move_in("carol")
    webhook = await create(carol, url=receiver.url)
    admin = await services.log_in("admin", "admin")
    bob = services.person("bob")
    await create(bob, url=f"{receiver.url}/bob")
    sending = services.upload[SENDING]

    async def disable(*, is_disabled: bool) -> None:
        account = f"{services.auth.url}/v1/accounts/{carol_id}"
        assert (await admin.call("PATCH", account, json={"disabled": is_disabled})).status == 200
        await services.upload[DISABLED_OWNERS].refresh()

    await disable(is_disabled=True)
    # Her token lives for five minutes.
    await carol.upload(FILM)
    await bob.upload(FILM)
    await receiver.wait(1)
    await sending.step()
    await sending.finished()
    [waiting] = await items(carol, f"/{webhook['id']}/deliveries")
    assert (receiver.types, waiting["state"], waiting["attempts"]) == (["video.ready"], "waiting", 0)
    await disable(is_disabled=False)
    await receiver.wait(2)


@TO_THIS_MACHINE
async def test_a_deleted_account_is_told_nothing_and_the_audit_log_names_no_url(
    services: Services, services_url: str, receiver: Receiver
) -> None:
    carol_id, carol = await services.move_in("carol")
    await create(carol, url=f"{receiver.url}?key=hidden")
    await carol.upload(FILM)
    await receiver.wait(1)
    admin = await services.log_in("admin", "admin")
    assert (await admin.call("DELETE", f"{services.auth.url}/v1/accounts/{carol_id}?videos=delete")).status == 204
    for _ in range(3):
        await services.upload[ACCOUNT_DELETIONS].settle()
        await services.upload[SENDING].step()
    await services.upload[SENDING].finished()
    assert receiver.types == ["video.ready"]
    entries = [entry for entry in await audited(services_url) if entry[2] == carol_id]
    assert "webhook-created" in str(entries)
    assert "hidden" not in str(entries)
