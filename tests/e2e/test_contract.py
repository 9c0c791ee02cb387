"""Each service does what its /openapi.json says: generated requests find no 500 and no answer that is not in it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.product import Product, running_product

pytestmark = pytest.mark.long

CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One of its own for each: what is made up here may change the very account that others log in with."""
    unbounded = {f"{service}_CALLS_PER_MINUTE": "1000000" for service in ("AUTH", "UPLOAD", "STREAM")}
    with running_product(
        tmp_path_factory.mktemp("product"), MEDIA_JOBS="0", **unbounded, FS_OPEN_UPLOADS="100000"
    ) as product:
        yield product


async def _token(product: Product, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{product.url('auth')}/v1/token", data=form, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        token: str = (await answer.json())["access_token"]
        return token


async def _persons(product: Product) -> str:
    return await _token(product, {"grant_type": "password", "username": "admin", "password": "admin"})


async def _services(product: Product, name: str) -> str:
    secret = (product.data / "secrets" / f"{name}_client_secret").read_text(encoding="utf-8").strip()
    credentials = {"Authorization": aiohttp.encode_basic_auth(name, secret)}
    return await _token(product, {"grant_type": "client_credentials"}, credentials)


async def _walk(
    url: str, folder: Path, *options: str, headers: Mapping[str, str], checks: str = f"not_a_server_error,{CHECKS}"
) -> None:
    given = [option for name, value in headers.items() for option in ("--header", f"{name}: {value}")]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url),
        *(*given, "--exclude-path-regex", "^/internal", *options),
        *("--checks", checks, "--phases", "examples,coverage,fuzzing", "--max-examples", "30"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    text = said.decode(errors="replace")
    assert process.returncode == 0, text
    assert "unresolvable" not in text, text
    assert " passed" in text, text


@pytest.mark.parametrize("service", ["auth", "upload", "stream"])
async def test_no_answer_is_outside_the_description(product: Product, service: str, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {await _persons(product)}"}
    await _walk(product.url(service), tmp_path, "--exclude-path", "/oembed", headers=headers)
    if service == "stream":
        # Its specification has 501 for a format that is not offered.
        await _walk(product.url(service), tmp_path, "--include-path", "/oembed", headers=headers, checks=CHECKS)


async def test_no_answer_of_fs_svc_to_the_services_is_outside_the_description(product: Product, tmp_path: Path) -> None:
    upload, stream = await _services(product, "upload"), await _services(product, "stream")
    headers = {"Authorization": f"Bearer {upload}", "Vss-Subject-Token": await _persons(product)}
    await _walk(product.url("fs"), tmp_path, headers=headers)
    only_its_own = ("--include-path", "/v1/sources")
    await _walk(product.url("fs"), tmp_path, *only_its_own, headers={"Authorization": f"Bearer {stream}"})
