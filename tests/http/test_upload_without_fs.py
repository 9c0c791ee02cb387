"""upload_svc while fs_svc is away: what needs it is 503 for now, what does not goes on, and nothing is lost."""

from __future__ import annotations

from typing import Any

from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = b"a very short film"
CREATE = {"title": "A film", "filename": "film.mp4", "size": len(FILM), "content_type": "video/mp4"}


async def test_what_needs_it_is_refused_for_now_and_goes_on_afterwards(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(len(FILM))
    await alice.send(upload, FILM)
    url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", url, None),
        ("GET", f"{alice.upload_url}/v1/uploads", None),
        ("POST", f"{alice.upload_url}/v1/uploads", CREATE),
        ("POST", f"{url}/part-urls", {"part_numbers": [1]}),
        ("POST", f"{url}/complete", None),
    ]
    await services.fs.stop()
    for method, target, json in calls:
        await assert_problem(await alice.call(method, target, json=json), 503, "unavailable")
    await services.fs.start()
    for method, target, json in calls:
        assert (await alice.call(method, target, json=json)).status in (200, 201)
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload['id']}/source")
    async with services.session.get(source.headers["Location"]) as played:
        assert await played.read() == FILM


async def test_what_does_not_need_it_goes_on(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, title="Before")
    unfinished = await alice.begin(5, title="Before")
    await services.fs.stop()
    for upload in (video, unfinished):
        url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
        answer = await alice.call("PATCH", url, json={"title": "After"})
        # Done is done: it is not called a failure because the answer could tell more with fs_svc.
        assert (answer.status, (await answer.json())["title"]) == (200, "After")
    assert (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 200
    assert (await alice.complete(video["id"])).status == 200
    listed = await alice.call("GET", f"{alice.upload_url}/v1/uploads", params={"state": "ready"})
    assert [item["title"] for item in (await listed.json())["items"]] == ["After"]
    url = f"{alice.upload_url}/v1/uploads/{unfinished['id']}"
    assert (await alice.call("DELETE", url)).status == 204
    assert (await alice.call("GET", f"{alice.upload_url}/livez")).status == 200


async def test_pages_say_it_to_people(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)
    await browser.create(url)
    await services.fs.stop()
    answer = await browser.open(f"{url}/videos")
    assert (answer.status, answer.content_type) == (503, "text/html")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Try again in " in await answer.text()
    await services.fs.start()
    assert (await browser.open(f"{url}/videos")).status == 200
