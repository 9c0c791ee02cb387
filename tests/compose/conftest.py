"""Fixtures for the tests of the containers, which need a Docker engine and `make test-compose`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api_client import Person
from tests.containers import Containers
from tests.e2e.conftest import film  # noqa: F401 - a fixture

# Not part of `make test`: most machines where that runs have no engine.
collect_ignore_glob = [] if os.environ.get("VSS_TEST_COMPOSE") else ["test_*.py"]


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """Everything in containers, started as the README says."""
    installation = Containers(tmp_path_factory.mktemp("installation"))
    try:
        installation.init()
        installation.up()
        yield installation
    finally:
        installation.destroy()


@contextlib.asynccontextmanager
async def person(product: Containers) -> AsyncIterator[Person]:
    """The first administrator, by the API."""
    async with product.session() as session:
        form = {"grant_type": "password", "username": "admin", "password": product.password}
        async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
            assert answer.status == 200, await answer.text()
            token = (await answer.json())["access_token"]
        yield Person(session, token, upload_url=product.url("upload"), stream_url=product.url("stream"))
