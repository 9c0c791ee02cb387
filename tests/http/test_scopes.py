"""What a token for less than all may do at upload_svc and stream_svc, with the real services."""

from __future__ import annotations

import pytest

from common.ids import new_id
from tests.http.conftest import Services
from tests.problems import assert_problem

# Method, path, and the scopes that are enough beside `all`.
UPLOAD_CALLS = [
    ("POST", "/v1/uploads", {"upload"}),
    ("POST", "/v1/uploads/{id}/part-urls", {"upload"}),
    ("POST", "/v1/uploads/{id}/complete", {"upload"}),
    ("GET", "/v1/uploads", {"read", "upload"}),
    ("GET", "/v1/uploads/{id}", {"read", "upload"}),
    ("PATCH", "/v1/uploads/{id}", set()),
    ("DELETE", "/v1/uploads/{id}", set()),
    ("POST", "/v1/uploads/{id}/media/retry", set()),
    ("GET", "/v1/webhooks", set()),
    ("POST", "/v1/webhooks", set()),
    ("GET", "/v1/webhooks/{id}/deliveries", set()),
    ("POST", "/v1/webhooks/{id}/deliveries/{id}/replay", set()),
    ("GET", "/videos/webhooks", set()),
    ("POST", "/videos/{id}", set()),
    ("POST", "/videos/{id}/delete", set()),
    ("GET", "/videos", {"read"}),
]
STREAM_CALLS = [
    ("GET", "/v1/videos", {"read"}),
    ("GET", "/v1/videos/{id}", {"read"}),
    ("GET", "/v1/videos/{id}/playback", {"read"}),
    ("GET", "/v1/videos/{id}/source", {"read"}),
    ("HEAD", "/v1/videos/{id}/source", {"read"}),
    ("GET", "/v1/videos/{id}/pictures/poster", {"read"}),
    ("GET", "/watch/{id}", {"read"}),
    ("PUT", "/v1/videos/{id}/position", set()),
]


@pytest.mark.parametrize("scope", ["read", "upload", "read upload", "all", "", "everything"])
async def test_a_token_is_good_for_its_scopes_and_nothing_else(services: Services, scope: str) -> None:
    for url, calls in ((services.addresses.upload_url, UPLOAD_CALLS), (services.addresses.stream_url, STREAM_CALLS)):
        person = services.person("alice", scope=scope)
        for method, path, enough in calls:
            answer = await person.call(method, url + path.format(id=new_id()))
            is_allowed = bool({*enough, "all"} & set(scope.split()))
            assert (answer.status != 403) == is_allowed, (method, path, scope, answer.status)
            if not is_allowed and method != "HEAD":
                await assert_problem(answer, 403, "forbidden")
                assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


async def test_a_whole_upload_needs_no_more_than_its_scope(services: Services) -> None:
    person = services.person("alice", scope="upload")
    content = b"a film" * 1000
    assert (await person.upload(content))["state"] == "ready"
