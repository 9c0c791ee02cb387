"""The data folder: one place for everything, secrets made once, and a lock that keeps it to one vss."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vss.errors import DiskFull, FolderInUse, FolderUnusable
from vss.files import write_atomically

# An empty installation takes a few MiB; with less than this the first film would not fit anyway.
LEAST_FREE_BYTES = 64 * 1024 * 1024
SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that is ours: use `DataFolder.prepare`, which makes it."""

    path: Path

    @classmethod
    def prepare(cls, path: Path) -> DataFolder:
        """Makes what is missing; raises `FolderUnusable` or `DiskFull`."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = cls(path)
            _close_to_others(folder)
            for part in (folder.secrets, folder.logs, folder.engine):
                part.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise FolderUnusable(
                f"the data folder {path} cannot be used: {exc.strerror}: {exc.filename}; "
                "fix that or name another folder with --data DIR (or VSS_DATA_DIR)"
            ) from exc
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise FolderUnusable(
                f"the data folder {path} cannot be written; change its permissions or name another with "
                "--data DIR (or VSS_DATA_DIR)"
            )
        free = shutil.disk_usage(path).free
        if free < LEAST_FREE_BYTES:
            raise DiskFull(
                f"the disk with the data folder {path} is full ({free // 2**20} MiB free); make room or "
                "name a folder on another disk with --data DIR (or VSS_DATA_DIR)"
            )
        return folder

    @property
    def database(self) -> Path:
        return self.path / "vss.db"

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.database}"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def engine(self) -> Path:
        """What SeaweedFS keeps; nobody else writes there."""
        return self.path / "weed"

    @property
    def engine_ports(self) -> Path:
        return self.path / "engine-ports.json"

    def secret_file(self, name: str, size_bytes: int = SECRET_BYTES) -> Path:
        """The file with the secret `name`: random bytes in hexadecimal, made when it is first asked for.

        An empty file is not made anew: what the lost value protected could no longer be read.
        """
        file = self.secrets / name
        if not file.exists():
            write_atomically(file, secrets.token_hex(size_bytes).encode() + b"\n")
        elif not file.stat().st_size:
            raise FolderUnusable(f"the secret {file} is empty; restore it from a copy of the data folder")
        return file

    def previous_secret_file(self, name: str) -> Path:
        """Where the value before stands while the secret `name` is being replaced."""
        return self.secrets / f"previous_{name}"

    def secret(self, name: str, size_bytes: int = SECRET_BYTES) -> str:
        return self.secret_file(name, size_bytes).read_text().strip()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; raises `FolderInUse`, saying who holds it.

        The system gives the lock back however the process ends, so a file left behind means nothing.
        """
        descriptor = os.open(self.path / "vss.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 32).decode(errors="replace").strip()
                who = f"another vss (process {holder})" if holder else "another vss"
                raise FolderInUse(
                    f"the data folder {self.path} is in use by {who}; stop that one, or name another "
                    "folder with --data DIR and other ports with --port-base N"
                ) from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            yield
        finally:
            os.close(descriptor)


def _close_to_others(folder: DataFolder) -> None:
    # A folder that was there before and holds other things is not ours to change: it might be /tmp.
    status = folder.path.stat()
    is_ours = folder.secrets.is_dir() or not any(folder.path.iterdir())
    if is_ours and status.st_uid == os.geteuid() and status.st_mode & 0o077:
        folder.path.chmod(0o700)
