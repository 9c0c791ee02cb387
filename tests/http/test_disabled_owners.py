"""While an account is disabled nobody sees its videos; when it is not, everything is as it was."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from stream_svc.app_keys import DISABLED_OWNERS
from tests.api_client import Person
from tests.auth_app import bearer
from tests.http.conftest import Services
from tests.problems import assert_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """An administrator, carol, who has uploaded, and what the services are reached by."""

    services: Services
    admin: Person
    carol_id: str
    video_id: str

    async def disable(self, *, disabled: bool) -> None:
        """What an administrator does, and stream_svc learns within 15 s."""
        url = f"{self.services.auth.url}/v1/accounts/{self.carol_id}"
        answer = await self.admin.call("PATCH", url, json={"disabled": disabled})
        assert answer.status == 200, await answer.text()
        await self.services.stream[DISABLED_OWNERS].refresh()

    async def statuses(self, person: Person) -> list[int]:
        """What this person is answered wherever the video is."""
        url = f"{person.stream_url}/v1/videos/{self.video_id}"
        paths = (url, f"{url}/playback", f"{url}/source", f"{person.stream_url}/watch/{self.video_id}")
        return [(await person.call("GET", path)).status for path in paths]

    async def listed(self, query: str = "") -> list[str]:
        person = self.services.person("bob")
        answer = await person.call("GET", f"{person.stream_url}/v1/videos{query}")
        return [item["id"] for item in (await answer.json())["items"]]


@pytest.fixture
async def town(services: Services) -> Town:
    carol_id, carol = await services.move_in("carol")
    video = await carol.upload(b"a film", title="Seen by all", visibility="public")
    admin = await services.log_in("admin", "admin")
    return Town(services=services, admin=admin, carol_id=carol_id, video_id=video["id"])


async def test_nobody_sees_what_a_disabled_account_has_uploaded_until_it_is_enabled_again(town: Town) -> None:
    services = town.services
    # To be continued: a video that somebody has begun.
    bob = services.person("bob")
    place = {"seconds": 20, "duration": 60}
    answer = await bob.call("PUT", f"{bob.stream_url}/v1/videos/{town.video_id}/position", json=place)
    assert answer.status == 204
    people = {"bob": 404, "admin": 404, None: 401}
    assert {name: await town.statuses(services.person(name)) for name in people} == {
        name: [200, 200, 307, 200] for name in people
    }
    assert await town.listed() == [town.video_id]

    await town.disable(disabled=True)
    for name in ("bob", "admin"):
        assert await town.statuses(services.person(name)) == [404, 404, 404, 404], name
    # As with any other that is not there.
    assert {status for status in await town.statuses(services.person(None)) if status != 303} == {401}
    for query in ("", "?q=seen", f"?owner={town.carol_id}", "?sort=title"):
        assert await town.listed(query) == [], query
    library = await (await bob.call("GET", f"{bob.stream_url}/", headers={"Accept": "text/html"})).text()
    assert town.video_id not in library

    await town.disable(disabled=False)
    assert await town.statuses(services.person("bob")) == [200, 200, 307, 200]
    assert await town.listed() == [town.video_id]


async def test_who_is_disabled_is_told_to_stream_svc_alone(services: Services) -> None:
    url = f"{services.auth.url}/internal/accounts/disabled"
    tokens = (services.auth.service_token("upload"), services.auth.token("alice"), None)
    for token, status in zip(tokens, (403, 401, 401), strict=True):
        headers = {} if token is None else bearer(token)
        async with services.session.get(url, headers=headers) as answer:
            assert answer.status == status
            await assert_problem(answer, status, "forbidden" if status == 403 else "unauthenticated")
