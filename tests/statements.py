"""The statements that a test causes, and how much work they are for the database, whichever kind it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy import text as sql
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it goes to the driver, and the name of the task that makes it, which loops have."""

    text: str
    parameters: Any
    task: str


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """Every statement that any engine of this process executes meanwhile."""
    seen: list[Statement] = []

    def note(connection: object, cursor: object, text: str, parameters: object, *rest: object) -> None:
        task = asyncio.current_task()
        seen.append(Statement(text, parameters, "" if task is None else task.get_name()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def plan(connection: AsyncConnection, statement: Statement) -> str:
    """The database's own words about how it goes about it."""
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = await connection.exec_driver_sql(f"{explain} {statement.text}", statement.parameters)
    return "\n".join(" | ".join(map(str, row)) for row in rows)


async def work(connection: AsyncConnection, statement: Statement) -> int:
    """What it costs: steps of SQLite's machine in tens, or rows and index entries that the server reads."""
    if connection.dialect.name != "sqlite":
        await connection.exec_driver_sql("FLUSH STATUS")
        await connection.exec_driver_sql(statement.text, statement.parameters)
        rows = await connection.execute(sql("SHOW SESSION STATUS LIKE 'Handler_read%'"))
        return sum(int(count) for _, count in rows)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.set_progress_handler(count, 10)
    await connection.exec_driver_sql(statement.text, statement.parameters)
    await driver.set_progress_handler(None, 0)
    return steps
