"""`vss upload` over all its files: what concerns one of them ends neither the others nor the command."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vss.errors import INTERRUPTED, Refusal
from vss.remote.client import Client, open_client
from vss.remote.errors import NoAnswer, NotLoggedIn, Refused, SomeFailed
from vss.remote.finding import Found, Named
from vss.remote.pacing import Pace
from vss.remote.plan import human_size
from vss.remote.progress import shown
from vss.remote.source import open_source
from vss.remote.uploaded import Uploaded
from vss.remote.uploading import Uploading, UploadOptions
from vss.speaking import say, warn

# Names in one line, before it only counts them.
MOST_NAMED = 10


async def upload_all(arguments: argparse.Namespace, found: Found) -> int:
    """Each file in its turn; returns the exit code. Raises what concerns all of them, and SomeFailed at the end."""
    report = _Report(found.files, as_json=arguments.json)
    if found.passed_over and not arguments.quiet:
        warn(f"vss: files in folders that are not videos: {found.passed_over} skipped")
    if all(file.trouble for file in found.files):
        for file in found.files:
            if file.trouble:
                report.failed(file.name, file.trouble)
        return report.end()
    try:
        async with open_client(patience_seconds=arguments.wait * 60) as client:
            one = _One(arguments, client, report)
            for file in found.files:
                await one.upload(file)
    except (NoAnswer, NotLoggedIn) as refusal:
        report.stopped(str(refusal), refusal.exit_code)
        raise
    except asyncio.CancelledError:
        report.stopped("interrupted", INTERRUPTED)
        raise
    except OSError as exc:
        report.stopped(exc.strerror or str(exc), 1)
        raise
    return report.end()


class _One:
    """What all files of a command share while one after the other is uploaded."""

    def __init__(self, arguments: argparse.Namespace, client: Client, report: _Report) -> None:
        self._client = client
        self._report = report
        self._quiet = arguments.quiet
        self._options = UploadOptions(
            title=arguments.title,
            description=arguments.description,
            visibility=arguments.visibility,
            anew=arguments.restart,
            sha256=arguments.sha256,
            parallel=arguments.parallel,
            pace=Pace(arguments.limit_rate) if arguments.limit_rate else None,
        )
        self._uploaded = None if arguments.restart else Uploaded(client, under_any_name=arguments.skip_uploaded)

    async def upload(self, file: Named) -> None:
        """Raises what concerns all files; anything else is reported."""
        try:
            if file.trouble is not None:
                raise file.trouble
            await self._upload(file.name)
        except (NoAnswer, NotLoggedIn):
            raise
        except Refusal as refusal:
            self._report.failed(file.name, refusal)

    async def _upload(self, name: str) -> None:
        path = Path(name)
        with open_source(path) as source:
            if self._uploaded is not None and (video := await self._uploaded.find(source)):
                text = f"{name}: already uploaded, {video['watch_url']}{_not_heeded(self._options, video)}"
                self._report.done(name, {**video, "sent_bytes": 0, "skipped": True}, text)
                return
            with shown(path.name, source.size, quiet=self._quiet) as progress:
                sent = await Uploading(self._client, source, self._options, progress).run()
        video = sent.video
        text = f"{name}: uploaded ({human_size(video['size'])}, {video['visibility']}), {video['watch_url']}"
        self._report.done(name, {**video, "sent_bytes": sent.sent_bytes}, text)


def _not_heeded(options: UploadOptions, video: Mapping[str, Any]) -> str:
    """A command that runs every night must not open again what its owner has closed since."""
    said = {"title": options.title, "description": options.description, "visibility": options.visibility}
    other = [name for name, value in said.items() if value is not None and value != video[name]]
    return f"; its {' and '.join(other)} was not changed" if other else ""


class _Report:
    """What becomes of each file, said as it happens, once, by its name."""

    def __init__(self, files: Sequence[Named], *, as_json: bool) -> None:
        # By place, not by name: two links may be shown alike.
        self._open = [file.name for file in files]
        self._count = len(files)
        self._failures: list[tuple[str, Refusal]] = []
        self._as_json = as_json
        self._lost: OSError | None = None

    def done(self, name: str, thing: Mapping[str, Any], text: str) -> None:
        self._open.remove(name)
        self._say({"file": name, **thing}, text)

    def failed(self, name: str, refusal: Refusal) -> None:
        self._open.remove(name)
        text = named(name, refusal)
        self._failures.append((name, refusal))
        warn(f"vss: {text}")
        self._say({"file": name, "error": text, "exit_code": refusal.exit_code}, None)

    def stopped(self, reason: str, exit_code: int) -> None:
        """The files that are left were not uploaded, and why."""
        for name in self._open:
            self._say({"file": name, "error": f"not uploaded: {reason}", "exit_code": exit_code}, None)
        if self._count > 1:
            missing = [name for name, _ in self._failures] + self._open
            more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
            warn(
                f"vss: {self._count - len(missing)} of {self._count} files uploaded. "
                f"Not uploaded: {', '.join(missing[:MOST_NAMED])}{more}"
            )

    def end(self) -> int:
        """Raises SomeFailed; or OSError when nobody took what was said."""
        if self._failures and self._count > 1:
            raise SomeFailed(
                f"{self._count - len(self._failures)} of {self._count} files uploaded. "
                "The same command tries the others again; uploaded files are not sent twice"
            )
        if self._failures:
            return self._failures[0][1].exit_code
        if self._lost is not None:
            raise self._lost
        return 0

    def _say(self, thing: Mapping[str, Any], text: str | None) -> None:
        try:
            if self._as_json:
                say(json.dumps(thing))
            elif text is not None:
                say(text)
        except OSError as exc:
            # Whoever read this has gone; the files are none the worse for it.
            self._lost = exc


def named(name: str, refusal: Refusal) -> str:
    """The refusal in a line that begins with what it is about."""
    text = str(refusal)
    if isinstance(refusal, Refused) and refusal.is_about("content_type"):
        return f"{name} is not a supported video type (MP4, MOV, MKV, WebM, …)"
    return text if text.startswith(name) else f"{name}: {text}"
