"""Workers and their jobs over HTTP, with the real fs_svc and storage: from an upload to its facts and pictures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import aiohttp
from sqlalchemy import text

from auth_svc.accounts.store import Role
from common.db import open_database
from common.ids import new_id
from fs_svc.app_keys import DERIVED, PICTURES
from tests.browser import Browser
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.stores import Store
from tests.waiting import eventually
from upload_svc.app_keys import JOB_METRICS, JOBS
from upload_svc.jobs import BACKFILL_REST, LEASE, RESTS
from upload_svc.media.media import SILENCE

FILM = b"a very short film"
SECOND = timedelta(seconds=1)
FACTS = {"duration_ms": 61_500, "width": 640, "height": 360, "codecs": ["vp8", "opus"], "has_video": True}
POSTER = {"poster-320.webp": b"a small picture", "poster-640.webp": b"a larger picture"}


class Worker:
    """The calls of media_svc."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._url = f"{services.addresses.upload_url}/internal/jobs"

    async def call(self, path: str, content: object, *, token: str | None = None) -> aiohttp.ClientResponse:
        # Of the time that it is at upload_svc.
        own = self._services.auth.service_token("media", now=self._services.clock())
        headers = {"Authorization": f"Bearer {token or own}"}
        async with self._services.session.post(f"{self._url}/{path}", json=content, headers=headers) as answer:
            await answer.read()
        return answer

    async def take(self, *tasks: str) -> dict[str, Any] | None:
        answer = await self.call("take", {"tasks": tasks or ["look", "picture", "storyboard"], "worker": "one"})
        assert answer.status in (200, 204), await answer.text()
        job: dict[str, Any] | None = await answer.json() if answer.status == 200 else None
        return job

    async def take_one(self, task: str) -> dict[str, Any]:
        """A job that there is."""
        job = await self.take(task)
        assert job is not None
        return job

    async def tell(self, job: dict[str, Any], what: str, **content: object) -> aiohttp.ClientResponse:
        return await self.call(f"{job['id']}/{what}", {"attempt": job["attempt"], **content})

    async def make(self, job: dict[str, Any], files: dict[str, bytes] = POSTER) -> None:
        """Stores these files as the outputs of the job."""
        answer = await self.tell(job, "outputs", files=described(files))
        assert answer.status == 200, await answer.text()
        puts = (await answer.json())["puts"]
        for name, body in files.items():
            put = puts[name]
            async with self._services.session.put(put["url"], data=body, headers=put["headers"]) as sent:
                assert sent.status == 200

    async def look(self, job: dict[str, Any]) -> None:
        """All of a look."""
        await self.make(job)
        assert (await self.tell(job, "complete", facts=FACTS, poster_ms=2000)).status == 204


def described(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [
        {"name": name, "content_type": "image/webp", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in files.items()
    ]


async def media_of(services: Services, video: dict[str, Any]) -> dict[str, Any]:
    """As its owner sees it, alone and in the list."""
    alice = services.person("alice")
    one = await (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video['id']}")).json()
    listed = await (await alice.call("GET", f"{alice.upload_url}/v1/uploads")).json()
    assert one["media"] in [item["media"] for item in listed["items"] if item["id"] == video["id"]]
    media: dict[str, Any] = one["media"]
    return media


async def derived_states(services_url: str) -> list[str]:
    """The states of all derived objects that fs_svc knows, in the order in which they were made."""
    async with open_database(services_url) as database:
        found = await database.rows(text("SELECT state FROM derived_objects ORDER BY created_at"))
    return [row.state for row in found]


async def test_an_upload_is_looked_at_and_what_was_made_ends_with_it(services: Services, services_url: str) -> None:
    worker, alice = Worker(services), services.person("alice")
    assert await worker.take() is None
    video = await alice.upload(FILM)
    assert video["media"] == await media_of(services, video)
    assert (video["media"]["state"], video["media"]["duration"]) == ("preparing", None)
    look = await worker.take()
    assert look is not None
    assert (look["task"], look["attempt"], look["facts"], look["source"]["size"]) == ("look", 1, None, len(FILM))
    ranged = {"Range": "bytes=2-5"}
    async with services.session.get(look["source"]["url"], headers=ranged) as answer:
        assert (answer.status, await answer.read()) == (206, FILM[2:6])
    assert await worker.take() is None
    renewed = await (await worker.tell(look, "renew", progress=50)).json()
    assert renewed["lease_seconds"] == look["lease_seconds"] == LEASE.total_seconds()
    await worker.make(look)
    for _ in range(2):
        assert (await worker.tell(look, "complete", facts=FACTS, poster_ms=2000)).status == 204
    media = await media_of(services, video)
    assert (media["state"], media["duration"], media["width"], media["codecs"]) == ("ready", 61.5, 640, ["vp8", "opus"])

    storyboard = await worker.take("storyboard")
    assert storyboard is not None
    assert (storyboard["task"], storyboard["facts"]["duration_ms"]) == ("storyboard", 61_500)
    await assert_problem(await worker.tell(storyboard, "complete"), 409, "conflict")
    await worker.make(storyboard, {"sprite-1.webp": b"many pictures", "index.json": b"{}"})
    assert (await worker.tell(storyboard, "complete")).status == 204
    assert await derived_states(services_url) == ["stored", "stored"]

    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204
    await assert_problem(await worker.tell(storyboard, "complete"), 404, "not-found")

    async def is_forgotten() -> bool:
        await services.settle(ahead=timedelta(minutes=3))
        async with open_database(services_url) as database:
            left = await database.rows(text("SELECT id FROM media_jobs UNION SELECT video_id FROM media_facts"))
        return not left and "stored" not in await derived_states(services_url)

    await eventually(is_forgotten, what="nothing is known of the deleted video")


async def test_a_worker_that_was_paused_changes_nothing_of_what_its_successor_made(
    services: Services, services_url: str
) -> None:
    alice = services.person("alice")
    video, worker = await alice.upload(FILM), Worker(services)
    paused = await worker.take()
    assert paused is not None
    await worker.make(paused, {"poster-320.webp": b"what the first one made"})
    # As an upload_svc that is killed when fs_svc has stored the files, and before the job is done.
    async with open_database(services_url) as database:
        [row] = await database.rows(text("SELECT id FROM derived_objects"))
    await services.fs.app[DERIVED].complete(row.id)
    services.clock.moved = LEASE
    second = await worker.take()
    assert second is not None
    assert (second["id"], second["attempt"]) == (paused["id"], 2)
    for what, content in (
        ("renew", {}),
        ("outputs", {"files": described(POSTER)}),
        ("complete", {"facts": FACTS}),
        ("fail", {"reason": "damaged", "is_final": True}),
        ("release", {}),
    ):
        await assert_problem(await worker.tell(paused, what, **content), 409, "conflict")
    await worker.look(second)
    services.clock.moved = timedelta()
    assert (await media_of(services, video))["state"] == "ready"
    services.clock.moved = 2 * LEASE

    async def is_settled() -> bool:
        await services.upload[JOBS].settle()
        return sorted(await derived_states(services_url)) in (["deleted", "stored"], ["deleting", "stored"])

    await eventually(is_settled, what="what the first one made is deleted")
    async with open_database(services_url) as database:
        [facts] = await database.rows(text("SELECT poster_id FROM media_facts"))
    urls = (await services.fs.app[PICTURES].sign([facts.poster_id]))[facts.poster_id]
    assert (await fetch("GET", urls["poster-320.webp"]))[2] == POSTER["poster-320.webp"]


async def test_what_fails_three_times_has_failed_until_its_owner_asks_again(services: Services) -> None:
    worker, alice = Worker(services), services.person("alice")
    video, upload = await alice.upload(FILM), await alice.begin(5)
    retry = f"{alice.upload_url}/v1/uploads/{video['id']}/media/retry"
    # While fs_svc is away no attempt is used up.
    await services.fs.stop()
    answer = await worker.call("take", {"tasks": ["look"], "worker": "one"})
    await assert_problem(answer, 503, "unavailable")
    await services.fs.start()
    for rest in RESTS:
        job = await worker.take()
        assert job is not None
        assert (await worker.tell(job, "fail", reason="storage")).status == 204
        assert await worker.take() is None
        assert (await media_of(services, video))["state"] == "preparing"
        services.clock.moved += rest + SECOND
        job = await worker.take()
        assert job is not None
        assert (await worker.tell(job, "release")).status == 204
        services.clock.moved, later = timedelta(), services.clock.moved
        await media_of(services, video)
        services.clock.moved = later
    job = await worker.take()
    assert job is not None
    assert job["attempt"] == 5
    assert (await worker.tell(job, "fail", reason="damaged")).status == 204
    services.clock.moved = timedelta()
    media = await media_of(services, video)
    assert (media["state"], media["reason"]) == ("failed", "damaged")
    await assert_problem(await services.person("bob").call("POST", retry), 404, "not-found")
    await assert_problem(await alice.call("POST", retry.replace(video["id"], upload["id"])), 409, "conflict")
    for _ in range(2):
        assert (await alice.call("POST", retry)).status == 204
    media = await media_of(services, video)
    assert (media["state"], media["reason"]) == ("preparing", None)
    job = await worker.take()
    assert job is not None
    assert (await worker.tell(job, "fail", reason="unsupported", is_final=True)).status == 204
    assert (await media_of(services, video))["reason"] == "unsupported"
    await services.upload[JOB_METRICS].count()
    async with services.session.get(f"{alice.upload_url}/metrics") as answer:
        assert 'media_jobs{state="failed",task="look"} 1.0' in await answer.text()


async def test_what_a_worker_says_is_checked(services: Services) -> None:
    worker = Worker(services)
    await services.person("alice").upload(FILM)
    answer = await worker.call("take", {"tasks": [], "worker": "one"})
    await assert_problem(answer, 422, "invalid")
    job = await worker.take()
    assert job is not None
    for what, content, pointer in (
        ("complete", {}, "#/facts"),
        ("complete", {"facts": {**FACTS, "width": 20_000}}, "#/facts/width"),
        ("complete", {"facts": {**FACTS, "codecs": ["<script>"]}}, "#/facts/codecs/0"),
        ("outputs", {"files": described(POSTER) * 2}, "#/files"),
        ("outputs", {"files": [{**described(POSTER)[0], "name": "../poster.webp"}]}, "#/files/0/name"),
        ("outputs", {"files": [{**described(POSTER)[0], "content_type": "text/html"}]}, "#/files/0/content_type"),
        ("renew", {"progress": 101}, "#/progress"),
        ("fail", {"reason": "bored"}, "#/reason"),
    ):
        problem = await assert_problem(await worker.tell(job, what, **content), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    # Announced, and not sent.
    assert (await worker.tell(job, "outputs", files=described(POSTER))).status == 200
    problem = await assert_problem(await worker.tell(job, "complete", facts=FACTS), 409, "conflict")
    assert problem["missing"] == list(POSTER)
    await assert_problem(await worker.tell({**job, "id": new_id()}, "renew"), 404, "not-found")
    await assert_problem(await worker.tell({**job, "id": "nonsense"}, "renew"), 404, "not-found")
    # A film with as many chapters as there may be, in any script.
    chapters = [{"start_ms": number, "title": "\U0001f3ac" * 100} for number in range(200)]
    await worker.make(job)
    assert (await worker.tell(job, "complete", facts={**FACTS, "chapters": chapters})).status == 204


async def test_what_was_there_before_there_were_workers_is_looked_at_a_few_at_a_time(
    services: Services, services_url: str
) -> None:
    worker, alice, jobs = Worker(services), services.person("alice"), services.upload[JOBS]
    old, trashed = await alice.upload(FILM), await alice.upload(FILM)
    assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{trashed['id']}/trash")).status == 204
    async with open_database(services_url) as database:
        await database.change(text("DELETE FROM media_jobs"))
    new = await alice.upload(FILM)
    # Nobody has asked for a job yet.
    assert (await media_of(services, old))["state"] == "off"
    # The loop may have found that there is nothing just before, and rests.
    services.clock.moved = BACKFILL_REST + SECOND

    async def is_found() -> bool:
        await jobs.backfill()
        async with open_database(services_url) as database:
            found = await database.rows(text("SELECT video_id FROM media_jobs WHERE is_backfill"))
        return [row.video_id for row in found] == [old["id"]]

    await eventually(is_found, what="the old video has its job")
    assert await jobs.backfill() == 0
    first, second = await worker.take(), await worker.take()
    assert first is not None
    assert second is not None
    await worker.look(second)
    services.clock.moved = timedelta()
    assert (await media_of(services, old))["state"] == "ready"
    assert (await media_of(services, new))["state"] == "preparing"


async def test_jobs_are_for_workers_and_workers_for_nothing_else(services: Services) -> None:
    auth, at, worker = services.auth, services.addresses, Worker(services)
    ask = {"tasks": ["look"], "worker": "one"}
    for token, status, code in (
        (auth.token("alice", role="admin"), 401, "unauthenticated"),
        ("nonsense", 401, "unauthenticated"),
        (auth.service_token("upload"), 403, "forbidden"),
        (auth.service_token("stream"), 403, "forbidden"),
    ):
        for path in ("take", *(f"{new_id()}/{what}" for what in ("renew", "outputs", "complete", "fail", "release"))):
            await assert_problem(await worker.call(path, ask, token=token), status, code)
    headers = {"Authorization": f"Bearer {auth.service_token('media')}"}
    for method, url, status in (
        ("GET", f"{at.upload_url}/v1/uploads", 401),
        ("GET", f"{at.stream_url}/v1/videos", 401),
        ("POST", f"{at.fs_url}/v1/sources", 403),
        ("POST", f"{at.fs_url}/v1/pictures", 403),
        ("PUT", f"{at.fs_url}/v1/derived/{new_id()}", 403),
        ("GET", f"{auth.url}/internal/accounts/disabled", 403),
    ):
        async with services.session.request(method, url, headers=headers) as answer:
            assert answer.status == status, url


async def test_the_owner_chooses_a_moment_for_the_picture(services: Services) -> None:
    worker, alice = Worker(services), services.person("alice")
    video, url = await alice.upload(FILM), f"{alice.upload_url}/v1/uploads"
    poster = f"{url}/{video['id']}/poster"
    before = await worker.take("look")
    assert before is not None
    assert (await alice.call("PUT", poster, json={"seconds": 3})).status == 204
    # An attempt for another moment has lost the job, and what it made is nobody's picture.
    await assert_problem(await worker.tell(before, "complete", facts=FACTS), 409, "conflict")
    look = await worker.take("look")
    assert look is not None
    assert (look["id"], look["attempt"], look["poster_ms"]) == (before["id"], 2, 3000)
    await worker.look(look)
    assert (await media_of(services, video))["state"] == "ready"

    # Once more, of what is done; the picture stays until there is another.
    [shown] = (await (await alice.call("GET", url)).json())["items"]
    assert shown["media"]["poster"]["320"].keys() == {"webp"}
    await assert_problem(await alice.call("PUT", poster, json={"seconds": 61.501}), 422, "invalid")
    assert (await alice.call("PUT", poster, json={"seconds": 61.5})).status == 204
    media = await media_of(services, video)
    assert (media["state"], media["poster"]) == ("preparing", shown["media"]["poster"])
    again = await worker.take("look")
    assert again is not None
    assert again["poster_ms"] == 61_500
    await worker.look(again)
    assert (await media_of(services, video))["poster"] != shown["media"]["poster"]

    upload = await alice.begin(5)
    await assert_problem(
        await alice.call("PUT", f"{url}/{upload['id']}/poster", json={"seconds": 0.001}), 409, "conflict"
    )
    await assert_problem(await services.person("bob").call("PUT", poster, json={"seconds": 0.001}), 404, "not-found")
    await assert_problem(await alice.call("PUT", poster, json={"seconds": -1}), 422, "invalid")


async def test_administrators_see_what_failed_and_have_one_or_all_tried_again(
    services: Services, browser: Browser
) -> None:
    worker, alice = Worker(services), services.person("alice")

    async def failed(title: str) -> dict[str, Any]:
        video = await alice.upload(FILM, title=title)
        job = await worker.take()
        assert job is not None
        assert (await worker.tell(job, "fail", reason="damaged", is_final=True)).status == 204
        media = await media_of(services, video)
        assert (media["state"], media["detail"]) == ("failed", "The file is damaged.")
        return video

    one, two, trashed = [await failed(title) for title in ("One", "Two", "Trashed")]
    assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{trashed['id']}/trash")).status == 204
    await alice.upload(FILM)
    moderation = f"{services.addresses.upload_url}/videos/moderation"
    url = f"{moderation}/previews"
    await browser.log_in(services.addresses.upload_url)

    async def shown(url: str = url) -> tuple[str, list[str]]:
        """The counts, and which videos are listed."""
        text = await (await browser.open(url)).text()
        [counts] = re.findall(r'<p class="quiet">(\d+ waiting.*?)</p>', text)
        return re.sub(r" \(oldest: .*?\)", "", counts), re.findall(r'data-video="(\w+)"', text)

    assert await shown() == ("1 waiting · 0 in progress · 2 failed", [two["id"], one["id"]])
    page = await (await browser.open(f"{url}?limit=1")).text()
    assert [part in page for part in ("Two", "One", "Trashed", "alice", "The file is damaged.")] == [
        *(True, False, False, True, True)
    ]
    [after] = re.findall(r'href="([^"]+)" rel="next"', page)
    assert (await shown(f"{services.addresses.upload_url}{unescape(after)}"))[1] == [one["id"]]
    for _ in range(2):
        answer = await browser.post_form(f"{moderation}/{one['id']}/retry-preview", {})
        assert (answer.status, answer.headers["Location"]) == (303, "/videos/moderation/previews")
        assert await shown() == ("2 waiting · 0 in progress · 1 failed", [two["id"]])
    assert (await browser.post_form(f"{moderation}/{new_id()}/retry-preview", {})).status == 404
    assert (await browser.post_form(url, {})).status == 303
    assert await shown() == ("3 waiting · 0 in progress · 0 failed", [])

    # Whatever her token says.
    await services.auth.set_account("eve", role=Role.MEMBER)
    eve = services.person("eve", role="admin")
    for method, denied in (("GET", url), ("POST", url), ("POST", f"{moderation}/{one['id']}/retry-preview")):
        assert (await eve.call(method, denied)).status == 403


async def test_who_may_not_see_a_video_any_more_loses_its_pictures(services: Services) -> None:
    worker, alice, bob = Worker(services), services.person("alice"), services.person("bob")
    video = await alice.upload(FILM, visibility="public")
    upload, playback = (
        f"{alice.upload_url}/v1/uploads/{video['id']}",
        f"{bob.stream_url}/v1/videos/{video['id']}/playback",
    )

    async def make_pictures(*, ahead: timedelta) -> None:
        services.clock.moved = ahead
        look = await worker.take("look")
        assert look is not None
        await worker.look(look)
        storyboard = await worker.take("storyboard")
        assert storyboard is not None
        await worker.make(storyboard, {"storyboard-0.webp": b"many pictures", "storyboard.json": b"{}"})
        assert (await worker.tell(storyboard, "complete")).status == 204
        services.clock.moved = timedelta()

    await make_pictures(ahead=timedelta())
    seen = await (await bob.call("GET", playback)).json()
    old = [seen["pictures"]["poster"]["320"]["webp"], seen["pictures"]["storyboard"]["index"]]
    assert [(await fetch("GET", url))[0] for url in old] == [200, 200]
    # An export is kept, and shown: it has the facts, and no URL that opens anything.
    exported = await (await alice.call("GET", f"{alice.upload_url}/videos/export")).text()
    assert '"width": 640' in exported or '"width":640' in exported
    assert "X-Amz-Signature" not in exported
    for visibility in ("private", "members", "private"):
        assert (await alice.call("PATCH", upload, json={"visibility": visibility})).status == 200
    assert (await bob.call("GET", playback)).status == 404
    # Its owner has the picture until there is another, which is not made as soon as the last one is.
    media = await media_of(services, video)
    assert (media["state"], media["poster"]) == ("ready", seen["pictures"]["poster"])
    assert await worker.take() is None
    await make_pictures(ahead=LEASE)

    async def are_gone() -> bool:
        services.clock.moved = 2 * LEASE
        await services.upload[JOBS].settle()
        services.clock.moved = timedelta()
        return [(await fetch("GET", url))[0] for url in old] == [404, 404]

    await eventually(are_gone, what="the pictures that others could see are gone")
    shown = await (await alice.call("GET", playback)).json()
    new = [shown["pictures"]["poster"]["320"]["webp"], shown["pictures"]["storyboard"]["index"]]
    assert [(await fetch("GET", url))[0] for url in new] == [200, 200]
    services.clock.moved = 3 * LEASE
    assert await worker.take() is None


async def test_without_a_worker_nothing_is_said_to_be_prepared(services: Services) -> None:
    worker, alice = Worker(services), services.person("alice")
    root = await services.log_in("admin", "admin")
    video = await alice.upload(FILM)

    async def said() -> tuple[str, bool, bool]:
        """How far it is, whether its owner's page says so, and whether an administrator reads that nobody is there."""
        state = (await media_of(services, video))["state"]
        mine = await (await alice.call("GET", f"{alice.upload_url}/videos")).text()
        administration = await (await root.call("GET", f"{root.upload_url}/videos/moderation/previews")).text()
        assert "1 waiting" in administration or "1 in progress" in administration
        return state, "data-preparing" in mine, "No worker has asked" in administration

    assert video["media"]["state"] == "off"
    assert await said() == ("off", False, True)
    # Also one that does something else, and asks for that alone.
    assert await worker.take("storyboard") is None
    assert await said() == ("preparing", True, False)
    look = await worker.take()
    assert look is not None
    # As if the last time had been so long ago.
    services.clock.moved = -SILENCE - SECOND
    assert await worker.take("storyboard") is None
    services.clock.moved = timedelta()
    assert await said() == ("off", False, True)
    # Who works on one for long asks for more time.
    assert (await worker.tell(look, "renew")).status == 200
    assert await said() == ("preparing", True, False)

    async def is_landlock_missing() -> bool:
        page = await root.call("GET", f"{root.upload_url}/videos/moderation/previews")
        return "kernel without Landlock" in await page.text()

    for has_landlock, is_missing in ((None, False), (True, False), (False, True), (True, True)):
        asked = {"tasks": ["storyboard"], "worker": "another", "has_landlock": has_landlock}
        assert (await worker.call("take", asked)).status == 204
        assert await is_landlock_missing() == is_missing


async def test_what_is_no_picture_by_its_type_or_size_or_not_the_owners_is_refused(services: Services) -> None:
    worker, alice = Worker(services), services.person("alice")
    video, url = await alice.upload(FILM), f"{alice.upload_url}/v1/uploads"
    poster, png = f"{url}/{video['id']}/poster", {"Content-Type": "image/png"}
    for content, headers, status, code in (
        (b"<svg/>", {"Content-Type": "image/svg+xml"}, 415, "unsupported-media-type"),
        (b"", png, 400, "malformed"),
        (BytesIO(bytes(10 * 2**20 + 1)), png, 413, "too-large"),
        (_in_pieces(10 * 2**20 + 1), png, 413, "too-large"),
    ):
        await assert_problem(await alice.call("PUT", poster, data=content, headers=headers), status, code)
    stranger = await services.person("bob").call("PUT", poster, data=b"mine", headers=png)
    await assert_problem(stranger, 404, "not-found")
    unfinished = poster.replace(video["id"], (await alice.begin(5))["id"])
    await assert_problem(await alice.call("PUT", unfinished, data=b"mine", headers=png), 409, "conflict")
    assert await worker.take("picture") is None


async def test_the_owner_sends_a_picture(services: Services, services_url: str) -> None:
    worker, alice = Worker(services), services.person("alice")
    video, url = await alice.upload(FILM), f"{alice.upload_url}/v1/uploads"
    poster, png = f"{url}/{video['id']}/poster", {"Content-Type": "image/png"}
    look = await worker.take_one("look")
    await worker.look(look)
    first = (await media_of(services, video))["poster"]

    # Of two the second counts, and whoever has the first has lost the job.
    assert (await alice.call("PUT", poster, data=BytesIO(bytes(10 * 2**20)), headers=png)).status == 204
    replaced = await worker.take_one("picture")
    assert (await alice.call("PUT", poster, data=b"a picture", headers=png)).status == 204
    await assert_problem(await worker.tell(replaced, "renew"), 409, "conflict")
    media = await media_of(services, video)
    assert (media["state"], media["sent_picture"]["state"], media["poster"]) == ("ready", "preparing", first)
    job = await worker.take_one("picture")
    renewed = await (await worker.tell(job, "renew")).json()
    async with services.session.get(renewed["source"]["url"], headers={"Range": "bytes=2-5"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"pict")
        assert answer.headers["Content-Type"] == "application/octet-stream"
    await assert_problem(await worker.tell(job, "complete"), 409, "conflict")
    await worker.make(job)
    for _ in range(2):
        assert (await worker.tell(job, "complete")).status == 204
    media = await media_of(services, video)
    own = media["poster"]
    assert (media["sent_picture"]["state"], media["duration"], own != first) == ("ready", 61.5, True)

    # One that can't be read changes nothing, and is said; nor does a look at the film.
    assert (await alice.call("PUT", poster, data=b"no picture", headers=png)).status == 204
    # What is left of the one before is deleted, and not this.
    await services.upload[JOBS].settle()
    job = await worker.take_one("picture")
    async with services.session.get(job["source"]["url"], headers={"Range": "bytes=0-1"}) as answer:
        assert await answer.read() == b"no"
    assert (await worker.tell(job, "fail", reason="damaged", is_final=True)).status == 204
    async with open_database(services_url) as database:
        await database.change(text("UPDATE media_jobs SET state = 'failed' WHERE task = 'look'"))
    assert (await alice.call("POST", f"{url}/{video['id']}/media/retry")).status == 204
    assert await worker.take("picture") is None
    look = await worker.take_one("look")
    await worker.look(look)
    media = await media_of(services, video)
    assert (media["sent_picture"]["state"], media["poster"]) == ("failed", own)
    assert media["sent_picture"]["detail"].startswith("This picture can’t be read.")

    # A moment that is chosen after it does, and drops a picture that is on its way.
    assert (await alice.call("PUT", poster, data=b"dropped", headers=png)).status == 204
    assert (await alice.call("PUT", poster, json={"seconds": 3})).status == 204
    assert await worker.take("picture") is None
    look = await worker.take_one("look")
    await worker.look(look)
    assert (await media_of(services, video))["poster"] not in (first, own)

    await _is_killed_while_it_stores_a_picture(services, services_url, video)
    assert (await media_of(services, video))["sent_picture"]["state"] == "failed"


async def _is_killed_while_it_stores_a_picture(services: Services, services_url: str, video: dict[str, Any]) -> None:
    """After this nothing is left of any picture but the poster."""
    async with open_database(services_url) as database:
        [row] = await database.rows(text("SELECT poster_id FROM media_facts"))
        assert await Store(database).begin_picture(video["id"], until=services.clock(), at=services.clock())

    async def is_settled() -> bool:
        await services.upload[JOBS].settle()
        async with open_database(services_url) as database:
            left = await database.rows(text("SELECT id FROM derived_objects WHERE state IN ('reserved', 'stored')"))
        return [one.id for one in left] == [row.poster_id]

    await eventually(is_settled, what="all other pictures are deleted")


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    """Content that does not say how long it is."""
    for _ in range(0, size, 2**16):
        yield bytes(2**16)
