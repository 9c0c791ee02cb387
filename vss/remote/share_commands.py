"""`vss share` and `vss collection share`: which options go together, and what is done by them."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Final

from vss.errors import BadOption
from vss.remote import values
from vss.remote.commands import ID_HELP, password_of_stdin, run_work

_OF_LINKS: Final = {
    "views": "--views",
    "at": "--at",
    "name": "--name",
    "embed_on": "--embed-on",
    "ask_password": "--ask-password",
}


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`vss share`."""
    share = commands.add_parser("share", help="share a video with people and groups, or by links")
    share.add_argument("id", metavar="ID", type=values.video_id, help=ID_HELP)
    add_options(share, of_collection=False)


def add_options(share: argparse.ArgumentParser, *, of_collection: bool) -> None:
    """With whom the video or the collection that `share` names is shared, and how."""
    what = share.add_mutually_exclusive_group()
    what.add_argument("--with", dest="username", metavar="USER", help="let this account watch, instead of a link")
    what.add_argument("--group", metavar="GROUP", help="let the members of this group watch, instead of a link")
    if of_collection:
        for everybody, who in (("members", "every account"), ("everyone", "anyone")):
            what.add_argument(
                f"--{everybody}", dest="everybody", action="store_const", const=everybody, help=f"let {who} watch"
            )
    what.add_argument("--list", action="store_true", help="list who may watch, and the links")
    what.add_argument("--revoke", metavar="LINK", type=values.link_id, help="revoke this link, or stop sharing")
    if of_collection:
        share.add_argument(
            "--manage", action="store_true", help="with --with or --group: let them also change it, and share it"
        )
    share.add_argument("--expires", metavar="IN", type=values.span, help="ends after so long, such as 12h, 7d or 4w")
    played = "played from it" if of_collection else "played it"
    share.add_argument("--views", metavar="N", type=values.count, help=f"ends when so many visitors have {played}")
    if not of_collection:
        share.add_argument("--at", metavar="TIME", type=values.moment, help="start there, such as 90, 1:30 or 1m30s")
    share.add_argument("--name", help="what you call the link; who opens it isn't told")
    if not of_collection:
        share.add_argument(
            "--embed-on",
            metavar="SITE",
            action="append",
            help="let the pages of this site, such as https://lms.example, show the video, and print the HTML for it; "
            "again for more sites",
        )
    share.add_argument("--ask-password", action="store_true", help="ask for a password that visitors must enter")
    share.add_argument("--password", type=values.no_password, help=argparse.SUPPRESS)
    share.add_argument("--json", action="store_true", help="print one JSON object per line")
    # What the other of the two knows.
    share.set_defaults(run=_share, id="", collection=None, everybody=None, manage=False, at=None, embed_on=None)


def _share(arguments: argparse.Namespace) -> int:
    from vss.remote import sharing  # noqa: PLC0415

    shared = sharing.Shared(video_id=arguments.id, collection=arguments.collection)
    whom = [arguments.username, arguments.group, arguments.everybody]
    is_asking = arguments.list or arguments.revoke is not None
    if is_asking or whom != [None, None, None]:
        _refuse(arguments, _OF_LINKS, "is for a new link alone")
    if is_asking:
        _refuse(arguments, {"expires": "--expires"}, "is for sharing anew")
    if whom[:2] == [None, None]:
        _refuse(arguments, {"manage": "--manage"}, "goes with --with or --group alone")
    if arguments.list:
        return run_work(sharing.list_links(shared, as_json=arguments.json))
    if arguments.revoke is not None:
        return run_work(sharing.revoke(shared, arguments.revoke))
    if whom != [None, None, None]:
        return run_work(
            sharing.share_with(
                shared,
                username=arguments.username,
                group=arguments.group,
                everybody=arguments.everybody,
                is_manager=arguments.manage,
                expires_in=arguments.expires,
                as_json=arguments.json,
            )
        )
    wanted = sharing.NewLink(
        expires_in=arguments.expires,
        view_limit=arguments.views,
        start_at=arguments.at,
        password=_link_password() if arguments.ask_password else None,
        frame_ancestors=arguments.embed_on,
        name=arguments.name,
    )
    return run_work(sharing.create(shared, wanted, as_json=arguments.json))


def _refuse(arguments: argparse.Namespace, options: dict[str, str], why: str) -> None:
    """Raises BadOption for what would be passed over: somebody has counted on it."""
    for name, option in options.items():
        # `--at 0` is given, too.
        if getattr(arguments, name) is not None and getattr(arguments, name) is not False:
            raise BadOption(f"{option} {why}")


def _link_password() -> str:
    """Typed twice, or one line of standard input where nobody types."""
    try:
        if not (sys.stdin is not None and sys.stdin.isatty()):
            typed = password_of_stdin()
        elif (typed := getpass.getpass("Password for the link: ")) != getpass.getpass("Again: "):
            raise BadOption("the two passwords differ; no link was created")
    except EOFError:
        typed = ""
    if not typed:
        raise BadOption("no password was given; no link was created")
    return typed
