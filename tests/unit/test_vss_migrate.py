"""Migrations: what is missing, once, under a lock, with a copy of the SQLite file put aside."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import vss
from tests.waiting import wait_until
from vss.errors import BadOption, DatabaseUnusable, SchemaUnknown
from vss.migrate import migrate

ROOT = Path(vss.__file__).parent.parent

ENVIRONMENT = """
from alembic import context
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""

REVISION = """
revision, down_revision = {name!r}, {after!r}
def upgrade():
    from alembic import op
    for statement in {statements!r}:
        op.execute(statement)
"""


class Scripts:
    """A history of migrations that grows, in place of the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENVIRONMENT)
        self._last: str | None = None

    def add(self, name: str, *statements: str) -> None:
        text = REVISION.format(name=name, after=self._last, statements=statements)
        (self.folder / "versions" / f"{name}.py").write_text(text)
        self._last = name


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    scripts = Scripts(tmp_path / "scripts 100%")
    scripts.add("one", "CREATE TABLE films (title TEXT)")
    scripts.add("two", "CREATE TABLE people (name TEXT)")
    return scripts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data with spaces"
    folder.mkdir()
    return folder


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/vss.db"


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_database_gets_everything_in_order_and_no_copy(folder: Path, scripts: Scripts) -> None:
    assert migrate(url(folder), folder, scripts.folder) == ["one", "two"]
    assert tables(folder / "vss.db") == {"alembic_version", "films", "people"}
    assert not (folder / "copies").exists()


def test_a_second_time_does_nothing(folder: Path, scripts: Scripts) -> None:
    migrate(url(folder), folder, scripts.folder)
    assert migrate(url(folder), folder, scripts.folder) == []
    assert not (folder / "copies").exists()


def test_a_copy_from_before_is_put_aside_with_all_that_was_committed(folder: Path, scripts: Scripts) -> None:
    migrate(url(folder), folder, scripts.folder)
    with closing(sqlite3.connect(folder / "vss.db")) as connection:
        # Still in the write-ahead log while the migration runs, since this connection stays open.
        connection.execute("INSERT INTO films VALUES ('Nosferatu')")
        connection.commit()
        scripts.add("three", "DROP TABLE films")
        assert migrate(url(folder), folder, scripts.folder) == ["three"]
    [copy] = (folder / "copies").iterdir()
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT title FROM films").fetchall() == [("Nosferatu",)]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("two",)]


def test_a_revision_that_fails_leaves_nothing_of_any(folder: Path, scripts: Scripts) -> None:
    migrate(url(folder), folder, scripts.folder)
    scripts.add("three", "CREATE TABLE third (id TEXT)")
    scripts.add("four", "CREATE TABLE fourth (id TEXT)", "NOT SQL")
    with pytest.raises(DatabaseUnusable, match="cannot be migrated: near"):
        migrate(url(folder), folder, scripts.folder)
    assert tables(folder / "vss.db") == {"alembic_version", "films", "people"}


def test_a_schema_newer_than_the_code_is_refused_and_left_alone(folder: Path, scripts: Scripts) -> None:
    migrate(url(folder), folder, scripts.folder)
    with closing(sqlite3.connect(folder / "vss.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ninety'")
        connection.commit()
    with pytest.raises(SchemaUnknown, match="has revision ninety, which this vss does not know"):
        migrate(url(folder), folder, scripts.folder)


def test_a_file_that_is_no_database_is_refused(folder: Path, scripts: Scripts) -> None:
    (folder / "vss.db").write_bytes(b"a film, perhaps" * 1000)
    with pytest.raises(DatabaseUnusable, match="file is not a database"):
        migrate(url(folder), folder, scripts.folder)


@pytest.mark.parametrize("text", ["nonsense", "oracle+nothing://host/db", ""])
def test_a_url_that_cannot_be_used_names_the_option(folder: Path, scripts: Scripts, text: str) -> None:
    with pytest.raises(BadOption, match="--database-url"):
        migrate(text, folder, scripts.folder)


def start(folder: Path, scripts: Scripts) -> subprocess.Popen[str]:
    script = (
        "import sys, pathlib; from vss.migrate import migrate\n"
        "print(*migrate(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])))"
    )
    command = [sys.executable, "-c", script, url(folder), str(folder), str(scripts.folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_it_waits_for_another_migration(folder: Path, scripts: Scripts) -> None:
    lock = folder / "migrate.lock"
    with lock.open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        waiting = start(folder, scripts)
        process = psutil.Process(waiting.pid)
        wait_until(lambda: str(lock) in {file.path for file in process.open_files()}, what="it has come to the lock")
        assert not (folder / "vss.db").exists()
    assert waiting.communicate(timeout=20)[0] == "one two\n"


def test_processes_at_once_apply_each_revision_once(folder: Path, scripts: Scripts) -> None:
    running = [start(folder, scripts) for _ in range(4)]
    said = sorted(process.communicate()[0].strip() for process in running)
    assert [process.returncode for process in running] == [0] * 4
    assert said == ["", "", "", "one two"]
