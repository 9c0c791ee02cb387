"""A deleted account: its videos are handed over or deleted, everywhere, whatever dies in between. On both databases."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from auth_svc.accounts.store import Role
from fs_svc.app_keys import RECONCILING
from fs_svc.app_keys import UPLOADS as FS_UPLOADS
from tests.api_client import Person
from tests.browser import Browser
from tests.html_pages import page_of
from tests.http.conftest import Services
from tests.http.test_moderation import audited
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.app_keys import ACCOUNT_DELETIONS, SETTLING

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"


@dataclass(frozen=True, slots=True)
class Town:
    """An administrator, and accounts that they make and delete."""

    services: Services
    admin: Person

    async def move_in(self, name: str) -> tuple[str, Person]:
        return await self.services.move_in(name)

    async def delete(self, account_id: str, query: str = "") -> None:
        answer = await self.admin.call("DELETE", f"{self.services.auth.url}/v1/accounts/{account_id}{query}")
        assert answer.status == 204, await answer.text()

    async def settle(self) -> None:
        await self.services.upload[ACCOUNT_DELETIONS].settle()


@pytest.fixture
async def town(services: Services) -> Town:
    return Town(services, await services.log_in("admin", "admin"))


async def _usage(services: Services, account_id: str) -> tuple[int, int]:
    """Reserved and stored bytes, as fs_svc counts them."""
    return await services.fs.app[FS_UPLOADS]._store.get_usage(account_id)  # noqa: SLF001 - no call of its own


async def test_what_is_handed_over_is_the_heirs_as_it_was(town: Town, services_url: str) -> None:
    services = town.services
    carol_id, carol = await town.move_in("carol")
    heir_id, heir = await town.move_in("heir")
    film = await carol.upload(FILM, title="Public", visibility="public")
    trashed = await carol.upload(FILM, title="Thrown away")
    assert (await carol.call("POST", f"{carol.upload_url}/v1/uploads/{trashed['id']}/trash")).status == 204
    begun = await carol.begin(5, title="Begun")
    await town.delete(carol_id, f"?videos=hand-over&heir={heir_id}")
    await town.settle()
    for video, state in ((film, "ready"), (trashed, "trashed"), (begun, "uploading")):
        found = await (await heir.call("GET", f"{heir.upload_url}/v1/uploads/{video['id']}")).json()
        assert (found["state"], found["title"]) == (state, video["title"])
    assert (await _usage(services, heir_id), await _usage(services, carol_id)) == ((5, 2 * len(FILM)), (0, 0))
    shown = await (await heir.call("GET", f"{heir.stream_url}/v1/videos/{film['id']}")).json()
    assert shown["owner"]["id"] == heir_id
    # The heir can do all that an owner can: finish, restore, delete.
    assert await heir.send_part(begun["id"], 1, b"12345") == 200
    assert (await heir.complete(begun["id"])).status == 200
    assert (await heir.call("POST", f"{heir.upload_url}/v1/uploads/{trashed['id']}/restore")).status == 204
    assert (await heir.call("DELETE", f"{heir.upload_url}/v1/uploads/{film['id']}")).status == 204

    async def is_given_back() -> bool:
        await services.upload[SETTLING].settle()
        return await _usage(services, heir_id) == (0, len(FILM) + 5)

    await eventually(is_given_back, what="the quota is given back to the heir")
    # Whoever is gone can do nothing with a token that still lives.
    assert (await carol.call("GET", f"{carol.upload_url}/v1/uploads/{trashed['id']}")).status == 404
    handed = [entry for entry in await audited(services_url) if entry[0] == "video-handed-over"]
    assert sorted(entry[3]["title"] for entry in handed) == ["Begun", "Public", "Thrown away"]
    assert {(entry[1], entry[2], entry[3]["owner_id"]) for entry in handed} == {(None, carol_id, heir_id)}


async def test_without_a_word_the_videos_go_to_who_deletes_the_account(town: Town) -> None:
    carol_id, carol = await town.move_in("carol")
    film = await carol.upload(FILM)
    await town.delete(carol_id)
    await town.settle()
    assert await _usage(town.services, carol_id) == (0, 0)
    url = f"{carol.upload_url}/v1/uploads/{film['id']}"
    answer = await town.admin.call("GET", url)
    assert (answer.status, (await answer.json())["title"]) == (200, film["title"])
    await town.admin.call("DELETE", url)


async def test_what_is_deleted_is_gone_with_its_bytes(town: Town) -> None:
    services = town.services
    carol_id, carol = await town.move_in("carol")
    film, begun = await carol.upload(FILM, visibility="public"), await carol.begin(5)
    source = await carol.call("GET", f"{carol.stream_url}/v1/videos/{film['id']}/source")
    await town.delete(carol_id, "?videos=delete")
    await town.settle()
    for video in (film, begun):
        assert (await carol.call("GET", f"{carol.upload_url}/v1/uploads/{video['id']}")).status == 404

    async def is_gone() -> bool:
        await services.upload[SETTLING].settle()
        async with services.session.get(source.headers["Location"]) as answer:
            return answer.status == 404 and await _usage(services, carol_id) == (0, 0)

    await eventually(is_gone, what="the bytes are gone")


async def test_what_comes_after_with_a_living_token_is_settled_too(town: Town) -> None:
    """auth_svc forgets an account only when ten minutes after its end nothing is left: so long a token may act."""
    carol_id, carol = await town.move_in("carol")
    await town.delete(carol_id, "?videos=delete")
    await town.settle()
    late = await carol.upload(FILM)
    await town.settle()
    assert (await carol.call("GET", f"{carol.upload_url}/v1/uploads/{late['id']}")).status == 404


async def test_a_hand_over_that_was_cut_goes_on(town: Town) -> None:
    services = town.services
    carol_id, carol = await town.move_in("carol")
    heir_id, heir = await town.move_in("heir")
    film = await carol.upload(FILM)
    await town.delete(carol_id, f"?heir={heir_id}")
    # fs_svc has done it, and upload_svc died before it could.
    uploads = services.fs.app[FS_UPLOADS]
    assert await uploads.hand_over([film["id"]], old_owner_id=carol_id, owner_id=heir_id) == []
    await town.settle()
    await town.settle()
    assert (await heir.call("GET", f"{heir.upload_url}/v1/uploads/{film['id']}")).status == 200
    assert (await _usage(services, heir_id), await _usage(services, carol_id)) == ((0, len(FILM)), (0, 0))


async def test_what_was_for_somebody_who_leaves_too_goes_on_to_their_heir(town: Town) -> None:
    (first_id, first), (second_id, _), (last_id, last) = [await town.move_in(name) for name in ("a", "b", "c")]
    film = await first.upload(FILM)
    await town.delete(first_id, f"?heir={second_id}")
    await town.delete(second_id, f"?heir={last_id}")
    await town.settle()
    assert (await last.call("GET", f"{last.upload_url}/v1/uploads/{film['id']}")).status == 200


async def test_a_hidden_video_stays_hidden_under_its_new_owner(town: Town) -> None:
    carol_id, carol = await town.move_in("carol")
    heir_id, heir = await town.move_in("heir")
    film = await carol.upload(FILM, visibility="public")
    await town.services.auth.set_account("root", role=Role.ADMIN)
    root = town.services.person("root", role="admin")
    moderation = f"{root.upload_url}/v1/uploads/{film['id']}/moderation"
    assert (await root.call("PUT", moderation, json={"hidden": True})).status == 204
    await town.delete(carol_id, f"?heir={heir_id}")
    await town.settle()
    found = await (await heir.call("GET", f"{heir.upload_url}/v1/uploads/{film['id']}")).json()
    assert (found["visibility"], found["hidden"]) == ("public", True)
    await assert_problem(await root.call("GET", f"{root.stream_url}/v1/videos/{film['id']}"), 404, "not-found")


async def test_administrators_see_what_each_account_holds_and_the_page_does_without(
    town: Town, browser: Browser
) -> None:
    services = town.services
    carol_id, carol = await town.move_in("carol")
    await carol.upload(b"x" * 2_500_000)
    await carol.begin(7_000_000)
    auth_url = services.auth.url
    await browser.log_in(auth_url)
    page = await page_of(await browser.open(f"{auth_url}/admin/accounts/{carol_id}"))
    assert "2.5 MB used, including the trash, and 7.0 MB reserved for uploads in progress." in page.text
    assert "9.5 MB" in (await page_of(await browser.open(f"{auth_url}/admin"))).text
    lost = await carol.upload(FILM)
    key = await services.fs.app[RECONCILING]._store.get(lost["id"])  # noqa: SLF001 - nobody else says where bytes are
    assert key is not None
    await services.fs.app[RECONCILING]._bucket.delete(key.object_key)  # noqa: SLF001
    await services.fs.app[RECONCILING].run(is_dry_run=False)
    page = await page_of(await browser.open(f"{auth_url}/admin"))
    assert "Missing: the files of these videos are gone." in page.text
    assert f"{services.addresses.upload_url}/videos/moderation?video={lost['id']}" in page.links
    await services.fs.stop()
    assert "Storage status is unavailable" in (await page_of(await browser.open(f"{auth_url}/admin"))).text
    page = await page_of(await browser.open(f"{auth_url}/admin/accounts/{carol_id}"))
    assert "Storage use is unavailable: the storage isn’t responding." in page.text
    assert "unavailable" in (await page_of(await browser.open(f"{auth_url}/admin"))).text
    await services.fs.start()
