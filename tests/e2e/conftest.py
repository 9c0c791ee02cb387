"""Fixtures for the tests of the whole: the running product, a browser, and a film of several parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests import browsers, footage
from tests.logs import secrets_in_logs
from tests.product import Product, running_product

# Tests that wait for something ask more often than a person's programs do.
_OFTEN = {f"{name}_CALLS_PER_MINUTE": "100000" for name in ("AUTH", "UPLOAD", "STREAM")}


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> None:
    """No guard here: a browser keeps tasks of its own from test to test."""


# Of this folder, not of the run: one that nobody uses takes 3 % of a core.
@pytest.fixture(scope="package")
def _product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    # Tests of pictures have a product of their own: a worker has much to do with what all the others upload.
    with running_product(tmp_path_factory.mktemp("product"), MEDIA_JOBS="0", **_OFTEN) as product:
        yield product


@pytest.fixture(scope="package")
def _product_with_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product"), **_OFTEN) as product:
        yield product


@pytest.fixture(scope="module")
def product_with_worker(_product_with_worker: Product) -> Iterator[Product]:
    """One more, whose videos are looked at."""
    yield _product_with_worker
    assert secrets_in_logs(_product_with_worker) == []


@pytest.fixture(scope="module")
def product(_product: Product) -> Iterator[Product]:
    """`vss up`, started once a run; what other files of tests have left is there, so look for your own by its title."""
    yield _product
    assert secrets_in_logs(_product) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, driven by Playwright."""
    async with browsers.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real footage, 1920 × 1080, 142 s, 36.6 MB: five parts of 8 MiB, the last one shorter."""
    film = tmp_path_factory.mktemp("film") / "night three times.mp4"
    footage.loop_film(footage.fetch(footage.NIGHT_MP4), film, times=3)
    return film
