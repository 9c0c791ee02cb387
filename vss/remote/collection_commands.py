"""`vss collection`: options in, one line or JSON object a thing out."""

from __future__ import annotations

import argparse
import sys

from vss.errors import Refusal
from vss.remote import values
from vss.remote.commands import ask, run_work
from vss.remote.share_commands import add_options


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The account's own collections, and those that it manages."""
    parser = commands.add_parser("collection", help="put your videos into collections, in an order")
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = actions.add_parser("list", help="list your collections")
    listing.add_argument("--managed", action="store_true", help="those of others that you manage, instead of yours")
    _json(listing)
    listing.set_defaults(run=_list)

    create = actions.add_parser("create", help="create a collection")
    create.add_argument("title", metavar="TITLE")
    create.add_argument("--description", metavar="TEXT", default="", help="what it is for")
    create.set_defaults(run=_create)

    show = actions.add_parser("show", help="list a collection's videos in their order")
    _collection(show)
    _json(show)
    show.set_defaults(run=_show)

    add = actions.add_parser("add", help="add videos at the end of a collection")
    _collection(add)
    _videos(add)
    add.set_defaults(run=_add)

    remove = actions.add_parser("remove", help="take videos out of a collection; the videos stay")
    _collection(remove)
    _videos(remove)
    remove.set_defaults(run=_remove)

    move = actions.add_parser("move", help="move a video within a collection")
    _collection(move)
    move.add_argument("video", metavar="ID", help="the video's ID or address")
    where = move.add_mutually_exclusive_group(required=True)
    where.add_argument("--first", action="store_true", help="before all others")
    where.add_argument("--last", action="store_true", help="behind all others")
    where.add_argument("--after", metavar="ID", help="behind this video")
    move.set_defaults(run=_move)

    _add_sharing(actions)

    delete = actions.add_parser("delete", help="delete a collection; its videos stay")
    _collection(delete)
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask before deleting")
    delete.set_defaults(run=_delete)


def _add_sharing(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ask_for = actions.add_parser("ask", help="create a link by which people without an account send videos into it")
    _collection(ask_for)
    ask_for.add_argument("--note", metavar="TEXT", help="what they read above the form")
    ask_for.add_argument("--max-files", metavar="N", type=values.count, help="how many files it takes")
    ask_for.add_argument("--max-size", metavar="SIZE", type=values.size, help="of each file, such as 500MB or 2GiB")
    ask_for.add_argument("--expires", metavar="IN", type=values.span, help="ends after so long, such as 12h, 7d or 4w")
    _json(ask_for)
    ask_for.set_defaults(run=_ask_for)

    share = actions.add_parser("share", help="share a collection with people, groups or everybody, or by links")
    _collection(share)
    add_options(share, of_collection=True)


def _collection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("collection", metavar="COLLECTION", help="title of yours, or ID from `vss collection list`")


def _videos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("videos", metavar="ID", nargs="+", help="ID or address of a video of yours")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def _list(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import list_collections  # noqa: PLC0415

    return run_work(list_collections(is_managed=arguments.managed, as_json=arguments.json))


def _create(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import create  # noqa: PLC0415

    return run_work(create(arguments.title, arguments.description))


def _show(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import show  # noqa: PLC0415

    return run_work(show(arguments.collection, as_json=arguments.json))


def _add(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import add  # noqa: PLC0415

    return run_work(add(arguments.collection, arguments.videos))


def _remove(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import remove  # noqa: PLC0415

    return run_work(remove(arguments.collection, arguments.videos))


def _move(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import move  # noqa: PLC0415

    return run_work(
        move(arguments.collection, arguments.video, after=arguments.after, is_last=arguments.last),
    )


def _ask_for(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import NewUploadLink, ask_for  # noqa: PLC0415

    asked = NewUploadLink(
        note=arguments.note,
        max_files=arguments.max_files,
        max_size=arguments.max_size,
        expires_in=arguments.expires,
    )
    return run_work(ask_for(arguments.collection, asked, as_json=arguments.json))


def _delete(arguments: argparse.Namespace) -> int:
    from vss.remote.collections import delete, name  # noqa: PLC0415

    if not arguments.yes and sys.stdin is not None and sys.stdin.isatty():
        run_work(name(arguments.collection))
        try:
            answer = ask("Delete the collection? Its videos stay. [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise Refusal("nothing was deleted")
    return run_work(delete(arguments.collection))
