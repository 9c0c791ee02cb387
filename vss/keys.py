"""`vss keys rotate`: another signing key, another key that encrypts those, other secrets of services; with overlap.

A secret is replaced in steps that can each be the last one before a power cut: what was good so far is written down as
the previous value first, and only then is the new one put in its place.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vss.data_folder import DataFolder
from vss.errors import Refusal
from vss.files import write_atomically
from vss.init import FILE_MODE
from vss.options import add_data_option
from vss.service_commands import become, has_settings, settings_in

ENCRYPTION: Final = ("key_encryption_key",)
SERVICES: Final = ("upload_client_secret", "stream_client_secret", "media_client_secret")
_SIZE_BYTES: Final = 32


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("keys", help="replace keys and secrets without logging anyone out")
    rotate = parser.add_subparsers(title="commands", metavar="COMMAND", required=True).add_parser(
        "rotate", help="replace a key or secret now"
    )
    what = rotate.add_mutually_exclusive_group(required=True)
    what.add_argument("--signing", action="store_true", help="the key that signs access tokens")
    what.add_argument("--encryption", action="store_true", help="the key that encrypts signing keys in the database")
    what.add_argument("--services", action="store_true", help="the secrets that services log in with")
    what.add_argument("--finish", action="store_true", help="discard the old values once every service has the new")
    rotate.add_argument(
        "--folder", metavar="DIR", type=Path, help="the folder with compose.yaml (default: use the data folder)"
    )
    rotate.add_argument(
        "--revoke",
        action="store_true",
        help="with --signing: revoke all existing keys within a minute, for example after a leak",
    )
    add_data_option(rotate)
    rotate.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Says what was done, and what is left to do."""
    if arguments.signing:
        revoke = ["--revoke"] if arguments.revoke else []
        become("auth", "keys_command", ["rotate", "--signing", *revoke], data=arguments.data)
    if arguments.revoke:
        raise Refusal("--revoke works only with --signing")
    if has_settings("auth"):
        raise Refusal("run this on the host, beside compose.yaml: vss keys rotate … --folder DIR")
    names = ENCRYPTION if arguments.encryption else SERVICES if arguments.services else (*ENCRYPTION, *SERVICES)
    if arguments.folder is not None:
        return _in_containers(ComposeSecrets(arguments.folder), names, is_end=arguments.finish)
    return _at_home(DataFolder(arguments.data), names, is_end=arguments.finish)


def replace(place: FolderSecrets | ComposeSecrets, name: str) -> None:
    """Another value; the one before stays known. Raises Refusal while an earlier replacement is not finished."""
    current, previous = place.current(name), place.previous(name)
    if previous is None:
        place.set_previous(name, current)
    elif previous != current:
        raise Refusal(f"{name} is already being replaced: finish that with vss keys rotate --finish")
    # Else an attempt was cut here.
    place.set_current(name, secrets.token_hex(_SIZE_BYTES))


def _in_containers(place: ComposeSecrets, names: tuple[str, ...], *, is_end: bool) -> int:
    if is_end:
        for name in names:
            place.set_previous(name, None)
        print("The old values are discarded. Next: docker compose up -d --wait")
        return 0
    for name in names:
        replace(place, name)
    print(f"Replaced in {place.vault}: {', '.join(names)}. Old and new values both work for now. Next:")
    print("  docker compose up -d --wait --force-recreate auth_svc")
    for name in names:
        if name in SERVICES:
            print(f"  docker compose up -d --wait --force-recreate {name.partition('_')[0]}_svc")
    print(f"  vss keys rotate --finish --folder {place.folder}")
    print("  docker compose up -d --wait")
    return 0


def _at_home(folder: DataFolder, names: tuple[str, ...], *, is_end: bool) -> int:
    if not folder.database.is_file():
        raise Refusal(f"no vss data in {folder.path}: name the data folder with --data DIR (or VSS_DATA_DIR)")
    place = FolderSecrets(folder)
    # Nothing runs meanwhile: a service that is started again in between would have another secret than auth_svc.
    with folder.locked():
        if not is_end:
            for name in names:
                replace(place, name)
        if place.previous(ENCRYPTION[0]) is not None:
            _encrypt_anew(folder)
        for name in names:
            place.set_previous(name, None)
    done = "The old values are discarded" if is_end else f"Replaced in {folder.secrets}: {', '.join(names)}"
    print(f"{done}. Start vss again; nobody is logged out.")
    return 0


def _encrypt_anew(folder: DataFolder) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "auth_svc.keys_command", "encrypt-anew"], env=settings_in(folder, "auth"), check=False
    )
    if ended.returncode:
        raise Refusal("the signing keys are not encrypted with the new key yet: `vss up` does that at its start")


@dataclass(frozen=True, slots=True)
class FolderSecrets:
    """The secrets in a data folder; what is being replaced lies beside them."""

    folder: DataFolder

    def current(self, name: str) -> str:
        return self.folder.secret(name, _SIZE_BYTES)

    def previous(self, name: str) -> str | None:
        file = self.folder.previous_secret_file(name)
        return file.read_text(encoding="utf-8").strip() if file.exists() else None

    def set_current(self, name: str, value: str) -> None:
        write_atomically(self.folder.secret_file(name), f"{value}\n".encode())

    def set_previous(self, name: str, value: str | None) -> None:
        file = self.folder.previous_secret_file(name)
        if value is None:
            file.unlink(missing_ok=True)
        else:
            write_atomically(file, f"{value}\n".encode())


@dataclass(frozen=True, slots=True)
class ComposeSecrets:
    """The secrets beside compose.yaml; what is being replaced stands in `.env`."""

    folder: Path

    @property
    def vault(self) -> Path:
        return self.folder / "secrets"

    @property
    def _env(self) -> Path:
        return self.folder / ".env"

    def current(self, name: str) -> str:
        file = self.vault / name
        if not file.is_file() or not self._env.is_file():
            raise Refusal(f"{file} or {self._env} is missing: name the folder of `vss init` with --folder DIR")
        return file.read_text(encoding="utf-8").strip()

    def previous(self, name: str) -> str | None:
        start = _line_start(name)
        found = [line.removeprefix(start) for line in self._lines() if line.startswith(start)]
        return found[-1] or None if found else None

    def set_current(self, name: str, value: str) -> None:
        write_atomically(self.vault / name, f"{value}\n".encode(), mode=FILE_MODE)

    def set_previous(self, name: str, value: str | None) -> None:
        start = _line_start(name)
        lines = [line for line in self._lines() if not line.startswith(start)]
        if value is not None:
            lines.append(f"{start}{value}")
        write_atomically(self._env, "".join(f"{line}\n" for line in lines).encode())

    def _lines(self) -> list[str]:
        return self._env.read_text(encoding="utf-8").splitlines()


def _line_start(name: str) -> str:
    return f"AUTH_PREVIOUS_{name.upper()}="
