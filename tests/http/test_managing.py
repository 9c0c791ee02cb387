"""Who manages somebody else's collection does with it what its owner does, and no more, until the grant goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from yarl import URL

from common.clock import rfc3339, utc_now
from tests.api_client import Person
from tests.auth_app import PASSWORD
from tests.http.conftest import Services
from tests.http.test_collections import make, put, read, titles
from tests.http.test_grants import FILM, _group
from tests.http.test_moderation import audited
from tests.problems import assert_problem

HTML = {"Accept": "text/html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Alice's collection of a, b, c, and before them one that is hidden: bob manages it by name, carol by a group."""

    services: Services
    owner: Person
    owner_id: str
    username: str
    bob: Person
    bob_id: str
    carol: Person
    carol_id: str
    carol_name: str
    group: str
    url: str
    videos: dict[str, dict[str, Any]]
    to_bob: dict[str, Any]
    to_group: dict[str, Any]

    @classmethod
    async def make(cls, services: Services) -> Course:
        owner_id, owner = await services.move_in("alice")
        bob_id, bob = await services.move_in("bob")
        carol_id, carol = await services.move_in("carol")
        group_id, _ = await _group(services, owner_id, carol_id)
        carol_name = (await read(carol, f"{services.auth.url}/v1/me"))["username"]
        videos = {title: await owner.upload(FILM, title=title) for title in "habc"}
        url, root = await make(owner, "Course"), await services.log_in("admin", "admin")
        for video in videos.values():
            await put(owner, url, video)
        hide = f"{owner.upload_url}/v1/uploads/{videos['h']['id']}/moderation"
        assert (await root.call("PUT", hide, json={"hidden": True})).status == 204
        return cls(
            services=services,
            owner=owner,
            owner_id=owner_id,
            username=(await read(owner, f"{services.auth.url}/v1/me"))["username"],
            bob=bob,
            bob_id=bob_id,
            # With a token that names the group.
            carol=await services.log_in(carol_name, PASSWORD),
            carol_id=carol_id,
            carol_name=carol_name,
            group=f"group:{group_id}",
            url=url,
            videos=videos,
            to_bob=await give(owner, url, f"account:{bob_id}", right="manage"),
            to_group=await give(owner, url, f"group:{group_id}", right="manage"),
        )

    @property
    def managing(self) -> dict[str | None, str]:
        return {one["name"]: "manage" for one in (self.to_bob, self.to_group)}

    async def may(self, person: Person) -> tuple[int, int]:
        """What they are answered who change its order, and who watch what is in it."""
        path, first = f"/videos/{self.videos['a']['id']}", {"after": None}
        moved = await person.call("PUT", f"{self.url}{path}", json=first)
        if moved.status == 404:
            unknown = await person.call("PUT", f"{URL(self.url).with_name('a' * 26)}{path}", json=first)
            assert await moved.text() == await unknown.text()
        watched = await person.call("GET", f"{person.stream_url}/v1{path}/source")
        return moved.status, watched.status


async def give(by: Person, collection: str, subject: str, **fields: Any) -> dict[str, Any]:
    answer = await by.call("POST", f"{collection}/grants", json={"subject": subject, **fields})
    assert answer.status == 201, await answer.text()
    grant: dict[str, Any] = await answer.json()
    return grant


async def rights(by: Person, collection: str) -> dict[str | None, str]:
    """Who has which right, by name."""
    return {one["name"]: one["right"] for one in (await read(by, f"{collection}/grants"))["items"]}


@pytest.mark.both_databases
async def test_who_manages_a_collection_does_with_it_what_its_owner_does(services: Services, services_url: str) -> None:
    course = await Course.make(services)
    url, (_, a, b, c) = course.url, course.videos.values()
    dave_id, dave = await services.move_in("dave")
    for person in (course.bob, course.carol):
        mine = f"{person.upload_url}/v1/collections"
        assert (await read(person, mine))["items"] == []
        [listed] = (await read(person, mine, right="manage"))["items"]
        # What is hidden they do not see, nor what is its owner's alone to know of a video.
        assert (listed["right"], listed["owner"], listed["video_count"]) == ("manage", course.username, 3)
        assert await titles(person, url) == "abc"
        for item in (await read(person, f"{url}/videos"))["items"]:
            assert not {"filename", "sha256", "hidden", "media"} & set(item)
        shown = await person.call("GET", url)
        seen = {"If-Match": shown.headers["ETag"]}
        changed = await person.call("PATCH", url, json={"title": "Lessons"}, headers=seen)
        assert (await changed.json())["title"] == "Lessons"
        await put(person, url, c, None)
        assert await titles(person, url) == "cab"
        await put(person, url, a, None)
        await put(person, url, c, b["id"])
        for page, words in (
            (f"{person.upload_url}/videos/collections", f"Shared by <bdi>{course.username}</bdi>"),
            (f"{person.stream_url}/collections/{URL(url).name}", f"/videos/collections/{URL(url).name}"),
        ):
            assert words in await (await person.call("GET", page, headers=HTML)).text()

        to_dave = await give(person, url, f"account:{dave_id}")
        made = [to_dave, await give(person, url, "link"), await give(person, url, "link", right="upload", max_files=3)]
        assert await course.may(dave) == (404, 307)
        known = await rights(person, url)
        assert known == {**course.managing, to_dave["name"]: "watch", None: "watch"}
        for one in made:
            assert (await person.call("DELETE", f"{url}/grants/{one['id']}")).status == 204
        assert await course.may(dave) == (404, 404)
    assert (await course.bob.call("DELETE", f"{url}/videos/{b['id']}")).status == 204
    assert await titles(course.owner, url) == "ahc"

    # By whom, to whose.
    told = [
        (action, about["right"])
        for action, actor, target, about in await audited(services_url)
        if (actor, target) == (course.bob_id, course.owner_id) and "right" in about
    ]
    granted, asked = "collection-granted", "link-created"
    assert told == [(granted, "watch"), (asked, "upload"), ("collection-grant-revoked", "watch")]


async def test_what_is_its_owners_alone_nobody_does_who_manages_it(services: Services) -> None:
    course = await Course.make(services)
    owner, url, a = course.owner, course.url, course.videos["a"]
    other, (dave_id, _) = await owner.upload(FILM, title="other"), await services.move_in("dave")
    for wrong in ({"subject": "members"}, {"subject": "everyone"}, {}, {"subject": course.group, "right": "own"}):
        refused = await owner.call("POST", f"{url}/grants", json={"right": "manage", **wrong})
        [fault] = (await assert_problem(refused, 422, "invalid"))["errors"]
        assert fault["pointer"] == "#/right"
    for person in (course.bob, course.carol):
        own = await person.upload(FILM, title="mine")
        for method, path, content in (
            ("DELETE", "", None),
            ("POST", "/grants", {"subject": f"account:{dave_id}", "right": "manage"}),
            ("DELETE", f"/grants/{course.to_bob['id']}", None),
            ("DELETE", f"/grants/{course.to_group['id']}", None),
            ("PUT", f"/videos/{other['id']}", None),
            ("PUT", f"/videos/{own['id']}", {"after": None}),
        ):
            problem = await assert_problem(await person.call(method, url + path, json=content), 403, "forbidden")
            assert "Only this collection’s owner can" in problem["detail"]
        # Themselves, and the owner.
        for account_id in (course.bob_id if person is course.bob else course.carol_id, course.owner_id):
            asked = await person.call("POST", f"{url}/grants", json={"subject": f"account:{account_id}"})
            [fault] = (await assert_problem(asked, 422, "invalid"))["errors"]
            assert fault["pointer"] == "#/subject"
        for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/trash"), ("GET", "/grants"), ("DELETE", "")):
            video, content = f"{person.upload_url}/v1/uploads/{a['id']}{path}", {"title": "Mine"}
            answer = await person.call(method, video, json=content if method == "PATCH" else None)
            await assert_problem(answer, 404, "not-found")
    # Granted again it would be less.
    for subject in (course.group, f"account:{course.bob_id}"):
        refused = await course.carol.call("POST", f"{url}/grants", json={"subject": subject})
        await assert_problem(refused, 403, "forbidden")
    assert (await rights(owner, url), await titles(owner, url)) == (course.managing, "habc")


async def test_who_managed_a_collection_does_nothing_with_it_any_more(services: Services) -> None:
    course = await Course.make(services)
    owner, bob, url, subject = course.owner, course.bob, course.url, f"account:{course.bob_id}"
    assert [await course.may(one) for one in (bob, course.carol)] == [(204, 307)] * 2
    # To watch alone; until an end; by a group that they have left; revoked; and with the collection.
    again = await give(owner, url, subject)
    assert (again["id"], again["right"], await course.may(bob)) == (course.to_bob["id"], "watch", (404, 307))
    await give(owner, url, subject, right="manage", expires_at=rfc3339(utc_now() + timedelta(minutes=1)))
    assert await course.may(bob) == (204, 307)
    services.clock.moved = timedelta(minutes=1, seconds=1)
    assert await course.may(bob) == (404, 404)
    assert (await read(bob, f"{bob.upload_url}/v1/collections", right="manage"))["items"] == []
    services.clock.moved = timedelta()
    root = await services.log_in("admin", "admin")
    member = f"{services.auth.url}/v1/groups/{course.group.removeprefix('group:')}/members/{course.carol_id}"
    assert (await root.call("DELETE", member)).status == 204
    assert await course.may(await services.log_in(course.carol_name, PASSWORD)) == (404, 404)
    assert await course.may(course.carol) == (204, 307)
    assert (await owner.call("DELETE", f"{url}/grants/{course.to_group['id']}")).status == 204
    assert await course.may(course.carol) == (404, 404)
    await give(owner, url, subject, right="manage")
    assert (await owner.call("DELETE", url)).status == 204
    assert await course.may(bob) == (404, 404)
