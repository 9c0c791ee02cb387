"""`vss group`: options in, one line or JSON object a thing out."""

from __future__ import annotations

import argparse
import sys

from vss.errors import Refusal
from vss.remote.commands import ask, run_work


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """For administrators, and as far as members go for those who manage a group."""
    parser = commands.add_parser("group", help="manage groups of accounts")
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = actions.add_parser("list", help="list your groups; for administrators, all groups")
    _json(listing)
    listing.set_defaults(run=_list)

    create = actions.add_parser("create", help="create a group")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--description", metavar="TEXT", default="", help="what it is for")
    create.set_defaults(run=_create)

    rename = actions.add_parser("rename", help="rename a group")
    _group(rename)
    rename.add_argument("name", metavar="NAME", help="the new name")
    rename.set_defaults(run=_rename)

    describe = actions.add_parser("describe", help="say what a group is for")
    _group(describe)
    describe.add_argument("description", metavar="TEXT", help="the new description; empty: none")
    describe.set_defaults(run=_describe)

    delete = actions.add_parser("delete", help="delete a group; accounts and videos stay")
    _group(delete)
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask before deleting")
    delete.set_defaults(run=_delete)

    members = actions.add_parser("members", help="list a group's members")
    _group(members)
    _json(members)
    members.set_defaults(run=_members)

    add = actions.add_parser("add", help="add accounts to a group")
    _group(add)
    _usernames(add)
    manager = add.add_mutually_exclusive_group()
    manager.add_argument(
        "--manager",
        action="store_true",
        default=None,
        dest="is_manager",
        help="as managers, who add and remove members",
    )
    manager.add_argument(
        "--no-manager", action="store_false", default=None, dest="is_manager", help="as members who no longer manage it"
    )
    add.set_defaults(run=_add)

    remove = actions.add_parser("remove", help="remove accounts from a group")
    _group(remove)
    _usernames(remove)
    remove.set_defaults(run=_remove)


def _group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="name or ID from `vss group list`")


def _usernames(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("usernames", metavar="USERNAME", nargs="+")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def _list(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import list_groups  # noqa: PLC0415

    return run_work(list_groups(as_json=arguments.json))


def _create(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import create  # noqa: PLC0415

    return run_work(create(arguments.name, description=arguments.description))


def _describe(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import describe  # noqa: PLC0415

    return run_work(describe(arguments.group, arguments.description))


def _rename(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import rename  # noqa: PLC0415

    return run_work(rename(arguments.group, arguments.name))


def _delete(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import delete, name  # noqa: PLC0415

    if not arguments.yes and sys.stdin is not None and sys.stdin.isatty():
        run_work(name(arguments.group))
        try:
            answer = ask("Delete the group? Its members lose access to what is shared with it. [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise Refusal("nothing was deleted")
    return run_work(delete(arguments.group))


def _members(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import list_members  # noqa: PLC0415

    return run_work(list_members(arguments.group, as_json=arguments.json))


def _add(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import add  # noqa: PLC0415

    return run_work(add(arguments.group, arguments.usernames, is_manager=arguments.is_manager))


def _remove(arguments: argparse.Namespace) -> int:
    from vss.remote.groups import remove  # noqa: PLC0415

    return run_work(remove(arguments.group, arguments.usernames))
