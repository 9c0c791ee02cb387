"""`kill -9` of upload_svc while it brings the lists of a large collection up to date: the next process goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalogue.access import Viewer
from catalogue.tables import AUDIENCE
from common.ids import new_id
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.integration.test_audience import World, world
from tests.processes import ServiceProcess, face_environment
from tests.videos import video
from tests.waiting import eventually
from upload_svc.store import insert_video
from upload_svc.tables import AUDIENCE_CHANGES

__all__ = ["world"]

pytestmark = pytest.mark.long

# Ten steps of the loop, and more.
VIDEOS = 2_000


async def test_a_killed_loop_leaves_nothing_open_and_the_next_process_ends_it(
    world: World,
    database_url: str,
    auth: AuthService,
    addresses: Addresses,
    tmp_path: Path,
) -> None:
    database = world.databases[0]
    ids = sorted(new_id() for _ in range(VIDEOS))
    async with database.write() as connection:
        for video_id in ids:
            await insert_video(connection, video(id=video_id, owner_id=world.owner))
    here = await world.collection(*ids)
    some, every = ids[:: VIDEOS // 10], {*range(10)}
    ann, bob = Viewer(new_id()), Viewer(new_id())
    # Somebody who may all the time.
    await world.share(here, f"account:{bob.account_id}")
    await world.work_off()

    own = replace(Addresses.choose(), auth_port=addresses.auth_port)
    settings = face_environment("upload", own, database_url, auth.client_secrets, fs_url=own.fs_url)
    upload = ServiceProcess("upload", own.upload_url, settings, tmp_path / "upload.log")
    try:
        await upload.start()
        grant = await world.share(here, f"account:{ann.account_id}")
        await kill_in_the_middle(upload, world)
        assert VIDEOS < await count(world) < 2 * VIDEOS
        assert await world.may(ann, some) == await world.may(bob, some) == every
        await go_on(upload, world)
        assert (await count(world), await world.is_up_to_date()) == (2 * VIDEOS, True)

        assert await world.grants.revoke_grant(grant, None, now=grant.created_at)
        assert await world.may(ann, some) == await world.finds(ann, ids) == set()
        await kill_in_the_middle(upload, world)
        # What is left of it is nobody's way in.
        assert VIDEOS < await count(world) < 2 * VIDEOS
        assert await world.may(ann, some) == await world.finds(ann, ids) == set()
        assert await world.may(bob, some) == every
        await go_on(upload, world)
        assert (await count(world), await world.is_up_to_date()) == (VIDEOS, True)
    finally:
        await upload.stop()


async def kill_in_the_middle(upload: ServiceProcess, world: World) -> None:
    """Between the first step of the loop and the last one."""

    async def has_begun() -> bool:
        change = await world.databases[1].row(select(AUDIENCE_CHANGES))
        return change is not None and change.after_id is not None

    await eventually(has_begun, what="the loop has made its first step")
    upload.kill()
    await upload.end()
    assert await has_begun(), "it had more to do"


async def go_on(upload: ServiceProcess, world: World) -> None:
    """The next process, until nothing is left to do."""
    await upload.start()

    async def is_done() -> bool:
        return await world.databases[1].row(select(AUDIENCE_CHANGES)) is None

    await eventually(is_done, what="the loop is through")


async def count(world: World) -> int:
    """How many rows the lists have."""
    row = await world.databases[1].row(select(func.count()).select_from(AUDIENCE))
    assert row is not None
    return int(row[0])
