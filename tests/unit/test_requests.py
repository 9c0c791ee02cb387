"""Reading requests: whatever is sent, the answer is what was asked for or a problem that says what to mend."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pytest_aiohttp.plugin import AiohttpClient

from common.errors import Refusal
from common.settings import ServiceSettings
from common.web.app import new_app
from common.web.requests import (
    MAX_CONTENT_SIZE,
    MAX_DEPTH,
    Input,
    Query,
    parse_json,
    read_form,
    read_form_fields,
    read_json,
    read_query,
)
from common.web.responses import json_response
from common.web.routes import Route
from tests.addresses import Addresses
from tests.problems import assert_problem

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Thing(Input):
    name: Annotated[str, Field(min_length=1, max_length=10)]
    count: Annotated[int, Field(ge=0, le=100)] | None = None
    parts: list[int] = Field(default_factory=list)


class FormThing(BaseModel):
    name: Annotated[str, Field(min_length=1)]


class AskThings(Query):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    q: str = ""


class Seen(BaseModel):
    fields: dict[str, object]


async def take_json(request: web.Request) -> web.Response:
    return json_response(Seen(fields=(await read_json(request, Thing)).model_dump()))


async def take_form(request: web.Request) -> web.Response:
    return json_response(Seen(fields=(await read_form(request, FormThing)).model_dump()))


async def take_any_form(request: web.Request) -> web.Response:
    return json_response(Seen(fields=dict(await read_form_fields(request))))


async def take_query(request: web.Request) -> web.Response:
    return json_response(Seen(fields=read_query(request, AskThings).model_dump()))


ROUTES = [
    Route("POST", "/v1/json", take_json, {200: Seen}),
    Route("POST", "/v1/form", take_form, {200: Seen}),
    Route("POST", "/v1/any-form", take_any_form, {200: Seen}),
    Route("GET", "/v1/query", take_query, {200: Seen}),
]

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    told = {**Addresses.choose().common_settings(), "port": 1, "database_url": "sqlite+aiosqlite:////nowhere/vss.db"}
    return await aiohttp_client(new_app("test", ServiceSettings.model_validate(told), ROUTES))


async def send(client: Client, content: bytes | str, **headers: str) -> ClientResponse:
    return await client.post("/v1/json", data=content, headers={**JSON, **headers})


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    """Sent without a Content-Length."""
    for start in range(0, len(content), 8192):
        yield content[start : start + 8192]


async def test_an_object_of_the_model_is_read(client: Client) -> None:
    for content_type in ("application/json", "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"'):
        answer = await send(client, '{"name": "Zoë", "count": 5}', **{"Content-Type": content_type})
        assert (answer.status, await answer.json()) == (200, {"fields": {"name": "Zoë", "count": 5, "parts": []}})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"{",
        b'{"name": "a"',
        b'{"name": "a"} {}',
        b'{"name": "a"}\0',
        b'{"name": "a\nb"}',
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "a"}'.encode("utf-16"),
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\xc0\xaf"}',
        b"[]",
        b"5",
        b"null",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"name": "a", "name": "a"}',
        b'{"name": "a", "parts": [{"b": 1, "b": 2}]}',
        b'{"name": "a", "count": NaN}',
        b'{"name": "a", "count": -Infinity}',
        b'{"name": "a", "count": ' + b"9" * 5_000 + b"}",
    ],
)
async def test_what_is_not_one_json_object_is_malformed(client: Client, content: bytes) -> None:
    problem = await assert_problem(await send(client, content), 400, "malformed")
    # Words for the person who wrote the request, not for one who knows our Python.
    assert "sys." not in problem["detail"]
    assert len(problem["detail"]) < 200


async def test_two_hundred_thousand_levels_are_too_much_in_every_way(client: Client) -> None:
    deep = "[" * 200_000
    await assert_problem(await send(client, deep), 413, "too-large")
    with pytest.raises(Refusal) as refused:
        parse_json(deep.encode(), Thing)
    assert refused.value.code == "malformed"


@pytest.mark.parametrize("around", [("[", "]"), ('{"a":', "}")])
async def test_depth_is_bounded(client: Client, around: tuple[str, str]) -> None:
    def nested(levels: int) -> str:
        return f'{{"name": "a", "unknown": {around[0] * levels}1{around[1] * levels}}}'

    # As deep as is read: what is wrong is that nobody asked for it.
    await assert_problem(await send(client, nested(MAX_DEPTH - 2)), 422, "invalid")
    await assert_problem(await send(client, nested(MAX_DEPTH)), 400, "malformed")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/json; charset=utf-16",
        "application/json; charset=utf-7",
        "application/json; charset=no-such-charset",
        "application/json, text/plain",
        "",
    ],
)
async def test_another_content_type_is_not_read(client: Client, content_type: str) -> None:
    answer = await send(client, '{"name": "a"}', **{"Content-Type": content_type})
    await assert_problem(answer, 415, "unsupported-media-type")


def filled(size: int) -> bytes:
    """A well-formed object of that many bytes."""
    return b'{"name": "' + b"a" * (size - 12) + b'"}'


@pytest.mark.parametrize("path", ["/v1/json", "/v1/form", "/v1/any-form"])
async def test_content_is_bounded_whether_it_says_its_length_or_not(client: Client, path: str) -> None:
    headers = JSON if path == "/v1/json" else FORM
    for size in (MAX_CONTENT_SIZE + 1, MAX_CONTENT_SIZE * 4):
        for content in (filled(size), in_pieces(filled(size))):
            answer = await client.post(path, data=content, headers=headers)
            await assert_problem(answer, 413, "too-large")


async def test_content_of_just_the_bound_is_read(client: Client) -> None:
    for content in (filled(MAX_CONTENT_SIZE), in_pieces(filled(MAX_CONTENT_SIZE))):
        answer = await client.post("/v1/json", data=content, headers=JSON)
        assert (await assert_problem(answer, 422, "invalid"))["errors"][0]["pointer"] == "#/name"


ZIPPED = gzip.compress(b'{"name": "a"}')


@pytest.mark.parametrize(
    ("encoding", "content", "status"),
    [
        ("gzip", b"never compressed", 400),
        ("gzip", ZIPPED[:-12], 400),
        ("gzip", ZIPPED[:10] + b"\xff" * 20, 400),
        ("deflate", b"\xff\xff\xff", 400),
        ("gzip", gzip.compress(filled(50_000_000)), 413),
        ("deflate", zlib.compress(filled(50_000_000)), 413),
    ],
    ids=["nothing", "short", "broken", "deflate", "bomb", "deflated bomb"],
)
async def test_broken_compression_is_malformed_and_a_bomb_is_too_large(
    client: Client, encoding: str, content: bytes, status: int
) -> None:
    answer = await send(client, content, **{"Content-Encoding": encoding})
    await assert_problem(answer, status, "malformed" if status == 400 else "too-large")


@pytest.mark.parametrize(
    "content",
    [
        '{"name": "\\ud800"}',
        '{"name": "\\udc00\\ud800"}',
        '{"\\ud800": 1, "name": "a"}',
        '{"name": "a", "\\udfff": {"\\ud800": 1}}',
        '{"name": "a", "count": 1e999}',
        '{"name": "a", "count": -1e999}',
    ],
)
async def test_what_json_can_say_and_text_and_numbers_cannot_is_invalid(client: Client, content: str) -> None:
    await assert_problem(await send(client, content), 422, "invalid")


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ({}, ["#/name"]),
        ({"name": ""}, ["#/name"]),
        ({"name": 5, "count": "5"}, ["#/name", "#/count"]),
        ({"name": "a" * 11, "count": 101}, ["#/name", "#/count"]),
        ({"name": "a", "count": 5.0}, ["#/count"]),
        ({"name": "a", "count": True}, ["#/count"]),
        ({"name": "a", "count": 10**300}, ["#/count"]),
        ({"name": "a", "parts": [1, "2", 3, None]}, ["#/parts/1", "#/parts/3"]),
        ({"name": "a", "parts": {}}, ["#/parts"]),
        ({"name": "a", "unknown": 1}, ["#/unknown"]),
        ({"name": "a", "a/b~c": 1}, ["#/a~1b~0c"]),
        ({"Name": "a"}, ["#/name", "#/Name"]),
    ],
)
async def test_every_fault_is_named_by_its_pointer(client: Client, content: object, pointers: list[str]) -> None:
    problem = await assert_problem(await send(client, json.dumps(content)), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert all(pointer.removeprefix("#/") in problem["detail"] for pointer in pointers)


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.text(alphabet='{}[]",:0123456789.-+eEnulltrefasNI\\u d').map(str.encode)
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parse_json(raw, Thing)
    except Refusal as refusal:
        assert refusal.status in (400, 422)  # noqa: PT017 - whether it is refused or not is up to the input
        # What is answered can be sent.
        json.dumps(refusal.to_problem(), ensure_ascii=False).encode()


async def test_a_form_is_read(client: Client) -> None:
    answer = await client.post("/v1/form", data=b"name=Zo%C3%AB+A", headers=FORM)
    assert await answer.json() == {"fields": {"name": "Zoë A"}}


@pytest.mark.parametrize("path", ["/v1/form", "/v1/any-form"])
@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"name=\xff", "utf-8"),
        (b"name=+2AA-", "utf-7"),
        (rb"name=\ud800", "unicode-escape"),
        (b"name=a", "no-such-charset"),
        (b"name=a", "hex"),
        (b"name=a&name=b", "utf-8"),
    ],
)
async def test_a_form_that_is_no_text_is_malformed(client: Client, path: str, content: bytes, charset: str) -> None:
    headers = {"Content-Type": f"{FORM['Content-Type']}; charset={charset}"}
    await assert_problem(await client.post(path, data=content, headers=headers), 400, "malformed")


async def test_what_is_no_form_is_not_read_as_one(client: Client) -> None:
    await assert_problem(await client.post("/v1/form", json={"name": "a"}), 415, "unsupported-media-type")
    await assert_problem(await client.post("/v1/form", data=b"x=1", headers=FORM), 422, "invalid")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na",
        b"--x\r\nno header\r\n\r\na\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Encoding: odd\r\n\r\na\r\n--x--\r\n',
    ],
)
@pytest.mark.parametrize("boundary", ["", "; boundary=x", "; boundary=" + "x" * 100])
async def test_a_broken_multipart_form_is_no_failure_of_ours(client: Client, content: bytes, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    answer = await client.post("/v1/any-form", data=content, headers=headers)
    await assert_problem(answer, 400, "malformed")


async def test_a_query_is_read_and_what_is_unknown_passed_over(client: Client) -> None:
    answer = await client.get("/v1/query?limit=7&q=%E2%98%83&utm=x")
    assert await answer.json() == {"fields": {"limit": 7, "q": "☃"}}


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 5_000, "%FF", "%00"])
async def test_a_query_outside_its_model_is_invalid(client: Client, limit: str) -> None:
    problem = await assert_problem(await client.get(f"/v1/query?limit={limit}"), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/limit"]


async def test_a_name_twice_in_a_query_is_malformed(client: Client) -> None:
    await assert_problem(await client.get("/v1/query?limit=1&limit=1"), 400, "malformed")


@pytest.mark.parametrize("q", ["%FF", "%ED%A0%80", "%00", "%", "%zz", "\u2603", "+" * 3_000])
async def test_any_text_in_a_query_is_no_failure_of_ours(client: Client, q: str) -> None:
    assert (await client.get(f"/v1/query?q={q}")).status == 200
