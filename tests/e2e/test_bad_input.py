"""Bad input, over HTTP to the real processes: what is refused, how, and that nothing is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from auth_svc.accounts.passwords import Passwords
from auth_svc.accounts.store import Account, AccountStore, Role
from common.clock import utc_now
from common.db import open_database
from common.ids import new_id
from tests.api_client import PART_SIZE, Person
from tests.databases import sqlite_url
from tests.problems import assert_problem
from tests.product import Product

# Every call that needs somebody, with an id where it takes one.
UPLOAD_CALLS = [
    ("GET", "/v1/uploads"),
    ("POST", "/v1/uploads"),
    ("GET", "/v1/uploads/{id}"),
    ("PATCH", "/v1/uploads/{id}"),
    ("DELETE", "/v1/uploads/{id}"),
    ("POST", "/v1/uploads/{id}/part-urls"),
    ("POST", "/v1/uploads/{id}/complete"),
    ("POST", "/v1/uploads/{id}/trash"),
    ("POST", "/v1/uploads/{id}/restore"),
]
STREAM_CALLS = [
    ("GET", "/v1/videos"),
    ("GET", "/v1/videos/{id}"),
    ("GET", "/v1/videos/{id}/playback"),
    ("GET", "/v1/videos/{id}/source"),
    ("PUT", "/v1/videos/{id}/position"),
]
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/v1/uploads/{id}"): {"title": "Another"},
    ("POST", "/v1/uploads/{id}/part-urls"): {"part_numbers": [1]},
    ("PUT", "/v1/videos/{id}/position"): {"seconds": 12.5},
}


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def admin(session: aiohttp.ClientSession, product: Product) -> Person:
    return await _logged_in(session, product, "admin", "admin")


@pytest_asyncio.fixture
async def somebody_else(session: aiohttp.ClientSession, product: Product) -> Person:
    username, password = f"guest-{new_id()[:8]}", "correct horse battery"
    async with open_database(sqlite_url(product.data / "vss.db")) as database:
        with closing(Passwords()) as passwords:
            account = Account(
                id=new_id(),
                username=username,
                password_hash=await passwords.hash(password),
                role=Role.MEMBER,
                is_disabled=False,
                quota_bytes=None,
                created_at=utc_now(),
            )
        assert await AccountStore(database).add_account(account)
    return await _logged_in(session, product, username, password)


async def _logged_in(session: aiohttp.ClientSession, product: Product, username: str, password: str) -> Person:
    form = {"grant_type": "password", "username": username, "password": password}
    async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
        assert answer.status == 200
        return _person(session, product, (await answer.json())["access_token"])


def _person(session: aiohttp.ClientSession, product: Product, token: str | None) -> Person:
    return Person(session, token, upload_url=product.url("upload"), stream_url=product.url("stream"))


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c"])
@pytest.mark.parametrize(("method", "path"), [*UPLOAD_CALLS, *STREAM_CALLS])
async def test_nothing_is_told_without_a_valid_token(
    session: aiohttp.ClientSession, product: Product, method: str, path: str, token: str | None
) -> None:
    service = "upload" if (method, path) in UPLOAD_CALLS else "stream"
    url = product.url(service) + path.format(id=new_id())
    answer = await _person(session, product, token).call(method, url, json=BODIES.get((method, path)))
    await assert_problem(answer, 401, "unauthenticated")


async def test_a_wrong_password_is_refused_as_oauth_says(session: aiohttp.ClientSession, product: Product) -> None:
    form = {"grant_type": "password", "username": "admin", "password": "wrong"}
    async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
        assert answer.status == 401
        assert (await answer.json(content_type=None))["error"] == "invalid_grant"


async def test_another_persons_upload_is_not_there(admin: Person, somebody_else: Person) -> None:
    upload = await admin.begin(1000)
    for method, path in UPLOAD_CALLS:
        if "{id}" in path:
            url = admin.upload_url + path.format(id=upload["id"])
            answer = await somebody_else.call(method, url, json=BODIES.get((method, path)))
            await assert_problem(answer, 404, "not-found")
    answer = await admin.call("GET", f"{admin.upload_url}/v1/uploads/{upload['id']}")
    assert (await answer.json())["title"] == upload["title"]


async def test_another_persons_private_video_is_not_there(admin: Person, somebody_else: Person) -> None:
    video = await admin.upload(b"not a film, but bytes of one's own")
    for method, path in STREAM_CALLS[1:]:
        url = admin.stream_url + path.format(id=video["id"])
        content = BODIES.get((method, path))
        await assert_problem(await somebody_else.call(method, url, json=content), 404, "not-found")
        assert (await admin.call(method, url, json=content)).status in (200, 204, 307)
    answer = await somebody_else.call("GET", f"{admin.stream_url}/v1/videos")
    assert video["id"] not in [item["id"] for item in (await answer.json())["items"]]


@pytest.mark.parametrize("size", [0, -1, 2**63, 10_000 * 5 * 2**30 + 1, "5", 1.5, True, None])
async def test_a_size_that_no_plan_holds_is_refused(admin: Person, size: object) -> None:
    content = {"title": "A film", "filename": "film.mp4", "size": size, "content_type": "video/mp4"}
    answer = await admin.call("POST", f"{admin.upload_url}/v1/uploads", json=content)
    problem = await assert_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/size"]


@pytest.mark.parametrize("numbers", [[], [0], [-1], [3], [1, 1], list(range(1, 102)), ["1"], [1.5], None])
async def test_part_numbers_outside_the_plan_are_refused(admin: Person, numbers: object) -> None:
    upload = await admin.begin(PART_SIZE + 1)
    assert upload["part_count"] == 2
    url = f"{admin.upload_url}/v1/uploads/{upload['id']}/part-urls"
    answer = await admin.call("POST", url, json={"part_numbers": numbers})
    await assert_problem(answer, 422, "invalid")


async def test_completing_with_a_part_missing_names_it_and_loses_nothing(admin: Person) -> None:
    upload = await admin.begin(PART_SIZE + 5)
    assert await admin.send_part(upload["id"], 1, bytes(PART_SIZE)) == 200
    problem = await assert_problem(await admin.complete(upload["id"]), 422, "parts-missing")
    assert problem["missing"] == [2]
    assert await admin.send_part(upload["id"], 2, b"end, ") == 200
    assert (await (await admin.complete(upload["id"])).json())["state"] == "ready"


@pytest.mark.parametrize("size", [0, 999, 1001])
async def test_s3_refuses_a_part_of_another_size(admin: Person, size: int) -> None:
    upload = await admin.begin(1000)
    assert await admin.send_part(upload["id"], 1, b"x" * size) == 403
    answer = await admin.call("GET", f"{admin.upload_url}/v1/uploads/{upload['id']}")
    assert (await answer.json())["received"] == []


async def test_completing_twice_and_twenty_times_at_once_gives_one_video(admin: Person) -> None:
    title = f"Once {new_id()}"
    upload = await admin.begin(1000, title=title)
    await admin.send(upload, b"x" * 1000)
    answers = await asyncio.gather(*(admin.complete(upload["id"]) for _ in range(20)))
    # 202: another of the twenty is at it.
    assert {answer.status for answer in answers} <= {200, 202}
    for _ in range(2):
        answer = await admin.complete(upload["id"])
        assert answer.status == 200
        assert (await answer.json())["state"] == "ready"
    answer = await admin.call("GET", f"{admin.upload_url}/v1/uploads?state=ready")
    assert [item["id"] for item in (await answer.json())["items"] if item["title"] == title] == [upload["id"]]
    answer = await admin.call("GET", f"{admin.stream_url}/v1/videos", params={"q": title})
    assert [item["id"] for item in (await answer.json())["items"]] == [upload["id"]]


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "malformed"),
        (b'{"title": "\xff"}', "application/json", 400, "malformed"),
        (b'{"size": NaN}', "application/json", 400, "malformed"),
        (b'{"size": 1, "size": 2}', "application/json", 400, "malformed"),
        (b'{"title": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "application/json", 400, "malformed"),
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b"{}", "application/json; charset=nonsense", 415, "unsupported-media-type"),
        (b"title=A+film", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b'{"title": "' + b"x" * 65_536 + b'"}', "application/json", 413, "too-large"),
        (b"{}", "application/json", 422, "invalid"),
    ],
)
async def test_a_body_that_is_not_the_json_asked_for_is_refused(
    admin: Person, content: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await admin.call(
        "POST", f"{admin.upload_url}/v1/uploads", data=content, headers={"Content-Type": content_type}
    )
    await assert_problem(answer, status, code)
