"""`vss account`: handed over to auth_svc, which owns accounts. Also how other commands run what auth_svc has."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from vss.data_folder import DataFolder
from vss.errors import Refusal
from vss.options import data_folder_path, port_base
from vss.ports import PublicPorts
from vss.services import auth_environment


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    # Everything behind its name is for the other program, options too: a prefix that nobody can type takes none.
    parser = commands.add_parser(
        "account", help="list, add and disable accounts, reset passwords, set quotas", add_help=False, prefix_chars="\0"
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> NoReturn:
    become("auth_svc.account_command", arguments.arguments, data=None)


def become(module: str, arguments: Sequence[str], *, data: Path | None) -> NoReturn:
    """Becomes a program of auth_svc's, with its settings: this process's own, or those of the data folder.

    `data` None: the folder that VSS_DATA_DIR names.
    """
    environment = os.environ if has_settings() else settings_in(DataFolder(data or data_folder_path()))
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", module, *arguments], environment
    )


def has_settings() -> bool:
    """Whether this process has auth_svc's settings itself, as in its container."""
    return not {"AUTH_DATABASE_URL", "AUTH_DATABASE_URL_FILE"}.isdisjoint(os.environ)


def settings_in(folder: DataFolder) -> dict[str, str]:
    """auth_svc's environment in an installation of `vss up`. Raises Refusal where there is none."""
    if not folder.database.is_file():
        raise Refusal(
            f"there is no vss in {folder.path}: name its folder by VSS_DATA_DIR; or, with containers, "
            "do this where auth_svc's settings are: docker compose exec auth_svc vss …"
        )
    base = port_base(os.environ.get("VSS_PORT_BASE") or "8000")
    return auth_environment(folder, PublicPorts(base), os.environ)
