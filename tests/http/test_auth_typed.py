"""Names and passwords are what somebody means, however their keyboard sends them; on both kinds of database."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from argon2 import PasswordHasher

from auth_svc.app_keys import ACCOUNTS
from tests.auth_app import CHEAP, PASSWORD, AuthApp, bearer
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("root")

NFC, NFD = (unicodedata.normalize(form, "Zufällig gewählt é") for form in ("NFC", "NFD"))


async def as_root(app: AuthApp, content: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    headers |= bearer(await app.person_token("root"))
    answer = await app.send("POST", "/v1/accounts", headers=headers, json=content)
    return answer.status, await answer.json()


async def ways_in(app: AuthApp, username: str, password: str) -> list[int]:
    """The form, the token endpoint as a form and as JSON."""
    login = {"username": username, "password": password}
    grant = {"grant_type": "password", **login}
    return [
        (await app.send("POST", "/login", data=login)).status,
        (await app.send("POST", "/v1/token", data=grant)).status,
        (await app.send("POST", "/v1/token", json=grant)).status,
    ]


@pytest.mark.any_database
@pytest.mark.parametrize(("made", "typed"), [(NFC, NFD), (NFD, NFC), ("non breaking space", "non\u00a0breaking space")])
async def test_a_password_is_the_same_in_every_normal_form(app: AuthApp, made: str, typed: str) -> None:
    status, _ = await as_root(app, {"username": "alice", "password": made})
    assert status == 201
    assert await ways_in(app, "alice", typed) == [303, 200, 200]
    # And where it is shown again, or another is chosen.
    headers = bearer(await app.person_token("alice", made))
    content = {"current_password": typed, "new_password": typed + " 2"}
    assert (await app.send("POST", "/v1/me/password", headers=headers, json=content)).status == 204
    assert await ways_in(app, "alice", made + " 2") == [303, 200, 200]
    await assert_problem(await app.ask("alice", made), 401, "unauthenticated")


@pytest.mark.any_database
@pytest.mark.parametrize("hashed", [NFC, NFD])
async def test_a_hash_of_what_was_typed_once_is_good_and_made_anew(app: AuthApp, hashed: str) -> None:
    await app.add_account("alice")
    stored = CHEAP.hash(hashed)
    set_hash = "UPDATE accounts SET password_hash = :stored WHERE username = 'alice'"
    await app.execute(set_hash, stored=stored)
    for typed in (NFC, NFD):
        assert await ways_in(app, "alice", typed) == [303, 200, 200]
    (row,) = await app.execute("SELECT password_hash FROM accounts WHERE username = 'alice'")
    assert PasswordHasher().verify(row.password_hash, NFC)


@pytest.mark.any_database
async def test_the_same_password_in_another_form_is_the_same_request(app: AuthApp) -> None:
    answers = [
        await as_root(app, {"username": name, "password": password}, **{"Idempotency-Key": "once"})
        for name, password in (("ärger", NFC), (unicodedata.normalize("NFD", "Ärger\n"), NFD))
    ]
    assert [status for status, _ in answers] == [201, 201]
    assert answers[0][1]["id"] == answers[1][1]["id"]


@pytest.mark.parametrize(
    "typed", ["Jürgen", unicodedata.normalize("NFD", "JÜRGEN"), "jürgen\r\n", "\ufeffjür\u200bgen"]
)
async def test_a_name_is_the_same_however_it_is_sent(app: AuthApp, typed: str) -> None:
    await app.add_account("jürgen")
    assert await ways_in(app, typed, PASSWORD) == [303, 200, 200]


@pytest.mark.parametrize(
    ("username", "detail"),
    [
        ("\uff52\uff4f\uff4f\uff54", "is already taken"),
        ("ro\u200bot", "is already taken"),
        ("Root\n", "is already taken"),
        ("r\u043e\u043et", "must not mix letters from different alphabets"),
        ("\u0433\u043e\u043e\u0442", "looks too much like another username"),
    ],
)
async def test_a_name_that_looks_like_anothers_is_refused(app: AuthApp, username: str, detail: str) -> None:
    status, problem = await as_root(app, {"username": username, "password": PASSWORD})
    assert (status, problem["errors"]) == (422, [{"pointer": "#/username", "detail": detail}])


async def test_accounts_from_before_keep_their_names_whatever_they_look_like(app: AuthApp) -> None:
    old = "r\u043e\u043et"
    for number, name in enumerate((old, "stra\u00dfe", "\ufb01lm")):
        await app.execute(
            "INSERT INTO accounts (id, username, password_hash, role, is_disabled, created_at)"
            " SELECT :id, :name, password_hash, role, is_disabled, created_at FROM accounts WHERE username = 'root'",
            id=str(number) * 26,
            name=name,
        )
    for _ in range(2):
        await app.app[ACCOUNTS].fill_skeletons()
    for name in (old, "stra\u00dfe", "\ufb01lm", "root"):
        assert await ways_in(app, name, PASSWORD) == [303, 200, 200]
    rows = await app.execute("SELECT username FROM accounts WHERE username_skeleton IS NULL")
    assert [row.username for row in rows] == [old]
    # Nobody new looks like any of them.
    for name in ("strasse", "film"):
        status, problem = await as_root(app, {"username": name, "password": PASSWORD})
        assert (status, problem["errors"][0]["detail"]) == (422, "looks too much like another username")
