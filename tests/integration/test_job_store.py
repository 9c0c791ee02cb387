"""Jobs of workers on both databases: who is next, one attempt at a time, and what ends with a video."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from catalogue.videos import Video, VideoState
from common.db import open_database
from common.ids import new_id
from contracts.media import Facts, Reason, Task
from tests.videos import NOW, video
from upload_svc.media import JobState, MediaJob, MediaState
from upload_svc.store import Store

SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=2)
FACTS = Facts(duration_ms=61_500, width=1920, height=1080, codecs=("avc1.640028", "mp4a.40.2"), has_video=True)


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[Store]]:
    """The stores of three processes: each with connections of its own."""
    async with AsyncExitStack() as stack:
        yield [Store(await stack.enter_async_context(open_database(database_url))) for _ in range(3)]


@pytest.fixture
def store(replicas: list[Store]) -> Store:
    return replicas[0]


async def ready(store: Store, owner_id: str, *, seconds: int = 0, is_backfill: bool = False) -> Video:
    """A ready video with a job to look at it."""
    one = video(owner_id=owner_id)
    await store.add_video(one)
    assert await store.add_look(one.id, is_backfill=is_backfill, at=NOW + seconds * SECOND)
    return one


async def takeable(store: Store, *tasks: Task, later: timedelta = timedelta(minutes=1)) -> list[MediaJob]:
    return await store.list_takeable(tasks or list(Task), now=NOW + later, limit=100)


async def taken(store: Store, video_id: str, *, later: timedelta = timedelta(minutes=1)) -> MediaJob:
    """The video's job, taken at that time; as its worker knows it."""
    job = next(job for job in await takeable(store, later=later) if job.video_id == video_id)
    assert await store.take_job(job, until=NOW + later + LEASE)
    found = await store.get_job(job.id)
    assert found is not None
    return found


async def test_new_goes_before_old_quick_before_slow_and_each_owner_has_their_turn(store: Store) -> None:
    ann, bob, cat = new_id(), new_id(), new_id()
    anns = [await ready(store, ann, seconds=number) for number in range(3)]
    bobs = await ready(store, bob, seconds=10)
    old = await ready(store, cat, seconds=-100, is_backfill=True)
    assert [job.video_id for job in await takeable(store)] == [one.id for one in [*anns, bobs, old]]
    # While one of hers is worked on, the others are next, but for what was there already.
    look = await taken(store, anns[0].id)
    assert [job.video_id for job in await takeable(store)] == [one.id for one in [bobs, *anns[1:], old]]
    assert await store.finish_look(look, FACTS, poster_id=new_id(), poster_ms=1000, at=NOW)
    storyboard = (anns[0].id, Task.STORYBOARD)
    offered = [(job.video_id, job.task) for job in await takeable(store)]
    assert offered[-2:] == [storyboard, (old.id, Task.LOOK)]
    assert [(job.video_id, job.task) for job in await takeable(store, Task.STORYBOARD)] == [storyboard]
    # Nobody works on what is not there for its viewers.
    moves = ((anns[1].id, VideoState.TRASHED), (anns[2].id, VideoState.DELETED))
    for video_id, state in moves:
        assert await store.move_video(video_id, old=[VideoState.READY], new=state, settle_after=NOW)
    assert [job.video_id for job in await takeable(store, Task.LOOK)] == [bobs.id, old.id]
    await store.finish_deleting(anns[2].id)
    assert await store.list_media([anns[2].id]) == {}
    assert await store.list_unlooked(limit=10) == []
    assert not await store.add_look(anns[2].id, is_backfill=True, at=NOW)


async def test_of_all_who_want_a_job_one_gets_it_and_keeps_it_until_its_lease_ends(replicas: list[Store]) -> None:
    store, owner = replicas[0], new_id()
    videos = [await ready(store, owner) for _ in range(6)]
    offered = await takeable(store)
    until = NOW + LEASE
    won = await asyncio.gather(*(each.take_job(job, until=until) for job in offered for each in replicas))
    assert (len(offered), sum(won)) == (6, 6)
    assert await takeable(store) == []
    first = await store.get_job(next(job.id for job in offered if job.video_id == videos[0].id))
    assert first is not None
    assert (first.attempt, first.tries_left, first.state) == (1, 2, JobState.RUNNING)
    assert await store.renew_job(first, progress=40, until=until + LEASE)
    assert len(await takeable(store, later=LEASE)) == 5
    # Two more attempts of one, each after the one before has ended without a word.
    second = await taken(store, videos[1].id, later=LEASE)
    third = await taken(store, videos[1].id, later=3 * LEASE)
    assert (second.attempt, third.attempt, third.tries_left) == (2, 3, 0)
    late = (
        store.renew_job(second, progress=99, until=until),
        store.note_outputs(second),
        store.release_job(second, at=NOW),
        store.try_again_later(second, Reason.STORAGE, after=NOW),
        store.fail_job(second, Reason.DAMAGED, at=NOW),
        store.finish_look(second, FACTS, poster_id=None, poster_ms=None, at=NOW),
        store.finish_storyboard(second, storyboard_id=new_id(), at=NOW),
    )
    assert not any([await change for change in late])
    assert await store.get_facts(videos[1].id) is None
    ids = {job.derived_id(attempt) for job in (third, first) for attempt in (1, 2, 3)}
    assert (len(ids), third.derived_id(3) == second.derived_id(3)) == (6, True)
    # Its last one is lost as well; the owner may ask again.
    assert videos[1].id not in {job.video_id for job in await takeable(store, later=5 * LEASE)}
    assert await store.fail_lost_jobs(now=NOW + 5 * LEASE) == 1
    media = (await store.list_media([videos[1].id]))[videos[1].id]
    assert (media.state, media.reason) == (MediaState.FAILED, Reason.CRASHED)
    assert not await store.finish_look(third, FACTS, poster_id=None, poster_ms=None, at=NOW)
    await store.retry_jobs(videos[1].id, at=NOW)
    assert (await taken(store, videos[1].id)).attempt == 4


async def test_what_is_given_back_does_not_count_and_done_is_done_once_with_its_facts(replicas: list[Store]) -> None:
    store = replicas[0]
    one = await ready(store, new_id())
    for attempt in range(1, 6):
        job = await taken(store, one.id)
        assert (job.attempt, job.tries_left) == (attempt, 2)
        assert await store.release_job(job, at=NOW)
    job, poster_id = await taken(store, one.id), new_id()
    done = await asyncio.gather(
        *(each.finish_look(job, FACTS, poster_id=poster_id, poster_ms=2000, at=NOW) for each in replicas)
    )
    assert sum(done) == 1
    media = (await store.list_media([one.id]))[one.id]
    assert media.facts is not None
    assert (media.state, media.facts.duration_ms, media.facts.codecs) == (MediaState.READY, 61_500, FACTS.codecs)
    assert (media.facts.poster_id, media.facts.storyboard_id) == (poster_id, None)
    assert Facts.model_validate_json(media.facts.facts) == FACTS
    [storyboard] = await takeable(store)
    assert storyboard.task is Task.STORYBOARD
    board, board_id = await taken(store, one.id), new_id()
    assert await store.finish_storyboard(board, storyboard_id=board_id, at=NOW)
    facts = await store.get_facts(one.id)
    assert facts is not None
    assert (facts.poster_id, facts.storyboard_id) == (poster_id, board_id)
    # What attempts have left is looked after by one at a time.
    until = NOW + LEASE
    settled = await asyncio.gather(*(each.take_unsettled_jobs(now=NOW, until=until, limit=9) for each in replicas))
    assert sorted(job.id for some in settled for job in some) == sorted([job.id, board.id])
    for some in settled:
        for settling in some:
            await store.finish_settling(settling, taken_until=until)
    assert await store.take_unsettled_jobs(now=until, until=until + LEASE, limit=9) == []


async def test_of_pictures_that_come_at_once_the_last_counts(replicas: list[Store]) -> None:
    one = await ready(replicas[0], new_id())
    begun = await asyncio.gather(*(store.begin_picture(one.id, until=NOW + LEASE, at=NOW) for store in replicas))
    jobs = sorted((job for job in begun if job is not None), key=lambda job: job.attempt)
    assert [job.attempt for job in jobs] == [1, 2, 3]
    given = await asyncio.gather(*(store.give_picture(job, at=NOW) for store, job in zip(replicas, jobs, strict=True)))
    assert given == [False, False, True]
    [job] = await takeable(replicas[0], Task.PICTURE)
    assert (job.picture_attempt, job.tries_left, job.kept_attempts) == (3, 3, {3})
    assert await replicas[0].take_job(job, until=NOW + LEASE)
    held = await replicas[0].get_job(job.id)
    assert held is not None
    # Before anybody has looked at the film, and while somebody does.
    look = await taken(replicas[1], one.id)
    poster = new_id()
    ended = await asyncio.gather(
        replicas[0].finish_picture(held, poster_id=held.derived_id(4), at=NOW),
        replicas[1].finish_look(look, FACTS, poster_id=poster, poster_ms=1000, at=NOW),
    )
    assert all(ended)
    facts = await replicas[2].get_facts(one.id)
    assert facts is not None
    assert (facts.poster_id, facts.duration_ms) == (held.derived_id(4), 61_500)
