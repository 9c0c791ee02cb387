"""Fixtures for everybody: real databases, the real storage, and a guard against what tests leave behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jinja2
import pytest
import pytest_asyncio
from aiohttp.web_app import _cached_build_middleware
from hypothesis import settings
from sqlalchemy import Engine

from tests import limits
from tests import mariadb as mariadb_server
from tests.addresses import Addresses
from tests.auth_service import AuthService, run_auth_service
from tests.databases import ServerDatabase, SqliteTemplate, kinds_for
from tests.engine import running_engine
from tests.faults import PAGE, Observations
from tests.mariadb import DatabaseServer
from vss.bucket import Bucket
from vss.migrate import migrate


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", action="store_true", help="write what the tests of faults see to their page")


def pytest_report_header(config: pytest.Config) -> str:
    return f"tests chosen by {config.option.markexpr!r}: the long ones are run by make test-long"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with limits.limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with limits.limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with limits.limited(item):
        result = yield
    # aiohttp remembers the handlers of a thousand requests, and with them the applications of hundreds of tests, which
    # the garbage collector then goes through again and again.
    _cached_build_middleware.cache_clear()
    return result


def pytest_configure() -> None:
    # A script that starts the tests in the background has them ignore Ctrl-C, and with them all that they start: what
    # they interrupt would never end.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A busy machine is no fault.
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")
    # Each test has apps of its own, which would all compile the same templates.
    jinja2.Environment.compile = _compiled_once(jinja2.Environment.compile)  # type: ignore[method-assign]
    # And databases of their own, to which the same statements are sent.
    Engine.__init__ = _sharing_statements(Engine.__init__)  # type: ignore[method-assign]


def _compiled_once(compile_template: Callable[..., Any]) -> Callable[..., Any]:
    codes: dict[tuple[object, ...], Any] = {}

    def compile_once(environment: jinja2.Environment, *template: object, **options: object) -> Any:
        if template not in codes:
            codes[template] = compile_template(environment, *template, **options)
        return codes[template]

    return compile_once


class _Statements(dict[tuple[Any, ...], Any]):
    """What statements are compiled to, by the kind of database instead of by the engine."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


def _sharing_statements(make_engine: Callable[..., None]) -> Callable[..., None]:
    statements = _Statements()

    def make(engine: Engine, *arguments: Any, **options: Any) -> None:
        make_engine(engine, *arguments, **options)
        engine.update_execution_options(compiled_cache=statements)

    return make


def pytest_collection_finish() -> None:
    """What is there now stays: the garbage collector need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def observations(request: pytest.FixtureRequest) -> Iterator[Observations]:
    """What the tests of faults see; at the end it is written to docs/reliability.md if that was asked for."""
    observations = Observations()
    yield observations
    if request.config.getoption("--reliability") and not request.session.testsfailed:
        observations.write(PAGE)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    """A real MariaDB or MySQL server; tests that want a migrated database ask for `database_url` instead."""
    with mariadb_server.run_server() as server:
        yield server


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate.make(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def _server_database(mariadb: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> ServerDatabase:
    url = asyncio.run(ServerDatabase.create(mariadb))
    migrate(url, tmp_path_factory.mktemp("mariadb"))
    return asyncio.run(ServerDatabase.find(url))


@pytest.fixture
def sqlite_url(_sqlite_template: SqliteTemplate, tmp_path: Path) -> str:
    """A fresh SQLite database with every table, as `make run` has it."""
    return _sqlite_template.copy(tmp_path)


@pytest.fixture
def mariadb_url(_server_database: ServerDatabase) -> str:
    """A database with every table and no row on the real server."""
    asyncio.run(_server_database.empty())
    return _server_database.url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for a `database_url` runs on both kinds, but for `any_database`: there the database decides nothing."""
    if "database_url" in metafunc.fixturenames:
        is_any = metafunc.definition.get_closest_marker("any_database")
        metafunc.parametrize("database_url", ["sqlite"] if is_any else kinds_for(metafunc.definition), indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with every table: the test runs once on SQLite and once on the real server."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def addresses() -> Addresses:
    """Where each part listens: the same for the whole run, free between tests but for `auth` and `seaweedfs`."""
    return Addresses.choose()


@pytest.fixture(scope="session")
def auth(
    addresses: Addresses, _sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    """The real auth_svc as a process with a database of its own, and its issuer: `auth.token("alice")`."""
    folder = tmp_path_factory.mktemp("auth")
    with run_auth_service(addresses, _sqlite_template.copy(folder), folder / "auth.log") as running:
        yield running


@pytest.fixture(scope="session")
def seaweedfs(addresses: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A real S3 engine and its one bucket, shared by all tests of a run: name your objects with `new_id`."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        engine = running_engine(tmp_path_factory.mktemp("seaweedfs"), port=addresses.s3_port)
        bucket = runner.run(stack.enter_async_context(engine))
        try:
            yield bucket
        finally:
            runner.run(stack.aclose())


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(request: pytest.FixtureRequest) -> None:
    """Asks for the guard where there is a loop to guard, before any other fixture: it looks last."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_is_left")


@pytest_asyncio.fixture
async def _no_task_is_left() -> AsyncIterator[None]:
    """Fails a test that leaves tasks running, or that lost an exception in one."""
    lost: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: lost.append(context))
    before = asyncio.all_tasks()
    yield
    # One turn for what has just been cancelled or closed.
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
    assert not left, f"tasks left running: {left}"
    assert not lost, f"failures that nobody saw: {lost}"
