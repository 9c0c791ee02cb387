"""Options that several commands take, and the VSS_ variables that stand for them."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import platformdirs

from vss.errors import BadOption
from vss.ports import HIGHEST_BASE, LOWEST_BASE

DEFAULT_PORT_BASE = 8000


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """`--data DIR`, VSS_DATA_DIR: the folder with everything in it."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=_data_folder,
        default=_default_data_folder(),
        help="the data folder (or VSS_DATA_DIR; default %(default)s)",
    )


def data_folder_path() -> Path:
    """The folder that is meant where no option can name one. Raises BadOption."""
    try:
        return _data_folder(_default_data_folder())
    except argparse.ArgumentTypeError as exc:
        raise BadOption(str(exc)) from exc


def _default_data_folder() -> str:
    if given := os.environ.get("VSS_DATA_DIR"):
        return given
    try:
        return str(platformdirs.user_data_path("vss", appauthor=False))
    except RuntimeError:
        # There is no home folder. Commands that need a data folder say so; the others work.
        return "~/.local/share/vss"


def add_port_base_option(parser: argparse.ArgumentParser) -> None:
    """`--port-base N`, VSS_PORT_BASE: moves all ports."""
    parser.add_argument(
        "--port-base",
        metavar="N",
        type=port_base,
        default=os.environ.get("VSS_PORT_BASE") or str(DEFAULT_PORT_BASE),
        help="listen on ports N+1 to N+5, and N+333 for S3 (or VSS_PORT_BASE; default %(default)s)",
    )


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """`--database-url URL`, VSS_DATABASE_URL or VSS_DATABASE_URL_FILE: a database outside the data folder."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="such as mysql+asyncmy://user:password@host/vss (or VSS_DATABASE_URL, or a file named by "
        "VSS_DATABASE_URL_FILE; default: the SQLite file in the data folder)",
    )


def database_url(arguments: argparse.Namespace) -> str | None:
    """What `add_database_option` asked for; None for the SQLite file in the data folder."""
    return arguments.database_url or from_environment("VSS_DATABASE_URL")


def from_environment(name: str) -> str | None:
    """The variable `name`, or what stands in the file that `name`_FILE names."""
    given = os.environ.get(name)
    file = os.environ.get(f"{name}_FILE")
    if given or not file:
        return given
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadOption(f"{name}_FILE: {file} cannot be read ({exc}); name a readable file") from exc


def _data_folder(text: str) -> Path:
    try:
        # A question mark would end the path in the database's URL, and other bytes than UTF-8 cannot stand there.
        if not text or "?" in text or not text.encode():
            raise ValueError("the name must be UTF-8 without question marks")
        return Path(text).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as exc:
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be used ({exc}); name another folder here or in VSS_DATA_DIR"
        ) from exc


def port_base(text: str) -> int:
    """A number that all ports can be made from. Raises ArgumentTypeError."""
    if re.fullmatch("[0-9]{1,5}", text) and LOWEST_BASE <= int(text) <= HIGHEST_BASE:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} cannot be used; give a number from {LOWEST_BASE} to {HIGHEST_BASE} here or in VSS_PORT_BASE"
    )
