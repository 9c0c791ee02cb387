"""What the logs of the other end-to-end tests hold: one id for a request in every service, and no secret."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp

from tests.api_client import Person
from tests.product import Product

# A JWT, a signature, a query string with one, an argon2 hash, and where cookies and credentials travel.
SECRETS = re.compile(r"eyJ[\w-]{10,}\.|X-Amz-Signature|X-Amz-Credential|\$argon2|[Bb]earer [\w-]{8,}|vss_session\w*=")


def lines(product: Product) -> list[dict[str, Any]]:
    """Every line of every service."""
    return [
        json.loads(line)
        for log in product.data.glob("logs/*.log")
        if log.stem in ("auth", "fs", "upload", "stream")
        for line in log.read_text(encoding="utf-8").splitlines()
    ]


async def test_a_request_has_one_id_in_every_service(product: Product) -> None:
    async with aiohttp.ClientSession() as session:
        form = {"grant_type": "password", "username": "admin", "password": "admin"}
        async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
            token = (await answer.json())["access_token"]
        admin = Person(session, token, upload_url=product.url("upload"), stream_url=product.url("stream"))
        content = {"title": "A film", "filename": "film.mp4", "size": 5, "content_type": "video/mp4"}
        headers = {"X-Request-ID": "one-id-for-all"}
        made = await admin.call("POST", f"{admin.upload_url}/v1/uploads", json=content, headers=headers)
    assert (made.status, made.headers["X-Request-ID"]) == (201, "one-id-for-all")
    assert {"upload_svc", "fs_svc"} <= {
        line["service"] for line in lines(product) if line.get("request_id") == "one-id-for-all"
    }


async def test_no_secret_is_in_any_log(product: Product) -> None:
    everything = "\n".join(
        log.read_text(encoding="utf-8", errors="replace") for log in product.data.glob("logs/*") if log.is_file()
    )
    everything += product.output
    assert len(lines(product)) > 100, "there was something to look through"
    assert SECRETS.findall(everything) == []
    for secret in (product.data / "secrets").iterdir():
        assert secret.read_text(encoding="utf-8").strip() not in everything, secret.name
