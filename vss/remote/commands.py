"""`vss login`, `logout`, `upload`, `list`, `download` and `rm`: options in, one line or one JSON object a thing out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vss.errors import BadOption, Refusal

# Long enough for a server's restart and a night's router; a script that wants less says so.
PATIENCE_MINUTES = 60.0
SHORT_PATIENCE_SECONDS = 15.0
MOST_PARALLEL = 16


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """All of them: they share the log-in and how they speak."""
    login = commands.add_parser("login", help="log in to a server, once for all commands below")
    login.add_argument(
        "--server",
        metavar="URL",
        nargs="+",
        help="one URL of a site, or three: auth, upload and stream; without it the one of `make run` here",
    )
    login.add_argument("--username", metavar="NAME", help="instead of being asked")
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    login.set_defaults(run=_login)

    logout = commands.add_parser("logout", help="end the log-in, at the server too")
    logout.set_defaults(run=_logout)

    upload = commands.add_parser("upload", help="send videos; again after an interruption, it goes on")
    upload.add_argument("files", metavar="FILE", nargs="+", help="a video, or with --recursive a folder")
    upload.add_argument("-r", "--recursive", action="store_true", help="the videos in folders and their folders too")
    upload.add_argument("--title", help="of one file; by default made from its name")
    upload.add_argument("--description")
    upload.add_argument("--visibility", choices=("private", "members", "public"), help="by default private")
    upload.add_argument("--anew", action="store_true", help="do not go on with an unfinished upload")
    upload.add_argument("--skip-uploaded", action="store_true", help="pass over files of which a video is ready")
    upload.add_argument("--sha256", action="store_true", help="read the file first, so that downloads can be verified")
    upload.add_argument("--parallel", metavar="N", type=_parallel, default=4, help="parts at once (now %(default)s)")
    upload.add_argument(
        "--limit-rate",
        metavar="RATE",
        type=_rate,
        default=0,
        help="bytes a second at most, such as 500K, 2M or 1.5M (K = 1024; without it as fast as possible)",
    )
    _speaking(upload)
    upload.set_defaults(run=_upload)

    listing = commands.add_parser("list", help="show my videos, newest first")
    listing.add_argument("--state", choices=("uploading", "ready", "trashed"), help="by default the first two")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=_list)

    download = commands.add_parser("download", help="fetch a video; again after an interruption, it goes on")
    download.add_argument("id", metavar="ID", type=_id)
    download.add_argument("-o", "--output", metavar="FILE", type=Path, help="a file or a folder")
    download.add_argument("--replace", action="store_true", help="write over a file that is there")
    _speaking(download)
    download.set_defaults(run=_download)

    remove = commands.add_parser("rm", help="put videos into the trash")
    remove.add_argument("ids", metavar="ID", nargs="+", type=_id)
    remove.add_argument("--for-ever", action="store_true", help="delete at once; also what is unfinished")
    remove.set_defaults(run=_remove)


def _speaking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument(
        "--patience",
        metavar="MINUTES",
        type=_minutes,
        default=PATIENCE_MINUTES,
        help="how long to wait for a server or network that went away (now %(default)g)",
    )


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 60 * 24 * 30:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be used; give minutes, 0 for none")
    return value


def _parallel(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_PARALLEL:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} cannot be used; give a number from 1 to {MOST_PARALLEL}")


def _rate(text: str) -> int:
    """Bytes a second as curl writes them; 0 for no limit."""
    if match := re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kmg]?)", text, re.ASCII | re.IGNORECASE):
        number = float(match[1])
        rate = int(number * 1024 ** ("", "k", "m", "g").index(match[2].lower()))
        if rate or not number:
            return rate
    raise argparse.ArgumentTypeError(
        f"{text!r} cannot be used; give bytes a second such as 500K, 2M or 1.5M, or 0 for no limit"
    )


def _id(text: str) -> str:
    # Part of a URL: what is no id would be another one.
    if text.isascii() and text.isalnum() and len(text) <= 64:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no id; `vss list` shows them")


def _say(thing: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    print(json.dumps(thing, ensure_ascii=False) if as_json else text, flush=True)


def _login(arguments: argparse.Namespace) -> int:
    from vss.remote.account import server_named  # noqa: PLC0415

    server = server_named(arguments.server or ())
    if not (arguments.username and arguments.password_stdin) and not sys.stdin.isatty():
        raise BadOption("there is no terminal to ask on: give --username NAME and --password-stdin")
    username = arguments.username or input(f"User name at {server.auth}: ")
    password = sys.stdin.readline().rstrip("\r\n") if arguments.password_stdin else getpass.getpass()

    async def work() -> int:
        from vss.remote.client import log_in  # noqa: PLC0415

        kept = await log_in(server, username, password, patience_seconds=SHORT_PATIENCE_SECONDS)
        print(f"Logged in to {server.stream} as {kept.username}; `vss logout` ends it.")
        return 0

    return asyncio.run(work())


def _logout(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import log_out  # noqa: PLC0415

        is_done = await log_out(patience_seconds=SHORT_PATIENCE_SECONDS)
        print("Logged out." if is_done else "Nobody was logged in.")
        return 0

    return asyncio.run(work())


def _upload(arguments: argparse.Namespace) -> int:
    from vss.remote.plan import find_files  # noqa: PLC0415

    files = find_files(arguments.files, recursive=arguments.recursive)
    if arguments.title is not None and len(files) > 1:
        raise BadOption("--title is for one file")
    try:
        return asyncio.run(_upload_all(arguments, files))
    except KeyboardInterrupt:
        print(
            "vss: interrupted. What has arrived is kept for seven days: the same command, here or on any machine "
            "with the file, goes on",
            file=sys.stderr,
        )
        raise


async def _upload_all(arguments: argparse.Namespace, files: list[Path]) -> int:
    from vss.remote.client import open_client  # noqa: PLC0415
    from vss.remote.errors import NoAnswer, NotLoggedIn, SomeFailed  # noqa: PLC0415
    from vss.remote.pacing import Pace  # noqa: PLC0415
    from vss.remote.plan import wire_name  # noqa: PLC0415

    failed: list[Refusal] = []
    pace = Pace(arguments.limit_rate) if arguments.limit_rate else None
    async with open_client(patience_seconds=arguments.patience * 60) as client:
        there: dict[tuple[str, int], list[str]] = {}
        if arguments.skip_uploaded:
            url = f"{client.server.upload}/v1/uploads"
            async for video in client.items(url, state="ready"):
                there.setdefault((video["filename"], video["size"]), []).append(video["id"])
        for path in files:
            try:
                alike = there.get((wire_name(path), path.stat().st_size), [])
                await _upload_one(arguments, client, path, pace, alike)
            except Refusal as refusal:
                if arguments.json:
                    thing = {"file": str(path), "error": str(refusal), "exit_code": refusal.exit_code}
                    _say(thing, "", as_json=True)
                if len(files) == 1 or isinstance(refusal, (NoAnswer, NotLoggedIn)):
                    raise
                failed.append(refusal)
                print(f"vss: {refusal}", file=sys.stderr)
    if failed:
        raise SomeFailed(len(failed), len(files))
    return 0


async def _upload_one(arguments: argparse.Namespace, client: Any, path: Path, pace: Any, alike: Sequence[str]) -> None:
    """`alike` are videos of this name and size: one that is this very file stands for it."""
    from vss.remote.plan import human_size  # noqa: PLC0415
    from vss.remote.progress import shown  # noqa: PLC0415
    from vss.remote.source import open_source  # noqa: PLC0415
    from vss.remote.uploading import Uploading, Wishes  # noqa: PLC0415

    wishes = Wishes(
        title=arguments.title,
        description=arguments.description,
        visibility=arguments.visibility,
        anew=arguments.anew,
        sha256=arguments.sha256,
        parallel=arguments.parallel,
        pace=pace,
    )
    with open_source(path) as source, shown(path.name, source.size, quiet=arguments.quiet) as progress:
        uploading = Uploading(client, source, wishes, progress)
        known = await uploading.find_stored(alike)
        if known is not None:
            thing = {"file": str(path), "id": known, "state": "ready", "skipped": True}
            _say(thing, f"{path}: already uploaded ({known})", as_json=arguments.json)
            return
        sent = await uploading.run()
    video = sent.video
    thing = {"file": str(path), **video, "sent_bytes": sent.sent_bytes}
    text = f"{video['title']} ({human_size(video['size'])}): {video['watch_url']}"
    _say(thing, text, as_json=arguments.json)


def _list(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.plan import human_size  # noqa: PLC0415

        query = {} if arguments.state is None else {"state": arguments.state}
        async with open_client(patience_seconds=SHORT_PATIENCE_SECONDS) as client:
            async for video in client.items(f"{client.server.upload}/v1/uploads", **query):
                when = video["created_at"][:16].replace("T", " ")
                size = "" if video["size"] is None else human_size(video["size"])
                text = (
                    f"{video['id']}  {video['state']:<9} {size:>9}  {when}  {video['visibility']:<7}  {video['title']}"
                )
                _say(video, text, as_json=arguments.json)
        return 0

    return asyncio.run(work())


def _download(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.downloading import download  # noqa: PLC0415
        from vss.remote.plan import human_size  # noqa: PLC0415

        async with open_client(patience_seconds=arguments.patience * 60) as client:
            got = await download(
                client, arguments.id, arguments.output, replace=arguments.replace, quiet=arguments.quiet
            )
        checked = "size and SHA-256 verified" if got.sha256 else "size verified"
        thing = {"id": arguments.id, "file": str(got.path), "size": got.size, "sha256": got.sha256}
        _say(thing, f"{got.path} ({human_size(got.size)}, {checked})", as_json=arguments.json)
        return 0

    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        print("vss: interrupted. The same command goes on where it was", file=sys.stderr)
        raise


def _remove(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.errors import Refused  # noqa: PLC0415

        async with open_client(patience_seconds=SHORT_PATIENCE_SECONDS) as client:
            for video_id in arguments.ids:
                url = f"{client.server.upload}/v1/uploads/{video_id}"
                if arguments.for_ever:
                    await client.call("DELETE", url)
                    print(f"{video_id}: deleted for ever")
                    continue
                try:
                    await client.call("POST", f"{url}/trash")
                except Refused as refused:
                    if refused.status == 409:
                        raise Refused(409, {"detail": f"{video_id} is unfinished: --for-ever discards it"}) from refused
                    raise
                print(f"{video_id}: in the trash for seven days, then deleted")
        return 0

    return asyncio.run(work())
