"""The data folder: closed to others, its secrets made once, and held by one process at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from vss.data_folder import DataFolder
from vss.errors import DiskFull, FolderInUse, FolderUnusable
from vss.files import write_atomically


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_its_secrets_are_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = DataFolder.prepare(tmp_path / "a" / "data")
        secret = folder.secret_file("key")
    finally:
        os.umask(before)
    assert [mode(path) for path in (folder.path, folder.secrets, folder.logs, folder.engine)] == [0o700] * 4
    assert mode(secret) == 0o600


def test_an_empty_folder_that_was_there_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    DataFolder.prepare(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_folder_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    tmp_path.chmod(0o755)
    folder = DataFolder.prepare(tmp_path)
    assert mode(tmp_path) == 0o755
    assert mode(folder.secrets) == 0o700


def test_a_secret_is_made_once_and_differs_between_folders(tmp_path: Path) -> None:
    here, there = DataFolder.prepare(tmp_path / "here"), DataFolder.prepare(tmp_path / "there")
    first = here.secret("key", 32)
    assert len(bytes.fromhex(first)) == 32
    assert DataFolder.prepare(tmp_path / "here").secret("key", 32) == first
    assert there.secret("key", 32) != first


def test_an_emptied_secret_is_not_made_anew(tmp_path: Path) -> None:
    folder = DataFolder.prepare(tmp_path)
    folder.secret_file("key").write_text("")
    with pytest.raises(FolderUnusable, match="key is empty; restore it"):
        folder.secret("key")


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    # A folder cannot be replaced by a file: the last step fails, as it would on a disk that went away.
    with pytest.raises(OSError, match="target"):
        write_atomically(target, b"new")
    assert list(tmp_path.iterdir()) == [target]


def test_a_path_through_a_file_is_refused_with_the_option_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable, match=r"Not a directory.*--data DIR"):
        DataFolder.prepare(tmp_path / "file" / "data")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that even root cannot write, where the tests run as root."""
    if os.geteuid():
        tmp_path.chmod(0o500)
        yield tmp_path
    else:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], check=True)
        yield tmp_path
        subprocess.run(["umount", tmp_path], check=True)


def test_a_folder_that_cannot_be_written_is_refused_with_the_option_to_change(read_only: Path) -> None:
    with pytest.raises(FolderUnusable, match=f"{read_only}.*--data DIR"):
        DataFolder.prepare(read_only)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a small disk is made by mounting one")
def test_a_full_disk_is_refused_with_what_is_free(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", tmp_path], check=True)
    try:
        with pytest.raises(DiskFull, match=r"is full \(16 MiB free\); make room"):
            DataFolder.prepare(tmp_path / "data")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from vss.data_folder import DataFolder\n"
        "with DataFolder.prepare(pathlib.Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    folder = DataFolder.prepare(tmp_path)
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse, match=rf"another vss \(process {holder.pid}\)"), folder.locked():
            pass
        holder.kill()
    # The system gives the lock back, so what a killed process leaves behind is no obstacle.
    wait_until(lambda: can_lock(folder), what="the lock is free")


def can_lock(folder: DataFolder) -> bool:
    try:
        with folder.locked():
            return True
    except FolderInUse:
        return False
