"""`vss init`: what compose.yaml needs and no file may bring: secrets, the first administrator, and `.env`. Once."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vss.bucket import Bucket, KeyPair
from vss.child import run_module
from vss.errors import Refusal, SecretsMissing
from vss.files import write_atomically
from vss.grpc_identity import is_fresh, new_identity, security_sections
from vss.options import add_port_base_option
from vss.ports import PublicPorts
from vss.seaweedfs import BUCKET, REGION, identities
from vss.services import session_cookie

DATABASE_HOST = "mysql:3306"
SERVICES = ("auth", "fs", "upload", "stream")
GRPC_IDENTITY = "seaweedfs_grpc"
MEDIA_SECRET = "media_client_secret"
SECURITY = "seaweedfs_security"
# What may be made anew in an installation that exists.
_RENEWED = (GRPC_IDENTITY, MEDIA_SECRET)
MARK = "VSS_INIT="
# Compose hands files over as they are, and the user of a container must read them; the folder is for their owner alone.
FILE_MODE = 0o444
FOLDER_MODE = 0o700


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("init", help="create the secrets and the .env file for compose.yaml")
    parser.add_argument(
        "--folder", metavar="DIR", type=Path, default=Path(), help="the folder with compose.yaml (default %(default)s)"
    )
    add_port_base_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Says what it made; the administrator's password is shown here and nowhere else."""
    folder: Path = arguments.folder
    if not (folder / "compose.yaml").is_file():
        raise Refusal(f"no compose.yaml in {folder.resolve()}: run this in the folder that has it, or use --folder DIR")
    env = folder / ".env"
    before = env.read_text(encoding="utf-8") if env.exists() else ""
    vault = Vault(folder / "secrets")
    if MARK in before:
        if lost := [name for name in vault.names() if name not in _RENEWED and not (vault.path / name).is_file()]:
            raise SecretsMissing(
                f"{', '.join(lost)} missing in {vault.path}: restore from a copy. (With new secrets the database "
                "and the videos could no longer be opened.)"
            )
        has_new_secret, has_new_identity = vault.add_missing(), vault.renew()
        if has_new_secret:
            print(f"Added {MEDIA_SECRET} to {vault.path}. Next: docker compose up -d --wait")
        if has_new_identity:
            print(
                f"Renewed the storage certificate in {vault.path}. "
                "Next: docker compose up -d --wait --force-recreate seaweedfs"
            )
        if not has_new_secret and not has_new_identity:
            print(f"{env} and {vault.path} already exist: nothing was changed")
        return 0
    password = vault.fill()
    write_atomically(env, f"{before}{_env(PublicPorts(arguments.port_base))}".encode())
    print(
        f"Created {env} and {len(vault.names())} files in {vault.path}. Keep a copy of both: they cannot be recreated."
    )
    if password:
        print(f"Log in as admin with the password {password}")
        print("(you won't see it again; `vss account reset-password admin` sets a new one).")
    print("Next: docker compose up -d --build --wait")
    return 0


@dataclass(frozen=True, slots=True)
class Vault:
    path: Path

    def names(self) -> list[str]:
        """Every file there must be."""
        return sorted(
            [
                "administrator_database_url",
                "first_administrator",
                "key_encryption_key",
                MEDIA_SECRET,
                "mysql_root_password",
                "s3_administrator_access_key_id",
                "s3_administrator_secret_access_key",
                "s3_fs_access_key_id",
                "s3_fs_secret_access_key",
                "s3_identities",
                GRPC_IDENTITY,
                SECURITY,
                *(f"{service}_database_url" for service in SERVICES),
                *(f"{service}_{name}" for service in ("upload", "stream") for name in ("client_secret", "cursor_key")),
            ]
        )

    def fill(self) -> str | None:
        """Makes what is missing; the first administrator's password if that was made just now."""
        self.path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self.path.chmod(FOLDER_MODE)
        root = self._random("mysql_root_password")
        self._write("administrator_database_url", f"mysql+asyncmy://root:{root}@{DATABASE_HOST}/vss")
        for service in SERVICES:
            url = f"mysql+asyncmy://vss_{service}:{secrets.token_hex(16)}@{DATABASE_HOST}/vss"
            self._write(f"{service}_database_url", url)
        self._random("key_encryption_key")
        for service in ("upload", "stream"):
            self._random(f"{service}_client_secret")
            self._random(f"{service}_cursor_key")
        self.add_missing()
        self._write("s3_identities", json.dumps(identities(self._bucket()), indent=2))
        self._write(SECURITY, _security())
        self.renew()
        if (self.path / "first_administrator").exists():
            return None
        password = secrets.token_urlsafe(15)
        self._write("first_administrator", asyncio.run(_hash(password)))
        return password

    def add_missing(self) -> bool:
        """Makes the secret that installations from before there were workers do not have. Whether there was anything
        to do.
        """
        is_done = (self.path / MEDIA_SECRET).is_file()
        self._random(MEDIA_SECRET)
        return not is_done

    def renew(self) -> bool:
        """Makes what may be made anew at any time: the certificate of SeaweedFS's inner ports, when it is not there or
        nears its end, and what has them ask for it. Whether there was anything to do.
        """
        now = datetime.now(UTC)
        identity, security = self.path / GRPC_IDENTITY, self.path / SECURITY
        is_done = identity.is_file() and is_fresh(identity.read_bytes(), now=now)
        if not is_done:
            write_atomically(identity, new_identity(now=now, names=["seaweedfs"]), mode=FILE_MODE)
        # Installations from before there was a certificate have the keys alone.
        keys = security.read_text(encoding="utf-8")
        if "[grpc]" not in keys:
            write_atomically(security, f"{keys}\n{_grpc_security()}".encode(), mode=FILE_MODE)
            is_done = False
        return not is_done

    def _bucket(self) -> Bucket:
        def keys(name: str) -> KeyPair:
            return KeyPair(
                access_key_id=self._random(f"{name}_access_key_id", 16),
                secret_access_key=self._random(f"{name}_secret_access_key", 16),
            )

        return Bucket(
            endpoint="",
            region=REGION,
            name=BUCKET,
            administrator=keys("s3_administrator"),
            worker=keys("s3_fs"),
            origins=(),
        )

    def _random(self, name: str, size_bytes: int = 32) -> str:
        return self._write(name, secrets.token_hex(size_bytes))

    def _write(self, name: str, value: str) -> str:
        """Keeps what an attempt that was broken off has made; returns what is there in the end."""
        file = self.path / name
        if not file.exists():
            write_atomically(file, f"{value}\n".encode(), mode=FILE_MODE)
        return file.read_text(encoding="utf-8").strip()


def _security() -> str:
    """SeaweedFS's security.toml: keys without which its inner ports would take anybody's word."""
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    keys = [f'[{section}]\nkey = "{secrets.token_hex(16)}"' for section in sections]
    return "\n\n".join([*keys, _grpc_security()])


def _grpc_security() -> str:
    return security_sections(f"/run/secrets/{GRPC_IDENTITY}")


async def _hash(password: str) -> str:
    ended = await run_module("auth_svc.accounts.passwords", stdin=password)
    if ended.exit_code:
        raise Refusal(ended.errors or "the password could not be hashed")
    return ended.output


def _env(ports: PublicPorts) -> str:
    parts = {"AUTH": "auth", "FS": "fs", "UPLOAD": "upload", "STREAM": "stream", "S3": "storage"}
    numbers = "".join(f"VSS_{name}_PORT={ports[part]}\n" for name, part in parts.items())
    urls = "".join(f"VSS_{name}_URL={ports.url(part)}\n" for name, part in parts.items() if name != "FS")
    return (
        "# Created by `vss init` for compose.yaml. After a change: docker compose up -d --wait\n"
        f"{MARK}done\n"
        "# The address that every port is published on, and the ports.\n"
        f"VSS_BIND=127.0.0.1\n{numbers}"
        "# Where browsers reach each part.\n"
        f"{urls}"
        f"VSS_SESSION_COOKIE={session_cookie(ports)}\n"
    )
