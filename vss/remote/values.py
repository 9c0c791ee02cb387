"""What stands on the command line, as values; each raises ArgumentTypeError for what cannot be used."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import NoReturn

MOST_PARALLEL = 16
_MOST_VIEWS = 1_000_000
# Who can watch, by visibility.
WHO = {
    "private": "only you",
    "members": "everyone with an account",
    "unlisted": "anyone with the link",
    "public": "anyone",
}


def minutes(text: str) -> float:
    """A waiting time."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 60 * 24 * 30:
        raise ArgumentTypeError(f"{text!r} cannot be used; give minutes, 0 for none")
    return value


def parallel(text: str) -> int:
    """How many parts at a time."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_PARALLEL:
        return int(text)
    raise ArgumentTypeError(f"{text!r} cannot be used; give a number from 1 to {MOST_PARALLEL}")


def rate(text: str) -> int:
    """Bytes a second as curl writes them; 0 for no limit."""
    if match := re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kmg]?)", text, re.ASCII | re.IGNORECASE):
        number = float(match[1])
        value = int(number * 1024 ** ("", "k", "m", "g").index(match[2].lower()))
        if value or not number:
            return value
    raise ArgumentTypeError(
        f"{text!r} cannot be used; give bytes per second such as 500K, 2M or 1.5M, or 0 for no limit"
    )


def moment(text: str) -> int:
    """A place in a video, in seconds: `90`, `1:30` or `1m30s`."""
    match = re.fullmatch(r"(?:(\d{1,4}):)??(?:(\d{1,4}):)?(\d{1,6})", text, re.ASCII) or re.fullmatch(
        r"(?=\d)(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?", text, re.ASCII
    )
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a time; give one such as 90, 1:30 or 1m30s")
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def span(text: str) -> timedelta:
    """How long something lasts: `30m`, `12h`, `7d` or `4w`."""
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
    if (match := re.fullmatch(r"([0-9]{1,4})([mhdw])", text, re.ASCII)) and int(match[1]) > 0:
        return int(match[1]) * units[match[2]]
    raise ArgumentTypeError(f"{text!r} cannot be used; give a time such as 30m, 12h, 7d or 4w")


def size(text: str) -> int:
    """Bytes of a file: `500MB`, `2GB`, `2GiB` or a number of bytes."""
    if match := re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([KMGT])(I?)B|([1-9][0-9]{0,14})", text.upper(), re.ASCII):
        number, unit, is_binary, whole = match.groups()
        value = int(whole) if whole else int(float(number) * (1024 if is_binary else 1000) ** (" KMGT".index(unit)))
        if value > 0:
            return value
    raise ArgumentTypeError(f"{text!r} is not a size; give one such as 500MB, 2GB or 2GiB")


def count(text: str) -> int:
    """A number from 1 on."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_VIEWS:
        return int(text)
    raise ArgumentTypeError(f"{text!r} cannot be used; give a number from 1 to {_MOST_VIEWS}")


def link_id(text: str) -> str:
    """The ID of a link."""
    # What is no ID would be another URL.
    if text.isascii() and text.isalnum() and len(text) <= 64:
        return text
    raise ArgumentTypeError(f"{text!r} is not the ID of a link or a grant; `vss share ID --list` shows them")


def webhook_id(text: str) -> str:
    """The ID of a webhook, or of what it was sent."""
    if text.isascii() and text.isalnum() and len(text) <= 64:
        return text
    raise ArgumentTypeError(f"{text!r} is not an ID; `vss webhook list` and `vss webhook deliveries WEBHOOK` show them")


def video_id(text: str) -> str:
    """An ID, or the one in the address of a video's page."""
    # What is no ID would be another URL.
    said = match[1] if (match := re.fullmatch(r"https?://[^/]+/watch/([^/?#]+)/?(?:[?#].*)?", text)) else text
    if said.isascii() and said.isalnum() and len(said) <= 64:
        return said
    raise ArgumentTypeError(f"{text!r} is not an ID; `vss list` shows them")


def no_password(_text: str) -> NoReturn:
    """Refuses one that other users of the machine, and the shell's history, could read."""
    raise ArgumentTypeError("others could read it here; type it when asked, or use --password-stdin")
