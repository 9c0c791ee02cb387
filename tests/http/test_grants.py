"""Grants to people and groups: who has one watches, by every way in, until it ends; nobody else learns anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from catalogue.tables import AUDIENCE, GRANTS
from common.clock import rfc3339, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.ids import new_id
from common.passwords import hashing
from common.service_client import ServiceClient, ServiceTokens
from common.text import sort_key
from tests.api_client import Person
from tests.http.conftest import Services
from tests.http.test_moderation import audited
from tests.problems import assert_problem
from upload_svc.app_keys import ACCOUNT_DELETIONS
from upload_svc.app_keys import GRANTS as GRANTS_KEY
from upload_svc.audience import AudienceStore
from upload_svc.auth_client import Grantees
from upload_svc.collection_store import CollectionStore
from upload_svc.grant_store import MOST_GRANTS, Grant, GrantStore, Target
from upload_svc.grants import Grants
from upload_svc.store import Store

FILM = b"a very short film"


def _grants(owner: Person, video: dict[str, Any], last: str = "") -> str:
    return f"{owner.upload_url}/v1/uploads/{video['id']}/grants{last}"


async def _grant(owner: Person, video: dict[str, Any], subject: str, **wanted: Any) -> dict[str, Any]:
    answer = await owner.call("POST", _grants(owner, video), json={"subject": subject, **wanted})
    assert answer.status == 201, await answer.text()
    grant: dict[str, Any] = await answer.json()
    return grant


async def _granted(owner: Person, video: dict[str, Any]) -> list[tuple[str, str]]:
    items = (await (await owner.call("GET", _grants(owner, video))).json())["items"]
    return [(item["subject"], item["name"]) for item in items]


async def _group(services: Services, *member_ids: str) -> tuple[str, str]:
    """A new group with these in it: its id and its name."""
    root = await services.log_in("admin", "admin")
    name = f"Class {new_id()}"
    made = await root.call("POST", f"{services.auth.url}/v1/groups", json={"name": name})
    assert made.status == 201, await made.text()
    group_id: str = (await made.json())["id"]
    for account_id in member_ids:
        put = await root.call("PUT", f"{services.auth.url}/v1/groups/{group_id}/members/{account_id}", json={})
        assert put.status == 204, await put.text()
    return group_id, name


async def _ways_in(viewer: Person, video: dict[str, Any], *, has_pages: bool = True) -> set[str]:
    """By which ways the viewer comes to the video, or finds it; with a position that is kept as far as may be."""
    url, ways = f"{viewer.stream_url}/v1/videos/{video['id']}", set()
    for call in ("", "/playback", "/source"):
        answer = await viewer.call("GET", url + call)
        if answer.status in (200, 307):
            ways.add(call or "get")
        else:
            unknown = await viewer.call("GET", f"{viewer.stream_url}/v1/videos/{'a' * 26}{call}")
            assert (answer.status, await answer.text()) == (unknown.status, await unknown.text())
    kept = await viewer.call("PUT", f"{url}/position", json={"seconds": 20, "duration": 100})
    ways |= {"position"} if kept.status == 204 else set()
    pages = {
        "watch": f"/watch/{video['id']}",
        "home": "/",
        "search": f"/?q={video['title']}",
        "shared": "/?shared=true",
        "owner": f"/?owner={video['owner_id']}",
    }
    for way, path in pages.items() if has_pages else ():
        answer = await viewer.call("GET", viewer.stream_url + path, headers={"Accept": "text/html"})
        shown = video["title"] if way == "watch" else f'data-video="{video["id"]}"'
        ways |= {way} if answer.status == 200 and shown in await answer.text() else set()
    for way, query in {"list": {}, "title": {"sort": "title", "q": video["title"]}}.items():
        listed = await viewer.call("GET", f"{viewer.stream_url}/v1/videos", params=query)
        items = (await listed.json())["items"] if listed.status == 200 else []
        ways |= {way} if video["id"] in [item["id"] for item in items] else set()
    return ways


WATCHING = {"get", "/playback", "/source", "position", "watch"}
FINDING = {"home", "search", "list", "title", "owner"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A private video, and who may come to have a grant of it: bob by name, carol by a group; a stranger never."""

    services: Services
    owner: Person
    bob: Person
    bob_subject: str
    carol: Person
    group_subject: str
    stranger: Person
    video: dict[str, Any]

    @classmethod
    async def make(cls, services: Services) -> Stage:
        owner_id, owner = await services.move_in("alice")
        bob_id, bob = await services.move_in("bob")
        group_id, _ = await _group(services, owner_id)
        return cls(
            services=services,
            owner=owner,
            bob=bob,
            bob_subject=f"account:{bob_id}",
            carol=services.person("carol", groups=[group_id]),
            group_subject=f"group:{group_id}",
            stranger=services.person("stranger", groups=[new_id()]),
            video={**await owner.upload(FILM, title=f"Secret{new_id()}"), "owner_id": owner_id},
        )

    async def see(self) -> list[set[str]]:
        """By which ways of the API bob, carol and the stranger come to it."""
        everybody = (self.bob, self.carol, self.stranger)
        return [await _ways_in(person, self.video, has_pages=False) for person in everybody]


NOTHING = set[str]()
EVERYTHING = WATCHING | FINDING | {"shared"}
CALLED = {"get", "/playback", "/source", "position", "list", "title"}


@pytest.mark.both_databases
async def test_a_grant_opens_and_shows_a_private_video_by_every_way(services: Services) -> None:
    stage = await Stage.make(services)
    owner, bob, carol, video = stage.owner, stage.bob, stage.carol, stage.video
    root, nobody = await services.log_in("admin", "admin"), services.person(None)
    everybody = (bob, carol, stage.stranger, root, nobody)
    assert [await _ways_in(person, video) for person in everybody] == [NOTHING] * 5
    assert {"get", "home", "list"} <= await _ways_in(owner, video)
    to_bob = await _grant(owner, video, stage.bob_subject)
    assert (to_bob["subject"], to_bob["right"], to_bob["expires_at"]) == (stage.bob_subject, "watch", None)
    assert await stage.see() == [CALLED, NOTHING, NOTHING]
    end = rfc3339(utc_now() + timedelta(days=3))
    await _grant(owner, video, stage.group_subject, expires_at=end)
    assert [await _ways_in(person, video) for person in everybody] == [EVERYTHING, EVERYTHING, *[NOTHING] * 3]
    granted = await _granted(owner, video)
    assert [subject for subject, _ in granted] == [stage.group_subject, stage.bob_subject]
    assert granted[0][1].startswith("Class ")

    # By whom, and until when; whose list has nothing is told what it is for.
    username = (await (await owner.call("GET", f"{services.auth.url}/v1/me")).json())["username"]
    for person, words in ((bob, f"Shared by <bdi>{username}</bdi></p>"), (carol, f"by <bdi>{username}</bdi> until <")):
        for path in ("/?shared=true", f"/watch/{video['id']}"):
            page = await person.call("GET", f"{person.stream_url}{path}", headers={"Accept": "text/html"})
            text = await page.text()
            assert (words in text, "Only you can watch" in text) == (True, False)
            # A day without scripts is said with its zone.
            assert (" data-day>" in text, " (<bdi>UTC</bdi>)</time>" in text) == (person is carol, person is carol)
    page = await stage.stranger.call("GET", f"{bob.stream_url}/?shared=true", headers={"Accept": "text/html"})
    assert "Nothing is shared with you yet" in await page.text()

    # It is the owner's alone, and not to be revoked by another video's address.
    for method, url in (("GET", _grants(bob, video)), ("DELETE", _grants(bob, video, f"/{to_bob['id']}"))):
        await assert_problem(await bob.call(method, url), 404, "not-found")
    wanted = {"subject": stage.group_subject}
    await assert_problem(await bob.call("POST", _grants(bob, video), json=wanted), 404, "not-found")
    other = await owner.upload(FILM, title="Other")
    assert (await owner.call("DELETE", _grants(owner, other, f"/{to_bob['id']}"))).status == 204
    for _ in range(2):
        assert await stage.see() == [CALLED if len(await _granted(owner, video)) == 2 else NOTHING, CALLED, NOTHING]
        assert (await owner.call("DELETE", _grants(owner, video, f"/{to_bob['id']}"))).status == 204
    assert await _ways_in(bob, video) == NOTHING


@pytest.mark.both_databases
async def test_a_grant_opens_only_what_can_be_watched_and_ends(services: Services, services_url: str) -> None:
    stage = await Stage.make(services)
    owner, video = stage.owner, stage.video
    root = await services.log_in("admin", "admin")
    to_bob = await _grant(owner, video, stage.bob_subject)
    # People's tokens still count then.
    await _grant(owner, video, stage.group_subject, expires_at=rfc3339(utc_now() + timedelta(minutes=2)))
    mine = f"{owner.upload_url}/v1/uploads/{video['id']}"
    for there, back in (
        ((root, "PUT", "moderation", {"hidden": True}), (root, "PUT", "moderation", {"hidden": False})),
        ((owner, "POST", "trash", {}), (owner, "POST", "restore", {})),
    ):
        for (person, method, path, content), expected in ((there, NOTHING), (back, CALLED)):
            assert (await person.call(method, f"{mine}/{path}", json=content)).status == 204
            assert await stage.see() == [expected, expected, NOTHING]
    # A new title is found and sorted by.
    video["title"] = f"A{new_id()}"
    assert (await owner.call("PATCH", mine, json={"title": video["title"]})).status == 200
    assert await stage.see() == [CALLED, CALLED, NOTHING]
    async with open_database(services_url) as database:
        keys = await database.rows(select(AUDIENCE.c.title_key))
        assert {row.title_key for row in keys} == {sort_key(video["title"])}
    # Who is in the group no more has it no more; of what is everybody's nothing changes by a grant.
    assert await _ways_in(services.person("carol"), video, has_pages=False) == NOTHING
    assert (await owner.call("PATCH", mine, json={"visibility": "unlisted"})).status == 200
    assert await stage.see() == [CALLED, CALLED, CALLED - {"list", "title"}]
    assert (await owner.call("PATCH", mine, json={"visibility": "private"})).status == 200

    # From the moment that it ends; what is left of it goes later.
    services.clock.moved = timedelta(minutes=2, seconds=1)
    assert await stage.see() == [CALLED, NOTHING, NOTHING]
    await services.upload[GRANTS_KEY].forget_ended()
    assert [subject for subject, _ in await _granted(owner, video)] == [to_bob["subject"]]
    services.clock.moved = timedelta()
    assert (await owner.call("DELETE", mine)).status == 204
    await services.settle(ahead=timedelta(hours=1))
    async with open_database(services_url) as database:
        assert await database.rows(select(GRANTS.c.id)) == []
        assert await database.rows(select(AUDIENCE)) == []


async def test_what_a_collection_shows_is_said_to_strangers_and_taken_away_by_an_administrator(
    services: Services,
) -> None:
    owner, root = services.person("alice"), await services.log_in("admin", "admin")
    stranger = services.person(None)
    video = await owner.upload(FILM, title="A lesson")
    collections = f"{owner.upload_url}/v1/collections"
    made = (await (await owner.call("POST", collections, json={"title": "A <b>course</b>"})).json())["id"]
    assert (await owner.call("PUT", f"{collections}/{made}/videos/{video['id']}")).status == 204
    asked = {"subject": "everyone"}
    grant = await (await owner.call("POST", f"{collections}/{made}/grants", json=asked)).json()
    watch, html = f"{stranger.stream_url}/watch/{video['id']}", {"Accept": "text/html"}
    text = await (await stranger.call("GET", watch, headers=html)).text()
    # One answer to whether strangers may watch, in the dialog and to programs.
    assert ("Anyone can watch this video, even without an account." in text, 'property="og:title"' in text) == (
        True,
        True,
    )
    assert "whom its owner has chosen" not in text

    page = f"{root.upload_url}/videos/moderation"
    text = await (await root.call("GET", f"{page}?video={video['id']}")).text()
    assert "By the collection “<bdi>A &lt;b&gt;course&lt;/b&gt;</bdi>”" in text
    assert ("Everyone, even without an account" in text, "has given nobody access" in text) == (True, False)
    # Of a video that is not in it, nothing is taken away.
    other = await owner.upload(FILM, title="Other")
    assert (await root.call("POST", f"{page}/{other['id']}/grants/{grant['id']}/revoke")).status == 303
    assert (await stranger.call("GET", watch, headers=html)).status == 200
    assert (await root.call("POST", f"{page}/{video['id']}/grants/{grant['id']}/revoke")).status == 303
    assert (await stranger.call("GET", watch, headers=html)).status == 303
    assert "has given nobody access" in await (await root.call("GET", f"{page}?video={video['id']}")).text()


async def test_an_administrator_sees_who_has_access_and_takes_it_away(services: Services, services_url: str) -> None:
    stage = await Stage.make(services)
    owner, video = stage.owner, stage.video
    root = await services.log_in("admin", "admin")
    root_id = (await (await root.call("GET", f"{services.auth.url}/v1/me")).json())["id"]
    api = f"{root.upload_url}/v1/uploads/{video['id']}/moderation/grants"
    page = f"{root.upload_url}/videos/moderation"

    async def shown(query: str = "") -> str:
        return await (await root.call("GET", f"{page}?video={video['id']}{query}")).text()

    assert "has given nobody access" in await shown()
    to_bob = await _grant(owner, video, stage.bob_subject, expires_at=rfc3339(utc_now() + timedelta(days=3)))
    to_group = await _grant(owner, video, stage.group_subject)
    link = await _grant(owner, video, "link", password="open sesame", view_limit=3, name=" For the pre\u0301ss ")
    assert link["name"] == "For the pr\u00e9ss"
    text = await shown()
    for words in (
        *(f"<bdi>{grant['name']}</bdi>" for grant in (to_bob, to_group, link)),
        "with a password",
        "0 of 3 views",
    ):
        assert words in text
    # As its owner lists them: of the link nobody is told the address.
    token = link.pop("url").rpartition("/")[2]
    answer = await (await root.call("GET", api)).json()
    assert answer == await (await owner.call("GET", _grants(owner, video))).json() | {"upload_links": []}
    assert [item["id"] for item in answer["items"]] == [link["id"], to_group["id"], to_bob["id"]]
    assert token not in text + str(answer)
    first = await shown("&limit=1")
    cursor = first.split("cursor=")[1].split('"')[0].split("&")[0]
    rest = await shown(f"&cursor={cursor}")
    assert [to_bob["id"] in first, to_bob["id"] in rest] == [False, True]

    # By the page or by the API; of another video by neither.
    other = await owner.upload(FILM, title="Other")
    for _ in range(2):
        answer = await root.call("POST", f"{page}/{other['id']}/grants/{to_bob['id']}/revoke")
        assert (answer.status, len(await _granted(owner, video))) == (303, 3)
    assert await stage.see() == [CALLED, CALLED, NOTHING]
    for _ in range(2):
        assert (await root.call("POST", f"{page}/{video['id']}/grants/{to_bob['id']}/revoke")).status == 303
        assert (await root.call("DELETE", f"{api}/{to_group['id']}")).status == 204
        assert (await root.call("DELETE", f"{api}/{link['id']}")).status == 204
    assert (await stage.see(), await _granted(owner, video)) == ([NOTHING] * 3, [])
    revoked = [
        (action, actor, target, details.get("name"), details["title"])
        for action, actor, target, details in await audited(services_url)
        if "revoked" in action
    ]
    assert revoked == [
        ("video-grant-revoked", root_id, video["owner_id"], to_bob["name"], video["title"]),
        ("video-grant-revoked", root_id, video["owner_id"], to_group["name"], video["title"]),
        ("link-revoked", root_id, video["owner_id"], None, video["title"]),
    ]


async def test_a_list_has_the_names_of_now_and_no_deleted_group(
    services: Services, services_url: str, unused_tcp_port: int
) -> None:
    stage = await Stage.make(services)
    owner, video = stage.owner, stage.video
    root = await services.log_in("admin", "admin")
    group = f"{services.auth.url}/v1/groups/{stage.group_subject.removeprefix('group:')}"
    to_bob, to_group = [await _grant(owner, video, subject) for subject in (stage.bob_subject, stage.group_subject)]
    bob = (stage.bob_subject, to_bob["name"])
    renamed = f"Year {new_id()}"
    assert (await root.call("PATCH", group, json={"name": renamed})).status == 200
    assert await _granted(owner, video) == [(stage.group_subject, renamed), bob]
    # While auth_svc does not answer, as it was.
    async with open_database(services_url) as database, hashing() as passwords:
        nobody = ServiceTokens(
            services.session, f"http://127.0.0.1:{unused_tcp_port}", client_id="upload", client_secret=""
        )
        grants = Grants(
            GrantStore(database),
            AudienceStore(database),
            Store(database),
            Grantees(ServiceClient(services.session, services.auth.url, nobody)),
            passwords,
            collections=CollectionStore(database),
            cursors=Cursors("0" * 32),
            clock=utc_now,
        )
        listed, _ = await grants.list_anybodys(Target(video["id"]), cursor=None, limit=50)
        assert [one.name for one in listed if isinstance(one, Grant)] == [to_group["name"], to_bob["name"]]

        await services.upload[GRANTS_KEY].forget_deleted_groups()
        assert await stage.see() == [CALLED, CALLED, NOTHING]
        assert (await root.call("DELETE", group)).status == 204
        assert await _granted(owner, video) == [bob]
        await services.upload[GRANTS_KEY].forget_deleted_groups()
        for table in (GRANTS, AUDIENCE):
            assert [row.subject for row in await database.rows(select(table.c.subject))] == [stage.bob_subject]


@pytest.mark.both_databases
async def test_granting_again_changes_the_end_and_makes_nothing_more(services: Services, services_url: str) -> None:
    _, owner = await services.move_in("alice")
    bob_id, _ = await services.move_in("bob")
    video, subject = await owner.upload(FILM), f"account:{bob_id}"
    made = await asyncio.gather(*(_grant(owner, video, subject) for _ in range(6)))
    assert len({grant["id"] for grant in made}) == 1
    end = rfc3339(utc_now() + timedelta(days=1))
    again = await _grant(owner, video, subject, expires_at=end)
    assert (again["id"], again["created_at"], again["expires_at"]) == (made[0]["id"], made[0]["created_at"], end)
    async with open_database(services_url) as database:
        [kept] = await database.rows(select(GRANTS.c.expires_at))
        [read] = await database.rows(select(AUDIENCE.c.expires_at))
        assert rfc3339(kept.expires_at) == rfc3339(read.expires_at) == end

    # The same request again: the same grant, and of a link not its address.
    key = {"Idempotency-Key": new_id()}
    for content in ({"subject": subject, "expires_at": None}, {"view_limit": 3, "password": "open sesame"}):
        key = {"Idempotency-Key": new_id()}
        first, second = [
            await (await owner.call("POST", _grants(owner, video), json=content, headers=key)).json() for _ in range(2)
        ]
        url = first.pop("url", None)
        assert (first, url is not None) == (second, "view_limit" in content)
        reused = await owner.call("POST", _grants(owner, video), json={"subject": "link"}, headers=key)
        await assert_problem(reused, 422, "idempotency-key-reused")
    # A page at a time, people and links in one order.
    page = await (await owner.call("GET", f"{_grants(owner, video)}?limit=1")).json()
    rest = await (await owner.call("GET", f"{_grants(owner, video)}?cursor={page['next_cursor']}")).json()
    whole = await (await owner.call("GET", _grants(owner, video))).json()
    assert [one["subject"] for one in whole["items"]] == ["link", subject]
    assert ([*page["items"], *rest["items"]], rest["next_cursor"]) == (whole["items"], None)
    # Links alone have an address of their own, as an alias.
    shares = f"{owner.upload_url}/v1/uploads/{video['id']}/shares"
    assert [one["subject"] for one in (await (await owner.call("GET", shares)).json())["items"]] == ["link"]
    assert (await owner.call("DELETE", f"{shares}/{again['id']}")).status == 204
    assert len(await _granted(owner, video)) == 2
    link = await (await owner.call("POST", shares, json={})).json()
    assert (await owner.call("DELETE", f"{shares}/{link['id']}")).status == 204
    await assert_problem(await owner.call("POST", shares, json={"subject": subject}), 422, "invalid")

    # Who is deleted has none; a video that is handed over or deleted has none either.
    root = await services.log_in("admin", "admin")
    assert (await root.call("DELETE", f"{services.auth.url}/v1/accounts/{bob_id}")).status in (200, 202, 204)
    await services.upload[ACCOUNT_DELETIONS].settle()
    assert [subject for subject, _ in await _granted(owner, video)] == ["link"]


async def test_what_cannot_be_granted_is_refused_and_says_why(services: Services, services_url: str) -> None:
    owner_id, owner = await services.move_in("alice")
    bob_id, _ = await services.move_in("bob")
    theirs, _ = await _group(services)
    mine, _ = await _group(services, owner_id)
    video = await owner.upload(FILM)
    bob = f"account:{bob_id}"
    for wanted, pointer, words in (
        ({"subject": "everyone"}, "#/subject", "account:"),
        ({"subject": "account:bob"}, "#/subject", "account:"),
        ({"subject": f"account:{'a' * 26}"}, "#/subject", "names no account"),
        ({"subject": f"group:{'a' * 26}"}, "#/subject", "names no account, and no group"),
        ({"subject": f"group:{theirs}"}, "#/subject", "names no account, and no group"),
        ({"subject": f"account:{owner_id}"}, "#/subject", "yourself"),
        ({"subject": bob, "right": "upload"}, "#/right", "watch"),
        ({"subject": bob, "right": "manage"}, "#/right", "watch"),
        ({"subject": bob, "password": "open sesame"}, "#/password", "link alone"),
        ({"subject": bob, "view_limit": 3}, "#/view_limit", "link alone"),
        ({"subject": bob, "start_at": 1.5}, "#/start_at", "link alone"),
        ({"subject": bob, "name": "Bob's"}, "#/name", "link alone"),
        ({"name": "n" * 101}, "#/name", "100"),
        ({"subject": bob, "expires_at": rfc3339(utc_now() - timedelta(seconds=1))}, "#/expires_at", "future"),
    ):
        answer = await owner.call("POST", _grants(owner, video), json=wanted)
        problem = await assert_problem(answer, 422, "invalid")
        [fault] = problem["errors"]
        assert (fault["pointer"], words in fault["detail"]) == (pointer, True), fault
    assert await _granted(owner, video) == []
    # As many as one may have, whoever else asks at the same time; and an administrator shares with every group.
    about = {"video_id": video["id"], "subject_name": "other", "created_at": utc_now()}
    others = [{"id": new_id(), "subject": f"account:{new_id()}", **about} for _ in range(MOST_GRANTS - 1)]
    async with open_database(services_url) as database, database.write() as connection:
        await connection.execute(insert(GRANTS), others)
    answers = await asyncio.gather(
        *(owner.call("POST", _grants(owner, video), json={"subject": subject}) for subject in (bob, f"group:{mine}"))
    )
    assert sorted(answer.status for answer in answers) == [201, 409]
    root = await services.log_in("admin", "admin")
    await _grant(root, await root.upload(FILM), f"group:{theirs}")
