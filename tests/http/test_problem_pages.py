"""Every problem names a page: it is there, without an account and in each language, for each refusal."""

from __future__ import annotations

import importlib

import pytest

from common.errors import Refusal
from common.problem_types import PROBLEM_TYPES
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

for _service in ("auth", "fs", "upload"):
    importlib.import_module(f"{_service}_svc.errors")


def _declared(kind: type[Refusal] = Refusal) -> set[type[Refusal]]:
    found = {kind} if hasattr(kind, "code") else set()
    return found.union(*(_declared(each) for each in kind.__subclasses__()))


def test_every_refusal_has_its_page() -> None:
    declared = [refusal for refusal in _declared() if not refusal.__module__.startswith("tests")]
    assert {refusal.code for refusal in declared} == set(PROBLEM_TYPES)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_pages_are_there_for_everybody(services: Services, language: str) -> None:
    url = services.addresses.stream_url
    headers = {"Accept": "text/html", "Accept-Language": language}
    for path in ("/problems", *(f"/problems/{code}" for code in PROBLEM_TYPES)):
        async with services.session.get(url + path, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html"), path
            text = await answer.text()
        code = path.removeprefix("/problems").removeprefix("/") or "malformed"
        assert f"<code>{code}</code>" in text
        assert (PROBLEM_TYPES[code].meaning in text) is (language == "en")
    async with services.session.get(f"{url}/problems/nothing", headers=headers) as answer:
        assert answer.status == 404


async def test_what_a_problem_names_is_a_page(services: Services, browser: Browser) -> None:
    url = services.addresses.stream_url
    problem = await assert_problem(await browser.call("GET", f"{url}/v1/videos"), 401, "unauthenticated")
    assert (await browser.open(url + problem["type"])).status == 200
