"""Each service does what its /openapi.json says: generated requests find no 500 and no answer that is not in it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.product import Product

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("service", ["auth", "upload", "stream"])
async def test_no_answer_is_outside_the_description(product: Product, service: str, tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        form = {"grant_type": "password", "username": "admin", "password": "admin"}
        async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
            token = (await answer.json())["access_token"]
    url = product.url(service)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url),
        *("--header", f"Authorization: Bearer {token}", "--exclude-path-regex", "^/internal"),
        *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "30"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    text = said.decode(errors="replace")
    assert process.returncode == 0, text
    assert "unresolvable" not in text, text
    assert " passed" in text, text
