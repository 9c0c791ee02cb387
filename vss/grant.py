"""`vss grant`: each service's database user, with the rights to its own tables and nothing else (MySQL, MariaDB)."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vss.errors import BadOption, DatabaseUnusable
from vss.options import add_database_option, database_url, from_environment

if TYPE_CHECKING:
    # SQLAlchemy takes longer to import than all else here; other commands do without.
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection

# Who writes which table (docs/architecture.md). Those that are not there yet are passed over.
WRITES: Mapping[str, tuple[str, ...]] = {
    "auth": (
        "accounts",
        "sessions",
        "refresh_tokens",
        "api_keys",
        "password_links",
        "signing_keys",
        "login_throttle",
        "groups",
        "group_members",
        "auth_idempotency_keys",
        "departures",
    ),
    "fs": (
        "objects",
        "derived_objects",
        "storage_usage",
        "part_checksums",
        "storage_reports",
        "installation",
        "set_aside",
    ),
    "upload": (
        "videos",
        "media_jobs",
        "media_workers",
        "rendition_sets",
        "discarded_files",
        "media_facts",
        "renditions",
        "grants",
        "audience",
        "audience_changes",
        "collections",
        "collection_videos",
        "guest_uploads",
        "public_reviews",
        "upload_idempotency_keys",
        "webhooks",
        "webhook_deliveries",
        "outbox",
    ),
    "stream": ("positions", "link_views"),
}
READS: Mapping[str, tuple[str, ...]] = {
    "auth": ("alembic_version", "audit"),
    "fs": ("alembic_version",),
    "upload": ("alembic_version", "link_views"),
    "stream": (
        "alembic_version",
        "videos",
        "media_facts",
        "renditions",
        "grants",
        "audience",
        "collections",
        "collection_videos",
    ),
}
# Nobody changes what stands there; auth_svc drops what is older than it is to be kept.
ADDS_TO = ("audit",)
# Events for webhooks; upload_svc, which tells of them, takes them out.
ADDS_EVENTS: Mapping[str, tuple[str, ...]] = {"stream": ("outbox",)}
DROPS_FROM: Mapping[str, tuple[str, ...]] = {"auth": ("audit",)}


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("grant", help="create each service's database user (from AUTH_DATABASE_URL and so on)")
    add_database_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    logging.getLogger().addHandler(logging.NullHandler())
    administrator = database_url(arguments)
    if administrator is None:
        raise BadOption("--database-url (or VSS_DATABASE_URL) of a database administrator is required")
    users: dict[str, str] = {}
    for service in WRITES:
        url = from_environment(f"{service.upper()}_DATABASE_URL")
        if url is None:
            raise BadOption(f"{service.upper()}_DATABASE_URL (or …_FILE) is required; it names the user to create")
        users[service] = url
    changes = grant(administrator, users)
    print(f"{len(changes)} privileges changed" if changes else "privileges are up to date")
    return 0


def privileges(service: str) -> dict[str, set[str]]:
    """What the service's user may do, by table."""
    wanted: dict[str, set[str]] = {}
    for table in WRITES[service]:
        wanted.setdefault(table, set()).update(("SELECT", "INSERT", "UPDATE", "DELETE"))
    for table in READS[service]:
        wanted.setdefault(table, set()).add("SELECT")
    for table in (*ADDS_TO, *ADDS_EVENTS.get(service, ())):
        wanted.setdefault(table, set()).add("INSERT")
    for table in DROPS_FROM.get(service, ()):
        wanted.setdefault(table, set()).add("DELETE")
    return wanted


def grant(administrator_url: str, user_urls: Mapping[str, str]) -> list[str]:
    """Makes the users, sets their passwords, and makes their rights what `privileges` says; returns what it changed.

    A right that stays is never taken away in between: services run meanwhile. Must not be called where an event loop
    runs. Raises `BadOption` and `DatabaseUnusable`.
    """
    return asyncio.run(_grant(administrator_url, user_urls))


async def _grant(administrator_url: str, user_urls: Mapping[str, str]) -> list[str]:
    from sqlalchemy.engine import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError  # noqa: PLC0415

    from common.db import open_database  # noqa: PLC0415
    from common.errors import Unavailable  # noqa: PLC0415

    try:
        urls = {service: make_url(url) for service, url in user_urls.items()}
        changes: list[str] = []
        async with open_database(administrator_url) as database, database.write() as connection:
            for service, url in urls.items():
                await _make_user(connection, url)
                changes += await _set_rights(connection, url.username or "", privileges(service))
        return changes
    except (ArgumentError, ImportError) as exc:
        raise BadOption(
            f"a database URL cannot be used ({exc}); give ones like mysql+asyncmy://user:password@host/vss"
        ) from exc
    except (Unavailable, SQLAlchemyError) as exc:
        reason = exc.__cause__ if isinstance(exc, Unavailable) else exc
        raise DatabaseUnusable(f"the privileges cannot be set: {getattr(reason, 'orig', None) or reason}") from exc


async def _make_user(connection: AsyncConnection, url: URL) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    account = {"user": url.username, "password": url.password}
    for statement in ("CREATE USER IF NOT EXISTS", "ALTER USER"):
        await connection.execute(text(f"{statement} :user@'%' IDENTIFIED BY :password"), account)


async def _set_rights(connection: AsyncConnection, user: str, wanted: Mapping[str, set[str]]) -> list[str]:
    from sqlalchemy import text  # noqa: PLC0415

    tables = await connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    )
    existing = {str(row[0]) for row in tables}
    rows = await connection.execute(
        text(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges"
            " WHERE table_schema = DATABASE() AND grantee = :grantee"
        ),
        {"grantee": f"'{user}'@'%'"},
    )
    has = {(str(table), str(privilege)) for table, privilege in rows}
    should = {(table, privilege) for table, names in wanted.items() if table in existing for privilege in names}
    changes = [f"GRANT {privilege} ON `{table}` TO" for table, privilege in sorted(should - has)]
    changes += [f"REVOKE {privilege} ON `{table}` FROM" for table, privilege in sorted(has - should)]
    for change in changes:
        await connection.execute(text(f"{change} :user@'%'"), {"user": user})
    return changes
