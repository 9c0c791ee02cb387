"""Forged tokens, and real secrets in each other's places, at every service over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from auth_svc.accounts.store import Role
from auth_svc.app_keys import SIGNING_KEYS
from common.ids import new_id
from tests.auth_app import CLIENT_SECRETS, AuthApp, basic, bearer
from tests.html_pages import PAGE
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.token_forge import decoded, forge, signing_key

pytestmark = [pytest.mark.any_database, pytest.mark.accounts("alice")]

Part = dict[str, Any]
Forgery = Callable[[Part, Part, RSAPrivateKey], str]


def _spoilt(*, header: Part | None = None, claims: Part | None = None) -> Forgery:
    """Really signed, with other members; None leaves one out."""

    def changed(part: Part, changes: Part) -> Part:
        left_out = {name for name, value in changes.items() if value is None}
        return {name: value for name, value in (part | changes).items() if name not in left_out}

    return lambda good_header, good_claims, key: forge(
        changed(good_header, header or {}), changed(good_claims, claims or {}), key=key
    )


def _with_another_key(header: Part, claims: Part, key: RSAPrivateKey) -> str:
    other = signing_key("another").private_key
    assert other != key
    return forge(header, claims, key=other)


def _unsigned(header: Part, claims: Part, key: RSAPrivateKey) -> str:
    return forge({**header, "alg": "none"}, claims, key=key).rpartition(".")[0] + "."


def _over_already(header: Part, claims: Part, key: RSAPrivateKey) -> str:
    before = {name: claims[name] - 311 for name in ("iat", "exp")}
    return _spoilt(claims=before)(header, claims, key)


# One of each kind: that every other one is refused is for `tests/unit/test_token_forgeries.py`.
FORGERIES: Mapping[str, Forgery] = {
    "unsigned": _unsigned,
    "signed with another key": _with_another_key,
    "another type": _spoilt(header={"typ": "JWT"}),
    "without a scope": _spoilt(claims={"scope": None}),
    "another issuer's": _spoilt(claims={"iss": "https://evil.example"}),
    "for everybody": _spoilt(claims={"aud": ["vss", "vss-internal"]}),
    "over already": _over_already,
}


def _read(token: str) -> tuple[Part, Part]:
    header, claims = (json.loads(decoded(segment)) for segment in token.split(".")[:2])
    return header, claims


async def test_no_forged_token_opens_auth_svc(app: AuthApp) -> None:
    header, claims = _read(await app.person_token("alice"))
    key = app.app[SIGNING_KEYS].current.private_key
    # Or the refusals would prove nothing.
    unspoilt = _spoilt()(header, claims, key)
    assert (await app.send("GET", "/v1/me", headers=bearer(unspoilt))).status == 200
    for name, forgery in FORGERIES.items():
        answer = await app.send("GET", "/v1/me", headers=bearer(forgery(header, claims, key)))
        assert answer.status == 401, name
        await assert_problem(answer, 401, "unauthenticated")
    service_header, service_claims = _read(await app.service_token())
    content = {"session": "x"}
    unspoilt = _spoilt()(service_header, service_claims, key)
    path = "/internal/sessions/exchange"
    assert (await app.send("POST", path, json=content, headers=bearer(unspoilt))).status == 200
    for name, forgery in FORGERIES.items():
        headers = bearer(forgery(service_header, service_claims, key))
        assert (await app.send("POST", path, json=content, headers=headers)).status == 401, name


async def test_no_forged_token_opens_the_other_services(services: Services) -> None:
    key = services.auth.signing_key.private_key
    person, service = services.auth.token("alice"), services.auth.service_token("upload")
    at = services.addresses

    async def status(url: str, **headers: str) -> int:
        async with services.session.get(url, headers=headers) as answer:
            return answer.status

    async def of_person(url: str, token: str) -> int:
        return await status(url, Authorization=f"Bearer {token}")

    async def of_service(service_token: str, subject_token: str) -> int:
        headers = {"Authorization": f"Bearer {service_token}", "Vss-Subject-Token": subject_token}
        # Known and allowed, and there is nothing.
        return await status(f"{at.fs_url}/v1/objects/{new_id()}", **headers)

    lists = (f"{at.upload_url}/v1/uploads", f"{at.stream_url}/v1/videos")
    unspoilt = [_spoilt()(*_read(token), key) for token in (person, service)]
    assert [await of_person(url, unspoilt[0]) for url in lists] == [200, 200]
    assert await of_service(unspoilt[1], unspoilt[0]) == 404
    for name, forgery in FORGERIES.items():
        forged, forged_service = (forgery(*_read(token), key) for token in (person, service))
        assert [await of_person(url, forged) for url in lists] == [401, 401], name
        assert await of_service(forged_service, person) == 401, name
        assert await of_service(service, forged) == 401, name
    # And a person's and a service's never stand in for one another.
    assert [await of_person(url, service) for url in lists] == [401, 401]
    assert [await of_service(person, person), await of_service(service, service)] == [401, 401]


async def test_no_secret_opens_what_another_kind_is_for(app: AuthApp) -> None:
    await app.add_account("root", role=Role.ADMIN)
    root = bearer(await app.person_token("root"))
    made = await app.send("POST", "/v1/accounts", json={"username": "bob", "role": "member"}, headers=root)
    granted = await app.grant("alice")
    own = bearer(granted["access_token"])
    key = await app.send("POST", "/v1/me/api-keys", json={"name": "x", "scopes": ["all"]}, headers=own)
    secrets = {
        "access token": granted["access_token"],
        "refresh token": granted["refresh_token"],
        "API key": (await key.json())["api_key"],
        "session": await app.log_in("alice"),
        "service token": await app.service_token(),
        "service secret": CLIENT_SECRETS["upload"],
        "link": (await made.json())["set_password_url"].partition("token=")[2],
    }

    async def opened_by(secret: str) -> set[str]:
        """What it opens; a refresh token comes last, since it is used up."""
        grant = {"grant_type": "api_key", "api_key": secret}
        answers = {
            "access token": await app.send("GET", "/v1/me", headers=bearer(secret)),
            "session": await app.send("GET", "/v1/me", cookie=secret),
            "API key": await app.send("POST", "/v1/token", data=grant),
            "service secret": await app.send(
                "POST", "/v1/token", data={"grant_type": "client_credentials"}, headers=basic("upload", secret)
            ),
            "service token": await app.send(
                "POST", "/internal/sessions/exchange", json={"session": "x"}, headers=bearer(secret)
            ),
            "link": await app.send("GET", "/account/set-password", params={"token": secret}, headers=PAGE),
            "refresh token": await app.refresh(secret),
        }
        assert {answer.status for answer in answers.values()} <= {200, 400, 401, 404}, answers
        return {place for place, answer in answers.items() if answer.status == 200}

    assert {kind: await opened_by(secret) for kind, secret in secrets.items()} == {kind: {kind} for kind in secrets}
