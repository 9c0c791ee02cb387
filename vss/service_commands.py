"""`vss account`, `vss media`, `vss reconcile`, `vss verify`: handed over to the service that has what they are about.

Also how other commands run what a service has.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from vss.data_folder import DataFolder
from vss.errors import Refusal
from vss.options import DEFAULT_PORT_BASE, data_folder_path, port_base
from vss.ports import PublicPorts
from vss.seaweedfs import bucket_of
from vss.services import service_environment

_COMMANDS: Final = (
    ("account", "auth", "manage accounts: add, disable, reset passwords, set quotas"),
    ("media", "upload", "see and fill the queue of jobs for workers, which make previews"),
    ("verify", "fs", "check stored videos against their SHA-256, at a limited rate"),
    ("reconcile", "fs", "compare the bucket with the database: find leftover, lost and recoverable files"),
)


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """All of them."""
    for name, service, summary in _COMMANDS:
        # Everything behind its name is for the other program, options too: a prefix that nobody can type takes none.
        parser = commands.add_parser(name, help=summary, add_help=False, prefix_chars="\0")
        parser.add_argument("arguments", nargs=argparse.REMAINDER)
        parser.set_defaults(run=partial(_run, service, f"{name}_command"))


def _run(service: str, program: str, arguments: argparse.Namespace) -> NoReturn:
    # A person may shorten it, as every option.
    is_adopting = any(len(one) > len("--") and "--adopt".startswith(one) for one in arguments.arguments)
    if program == "reconcile_command" and is_adopting:
        # Videos are upload_svc's.
        service, program = "upload", "adopt_command"
    become(service, program, arguments.arguments, data=None)


def become(service: str, program: str, arguments: Sequence[str], *, data: Path | None) -> NoReturn:
    """Becomes a program of a service's, with its settings: this process's own, or those of the data folder.

    `data` None: the folder that VSS_DATA_DIR names.
    """
    known = has_settings(service)
    environment = os.environ if known else settings_in(DataFolder(data or data_folder_path()), service)
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable, [sys.executable, "-m", f"{service}_svc.{program}", *arguments], environment
    )


def has_settings(service: str) -> bool:
    """Whether this process has the service's settings itself, as in its container."""
    name = f"{service.upper()}_DATABASE_URL"
    return not {name, f"{name}_FILE"}.isdisjoint(os.environ)


def settings_in(folder: DataFolder, service: str) -> dict[str, str]:
    """The service's environment in an installation of `vss up`. Raises Refusal where there is none."""
    if not folder.database.is_file():
        raise Refusal(
            f"no vss data in {folder.path}: set VSS_DATA_DIR to the data folder. With containers, "
            f"run it inside: docker compose exec {service}_svc vss …"
        )
    ports = PublicPorts(port_base(os.environ.get("VSS_PORT_BASE") or str(DEFAULT_PORT_BASE)))
    return service_environment(service, folder, ports, bucket_of(folder, port=ports["storage"]), os.environ)
