"""Options that several commands take, and the VSS_ variables that stand for them."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import platformdirs

from vss.ports import HIGHEST_BASE, LOWEST_BASE

DEFAULT_PORT_BASE = 8000


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """`--data DIR`, VSS_DATA_DIR: the folder with everything in it."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=_data_folder,
        default=os.environ.get("VSS_DATA_DIR") or str(platformdirs.user_data_path("vss", appauthor=False)),
        help="the folder with everything in it (or VSS_DATA_DIR; now %(default)s)",
    )


def add_port_base_option(parser: argparse.ArgumentParser) -> None:
    """`--port-base N`, VSS_PORT_BASE: moves all ports."""
    parser.add_argument(
        "--port-base",
        metavar="N",
        type=_port_base,
        default=os.environ.get("VSS_PORT_BASE") or str(DEFAULT_PORT_BASE),
        help="listen on N+1 to N+4, and on N+333 for S3 (or VSS_PORT_BASE; now %(default)s)",
    )


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """`--database-url URL`, VSS_DATABASE_URL or VSS_DATABASE_URL_FILE: a database outside the data folder."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        default=os.environ.get("VSS_DATABASE_URL") or _content(os.environ.get("VSS_DATABASE_URL_FILE")),
        help="such as mysql+asyncmy://user:password@host/vss (or VSS_DATABASE_URL, or a file named by "
        "VSS_DATABASE_URL_FILE); without it the SQLite file in the data folder",
    )


def _content(path: str | None) -> str | None:
    return Path(path).read_text().strip() if path else None


def _data_folder(text: str) -> Path:
    if "?" in text or "\0" in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be used, since a database URL cannot hold a question mark; "
            "name another folder here or in VSS_DATA_DIR"
        )
    try:
        return Path(text).expanduser().resolve()
    except (RuntimeError, OSError) as exc:
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be used ({exc}); name another folder here or in VSS_DATA_DIR"
        ) from exc


def _port_base(text: str) -> int:
    if re.fullmatch("[0-9]{1,5}", text) and LOWEST_BASE <= int(text) <= HIGHEST_BASE:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} cannot be used; give a number from {LOWEST_BASE} to {HIGHEST_BASE} here or in VSS_PORT_BASE"
    )
