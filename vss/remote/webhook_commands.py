"""`vss webhook`: options in, one line or JSON object a thing out."""

from __future__ import annotations

import argparse

from vss.remote import values
from vss.remote.commands import run_work

# As catalogue/outbox.py has them, which a client without the extra `server` cannot import.
EVENTS = ("video.ready", "video.deleted", "upload.expired", "link.first_view", "guest.uploaded")


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("webhook", help="manage URLs that are told of events of your videos")
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    listing = actions.add_parser("list", help="list your webhooks")
    _json(listing)
    listing.set_defaults(run=_list)

    create = actions.add_parser("create", help="create a webhook and print its secret, which is shown only now")
    create.add_argument("url", metavar="URL")
    create.add_argument(
        "--event", action="append", choices=EVENTS, dest="events", help="only these (repeat for several); default: all"
    )
    _json(create)
    create.set_defaults(run=_create)

    delete = actions.add_parser("delete", help="delete a webhook and its log")
    _webhook(delete)
    delete.set_defaults(run=_delete)

    deliveries = actions.add_parser("deliveries", help="list what a webhook was sent, newest first")
    _webhook(deliveries)
    _json(deliveries)
    deliveries.set_defaults(run=_deliveries)

    replay = actions.add_parser("replay", help="send something again")
    _webhook(replay)
    replay.add_argument("delivery", metavar="DELIVERY", type=values.webhook_id, help="ID from `vss webhook deliveries`")
    replay.set_defaults(run=_replay)


def _webhook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("webhook", metavar="WEBHOOK", type=values.webhook_id, help="ID from `vss webhook list`")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def _list(arguments: argparse.Namespace) -> int:
    from vss.remote.webhooks import list_webhooks  # noqa: PLC0415

    return run_work(list_webhooks(as_json=arguments.json))


def _create(arguments: argparse.Namespace) -> int:
    from vss.remote.webhooks import create  # noqa: PLC0415

    return run_work(create(arguments.url, arguments.events, as_json=arguments.json))


def _delete(arguments: argparse.Namespace) -> int:
    from vss.remote.webhooks import delete  # noqa: PLC0415

    return run_work(delete(arguments.webhook))


def _deliveries(arguments: argparse.Namespace) -> int:
    from vss.remote.webhooks import list_deliveries  # noqa: PLC0415

    return run_work(list_deliveries(arguments.webhook, as_json=arguments.json))


def _replay(arguments: argparse.Namespace) -> int:
    from vss.remote.webhooks import replay  # noqa: PLC0415

    return run_work(replay(arguments.webhook, arguments.delivery))
