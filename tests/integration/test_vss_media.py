"""`vss media`: what an operator sees of the queue for workers, and adds to it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from common.db import open_database
from common.ids import new_id
from contracts.media import Facts, Reason, Task
from tests.addresses import Addresses
from tests.auth_app import CLIENT_SECRETS
from tests.command import vss
from tests.processes import face_environment
from tests.stores import Store
from tests.videos import NOW, video
from upload_svc.media.rendition_store import RenditionStore
from upload_svc.media_command import main


@pytest.fixture
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """upload_svc's settings, which this process has too."""
    addresses = Addresses.choose()
    told = face_environment("upload", addresses, database_url, CLIENT_SECRETS, fs_url=addresses.fs_url)
    environment = {f"UPLOAD_{name.upper()}": value for name, value in told.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


async def filled(database_url: str) -> str:
    """Of four videos one has failed, one lacks its poster, one has it, and one is new; the id of the first."""
    async with open_database(database_url) as database:
        store = Store(database)
        failed, lacking, whole, _ = videos = [video() for _ in range(4)]
        for one in videos:
            await store.add_video(one)
        for one in (failed, lacking, whole):
            await store.add_look(one.id, is_backfill=False, at=NOW)
        for job in await store.list_takeable([Task.LOOK], now=NOW, limit=9):
            await store.take_job(job, until=NOW + timedelta(minutes=2))
            taken = await store.get_job(job.id)
            assert taken is not None
            if taken.video_id == failed.id:
                assert await store.fail_job(taken, Reason.DAMAGED, at=NOW)
            else:
                poster_id = new_id() if taken.video_id == whole.id else None
                facts = Facts(has_video=True)
                assert await store.finish_look(taken, facts, poster_id=poster_id, poster_ms=None, at=NOW)
    return failed.id


@pytest.mark.any_database
async def test_the_queue_is_seen_and_filled_once_however_often_it_is_asked_for(
    database_url: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    failed = await filled(database_url)

    async def media(*arguments: str) -> tuple[int, str, str]:
        """The exit code, and what was said: with a loop of its own, as every program has."""
        try:
            code = await asyncio.to_thread(main, arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    async def counts() -> list[int]:
        found = json.loads((await media("status", "--json"))[1])
        return [found[state] for state in ("waiting", "running", "failed")]

    status = vss("media", "status", **environment)
    assert (status.returncode, status.stdout.split()) == (0, ["0", "waiting", "0", "running", "1", "failed"])
    for added, waiting in ((1, 1), (0, 1)):
        assert await media("retry", failed) == (0, f"jobs added to the queue: {added}\n", "")
        assert await counts() == [waiting, 0, 0]
    # The new one has none yet, and one lacks its poster; that of the third is there.
    for arguments, added in (([], 2), ([], 0), (["--again"], 1), (["--again"], 0)):
        assert await media("backfill", *arguments) == (0, f"jobs added to the queue: {added}\n", "")
    assert await counts() == [4, 0, 0]
    assert await media("retry", "--all") == (0, "jobs added to the queue: 0\n", "")
    for arguments, expected, words in (
        (["retry", new_id()], 1, "vss media: no video "),
        (["retry"], 2, "VIDEO_ID --all is required"),
        (["retry", "film.mp4"], 2, "'film.mp4' is not a video's ID"),
    ):
        code, out, err = await media(*arguments)
        assert (code, out, words in err) == (expected, "", True), err


@pytest.mark.any_database
async def test_renditions_are_made_again_of_one_video_or_all(
    database_url: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Facts(has_video=True, has_audio=True, width=640, height=360, duration_ms=100_000)
    async with open_database(database_url) as database:
        store = Store(database)
        videos = [video() for _ in range(3)]
        for one in videos:
            await store.add_video(one)
            await store.add_look(one.id, is_backfill=False, at=NOW)
        for job in (await store.list_takeable([Task.LOOK], now=NOW, limit=9))[:2]:
            await store.take_job(job, until=NOW + timedelta(minutes=2))
            taken = await store.get_job(job.id)
            assert taken is not None
            assert await store.finish_look(taken, facts, poster_id=None, poster_ms=None, at=NOW)
        [looked, *_] = await RenditionStore(database).list_with_pictures(after="", limit=9)

    async def media(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["renditions", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    async def sets() -> dict[str, str]:
        async with open_database(database_url) as database:
            return {
                row.video_id: row.id for row in await database.rows(text("SELECT video_id, id FROM rendition_sets"))
            }

    code, _, why = await media("--all")
    assert (code, why) == (1, "vss media: renditions are off; set VSS_RENDITIONS to ladder or needed\n")
    monkeypatch.setenv("UPLOAD_RENDITIONS", "ladder")
    # Nobody has looked at the third.
    assert await media("--all") == (0, "videos of which renditions will be made: 2\n", "")
    before = await sets()
    assert await media(looked) == (0, "videos of which renditions will be made: 1\n", "")
    after = await sets()
    assert {video_id for video_id in after if after[video_id] != before[video_id]} == {looked}
    async with open_database(database_url) as database:
        jobs = await database.rows(text("SELECT video_id FROM media_jobs WHERE set_id IS NOT NULL"))
    # The sound and two pieces of each, and nothing of what was begun before.
    assert len(jobs) == 6
