"""Source URLs: what S3 answers to them, and to nothing but them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from common.clock import utc_now
from common.ids import new_id
from fs_svc.app import create_app
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.fs_service import FsService, fetch, fs_settings
from tests.problems import assert_problem
from vss.bucket import Bucket as StorageBucket

FILM = bytes(range(256)) * 20


@pytest.fixture
async def fs(
    aiohttp_client: AiohttpClient, addresses: Addresses, sqlite_url: str, seaweedfs: StorageBucket, auth: AuthService
) -> FsService:
    app = create_app(fs_settings(addresses, sqlite_url, seaweedfs, auth))
    return FsService(await aiohttp_client(app), auth)


async def sign(fs: FsService, *sources: object) -> dict[str, dict[str, str]]:
    signed = await fs.answer("POST", "/v1/sources", json={"sources": sources}, service="stream", subject=None)
    found: dict[str, dict[str, str]] = signed["sources"]
    return found


async def test_a_source_plays_for_fifteen_minutes(fs: FsService) -> None:
    object_id = await fs.store(FILM)
    source = (await sign(fs, {"id": object_id, "method": "GET"}))[object_id]
    assert source["content_type"] == "video/mp4"
    lifetime = datetime.fromisoformat(source["expires_at"]) - utc_now()
    assert timedelta(minutes=14) < lifetime <= timedelta(minutes=15)
    status, headers, body = await fetch("GET", source["url"])
    assert (status, body) == (200, FILM)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == "inline"


async def test_a_source_is_good_for_its_method(fs: FsService) -> None:
    object_id = await fs.store(FILM)
    for method, other in (("GET", "HEAD"), ("HEAD", "GET")):
        url = (await sign(fs, {"id": object_id, "method": method}))[object_id]["url"]
        status, headers, _ = await fetch(method, url)
        assert (status, headers["Content-Length"]) == (200, str(len(FILM)))
        assert (await fetch(other, url))[0] == 403


async def test_a_download_has_its_name(fs: FsService) -> None:
    object_id = await fs.store(FILM)
    wanted = {"id": object_id, "method": "GET", "filename": "Rote Grütze 漢.mp4", "is_download": True}
    _, headers, _ = await fetch("GET", (await sign(fs, wanted))[object_id]["url"])
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"Rote Gr_tze _.mp4\"; filename*=UTF-8''Rote%20Gr%C3%BCtze%20%E6%BC%A2.mp4"
    )


async def test_what_the_url_says_cannot_be_changed(fs: FsService) -> None:
    object_id = await fs.store(FILM)
    url = (await sign(fs, {"id": object_id, "method": "GET"}))[object_id]["url"]
    for tampered in (
        url.replace("video%2Fmp4", "text%2Fhtml"),
        url.replace("inline", "attachment"),
        url.replace("/objects/", "/objects/x"),
        url.partition("?")[0],
    ):
        assert tampered != url
        assert (await fetch("GET", tampered))[0] == 403


async def test_only_what_is_stored_has_a_source(fs: FsService) -> None:
    stored, unfinished, unknown = await fs.store(FILM), await fs.create(), new_id()
    signed = await sign(fs, *({"id": object_id, "method": "GET"} for object_id in (stored, unfinished, unknown)))
    assert set(signed) == {stored}


@pytest.mark.parametrize(
    "sources",
    [
        [],
        [{"id": "a", "method": "PUT"}],
        [{"id": "a"}],
        [{"method": "GET"}],
        [{"id": "a", "method": "GET", "object_key": "objects/x"}],
        [{"id": "a", "method": "GET", "filename": ""}],
        [{"id": "a", "method": "GET", "filename": "x" * 256}],
        [{"id": "a", "method": "GET", "filename": "\ud800"}],
        [{"id": "a", "method": "GET"}, {"id": "a", "method": "HEAD"}],
        [{"id": f"{index}", "method": "GET"} for index in range(101)],
    ],
)
async def test_a_wrong_list_of_sources_is_invalid(fs: FsService, sources: object) -> None:
    response = await fs.call("POST", "/v1/sources", json={"sources": sources}, service="stream", subject=None)
    await assert_problem(response, 422, "invalid")
