"""Jobs of workers on both databases: who is next, one attempt at a time, and what ends with a video."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy import text as sql

from catalogue.access import Viewer
from catalogue.tables import AUDIENCE, VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.audit import Actor, AuditEntry
from common.db import Database, open_database
from common.ids import new_id
from contracts.media import Facts, Reason, Task
from tests.statements import plan, statements, work
from tests.stores import Store
from tests.videos import NOW, video
from upload_svc.audit import Action, entry_about
from upload_svc.grant_store import Grant, GrantStore
from upload_svc.media.media import JobState, MediaJob, MediaState
from upload_svc.tables import MEDIA_JOBS

SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=2)
FACTS = Facts(duration_ms=61_500, width=1920, height=1080, codecs=("avc1.640028", "mp4a.40.2"), has_video=True)


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
    assert await store.restart_jobs([first.id], at=NOW) == 0
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
    # Administrators find it in a list, the latest first, behind any place.
    assert await store.fail_job(first, Reason.DAMAGED, at=NOW + 9 * LEASE)
    failed = await store.list_failed_jobs(after=None, limit=9)
    assert [(job.video_id, job.reason, job.attempts) for job in failed] == [
        (videos[0].id, Reason.DAMAGED, 1),
        (videos[1].id, Reason.CRASHED, 3),
    ]
    for number in range(3):
        place = (failed[number - 1].at, failed[number - 1].id) if number else None
        assert await store.list_failed_jobs(after=place, limit=1) == failed[number : number + 1]
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
    # A film whose pictures nobody can decode is done with its facts.
    other = await ready(store, new_id())
    assert await store.finish_look(await taken(store, other.id), FACTS, poster_id=None, poster_ms=None, at=NOW)
    assert (await store.list_media([other.id]))[other.id].state is MediaState.READY
    assert await takeable(store) == []


async def _fill(database: Database, counts: dict[str, int]) -> None:
    """So many waiting jobs of each owner, of new videos and of old ones, with statistics as they are after a while."""
    videos, jobs = [], []
    for owner_id, count in counts.items():
        for number in range(count):
            one = video(owner_id=owner_id)
            texts = {"title_key": "", "search_key": "", "visibility": "private", "state": "ready"}
            videos.append({**asdict(one), **texts})
            jobs.append(
                {
                    "id": new_id(),
                    "video_id": one.id,
                    "owner_id": owner_id,
                    "task": "look",
                    "state": "waiting",
                    "attempt": 0,
                    "tries_left": 3,
                    "progress": 0,
                    "is_backfill": number % 2 == 1,
                    "leased_until": NOW + number * SECOND,
                    "created_at": NOW + number * SECOND,
                }
            )
    async with database.write() as connection:
        await connection.execute(insert(VIDEOS), videos)
        await connection.execute(insert(MEDIA_JOBS), jobs)
        if connection.dialect.name != "sqlite":
            await connection.execute(sql("ANALYZE TABLE videos, media_jobs"))


async def test_the_next_job_costs_little_however_many_wait_and_a_flood_is_not_next_for_ever(database_url: str) -> None:
    async with open_database(database_url) as database:
        store, flood = Store(database), new_id()

        async def cost() -> tuple[int, str]:
            """Of asking for ten: all work, and how the queue is read."""
            with statements() as seen:
                assert len(await store.list_takeable(list(Task), now=NOW + LEASE, limit=10)) == 10
            async with database.read() as connection:
                costs = [await work(connection, one) for one in seen]
                [waiting] = [one for one in seen if "min(" in one.text]
                return sum(costs), await plan(connection, waiting)

        await _fill(database, {flood: 200, **{new_id(): 4 for _ in range(9)}})
        small, _ = await cost()
        await _fill(database, {flood: 4000})
        large, how = await cost()
        assert "media_jobs_next" in how
        # SQLite passes over the entries of the index, by 15 instructions each; the server reads one of each queue.
        passed = 4000 if database_url.startswith("sqlite") else 0
        assert large <= 1.5 * small + 1.5 * passed, (small, large, how)

        other = await ready(store, new_id(), seconds=100)
        turns = []
        for _ in range(11):
            [job] = await store.list_takeable(list(Task), now=NOW + LEASE, limit=1)
            assert await store.take_job(job, until=NOW + 2 * LEASE)
            turns.append(job.video_id)
        assert turns[-1] == other.id


async def test_pictures_are_made_again_when_fewer_may_see_them_and_not_otherwise(
    store: Store, database_url: str
) -> None:
    owner, later = new_id(), timedelta()
    one, both = await ready(store, owner), [Task.LOOK, Task.STORYBOARD]

    async def asked(*, makes: bool = False) -> list[Task]:
        """What is to be made of it; and makes that."""
        nonlocal later
        # When no lease of before is held any more.
        later += 2 * LEASE
        jobs = [job for job in await takeable(store, later=later) if job.video_id == one.id]
        for _ in jobs if makes else ():
            job = await taken(store, one.id, later=later)
            made = job.derived_id(job.attempt)
            if job.task is Task.LOOK:
                assert await store.finish_look(job, FACTS, poster_id=made, poster_ms=1000, at=NOW)
            else:
                assert await store.finish_storyboard(job, storyboard_id=made, at=NOW)
        return [job.task for job in jobs]

    async def choose(visibility: Visibility) -> None:
        assert await store.edit_video(one.id, owner, visibility=visibility)

    assert await asked(makes=True) == [Task.LOOK]
    assert await asked(makes=True) == [Task.STORYBOARD]
    for visibility, is_narrower in (
        (Visibility.MEMBERS, False),
        (Visibility.PUBLIC, False),
        # In fewer lists, and for the same people to watch.
        (Visibility.UNLISTED, False),
        (Visibility.MEMBERS, True),
        (Visibility.PRIVATE, True),
        (Visibility.PUBLIC, False),
    ):
        await choose(visibility)
        assert await asked() == (both if is_narrower else []), visibility
        # However often: each is to be made once, and its owner has its picture meanwhile.
        await choose(Visibility.PUBLIC)
        await choose(visibility)
        media = (await store.list_media([one.id]))[one.id]
        assert (media.state, media.facts is not None) == (MediaState.READY, True)
        await asked(makes=True)

    def entry() -> AuditEntry:
        return entry_about(Action.HIDDEN, Actor(owner, "192.0.2.1"), one, at=NOW)

    assert await store.hide_video(one.id, entry())
    assert await asked(makes=True) == both
    # Who could not see it before: nothing changes for them.
    await choose(Visibility.PRIVATE)
    assert await store.show_video(one.id, entry())
    assert await store.hide_video(one.id, entry())
    assert await asked() == []
    # With a grant others see it: until it is hidden, or revoked.
    assert await store.show_video(one.id, entry())
    async with open_database(database_url) as database:
        grants = GrantStore(database)
        grant, _ = await grants.put_grant(Viewer(owner), _grant_of(one), entry=entry())
        assert await asked() == []
        assert await store.hide_video(one.id, entry())
        assert await asked(makes=True) == both
        assert await store.show_video(one.id, entry())
        assert await grants.revoke_grant(grant, entry(), now=NOW)
        assert await asked(makes=True) == both
        assert not await grants.revoke_grant(grant, entry(), now=NOW)
        # Of what others may watch anyhow nothing changes.
        await choose(Visibility.MEMBERS)
        grant, _ = await grants.put_grant(Viewer(owner), _grant_of(one), entry=entry())
        assert await grants.revoke_grant(grant, entry(), now=NOW)
        assert await asked() == []


async def test_lists_of_what_is_granted_know_its_length_when_it_is_found_out(store: Store, database_url: str) -> None:
    one = await ready(store, owner := new_id())
    entry = entry_about(Action.GRANTED, Actor(owner, "192.0.2.1"), one, at=NOW)
    async with open_database(database_url) as database:
        await GrantStore(database).put_grant(Viewer(owner), _grant_of(one), entry=entry)
        job = await taken(store, one.id)
        for expected in (None, FACTS.duration_ms):
            [row] = await database.rows(select(AUDIENCE.c.duration_ms))
            assert row.duration_ms == expected
            await store.finish_look(job, FACTS, poster_id=None, poster_ms=None, at=NOW)


def _grant_of(one: Video) -> Grant:
    subject = f"group:{new_id()}"
    return Grant(id=new_id(), video_id=one.id, subject=subject, name="Class", created_at=NOW, expires_at=None)


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


async def test_what_was_sent_is_kept_as_long_as_the_poster_is_to_be_made_of_it(store: Store) -> None:
    owner = new_id()
    one = await ready(store, owner)
    sent = await store.begin_picture(one.id, until=NOW + LEASE, at=NOW)
    assert sent is not None
    assert await store.give_picture(sent, at=NOW)

    async def made(task: Task, *, later: timedelta) -> str:
        """The poster that is made then, and of what was sent where that is so."""
        [found] = await takeable(store, task, later=later)
        assert await store.take_job(found, until=NOW + later + LEASE)
        job = await store.get_job(found.id)
        assert job is not None
        assert job.picture_attempt == (1 if task is Task.PICTURE else None)
        poster_id = job.derived_id(job.attempt)
        if task is Task.PICTURE:
            assert await store.finish_picture(job, poster_id=poster_id, at=NOW)
        else:
            assert await store.finish_look(job, FACTS, poster_id=poster_id, poster_ms=1000, at=NOW)
        return poster_id

    async def now_has() -> str | None:
        facts = await store.get_facts(one.id)
        return None if facts is None else facts.poster_id

    # The film is looked at while the picture waits, and has a poster of its own for a moment.
    assert await made(Task.LOOK, later=SECOND) == await now_has()
    own = await made(Task.PICTURE, later=SECOND)
    assert await now_has() == own
    # Fewer people may see it: another key.
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
        assert await store.edit_video(one.id, owner, visibility=visibility)
    await made(Task.LOOK, later=2 * LEASE)
    assert await now_has() == own
    again = await made(Task.PICTURE, later=2 * LEASE)
    assert again == await now_has() != own
    # A moment in its place.
    await store.choose_poster(one.id, at_ms=3000, at=NOW)
    assert await made(Task.LOOK, later=4 * LEASE) == await now_has()
    job = await store.get_job(sent.id)
    assert job is not None
    assert job.kept_attempts == {None}
