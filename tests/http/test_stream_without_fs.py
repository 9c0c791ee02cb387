"""stream_svc while fs_svc is away, or does not know the object: what can be told is told."""

from __future__ import annotations

from fs_svc.app_keys import UPLOADS as FS_UPLOADS
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = b"a very short film"


async def test_what_needs_it_is_refused_for_now_and_the_rest_goes_on(services: Services, browser: Browser) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM, visibility="public")
    url = f"{alice.stream_url}/v1/videos/{video['id']}"
    page = f"{alice.stream_url}/watch/{video['id']}"
    await services.fs.stop()
    for method, call in (("GET", "/playback"), ("GET", "/source")):
        await assert_problem(await alice.call(method, url + call), 503, "unavailable")
    assert (await alice.call("HEAD", f"{url}/source")).status == 503
    shown = await browser.open(page)
    assert (shown.status, shown.content_type) == (503, "text/html")
    assert int(shown.headers["Retry-After"]) >= 1
    assert (await alice.call("GET", url)).status == 200
    listed = await alice.call("GET", f"{alice.stream_url}/v1/videos")
    assert [item["id"] for item in (await listed.json())["items"]] == [video["id"]]
    # Who may watch is not the answer's to tell by failing otherwise.
    await assert_problem(await alice.call("GET", f"{alice.stream_url}/v1/videos/{'a' * 26}/source"), 404, "not-found")
    nobody = services.person(None)
    answer = await nobody.call("GET", f"{alice.stream_url}/v1/videos/{'a' * 26}/source")
    await assert_problem(answer, 401, "unauthenticated")
    await services.fs.start()
    assert (await alice.call("GET", f"{url}/playback")).status == 200
    assert (await browser.open(page)).status == 200


async def test_a_video_without_its_object_is_not_there(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(FILM)
    await services.fs.app[FS_UPLOADS].delete(video["id"], subject=None)
    url = f"{alice.stream_url}/v1/videos/{video['id']}"
    for call in ("/playback", "/source"):
        await assert_problem(await alice.call("GET", url + call), 404, "not-found")
