"""What the logs hold: one id for a request in every service, and no secret (which is looked for behind each file)."""

from __future__ import annotations

import aiohttp

from tests.api_client import person
from tests.browser import Browser
from tests.logs import lines_of, secrets_in_logs
from tests.product import Product


async def test_a_request_has_one_id_in_every_service(product: Product) -> None:
    async with aiohttp.ClientSession() as session:
        admin = await person(session, product)
        content = {"title": "A film", "filename": "film.mp4", "size": 5, "content_type": "video/mp4"}
        headers = {"X-Request-ID": "one-id-for-all"}
        made = await admin.call("POST", f"{admin.upload_url}/v1/uploads", json=content, headers=headers)
    assert (made.status, made.headers["X-Request-ID"]) == (201, "one-id-for-all")
    assert {"upload_svc", "fs_svc"} <= {
        line["service"] for line in lines_of(product) if line.get("request_id") == "one-id-for-all"
    }


async def test_no_secret_is_in_any_log(product: Product) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        admin, browser = await person(session, product), Browser(session)
        video = await admin.upload(b"film", title="A film that is logged")
        for path in ("playback", "source", "source?download=1"):
            await admin.call("GET", f"{admin.stream_url}/v1/videos/{video['id']}/{path}")
        await browser.log_in(admin.upload_url)
        for page in (f"{admin.upload_url}/videos", f"{admin.stream_url}/watch/{video['id']}"):
            assert (await browser.open(page)).status == 200
        key = await browser.call("POST", f"{product.url('auth')}/v1/me/api-keys", json={"name": "a key"})
        form = {"grant_type": "api_key", "api_key": (await key.json())["api_key"]}
        assert (await admin.call("POST", f"{product.url('auth')}/v1/token", data=form)).status == 200
        await browser.call("GET", f"{admin.upload_url}/s3/params?filename=a.mp4")
        await admin.call(
            "GET", f"{admin.upload_url}/v1/uploads?token=eyJhbGciOiJub25lIn0.e30.", headers={"Cookie": "x=y"}
        )
    assert {"auth_svc", "fs_svc", "upload_svc", "stream_svc"} <= {line["service"] for line in lines_of(product)}
    assert len(lines_of(product)) > 20, "there was something to look through"
    assert secrets_in_logs(product) == []
