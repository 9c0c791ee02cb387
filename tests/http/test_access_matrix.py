"""Who may see what: every actor by every way in to a video in every state. A route without a row here fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from sqlalchemy import update

from catalogue.access import viewer_of
from catalogue.tables import AUDIENCE, GRANTS
from common.clock import rfc3339, utc_now
from common.db import open_database
from common.ids import new_id
from common.tokens import PERSON_AUDIENCE
from common.web.keys import VERIFIER
from common.web.routes import Route
from fs_svc.app_keys import IN_PARTS
from stream_svc.app_keys import HLS
from stream_svc.routes import API as STREAM_API
from stream_svc.routes import PAGES as STREAM_PAGES
from tests.api_client import Person
from tests.auth_app import PASSWORD
from tests.http.conftest import Services
from tests.http.test_links import make as make_link
from tests.http.test_media_jobs import Worker
from tests.renditions import give, write_rendition
from upload_svc.app_keys import GRANTS as GRANTS_KEY
from upload_svc.routes import API as UPLOAD_API
from upload_svc.routes import PAGES as UPLOAD_PAGES

FILM = b"a very short film"
# With an account that the video is granted to; in a group that it is; who manages a collection that it is in; with a
# grant that has ended.
ACTORS: Final = ("owner", "granted", "grouped", "manager", "ended", "member", "administrator", "stranger")
SHARED: Final = ("granted", "grouped", "manager")
# What is hidden, trashed, deleted or not finished was to be everybody's.
STATES: Final = ("private", "members", "unlisted", "public", "hidden", "trashed", "deleted", "uploading")

# Of stream_svc: how somebody gets to a video.
OF_A_VIDEO: Final = {
    *("get-video", "play-video", "get-picture", "get-source", "head-source", "watch", "keep-position"),
    *("get-hls-playlist", "get-hls-file", "get-rendition", "get-open-hls-playlist", "get-open-hls-file"),
}
LISTS: Final = {"list-videos", "library"}
BY_A_LINK: Final = {
    *("play-linked", "linked-picture", "linked-source", "head-linked-source", "link"),
    *("linked-hls-playlist", "linked-hls-file"),
}
# Of a link to a collection, as the others are with `?v=`.
BY_A_COLLECTIONS_LINK: Final = {"linked-feed"}
IN_A_FRAME: Final = {"embed", "play-embedded"}
# Of their owner, and of those with whom it is shared.
OF_A_COLLECTION: Final = {"collection", "shared-collections"}
# What strangers see of it, whoever asks.
OPEN: Final = {"oembed", "feed", "sitemap"}
# One's own positions, whatever has become of the videos; the password of a link, which opens the others; what is about
# no video.
NEITHER: Final = {
    *("forget-position", "forget", "export-positions", "link-password"),
    *("robots", "problems", "problem"),
}
# Of upload_svc: for administrators.
MODERATION: Final = {
    *("moderate-upload", "delete-moderated-upload", "hide-video", "show-video", "delete-moderated-video"),
    *("retry-moderated-preview", "list-moderated-grants", "delete-moderated-grant", "revoke-grant"),
}


def may_watch(actor: str, state: str) -> bool:
    """As docs and the share dialog say it."""
    if state in ("trashed", "deleted", "uploading"):
        return False
    if actor == "owner":
        return True
    if state == "hidden":
        return False
    if actor in SHARED or state in ("unlisted", "public"):
        return True
    return state == "members" and actor != "stranger"


def is_listed(actor: str, state: str) -> bool:
    """Whether they find it, where there is no public library."""
    is_everybodys = state in ("members", "public") and actor != "stranger"
    return may_watch(actor, state) and (actor in ("owner", *SHARED) or is_everybodys)


def named(routes: Iterable[Route | web.RouteDef]) -> dict[str, tuple[str, str]]:
    """Method and path of each route, by its name."""
    return {
        (route.name if isinstance(route, Route) else route.kwargs["name"]): (route.method, route.path)
        for route in routes
    }


STREAM: Final = named((*STREAM_API, *STREAM_PAGES))
UPLOAD: Final = named((*UPLOAD_API, *UPLOAD_PAGES))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everybody, and a video in each state, by its id; links to those that may have one."""

    owner_id: str
    # As grants name it: who is `grouped` is in it.
    group: str
    collection_id: str
    # The grant by which the manager manages that.
    managing: str
    webhook_id: str
    people: Mapping[str, Person]
    ids: Mapping[str, str]
    links: Mapping[str, str]
    grants: Mapping[str, list[str]]
    # What stands for each actor but strangers in the addresses of each video for players, by actor and state.
    tokens: Mapping[tuple[str, str], str]
    # The renditions of all.
    set_id: str


@pytest.fixture
async def world(services: Services, services_url: str, tmp_path: Path) -> World:
    admin = await services.log_in("admin", "admin")
    people = {"administrator": admin, "member": services.person("member"), "stranger": services.person(None)}
    accounts: dict[str, str] = {}
    auth_url, names = (
        services.auth.url,
        {name: f"{name}-{new_id()}" for name in ("owner", "granted", "grouped", "manager", "ended")},
    )
    group = await (await admin.call("POST", f"{auth_url}/v1/groups", json={"name": f"Editors {new_id()}"})).json()
    for name, username in names.items():
        asked = {"username": username, "password": PASSWORD}
        made = await (await admin.call("POST", f"{auth_url}/v1/accounts", json=asked)).json()
        accounts[name] = made["id"]
        # The owner shares with a group that they are in.
        if name in ("owner", "grouped"):
            member = f"{auth_url}/v1/groups/{group['id']}/members/{made['id']}"
            assert (await admin.call("PUT", member, json={})).status == 204
        people[name] = await services.log_in(username, PASSWORD)
    owner = people["owner"]

    ids: dict[str, str] = {}
    links: dict[str, str] = {}
    grants: dict[str, list[str]] = {}
    for state in STATES:
        visibility = state if state in ("private", "members", "unlisted", "public") else "public"
        if state == "uploading":
            ids[state] = (await owner.begin(len(FILM), title=f"A film, {state}", visibility=visibility))["id"]
            continue
        made = await owner.upload(FILM, title=f"A film, {state}", visibility=visibility)
        ids[state] = made["id"]
        links[state] = (await make_link(owner, made, frame_ancestors=["https://lms.example"]))["url"]
        grants[state] = []
        for subject in (f"account:{accounts['granted']}", f"group:{group['id']}", f"account:{accounts['ended']}"):
            end = {"expires_at": rfc3339(utc_now() + timedelta(hours=1))} if subject.endswith(accounts["ended"]) else {}
            answer = await owner.call(
                "POST", f"{owner.upload_url}/v1/uploads/{made['id']}/grants", json={"subject": subject, **end}
            )
            assert answer.status == 201, await answer.text()
            grants[state].append((await answer.json())["id"])
    set_id = await _with_renditions(services, services_url, tmp_path / "64p.mp4", [ids[state] for state in links])
    collections = f"{owner.upload_url}/v1/collections"
    collection = await (await owner.call("POST", collections, json={"title": "Films"})).json()
    for state, video_id in ids.items():
        placed = await owner.call("PUT", f"{collections}/{collection['id']}/videos/{video_id}")
        assert placed.status == (409 if state == "uploading" else 204)
    managing = {"subject": f"account:{accounts['manager']}", "right": "manage"}
    managed = await owner.call("POST", f"{collections}/{collection['id']}/grants", json=managing)
    assert managed.status == 201, await managed.text()
    await services.upload[GRANTS_KEY].follow_collections()
    hook = {"url": "https://hooks.example/vss"}
    webhook = await (await owner.call("POST", f"{owner.upload_url}/v1/webhooks", json=hook)).json()
    worker = Worker(services)
    while (job := await worker.take("look")) is not None:
        await worker.look(job)
    async with open_database(services_url) as database:
        for table in (AUDIENCE, GRANTS):
            past = utc_now() - timedelta(seconds=1)
            theirs = table.c.subject == f"account:{accounts['ended']}"
            await database.change(update(table).where(theirs).values(expires_at=past))
    one = f"{owner.upload_url}/v1/uploads"
    for method, url, content in (
        ("PUT", f"{one}/{ids['hidden']}/moderation", {"hidden": True}),
        ("POST", f"{one}/{ids['trashed']}/trash", None),
        ("DELETE", f"{one}/{ids['deleted']}", None),
    ):
        by = admin if method == "PUT" else owner
        answer = await by.call(method, url, json=content)
        assert answer.status == 204, await answer.text()
    return World(
        owner_id=accounts["owner"],
        group=f"group:{group['id']}",
        collection_id=collection["id"],
        managing=(await managed.json())["id"],
        webhook_id=webhook["id"],
        people=people,
        ids=ids,
        links=links,
        grants=grants,
        tokens=await _tokens(services, people, ids),
        set_id=set_id,
    )


async def _with_renditions(services: Services, services_url: str, film: Path, video_ids: Iterable[str]) -> str:
    """Gives each video the same one; returns the id of all sets."""
    rendition, set_id = write_rendition(film, seconds=2), new_id()
    async with open_database(services_url) as database:
        for video_id in video_ids:
            await give(services.fs.app[IN_PARTS], database, video_id, {rendition: film}, set_id=set_id)
    return set_id


async def _tokens(
    services: Services, people: Mapping[str, Person], ids: Mapping[str, str]
) -> Mapping[tuple[str, str], str]:
    """By actor and state, whether they may watch it or not; strangers have none."""
    tokens = dict[tuple[str, str], str]()
    for actor, person in people.items():
        if person.token is not None:
            viewer = viewer_of(await services.stream[VERIFIER].verify(person.token, audience=PERSON_AUDIENCE))
            tokens |= {(actor, state): services.stream[HLS].token(video_id, viewer) for state, video_id in ids.items()}
    return tokens


def test_each_way_in_has_a_row() -> None:
    assert (
        set(STREAM)
        == OF_A_VIDEO | LISTS | BY_A_LINK | BY_A_COLLECTIONS_LINK | IN_A_FRAME | OF_A_COLLECTION | OPEN | NEITHER
    )
    assert {name for name, (_, path) in UPLOAD.items() if "{upload_id}" in path} >= MODERATION


@pytest.mark.both_databases
async def test_everybody_sees_what_they_may_and_nothing_else(world: World) -> None:
    for actor in ACTORS:
        for state in STATES:
            await check_video(world, actor, state, may=may_watch(actor, state))
        await check_lists(world, actor, {state for state in STATES if is_listed(actor, state)})
    await check_links(world, {state for state in STATES if may_watch("granted", state)})
    await check_what_is_open(world)

    # Every door closes with its grant, and every link.
    owner = world.people["owner"]
    for state, grants in world.grants.items():
        listed = await owner.call("GET", f"{owner.upload_url}/v1/uploads/{world.ids[state]}/grants")
        every = {*grants, *(item["id"] for item in (await listed.json()).get("items", []))}
        for grant in every:
            url = f"{owner.upload_url}/v1/uploads/{world.ids[state]}/grants/{grant}"
            assert (await owner.call("DELETE", url)).status == (404 if state == "deleted" else 204)
    closing = f"{owner.upload_url}/v1/collections/{world.collection_id}/grants/{world.managing}"
    assert (await owner.call("DELETE", closing)).status == 204
    for actor in SHARED:
        for state in STATES:
            await check_video(world, actor, state, may=may_watch("member", state))
        await check_lists(world, actor, {state for state in STATES if is_listed("member", state)}, manages=False)
    await check_links(world, set())
    await check_shared_collection(world)


async def check_shared_collection(world: World) -> None:
    """What is in it opens to those who have a grant of it, and closes with that; to others it is not there."""
    owner, collections = world.people["owner"], f"{world.people['owner'].upload_url}/v1/collections"
    lesson, hidden = [(await owner.upload(FILM, title="A lesson"))["id"] for _ in range(2)]
    collection = (await (await owner.call("POST", collections, json={"title": "Lessons"})).json())["id"]
    for video_id in (lesson, hidden):
        assert (await owner.call("PUT", f"{collections}/{collection}/videos/{video_id}")).status == 204
    hide = f"{owner.upload_url}/v1/uploads/{hidden}/moderation"
    assert (await world.people["administrator"].call("PUT", hide, json={"hidden": True})).status == 204
    grants, made = f"{collections}/{collection}/grants", list[str]()
    shared = {"owner"}

    async def check() -> None:
        for actor, person in world.people.items():
            for url in (
                f"/v1/videos?collection={collection}",
                f"/collections/{collection}",
                f"/v1/videos/{lesson}/source",
            ):
                answer = await person.call("GET", person.stream_url + url, headers={"Accept": "text/html"})
                unknown = 401 if url.startswith("/v1") else 303
                refused = unknown if actor == "stranger" else 404
                assert answer.status == (refused if actor not in shared else 307 if "source" in url else 200), (
                    actor,
                    url,
                )
                told = await answer.text()
                if "collection" in url:
                    assert (lesson in told, hidden in told) == (actor in shared, actor == "owner"), (actor, url)
                    assert not any(one in told for one in world.ids.values())
            # Its feed is as strangers see it, whoever asks.
            feed = await person.call("GET", f"{person.stream_url}/feed.xml?collection={collection}")
            assert feed.status == (200 if "stranger" in shared else 404), actor
            assert (lesson in await feed.text(), hidden in await feed.text()) == ("stranger" in shared, False)
            # By name, or as one of a group; what everybody sees is shared with nobody in particular.
            for path in ("/?shared=true", "/collections"):
                page = await person.call("GET", f"{person.stream_url}{path}", headers={"Accept": "text/html"})
                is_named = f'href="/collections/{collection}"' in await page.text()
                assert is_named == (actor == "grouped" and actor in shared), (actor, path)

    await check()
    for subject, others in (
        (world.group, {"grouped"}),
        ("members", {"granted", "manager", "ended", "member", "administrator"}),
        ("everyone", {"stranger"}),
    ):
        answer = await owner.call("POST", grants, json={"subject": subject})
        assert answer.status == 201, await answer.text()
        made.append((await answer.json())["id"])
        shared |= others
        await check()
    listed = (await (await owner.call("GET", grants)).json())["items"]
    assert [(one["id"], one["subject"]) for one in listed] == [
        *zip(made[::-1], ["everyone", "members", world.group], strict=True)
    ]
    for grant in made:
        assert (await owner.call("DELETE", f"{grants}/{grant}")).status == 204
    shared = {"owner"}
    await check()


def name_in(path: str) -> str:
    """The name that a path is asked for with."""
    return "64p" if "/hls/" in path else "poster-320.webp"


async def check_video(world: World, actor: str, state: str, *, may: bool) -> None:
    person = world.people[actor]
    for name in OF_A_VIDEO:
        method, path = STREAM[name]
        what: dict[str, Any] = {"json": {"seconds": 12}} if method == "PUT" else {}
        # Of nobody no position is kept, and no token is given to them.
        if actor == "stranger" and (method == "PUT" or "{token}" in path):
            continue
        token, set_id = world.tokens.get((actor, state), ""), world.set_id
        path = path.replace("{token}", token).replace("{set_id}", set_id)
        if name == "watch":
            what["headers"] = {"Accept": "text/html"}

        async def ask(video_id: str) -> tuple[int, str]:
            url = person.stream_url + path.format(video_id=video_id, name=name_in(path))  # noqa: B023
            answer = await person.call(method, url, **what)  # noqa: B023
            return answer.status, await answer.text()

        status, told = await ask(world.ids[state])
        about = (actor, state, name, status)
        if may:
            assert status in (200, 204, 307), about
            continue
        # As of one that is not there: for a page, but for its number and address.
        unknown = await ask(new_id())
        assert status in (404, *((401, 303) if actor == "stranger" else ())), about
        assert status == unknown[0], about
        if name != "watch":
            assert told == unknown[1], about


async def check_lists(world: World, actor: str, states: set[str], *, manages: bool = True) -> None:
    person, listed = world.people[actor], {world.ids[state] for state in states}
    questions: list[dict[str, str]] = [
        {},
        {"q": "film"},
        {"owner": world.owner_id},
        *({"sort": sort} for sort in ("created_at", "title", "-duration", "duration")),
    ]
    for question in questions:
        answer = await person.call("GET", f"{person.stream_url}/v1/videos", params=question)
        if actor == "stranger":
            assert answer.status == 401
            continue
        items = (await answer.json())["items"]
        assert sorted(item["id"] for item in items) == sorted(listed), (actor, question)
    await check_collection(world, actor, may=actor == "owner" or (actor == "manager" and manages))
    if actor == "stranger":
        return
    # Beside the list a page has what somebody has begun, which they may watch, though it is in nobody's list.
    page = await (await person.call("GET", f"{person.stream_url}/", headers={"Accept": "text/html"})).text()
    on_it = {state for state in STATES if world.ids[state] in page}
    assert states <= on_it, actor
    assert on_it - states <= {"unlisted"}, actor
    # Nor does what comes next name anything else.
    beside = await person.call(
        "GET", f"{person.stream_url}/watch/{world.ids['public']}", headers={"Accept": "text/html"}
    )
    assert {state for state in STATES if world.ids[state] in await beside.text()} <= states | {"unlisted"}, actor


async def check_collection(world: World, actor: str, *, may: bool) -> None:
    person = world.people[actor]
    for url in (f"/v1/videos?collection={world.collection_id}", f"/collections/{world.collection_id}"):
        answer = await person.call("GET", person.stream_url + url, headers={"Accept": "text/html"})
        told = await answer.text()
        assert answer.status == (200 if may else 404) or (actor, answer.status) in (
            ("stranger", 303),
            ("stranger", 401),
        ), (actor, url)
        seen = {state for state in STATES if world.ids[state] in told}
        assert seen == ({state for state in STATES if may_watch(actor, state)} if may else set())


async def check_links(world: World, states: set[str]) -> None:
    stranger = world.people["stranger"]
    for state, link in world.links.items():
        for name in BY_A_LINK | IN_A_FRAME:
            method, path = STREAM[name]
            url = stranger.stream_url + path.format(
                token=link.rpartition("/")[2], name=name_in(path), set_id=world.set_id
            )
            answer = await stranger.call(method, url)
            assert answer.status in ((200, 307) if state in states else (404,)), (state, name, answer.status)


async def check_what_is_open(world: World) -> None:
    for person in (world.people["stranger"], world.people["owner"]):
        for state in STATES:
            page = f"{person.stream_url}/watch/{world.ids[state]}"
            answer = await person.call("GET", f"{person.stream_url}/oembed", params={"url": page})
            assert answer.status == (200 if may_watch("stranger", state) else 404), state
    stranger = world.people["stranger"]
    for name in ("feed", "sitemap"):
        method, path = STREAM[name]
        answer = await stranger.call(method, stranger.stream_url + path)
        assert answer.status in (401, 404), name
        told = await answer.text()
        assert not any(one in told for one in world.ids.values())


async def test_what_is_not_theirs_looks_as_if_it_were_not_there(world: World) -> None:
    owner = world.people["owner"]
    mine = f"{owner.upload_url}/v1/uploads"
    before = [await (await owner.call("GET", mine, params={"state": state})).json() for state in ("ready", "trashed")]
    theirs = {"collection_id": world.collection_id, "webhook_id": world.webhook_id}
    for name, (method, path) in UPLOAD.items():
        whose = next((one for one in ("upload_id", *theirs) if f"{{{one}}}" in path), None)
        if whose is None:
            continue
        for actor in ACTORS[1:]:
            if (name in MODERATION and actor == "administrator") or (whose == "collection_id" and actor == "manager"):
                continue
            person = world.people[actor]

            async def ask(thing_id: str) -> tuple[int, str]:
                asked = path.replace(f"{{{whose}}}", thing_id).replace("{video_id}", world.ids["public"])  # noqa: B023
                url = person.upload_url + re.sub(r"\{\w+\}", "1", asked)  # noqa: B023
                answer = await person.call(method, url, json={})  # noqa: B023
                return answer.status, await answer.text()

            things = [world.ids[state] for state in ("public", "trashed", "uploading")]
            for thing in things if whose == "upload_id" else [theirs[whose]]:
                status, told = await ask(thing)
                # Pages lead strangers to the log-in.
                assert status >= 400 or (actor, status) == ("stranger", 303), (name, actor)
                assert (status, told) == await ask(new_id()), (name, actor)
    after = [await (await owner.call("GET", mine, params={"state": state})).json() for state in ("ready", "trashed")]
    assert [[item["title"] for item in page["items"]] for page in after] == [
        [item["title"] for item in page["items"]] for page in before
    ]


# What each route of a collection answers who manages it, asked with this content; of what its owner alone may do, 403.
MANAGED: Final[Mapping[str, tuple[int, dict[str, Any] | None]]] = {
    "get-collection": (200, None),
    "edit-collection": (200, {"title": "Better"}),
    "list-collection-videos": (200, None),
    "put-collection-video": (204, {"after": None}),
    "list-collection-grants": (200, None),
    "create-collection-grant": (201, {"subject": "members"}),
    "delete-collection-grant": (204, None),
    "collection-page": (200, None),
    "save-collection": (303, {"title": "Better still"}),
    "move-collected": (303, {"to": "last"}),
    "upload-links-page": (200, None),
    "add-upload-link": (200, {"note": "Yours, please"}),
    "revoke-upload-link": (303, None),
    "remove-collected": (303, None),
    "remove-collection-video": (204, None),
    "drop-collection": (403, {}),
    "delete-collection": (403, None),
}


@pytest.mark.both_databases
async def test_who_manages_a_collection_has_its_routes_until_the_grant_goes(world: World) -> None:
    assert set(MANAGED) == {name for name, (_, path) in UPLOAD.items() if "{collection_id}" in path}
    owner, manager = world.people["owner"], world.people["manager"]
    grants = f"{owner.upload_url}/v1/collections/{world.collection_id}/grants"

    async def ask(name: str, grant_id: str) -> int:
        (method, path), (_, content) = UPLOAD[name], MANAGED[name]
        thing = {"video_id": world.ids["public"], "grant_id": grant_id, "link_id": new_id()}
        url = manager.upload_url + path.format(collection_id=world.collection_id, **thing)
        what: dict[str, Any] = {"json": content} if path.startswith("/v1") else {"data": content or {}}
        return (await manager.call(method, url, **({} if method == "GET" or content is None else what))).status

    for name, (expected, _) in MANAGED.items():
        assert await ask(name, new_id()) == expected, name
    # No say in who manages it, and nothing put in.
    for content in ({"subject": world.group, "right": "manage"}, {"subject": world.group}):
        answer = await manager.call("POST", grants, json=content)
        # As who shares with a group, they must be able to see it.
        assert answer.status == 422, await answer.text()
    assert await ask("delete-collection-grant", world.managing) == 403
    assert await ask("put-collection-video", "") == 403
    assert (await owner.call("DELETE", f"{grants}/{world.managing}")).status == 204
    for name in MANAGED:
        assert await ask(name, world.managing) == 404, name
