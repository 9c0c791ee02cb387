"""The access log: a line a request, and no secret in it."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from common.web.access_log import AccessLog

TOKEN = "a" * 43


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/s/{TOKEN}", "/s/…"),
        (f"/s/{TOKEN}/source?download=1", "/s/…/source"),
        (f"/u/{TOKEN}/uploads/1", "/u/…/uploads/1"),
        (f"/embed/{TOKEN}", "/embed/…"),
        (f"/v1/videos/abc/hls/t/{TOKEN}/index.m3u8", "/v1/videos/abc/hls/t/…/index.m3u8"),
        ("/static/page.js", "/static/page.js"),
        ("/v1/videos", "/v1/videos"),
    ],
)
def test_the_token_of_a_link_is_not_in_the_access_log(caplog: pytest.LogCaptureFixture, path: str, logged: str) -> None:
    caplog.set_level(logging.INFO)
    AccessLog(logging.getLogger(), "").log(make_mocked_request("GET", path), web.Response(), 0.1)
    [record] = caplog.records
    assert record.__dict__["path"] == logged
    assert TOKEN not in str(record.__dict__)
