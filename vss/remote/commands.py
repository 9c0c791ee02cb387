"""The commands for a server elsewhere, `vss upload` and others: options in, one line or JSON object a thing out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from vss.errors import BadOption, Ended, Refusal
from vss.remote import values
from vss.speaking import say, warn

# Long enough for a server's restart and a night's router; a script that wants less says so.
WAIT_MINUTES = 60.0
SHORT_WAIT_SECONDS = 15.0
ID_HELP = "ID or address from `vss list`"


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """All of them: they share the log-in and how they speak."""
    login = commands.add_parser("login", help="log in to a server")
    login.add_argument(
        "--server",
        metavar="URL",
        nargs="+",
        help="one URL of a site, or three: auth, upload and stream (default: `make run` on this machine)",
    )
    login.add_argument("--username", metavar="NAME", help="username (default: ask)")
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    login.add_argument("--password", type=values.no_password, help=argparse.SUPPRESS)
    login.set_defaults(run=_login)

    commands.add_parser("logout", help="log out and end the session").set_defaults(run=_logout)

    upload = commands.add_parser("upload", help="upload videos; run again to resume")
    upload.add_argument("files", metavar="FILE", nargs="+", help="a video, or with --recursive a folder")
    upload.add_argument(
        "-r", "--recursive", action="store_true", help="also the videos in folders and their subfolders"
    )
    upload.add_argument("--title", help="title, for one file (default: from the file name)")
    upload.add_argument("--description")
    _visibility(upload, " (default private)")
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
        type=values.parallel,
        default=4,
        help="parts to send at the same time (default %(default)s)",
    )
    upload.add_argument(
        "--limit-rate",
        metavar="RATE",
        type=values.rate,
        default=0,
        help="maximum bytes per second, such as 500K, 2M or 1.5M (K = 1024; default: no limit)",
    )
    _speaking(upload)
    upload.set_defaults(run=_upload)

    listing = commands.add_parser("list", help="list your videos, newest first")
    listing.add_argument("--state", choices=("uploading", "ready", "trashed"), help="default: uploading and ready")
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    listing.set_defaults(run=_list)

    link = commands.add_parser("link", help="print a video's address")
    _ids(link)
    link.add_argument("--at", metavar="TIME", type=values.moment, help="start there, such as 90, 1:30 or 1m30s")
    link.set_defaults(run=_link)

    edit = commands.add_parser("edit", help="change who can watch a video, its title or its description")
    _ids(edit)
    _visibility(edit)
    edit.add_argument("--title", help="for one video")
    edit.add_argument("--description")
    edit.set_defaults(run=_edit)

    download = commands.add_parser("download", help="download a video; run again to resume")
    download.add_argument("id", metavar="ID", type=values.video_id, help=ID_HELP)
    download.add_argument("-o", "--output", metavar="FILE", help="file or folder to write to; - for standard output")
    download.add_argument("--replace", action="store_true", help="overwrite an existing file")
    _speaking(download)
    download.set_defaults(run=_download)

    remove = commands.add_parser("rm", help="move videos to the trash")
    _ids(remove)
    remove.add_argument("--permanently", action="store_true", help="delete immediately, including unfinished uploads")
    remove.add_argument("-y", "--yes", action="store_true", help="do not ask before deleting permanently")
    remove.set_defaults(run=_remove)

    restore = commands.add_parser("restore", help="bring videos back from the trash")
    _ids(restore)
    restore.set_defaults(run=_restore)


def _ids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help=ID_HELP)


def _visibility(parser: argparse.ArgumentParser, more: str = "") -> None:
    words = ", ".join(f"{name}: {who}" for name, who in values.WHO.items())
    parser.add_argument("--visibility", choices=tuple(values.WHO), help=f"who can watch. {words}{more}")


def _speaking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per line on standard output")
    parser.add_argument("--quiet", action="store_true", help="do not show progress")
    parser.add_argument(
        "--wait",
        metavar="MINUTES",
        type=values.minutes,
        default=WAIT_MINUTES,
        help="how long to wait for a server or network that is not responding (default %(default)g)",
    )


def _ended(number: int, _frame: object) -> NoReturn:
    raise Ended(number)


def run_work(work: Coroutine[Any, Any, int], *, if_interrupted: str = "") -> int:
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
        username = arguments.username or ask(f"Username at {server.auth}: ")
        password = password_of_stdin() if arguments.password_stdin else getpass.getpass()
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

    return run_work(work())


def ask(question: str) -> str:
    # Not on standard output, which may go to a file.
    print(question, end="", file=sys.stderr, flush=True)
    return input()


def password_of_stdin() -> str:
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

    return run_work(work())


def _upload(arguments: argparse.Namespace) -> int:
    from vss.remote.finding import find_files  # noqa: PLC0415
    from vss.remote.sending import upload_all  # noqa: PLC0415

    found = find_files(arguments.files, recursive=arguments.recursive)
    if arguments.title is not None and len(found.files) > 1:
        raise BadOption("--title is for one file")
    return run_work(
        upload_all(arguments, found),
        if_interrupted="What was uploaded is kept for 7 days. Run the same command, here or on any machine with "
        "the files, to resume; uploaded files are not sent twice",
    )


def _list(arguments: argparse.Namespace) -> int:
    from vss.remote.managing import list_videos  # noqa: PLC0415

    return run_work(list_videos(arguments.state, as_json=arguments.json))


def _link(arguments: argparse.Namespace) -> int:
    from vss.remote.managing import link  # noqa: PLC0415

    return run_work(link(arguments.ids, arguments.at))


def _edit(arguments: argparse.Namespace) -> int:
    from vss.remote.managing import edit  # noqa: PLC0415

    given = {name: getattr(arguments, name) for name in ("title", "description", "visibility")}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise BadOption("nothing to change: give --visibility, --title or --description")
    if "title" in changes and len(arguments.ids) > 1:
        raise BadOption("--title is for one video")
    return run_work(edit(arguments.ids, changes))


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

    return run_work(work(), if_interrupted="Run the same command to resume")


def _remove(arguments: argparse.Namespace) -> int:
    from vss.remote import managing  # noqa: PLC0415

    if arguments.permanently and not arguments.yes and sys.stdin is not None and sys.stdin.isatty():
        if code := run_work(managing.name(arguments.ids)):
            return code
        try:
            answer = ask("Permanently delete? This can't be undone. [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise Refusal("nothing was deleted")
    return run_work(managing.remove(arguments.ids, is_permanent=arguments.permanently))


def _restore(arguments: argparse.Namespace) -> int:
    from vss.remote.managing import restore  # noqa: PLC0415

    return run_work(restore(arguments.ids))
