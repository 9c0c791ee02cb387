"""Requests that change something with a cookie are taken from our own pages only (CSRF), and no others may read."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse

from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

# What a browser says of where a request comes from; OWN stands for upload_svc's public origin, OTHER for stream_svc's.
REFUSED = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "SAME-ORIGIN, same-origin"},
    # Where both are said, this one decides.
    {"Sec-Fetch-Site": "cross-site", "Origin": "OWN"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "OTHER"},
    {"Sec-Fetch-Site": "none", "Origin": "OTHER"},
    # Another port of this machine may be anybody's.
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9"},
    {"Sec-Fetch-Site": "same-site", "Origin": "null"},
    {"Sec-Fetch-Site": "same-site", "Origin": "STORAGE"},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "OWN.evil.example"},
    {"Origin": "OTHER.evil.example"},
    # Another port, or a longer text, is another origin.
    {"Origin": "OWN/"},
    {"Origin": "http://localhost"},
    {},
]
ALLOWED = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "OWN"},
    {"Origin": "OTHER"},
    {"Sec-Fetch-Site": "same-site", "Origin": "OTHER"},
]
CREATE = {"title": "A film", "filename": "film.mp4", "size": 17, "content_type": "video/mp4"}


def _headers(services: Services, said: dict[str, str]) -> dict[str, str]:
    addresses = services.addresses
    places = {"OWN": addresses.upload_url, "OTHER": addresses.stream_url, "STORAGE": addresses.s3_url}
    return {
        name: next((value.replace(place, url) for place, url in places.items() if place in value), value)
        for name, value in said.items()
    }


async def _everything(
    browser: Browser, services: Services, upload_id: str, said: dict[str, str]
) -> list[ClientResponse]:
    """The answers of each call and each form that changes something."""
    url, sent_from = services.addresses.upload_url, _headers(services, said)
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/v1/uploads", CREATE),
        ("PATCH", f"/v1/uploads/{upload_id}", {"title": "Changed"}),
        ("POST", f"/v1/uploads/{upload_id}/part-urls", {"part_numbers": [1]}),
        ("POST", f"/v1/uploads/{upload_id}/complete", None),
        ("DELETE", f"/v1/uploads/{upload_id}", None),
    ]
    answers = [await browser.call(method, url + path, json=json, sent_from=sent_from) for method, path, json in calls]
    edit = {"title": "Changed", "description": "", "visibility": "public"}
    forms = [(f"/videos/{upload_id}", edit), (f"/videos/{upload_id}/delete", {}), ("/logout", {})]
    answers += [await browser.post_form(url + path, fields, sent_from=sent_from) for path, fields in forms]
    return answers


async def test_from_elsewhere_nothing_is_changed(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)
    upload = await browser.create(url)
    for said in REFUSED:
        for answer in await _everything(browser, services, upload["id"], said):
            if answer.content_type == "text/html":
                assert answer.status == 403, said
            else:
                await assert_problem(answer, 403, "cross-origin")
    listed = await browser.call("GET", f"{url}/v1/uploads", sent_from={"Sec-Fetch-Site": "cross-site"})
    assert (await listed.json())["items"] == [upload]


async def test_from_its_own_pages_everything_is_taken(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    for said in ALLOWED:
        await browser.log_in(url)
        upload = await browser.create(url)
        answers = await _everything(browser, services, upload["id"], said)
        # Nothing was sent, so completing names the part; and the forms come after the deletion.
        assert [answer.status for answer in answers] == [201, 200, 200, 422, 204, 404, 404, 303], said


async def test_a_token_is_no_cookie_and_needs_no_origin(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)
    for said in REFUSED:
        sent = {**_headers(services, said), "Authorization": f"Bearer {services.auth.token('alice')}"}
        answer = await browser.call("POST", f"{url}/v1/uploads", json=CREATE, sent_from=sent)
        assert answer.status == 201
        assert answer.headers.getall("Set-Cookie", []) == []
    # Whose they are the token says, not the cookie that came along.
    mine = await browser.call("GET", f"{url}/v1/uploads")
    assert (await mine.json())["items"] == []


def _allowances(answer: ClientResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


async def test_no_answer_may_be_read_from_a_page_that_is_not_ours(services: Services, browser: Browser) -> None:
    url = services.addresses.upload_url
    await browser.log_in(url)
    for origin in ("null", "http://127.0.0.1:9", "https://evil.example", services.addresses.s3_url, f"{url}/"):
        for method in ("GET", "OPTIONS"):
            sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = await browser.call(method, f"{url}/v1/uploads", sent_from=sent)
            assert not _allowances(answer)


async def test_a_page_of_another_service_of_ours_may_call_and_read(services: Services, browser: Browser) -> None:
    url, origin = services.addresses.upload_url, services.addresses.stream_url
    sent = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    asked = await browser.call("OPTIONS", f"{url}/v1/uploads/{'a' * 26}", sent_from=sent)
    assert asked.status == 204
    assert "PATCH" in _allowances(asked)["Access-Control-Allow-Methods"]
    await browser.log_in(url)
    answered = await browser.call("GET", f"{url}/v1/uploads", sent_from={"Origin": origin})
    refused = await browser.call("GET", f"{url}/v1/uploads/{'a' * 26}", sent_from={"Origin": origin})
    assert (answered.status, refused.status) == (200, 404)
    for answer in (asked, answered, refused):
        allowed = _allowances(answer)
        assert allowed["Access-Control-Allow-Origin"] == origin
        assert allowed["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Vary"] == "Origin"
    # What is no call of a program is for its own page alone.
    page = await browser.open(f"{url}/videos", Origin=origin)
    assert not _allowances(page)
