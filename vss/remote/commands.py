"""`vss login`, `logout`, `upload`, `list`, `download` and `rm`: options in, one line or one JSON object a thing out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import re
import signal
import sys
from collections.abc import Coroutine
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from vss.errors import BadOption, Ended, Refusal
from vss.speaking import say, warn

if TYPE_CHECKING:
    from vss.remote.client import Client

# Long enough for a server's restart and a night's router; a script that wants less says so.
WAIT_MINUTES = 60.0
SHORT_WAIT_SECONDS = 15.0
MOST_PARALLEL = 16


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """All of them: they share the log-in and how they speak."""
    login = commands.add_parser("login", help="log in to a server, for all commands below")
    login.add_argument(
        "--server",
        metavar="URL",
        nargs="+",
        help="one URL of a site, or three: auth, upload and stream (default: `make run` on this machine)",
    )
    login.add_argument("--username", metavar="NAME", help="username (default: ask)")
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    login.set_defaults(run=_login)

    logout = commands.add_parser("logout", help="log out and end the session")
    logout.set_defaults(run=_logout)

    upload = commands.add_parser("upload", help="upload videos; run again to resume")
    upload.add_argument("files", metavar="FILE", nargs="+", help="a video, or with --recursive a folder")
    upload.add_argument(
        "-r", "--recursive", action="store_true", help="also the videos in folders and their subfolders"
    )
    upload.add_argument("--title", help="title, for one file (default: from the file name)")
    upload.add_argument("--description")
    upload.add_argument("--visibility", choices=("private", "members", "public"), help="default private")
    upload.add_argument("--restart", action="store_true", help="start over, even if unfinished or already uploaded")
    upload.add_argument(
        "--skip-uploaded",
        action="store_true",
        help="skip files that are already uploaded, even under another name (compared by size and SHA-256)",
    )
    upload.add_argument("--sha256", action="store_true", help="hash the file first so that downloads can be verified")
    upload.add_argument(
        "--parallel",
        metavar="N",
        type=_parallel,
        default=4,
        help="parts to send at the same time (default %(default)s)",
    )
    upload.add_argument(
        "--limit-rate",
        metavar="RATE",
        type=_rate,
        default=0,
        help="maximum bytes per second, such as 500K, 2M or 1.5M (K = 1024; default: no limit)",
    )
    _speaking(upload)
    upload.set_defaults(run=_upload)

    listing = commands.add_parser("list", help="list your videos, newest first")
    listing.add_argument("--state", choices=("uploading", "ready", "trashed"), help="default: uploading and ready")
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    listing.set_defaults(run=_list)

    download = commands.add_parser("download", help="download a video; run again to resume")
    download.add_argument("id", metavar="ID", type=_id, help="ID from `vss list`, or the URL of the video's page")
    download.add_argument("-o", "--output", metavar="FILE", help="file or folder to write to; - for standard output")
    download.add_argument("--replace", action="store_true", help="overwrite an existing file")
    _speaking(download)
    download.set_defaults(run=_download)

    remove = commands.add_parser("rm", help="move videos to the trash")
    remove.add_argument("ids", metavar="ID", nargs="+")
    remove.add_argument("--permanently", action="store_true", help="delete immediately, including unfinished uploads")
    remove.set_defaults(run=_remove)


def _speaking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per line on standard output")
    parser.add_argument("--quiet", action="store_true", help="do not show progress")
    parser.add_argument(
        "--wait",
        metavar="MINUTES",
        type=_minutes,
        default=WAIT_MINUTES,
        help="how long to wait for a server or network that is not responding (default %(default)g)",
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
        f"{text!r} cannot be used; give bytes per second such as 500K, 2M or 1.5M, or 0 for no limit"
    )


def _id(text: str) -> str:
    # What `vss upload` prints is the address of the page; what is no id would be another URL.
    said = match[1] if (match := re.fullmatch(r"https?://[^/]+/watch/([^/?#]+)/?(?:[?#].*)?", text)) else text
    if said.isascii() and said.isalnum() and len(said) <= 64:
        return said
    raise argparse.ArgumentTypeError(f"{text!r} is not an ID; `vss list` shows them")


def _ended(number: int, _frame: object) -> NoReturn:
    raise Ended(number)


def _run(work: Coroutine[Any, Any, int], *, if_interrupted: str = "") -> int:
    """Runs the command; a closed terminal or a kill ends it as Ctrl-C does: in order."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever started us with nohup wants it ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ended)
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        if if_interrupted:
            warn(f"vss: interrupted. {if_interrupted}")
        raise


def _login(arguments: argparse.Namespace) -> int:
    from vss.remote.account import server_named  # noqa: PLC0415

    server = server_named(arguments.server or ())
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    if not (arguments.username and arguments.password_stdin) and not has_terminal:
        raise BadOption("no terminal to ask on: give --username NAME and --password-stdin")
    try:
        username = arguments.username or input(f"Username at {server.auth}: ")
        password = _password_of_stdin() if arguments.password_stdin else getpass.getpass()
        if not (username and password):
            raise EOFError
    except EOFError as exc:
        raise BadOption("no username and password were given") from exc
    except UnicodeDecodeError as exc:
        raise BadOption("username and password must be UTF-8") from exc

    async def work() -> int:
        from vss.remote.client import log_in  # noqa: PLC0415

        kept = await log_in(server, username, password, patience_seconds=SHORT_WAIT_SECONDS)
        say(f"Logged in to {server.stream} as {kept.username}; log out with `vss logout`.")
        return 0

    return _run(work())


def _password_of_stdin() -> str:
    if sys.stdin is None:
        raise EOFError
    # Windows puts a mark in front and another line end behind.
    return sys.stdin.buffer.readline().decode("utf-8-sig").rstrip("\r\n")


def _logout(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import log_out  # noqa: PLC0415

        is_done = await log_out(patience_seconds=SHORT_WAIT_SECONDS)
        say("Logged out." if is_done else "Not logged in.")
        return 0

    return _run(work())


def _upload(arguments: argparse.Namespace) -> int:
    from vss.remote.finding import find_files  # noqa: PLC0415
    from vss.remote.sending import upload_all  # noqa: PLC0415

    found = find_files(arguments.files, recursive=arguments.recursive)
    if arguments.title is not None and len(found.files) > 1:
        raise BadOption("--title is for one file")
    return _run(
        upload_all(arguments, found),
        if_interrupted="What was uploaded is kept for 7 days. Run the same command, here or on any machine with "
        "the files, to resume; uploaded files are not sent twice",
    )


def _list(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.plan import human_size  # noqa: PLC0415

        query = {} if arguments.state is None else {"state": arguments.state}
        async with open_client(patience_seconds=SHORT_WAIT_SECONDS) as client:
            async for video in client.items(f"{client.server.upload}/v1/uploads", **query):
                when = video["created_at"][:16].replace("T", " ")
                size = "" if video["size"] is None else human_size(video["size"])
                text = (
                    f"{video['id']}  {video['state']:<9} {size:>9}  {when}  {video['visibility']:<8}  {video['title']}"
                )
                say(json.dumps(video) if arguments.json else text)
        return 0

    return _run(work())


def _download(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.downloading import STDOUT, download  # noqa: PLC0415
        from vss.remote.plan import human_size  # noqa: PLC0415

        async with open_client(patience_seconds=arguments.wait * 60) as client:
            got = await download(
                client, arguments.id, arguments.output, replace=arguments.replace, quiet=arguments.quiet
            )
        checked = "size and SHA-256 verified" if got.sha256 else "size verified"
        thing = {"id": arguments.id, "file": got.name, "size": got.size, "sha256": got.sha256}
        text = json.dumps(thing) if arguments.json else f"{got.name} ({human_size(got.size)}, {checked})"
        # Standard output is the video itself.
        (warn if got.name == STDOUT else say)(text)
        return 0

    return _run(work(), if_interrupted="Run the same command to resume")


def _remove(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        from vss.remote.client import open_client  # noqa: PLC0415
        from vss.remote.errors import NoAnswer, NotLoggedIn, SomeFailed  # noqa: PLC0415

        failures: list[Refusal] = []
        async with open_client(patience_seconds=SHORT_WAIT_SECONDS) as client:
            for named in arguments.ids:
                try:
                    said = await _remove_one(client, named, is_permanent=arguments.permanently)
                except (NoAnswer, NotLoggedIn):
                    raise
                except Refusal as refusal:
                    failures.append(refusal)
                    warn(f"vss: {named}: {refusal}")
                else:
                    say(f"{named}: {said}")
        if failures and len(arguments.ids) > 1:
            raise SomeFailed(f"{len(arguments.ids) - len(failures)} of {len(arguments.ids)} videos deleted")
        return failures[0].exit_code if failures else 0

    return _run(work())


async def _remove_one(client: Client, named: str, *, is_permanent: bool) -> str:
    from vss.remote.errors import NotThere, Refused  # noqa: PLC0415

    try:
        url = f"{client.server.upload}/v1/uploads/{_id(named)}"
    except argparse.ArgumentTypeError:
        raise NotThere("not an ID; `vss list` shows them") from None
    if is_permanent:
        await client.call("DELETE", url)
        return "permanently deleted"
    try:
        await client.call("POST", f"{url}/trash")
    except Refused as refused:
        if refused.status == HTTPStatus.CONFLICT:
            raise Refused(refused.status, {"detail": "is unfinished: use --permanently to discard it"}) from refused
        raise
    return "moved to the trash; deletes in 7 days"
