"""`python -m upload_svc.media_command`, which is `vss media`: the jobs for workers, with upload_svc's settings."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from common.clock import rfc3339, utc_now
from common.db import Database, open_database
from common.errors import Unavailable
from common.ids import is_id
from common.settings import load
from contracts.media import Facts
from upload_svc.media.job_store import JobStore
from upload_svc.media.media import JobState
from upload_svc.media.media_store import MediaStore
from upload_svc.media.queue_store import QueueStore
from upload_svc.media.rendition_store import RenditionStore
from upload_svc.renditions import PlanRenditions
from upload_svc.settings import Policy, Settings
from upload_svc.store import Store

# So many in one transaction, which others wait for.
AT_ONCE: Final = 500


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, or 1 when it could not be done."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except Unavailable:
        sys.stderr.write("vss media: the database is not responding. Run this again to resume.\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with open_database(settings.database_url.get_secret_value()) as database:
        queue = QueueStore(database)
        if arguments.action == "status":
            await _tell(MediaStore(database), is_json=arguments.json)
            return 0
        if arguments.action == "renditions":
            return await _render(database, arguments, settings)
        if arguments.action == "backfill":
            count = await _backfill(queue, is_again=arguments.again)
        elif arguments.all:
            count = await queue.retry_failed_jobs(at=utc_now())
        elif await Store(database).get_anybodys_video(arguments.video) is None:
            sys.stderr.write(f"vss media: no video {arguments.video}\n")
            return 1
        else:
            count = await queue.retry_jobs(arguments.video, at=utc_now())
    sys.stdout.write(f"jobs added to the queue: {count}\n")
    return 0


async def _render(database: Database, arguments: argparse.Namespace, settings: Settings) -> int:
    """Has renditions made of videos, also where there are some: those are played until the new ones are there."""
    if settings.renditions is Policy.OFF:
        sys.stderr.write("vss media: renditions are off; set VSS_RENDITIONS to ladder or needed\n")
        return 1
    store, jobs = RenditionStore(database), JobStore(database)
    making = PlanRenditions(
        store,
        policy=settings.renditions,
        heights=settings.rendition_heights,
        preset=settings.rendition_preset,
        clock=utc_now,
    )
    count, after, more = 0, "", True
    while more:
        videos = [arguments.video] if arguments.video else await store.list_with_pictures(after=after, limit=AT_ONCE)
        for video_id in videos:
            if (facts := await jobs.get_facts(video_id)) is not None:
                known = Facts.model_validate_json(facts.facts)
                count += await making.begin(video_id, known, is_backfill=True, is_again=True)
        more = not arguments.video and bool(videos)
        after = videos[-1] if videos else after
    sys.stdout.write(f"videos of which renditions will be made: {count}\n")
    return 0 if count or not arguments.video else 1


async def _backfill(queue: QueueStore, *, is_again: bool) -> int:
    """Has ready videos looked at of which something is missing, or all of them; returns how many jobs that are.

    In steps, each of which stays done whatever happens to the next.
    """
    count, after, now = 0, "", utc_now()
    while jobs := await queue.list_ended_jobs(is_all=is_again, after=after, limit=AT_ONCE):
        count += await queue.restart_jobs(jobs, at=now)
        after = jobs[-1]
    while videos := await queue.list_unlooked(limit=AT_ONCE):
        for video_id in videos:
            count += await queue.add_look(video_id, is_backfill=True, at=now)
    return count


async def _tell(store: MediaStore, *, is_json: bool) -> None:
    counts = await store.count_open_jobs()
    jobs = {state.value: counts[state][0] if state in counts else 0 for state in JobState if state is not JobState.DONE}
    waiting = counts.get(JobState.WAITING)
    oldest = None if waiting is None else rfc3339(waiting[1])
    if is_json:
        sys.stdout.write(f"{json.dumps({**jobs, 'oldest_waiting': oldest})}\n")
        return
    for state, count in jobs.items():
        since = f", the oldest since {oldest}" if oldest and state == JobState.WAITING else ""
        sys.stdout.write(f"{count:>8} {state}{since}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vss media",
        description="The queue of jobs for workers, which make the previews of videos, and their renditions.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser("status", help="how many jobs wait, run and have failed")
    status.add_argument("--json", action="store_true", help="print one line of JSON")
    retry = actions.add_parser("retry", help="try failed jobs again")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("video", metavar="VIDEO_ID", nargs="?", type=_id, help="those of this video")
    which.add_argument("--all", action="store_true", help="all of them, after new videos")
    backfill = actions.add_parser(
        "backfill", help="make what is missing of older videos, after new ones; for example after an upgrade"
    )
    backfill.add_argument("--again", action="store_true", help="also what is there already")
    renditions = actions.add_parser(
        "renditions",
        help="make renditions again, for example after a change of their sizes; playback goes on meanwhile",
    )
    which = renditions.add_mutually_exclusive_group(required=True)
    which.add_argument("video", metavar="VIDEO_ID", nargs="?", type=_id, help="those of this video")
    which.add_argument("--all", action="store_true", help="those of all videos, after new ones")
    return parser


def _id(text: str) -> str:
    if not is_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a video's ID; `vss list` shows IDs")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
