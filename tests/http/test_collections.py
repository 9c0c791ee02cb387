"""Collections: their owner fills them, puts them in order and watches them; nobody else learns that they are there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from yarl import URL

from auth_svc.accounts.store import Role
from stream_svc.pages import SHARED_AT_ONCE
from tests.api_client import Person
from tests.browser import Browser
from tests.html_pages import page_of
from tests.http.conftest import Services
from tests.http.test_moderation import audited
from tests.problems import assert_problem
from tests.statements import statements
from upload_svc.app_keys import ACCOUNT_DELETIONS

FILM = b"a very short film"
DELETED = "collection-deleted"


async def make(person: Person, title: str = "Course", **fields: Any) -> str:
    """The collection's address."""
    answer = await person.call("POST", f"{person.upload_url}/v1/collections", json={"title": title, **fields})
    assert answer.status == 201, await answer.text()
    assert (await answer.json())["video_count"] == 0
    return f"{person.upload_url}{answer.headers['Location']}"


async def put(person: Person, url: str, video: dict[str, Any], *where: str | None) -> None:
    content = {"after": where[0]} if where else None
    answer = await person.call("PUT", f"{url}/videos/{video['id']}", json=content)
    assert answer.status == 204, await answer.text()


async def read(person: Person, url: str | URL, **query: str) -> Any:
    answer = await person.call("GET", url, params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def titles(person: Person, url: str, **query: str) -> str:
    """What is in it, page by page of two, on both sides alike; as one word."""
    found = list[str]()
    for address, more in ((f"{url}/videos", {}), (f"{person.stream_url}/v1/videos", {"collection": URL(url).name})):
        pages, cursor = list[str](), ""
        while True:
            page = await read(person, address, limit="2", **more, **({"cursor": cursor} if cursor else {}))
            pages += [item["title"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        found.append("".join(pages))
    assert found[0] == found[1]
    return found[0]


async def deleted(database_url: str) -> list[tuple[str | None, str | None, dict[str, Any]]]:
    """Of which collections the audit log says that they were deleted: by whom, whose, details."""
    return [(by, whose, about) for action, by, whose, about in await audited(database_url) if action == DELETED]


@pytest.mark.both_databases
async def test_a_collection_from_its_making_to_its_end(services: Services, services_url: str) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    a, b, c, d = [await alice.upload(FILM, title=title) for title in "abcd"]
    theirs = await bob.upload(FILM, title="theirs", visibility="public")
    begun = await alice.begin(5)
    url = await make(alice, "  Course\u00a0one ", description="For\r\nbeginners")

    # In what order and how often somebody says it: each is in it once.
    for video in (a, b, a, c):
        await put(alice, url, video)
    assert await titles(alice, url) == "abc"
    await put(alice, url, d, None)
    await put(alice, url, a, c["id"])
    await put(alice, url, a)
    assert await titles(alice, url) == "dbca"
    await put(alice, url, d, b["id"])
    await put(alice, url, d, b["id"])
    assert await titles(alice, url) == "bdca"
    place = f"{url}/videos/{a['id']}"
    for after in (a["id"], theirs["id"], begun["id"], "nonsense", ""):
        problem = await assert_problem(await alice.call("PUT", place, json={"after": after}), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "#/after"
    for wrong in ({"after": 5}, {"before": b["id"]}):
        await assert_problem(await alice.call("PUT", place, json=wrong), 422, "invalid")
    # What is not one's own, though one may watch it, and what is unfinished.
    foreign = await alice.call("PUT", f"{url}/videos/{theirs['id']}")
    assert "your own" in (await assert_problem(foreign, 404, "not-found"))["detail"]
    await assert_problem(await alice.call("PUT", f"{url}/videos/{begun['id']}"), 409, "conflict")

    # Trashed, restored, deleted.
    mine = f"{alice.upload_url}/v1/uploads"
    assert (await alice.call("POST", f"{mine}/{d['id']}/trash")).status == 204
    assert await titles(alice, url) == "bca"
    await put(alice, url, c, None)
    assert (await alice.call("POST", f"{mine}/{d['id']}/restore")).status == 204
    assert await titles(alice, url) == "cbda"
    assert (await alice.call("DELETE", f"{mine}/{b['id']}")).status == 204
    for _ in range(2):
        assert (await alice.call("DELETE", f"{url}/videos/{a['id']}")).status == 204
    assert await titles(alice, url) == "cd"
    assert (await read(alice, f"{mine}/{a['id']}"))["state"] == "ready"

    # Its texts, by those who have seen them.
    shown = await alice.call("GET", url)
    known = await shown.json()
    assert (known["title"], known["description"], known["video_count"]) == ("Course\u00a0one", "For\nbeginners", 2)
    assert known["url"] == f"{alice.stream_url}/collections/{URL(url).name}"
    seen = {"If-Match": shown.headers["ETag"]}
    changed = await alice.call("PATCH", url, json={"title": "Course 1"}, headers=seen)
    assert ((await changed.json())["title"], (await changed.json())["description"]) == ("Course 1", "For\nbeginners")
    for method, content in (("PATCH", {"title": "No"}), ("DELETE", None)):
        stale = await alice.call(method, url, json=content, headers=seen)
        assert "collection" in (await assert_problem(stale, 412, "precondition-failed"))["detail"]
    for wrong in ({"title": ""}, {"title": "x" * 201}, {"title": "a\u202eb"}, {"owner_id": "x"}):
        await assert_problem(await alice.call("PATCH", url, json=wrong), 422, "invalid")

    # Nobody else's; the public video within is watched as before, but not by way of this.
    for method, address in (
        *((method, url) for method in ("GET", "PATCH", "DELETE")),
        ("GET", f"{url}/videos"),
        *((method, f"{url}/videos/{theirs['id']}") for method in ("PUT", "DELETE")),
        ("GET", f"{bob.stream_url}/v1/videos?collection={URL(url).name}"),
        ("GET", f"{bob.stream_url}/v1/videos?collection=nonsense"),
        ("GET", f"{bob.stream_url}/collections/{URL(url).name}"),
    ):
        content = {"title": "Mine"} if method == "PATCH" else None
        await assert_problem(await bob.call(method, address, json=content), 404, "not-found")
    stranger = services.person(None)
    lists = f"{alice.stream_url}/v1/videos?collection={URL(url).name}"
    await assert_problem(await stranger.call("GET", lists), 401, "unauthenticated")
    assert (await read(bob, f"{bob.upload_url}/v1/collections"))["items"] == []

    assert (await alice.call("DELETE", url, headers={"If-Match": changed.headers["ETag"]})).status == 204
    await assert_problem(await alice.call("GET", url), 404, "not-found")
    assert ((await read(alice, f"{mine}/{c['id']}"))["state"], await deleted(services_url)) == (
        "ready",
        [(*[services.auth.account_id("alice")] * 2, {"collection_id": URL(url).name, "title": "Course 1"})],
    )


async def test_lists_of_collections_are_whole_and_cost_the_same_however_many_they_have(services: Services) -> None:
    alice = services.person("alice")
    first = await alice.upload(FILM, title="first")
    names = ["Zoo", "algebra", "Algebra II", "algebra", "Äther"]
    urls = [await make(alice, name) for name in names]
    root = f"{alice.upload_url}/v1/collections"
    found, page = list[str](), await read(alice, root, limit="2")
    while page["next_cursor"] is not None:
        found += [item["title"] for item in page["items"]]
        page = await read(alice, root, limit="2", cursor=page["next_cursor"])
    found += [item["title"] for item in page["items"]]
    assert found == ["algebra", "algebra", "Algebra II", "Äther", "Zoo"]
    assert [item["title"] for item in (await read(alice, root, q="ii ALG"))["items"]] == ["Algebra II"]

    async def count(address: str) -> int:
        with statements() as seen:
            await read(alice, address)
        return len([one for one in seen if one.task.startswith("Task-")])

    await put(alice, urls[0], first)
    addresses = (root, f"{urls[0]}/videos", f"{alice.stream_url}/v1/videos?collection={URL(urls[0]).name}")
    before = [await count(address) for address in addresses]
    for number, url in enumerate(urls):
        await put(alice, url, await alice.upload(FILM, title=f"{number}"))
        await put(alice, urls[0], await alice.upload(FILM, title=f"{number}"))
    assert [await count(address) for address in addresses] == before

    # Sent again after a lost answer, it is the same one.
    content, key = {"title": "Once"}, {"Idempotency-Key": "a-course"}
    made = [await alice.call("POST", root, json=content, headers=key) for _ in range(2)]
    assert [answer.status for answer in made] == [201, 201]
    assert await made[0].json() == await made[1].json()
    other = await alice.call("POST", root, json={"title": "Twice"}, headers=key)
    await assert_problem(other, 422, "idempotency-key-reused")


async def test_collections_are_filled_and_put_in_order_without_scripts(services: Services, browser: Browser) -> None:
    upload, stream = services.addresses.upload_url, services.addresses.stream_url
    assert (await browser.open(f"{stream}/collections/{'a' * 26}")).headers["Location"].startswith("/login?next=")
    assert (await browser.open(f"{upload}/videos/collections")).headers["Location"].startswith("/login?next=")
    await browser.log_in(upload)
    films = [await browser.upload(upload, FILM, title=f"<i>Film {name}</i>") for name in "abc"]
    assert "No collections yet" in (await page_of(await browser.open(f"{upload}/videos/collections"))).text
    refused = await browser.post_form(f"{upload}/videos/collections", {"title": " "})
    assert "too short" in (await page_of(refused, 422)).text
    made = await browser.post_form(f"{upload}/videos/collections", {"title": "<b>Course</b>"})
    url = URL(upload).join(URL(made.headers["Location"]))
    empty = await page_of(await browser.open(url))
    assert "No videos in this collection yet" in empty.text

    # Many at once, as the list was searched; into it, and into a new one.
    chosen = await browser.post_form(
        f"{upload}/videos/batch?q=film", [*(("ids", one) for one in films), ("action", "collect"), ("visibility", "")]
    )
    choice = URL(upload).join(URL(chosen.headers["Location"]))
    page = await page_of(await browser.open(choice))
    assert "Add 3 videos to…" in page.text
    [form] = [one for one in page.forms if one["action"] == "/videos/collections/choose?q=film"]
    fields = [*(("ids", one) for one in films), ("collections", url.name), ("title", "Second course")]
    saved = await browser.post_form(f"{upload}{form['action']}", fields)
    assert (saved.status, URL(saved.headers["Location"]).path) == (303, "/videos")
    assert URL(saved.headers["Location"]).query["q"] == "film"

    async def order() -> str:
        text = await (await browser.open(url)).text()
        assert "<i>" not in text
        assert "&lt;i&gt;" in text
        return "".join(re.findall(r'class="order-title"[^>]*>&lt;i&gt;Film (\w)', text))

    assert await order() == "abc"
    for step, expected in (
        ((0, "down"), "bac"),
        ((0, "last"), "bca"),
        ((0, "down"), "bca"),
        ((2, "first"), "cba"),
        ((2, "up"), "cba"),
        ((0, "up"), "cab"),
    ):
        moved = await browser.post_form(f"{url}/videos/{films[step[0]]}/move", {"to": step[1]})
        assert (moved.status, await order()) == (303, expected)
    # Over the border of two pages.
    second = await (await browser.open(f"{url}?limit=1")).text()
    assert "Next page" in second
    # One is taken out by unticking it, where it is in that one alone.
    unticked = await browser.post_form(
        f"{upload}/videos/collections/choose", [("ids", films[0]), ("were", url.name), ("title", "")]
    )
    assert (unticked.status, await order()) == (303, "cb")
    removed = await browser.post_form(f"{url}/videos/{films[1]}/remove", {})
    assert (removed.status, await order()) == (303, "c")

    # What was typed stays; and nothing that somebody else has saved meanwhile is undone.
    refused = await browser.post_form(str(url), {"title": "", "description": "Typed"})
    assert "Typed" in (await page_of(refused, 422)).text
    assert (await browser.post_form(str(url), {"title": "Better", "description": "Words"})).status == 303

    gone = await browser.post_form(f"{url}/delete", {})
    assert (gone.status, gone.headers["Location"]) == (303, "/videos/collections")
    assert (await browser.open(url)).status == 404


async def test_a_collection_is_watched_in_its_order(services: Services, browser: Browser) -> None:
    upload, stream = services.addresses.upload_url, services.addresses.stream_url
    await browser.log_in(stream)
    films = [await browser.upload(upload, FILM, title=f"Film {name}") for name in "abc"]
    made = await browser.call("POST", f"{upload}/v1/collections", json={"title": "Better"})
    url = URL(upload).join(URL(made.headers["Location"]))
    for film in (films[2], films[0], films[1]):
        assert (await browser.call("PUT", f"{url}/videos/{film}")).status == 204
    watch = await browser.open(f"{stream}/collections/{url.name}")
    page = await page_of(watch)
    assert "Better" in page.text
    assert f"/watch/{films[2]}?collection={url.name}" in page.links
    text = await (await browser.open(f"{stream}/watch/{films[2]}?collection={url.name}")).text()
    # Those that are played by themselves when this one ends.
    assert re.findall(r'data-video="(\w+)" data-next', text) == films[:2]
    assert f'href="/collections/{url.name}">Better</a>' in text
    last = await (await browser.open(f"{stream}/watch/{films[1]}?collection={url.name}")).text()
    assert re.findall(r"data-next>", last.split("player-next-title")[1]) == []
    unknown = await (await browser.open(f"{stream}/watch/{films[1]}?collection={'a' * 26}")).text()
    assert "/collections/" not in unknown

    export = await (await browser.open(f"{upload}/videos/export")).json()
    assert [(one["title"], one["videos"]) for one in export["collections"]] == [
        ("Better", [films[2], films[0], films[1]])
    ]


@pytest.mark.both_databases
async def test_collections_that_are_shared_with_somebody_come_in_pages(services: Services) -> None:
    alice, bob, html = services.person("alice"), services.person("bob"), {"Accept": "text/html"}
    for name in ("alice", "bob"):
        await services.auth.set_account(name, role=Role.MEMBER)
    film = await alice.upload(FILM)
    subject = {"subject": f"account:{services.auth.account_id('bob')}"}
    # Two of the same name among them, and one that has nothing to show.
    every = ["A", *"bbc", "D", *"efghijkl"]
    for title in reversed(every):
        url = await make(alice, title)
        await put(alice, url, film)
        assert (await alice.call("POST", f"{url}/grants", json=subject)).status == 201
    assert (await alice.call("POST", f"{await make(alice)}/grants", json=subject)).status == 201

    async def shown(path: str) -> tuple[list[str], str | None]:
        page = await (await bob.call("GET", f"{bob.stream_url}{path}", headers=html)).text()
        [more] = re.findall(r'href="([^"]+)" rel="next"', page) or [None]
        return re.findall(r'<li><a href="/collections/\w+" dir="auto">(\w+)</a>', page), more

    library = await (await bob.call("GET", f"{bob.stream_url}/?shared=true", headers=html)).text()
    assert ((await shown("/?shared=true"))[0], 'href="/collections"' in library) == (every[:SHARED_AT_ONCE], True)
    found: list[list[str]] = []
    path: str | None = "/collections?limit=2"
    while path is not None:
        titles_there, path = await shown(path.replace("&amp;", "&"))
        found.append(titles_there)
    assert found == [every[start : start + 2] for start in range(0, len(every), 2)]
    wrong = await bob.call("GET", f"{bob.stream_url}/collections?cursor=x", headers=html)
    assert (wrong.status, wrong.headers["Location"]) == (303, "/collections")
    stranger = await services.person(None).call("GET", f"{bob.stream_url}/collections")
    assert (stranger.status, stranger.headers["Location"]) == (303, "/login?next=%2Fcollections")


@pytest.mark.both_databases
async def test_collections_of_a_deleted_account_go_with_its_videos(services: Services) -> None:
    admin = await services.log_in("admin", "admin")
    carol_id, carol = await services.move_in("carol")
    heir_id, heir = await services.move_in("heir")
    gone_id, gone = await services.move_in("gone")
    for person in (carol, gone):
        url = await make(person, "Course")
        for title in "ab":
            await put(person, url, await person.upload(FILM, title=title), None)
    accounts = f"{services.auth.url}/v1/accounts"
    assert (await admin.call("DELETE", f"{accounts}/{carol_id}?videos=hand-over&heir={heir_id}")).status == 204
    assert (await admin.call("DELETE", f"{accounts}/{gone_id}?videos=delete")).status == 204
    for _ in range(3):
        await services.upload[ACCOUNT_DELETIONS].settle()
    [kept] = (await read(heir, f"{heir.upload_url}/v1/collections"))["items"]
    assert (kept["title"], kept["video_count"]) == ("Course", 2)
    assert await titles(heir, f"{heir.upload_url}/v1/collections/{kept['id']}") == "ba"
    assert (await read(gone, f"{gone.upload_url}/v1/collections"))["items"] == []
