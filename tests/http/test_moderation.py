"""Administrators hide, show and delete anybody's video; nobody else can, and it is written down. On both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from auth_svc.accounts.store import Role
from common.db import open_database
from tests.api_client import Person
from tests.auth_service import AuthService
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.app_keys import SETTLING

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"


@pytest.fixture(autouse=True)
async def _accounts(auth: AuthService) -> None:
    """Root is an administrator, and eve is not, whatever her token says."""
    await auth.set_account("root", role=Role.ADMIN)
    await auth.set_account("eve", role=Role.MEMBER)


async def audited(url: str) -> list[tuple[str, str | None, str | None, dict[str, Any]]]:
    """The audit log, the oldest first: action, who, whose, details."""
    async with open_database(url) as database, database.read() as connection:
        query = text("SELECT action, actor_id, target_id, details FROM audit ORDER BY at, id")
        rows = (await connection.execute(query)).all()
    return [(action, actor, target, json.loads(details)) for action, actor, target, details in rows]


async def _hide(person: Person, video_id: str, *, hidden: bool = True) -> int:
    url = f"{person.upload_url}/v1/uploads/{video_id}/moderation"
    return (await person.call("PUT", url, json={"hidden": hidden})).status


async def _sees(person: Person, video_id: str) -> bool:
    """Whether somebody can watch it, wherever it is to be found."""
    url = f"{person.stream_url}/v1/videos"
    statuses = {(await person.call("GET", f"{url}/{video_id}{path}")).status for path in ("", "/playback", "/source")}
    assert statuses in ({200, 307}, {404})
    listed = (await (await person.call("GET", url)).json())["items"]
    is_listed = video_id in [item["id"] for item in listed]
    assert is_listed == (404 not in statuses)
    return is_listed


async def _own(person: Person, video_id: str) -> tuple[str, bool]:
    answer = await (await person.call("GET", f"{person.upload_url}/v1/uploads/{video_id}")).json()
    return answer["visibility"], answer["hidden"]


async def test_a_hidden_video_is_its_owners_alone_until_it_is_shown_again(services: Services) -> None:
    alice, bob, root = services.person("alice"), services.person("bob"), services.person("root", role="admin")
    video_id = (await alice.upload(FILM, title="Unkind", visibility="members"))["id"]
    assert await _sees(bob, video_id)
    assert [await _hide(root, video_id) for _ in range(2)] == [204, 204]
    assert [await _sees(person, video_id) for person in (bob, root, alice)] == [False, False, True]
    assert await _own(alice, video_id) == ("members", True)
    # What the owner chooses meanwhile counts once it is shown again, and not before.
    url = f"{alice.upload_url}/v1/uploads/{video_id}"
    edited = await (await alice.call("PATCH", url, json={"visibility": "public", "title": "Kinder"})).json()
    assert (edited["visibility"], edited["hidden"], edited["title"]) == ("public", True, "Kinder")
    assert not await _sees(bob, video_id)
    assert [await _hide(root, video_id, hidden=False) for _ in range(2)] == [204, 204]
    assert await _own(alice, video_id) == ("public", False)
    assert [await _sees(person, video_id) for person in (bob, root, alice)] == [True, True, True]


@pytest.mark.any_database
async def test_what_is_hidden_stays_so_through_the_trash(services: Services) -> None:
    alice, bob, root = services.person("alice"), services.person("bob"), services.person("root", role="admin")
    video_id = (await alice.upload(FILM, visibility="public"))["id"]
    assert await _hide(root, video_id) == 204
    for change in ("trash", "restore"):
        assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video_id}/{change}")).status == 204
    assert not await _sees(bob, video_id)
    assert await _own(alice, video_id) == ("public", True)


async def test_an_administrator_deletes_anybodys_video_bytes_and_all(services: Services) -> None:
    alice, root = services.person("alice"), services.person("root", role="admin")
    video_id = (await alice.upload(FILM, title="Unkind"))["id"]
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{video_id}/source")
    url = f"{root.upload_url}/v1/uploads/{video_id}/moderation"
    assert (await root.call("DELETE", url)).status == 204
    await assert_problem(await root.call("DELETE", url), 404, "not-found")
    assert (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{video_id}")).status == 404

    async def is_gone() -> bool:
        await services.upload[SETTLING].settle()
        async with services.session.get(source.headers["Location"]) as answer:
            return answer.status == 404

    await eventually(is_gone, what="the bytes are gone")


async def test_what_is_done_to_videos_is_written_down(services: Services, services_url: str) -> None:
    alice, root = services.person("alice"), services.person("root", role="admin")
    account, admin = services.auth.account_id("alice"), services.auth.account_id("root")
    video_id = (await alice.upload(FILM, title="Unkind"))["id"]
    for change in ("trash", "trash", "restore", "restore"):
        await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video_id}/{change}")
    for hidden in (True, True, False, False):
        await _hide(root, video_id, hidden=hidden)
    await root.call("DELETE", f"{root.upload_url}/v1/uploads/{video_id}/moderation")
    discarded = (await alice.begin(5, title="Begun"))["id"]
    await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{discarded}")
    ready = {"video_id": video_id, "title": "Unkind", "state": "ready"}
    assert await audited(services_url) == [
        ("video-trashed", account, account, ready),
        ("video-restored", account, account, {**ready, "state": "trashed"}),
        ("video-hidden", admin, account, ready),
        ("video-shown", admin, account, ready),
        ("video-deleted", admin, account, ready),
        ("video-deleted", account, account, {"video_id": discarded, "title": "Begun", "state": "uploading"}),
    ]


@pytest.mark.any_database
@pytest.mark.parametrize("is_disabled", [False, True])
async def test_an_administrator_of_a_moment_ago_moderates_nothing_any_more(
    services: Services, services_url: str, *, is_disabled: bool
) -> None:
    alice, root = services.person("alice"), services.person("root", role="admin")
    video_id = (await alice.upload(FILM, visibility="public"))["id"]
    assert await _hide(root, video_id) == 204
    # The token is as good as before, for what it may still do.
    await services.auth.set_account("root", role=Role.ADMIN if is_disabled else Role.MEMBER, is_disabled=is_disabled)
    await _assert_moderates_nothing(root, video_id)
    assert await _own(alice, video_id) == ("public", True)
    assert len(await audited(services_url)) == 1


@pytest.mark.any_database
@pytest.mark.parametrize(("role", "scope"), [("member", "all"), ("admin", "read upload"), ("admin", "all")])
async def test_nobody_else_moderates_not_even_an_administrators_narrow_key(
    services: Services, services_url: str, role: str, scope: str
) -> None:
    alice, eve = services.person("alice"), services.person("eve", role=role, scope=scope)
    video_id = (await alice.upload(FILM, visibility="public"))["id"]
    await _assert_moderates_nothing(eve, video_id)
    assert await _own(alice, video_id) == ("public", False)
    assert await audited(services_url) == []


async def _assert_moderates_nothing(eve: Person, video_id: str) -> None:
    url = f"{eve.upload_url}/v1/uploads/{video_id}/moderation"
    pages = f"{eve.upload_url}/videos/moderation"
    for method, path, content in (
        ("PUT", url, {"hidden": True}),
        ("DELETE", url, None),
        ("GET", pages, None),
        ("GET", f"{pages}?video={video_id}", None),
        ("POST", f"{pages}/{video_id}/hide", None),
        ("POST", f"{pages}/{video_id}/show", None),
        ("POST", f"{pages}/{video_id}/delete", None),
        ("POST", f"{pages}/{video_id}/grants/{'a' * 26}/revoke", None),
        ("GET", f"{url}/grants", None),
        ("DELETE", f"{url}/grants/{'a' * 26}", None),
    ):
        await assert_problem(await eve.call(method, path, json=content), 403, "forbidden")


async def test_the_page_lists_everybodys_videos_and_one_owners(services: Services) -> None:
    root = services.person("root", role="admin")
    titles = [("alice", "One", "private"), ("bob", "Two", "public"), ("alice", "Three", "members")]
    for name, title, visibility in titles:
        await services.person(name).upload(FILM, title=title, visibility=visibility)
    page = f"{root.upload_url}/videos/moderation"

    async def shown(query: str) -> list[str]:
        found = await (await root.call("GET", f"{page}{query}")).text()
        return sorted((title for _, title, _ in titles if f">{title}<" in found), key=found.index)

    assert await shown("") == ["Three", "Two", "One"]
    assert await shown(f"?owner={services.auth.account_id('alice')}") == ["Three", "One"]
    first = await (await root.call("GET", f"{page}?limit=2")).text()
    cursor = first.split("cursor=")[1].split('"')[0].split("&")[0]
    assert await shown(f"?limit=2&cursor={cursor}") == ["One"]
    assert (await root.call("GET", f"{page}?owner=nobody")).status == 422


async def test_the_export_has_every_video_whatever_its_state(services: Services) -> None:
    alice = services.person("alice")
    ready, trashed = [await alice.upload(FILM, title=title) for title in ("Ready", "Trashed")]
    begun = await alice.begin(5, title="Begun")
    await services.person("bob").upload(FILM, title="Somebody else's", visibility="public")
    assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{trashed['id']}/trash")).status == 204
    answer = await alice.call("GET", f"{alice.upload_url}/videos/export")
    assert (answer.status, answer.content_type) == (200, "application/json")
    found = {video["id"]: (video["title"], video["state"]) for video in (await answer.json())["videos"]}
    assert found == {
        ready["id"]: ("Ready", "ready"),
        trashed["id"]: ("Trashed", "trashed"),
        begun["id"]: ("Begun", "uploading"),
    }
