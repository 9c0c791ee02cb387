"""`vss init`: secrets that compose.yaml names, made once, for their owner's eyes."""

from __future__ import annotations

import re
import stat
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests.command import ROOT, vss
from vss.files import write_atomically
from vss.grpc_identity import LIFETIME, RENEWED_BEFORE, is_fresh, new_identity
from vss.init import Vault


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vss("init", f"--folder={folder}", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where compose's file lies."""
    (tmp_path / "compose.yaml").touch()
    return tmp_path


def test_every_secret_of_compose_is_made_and_no_other(folder: Path) -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = re.findall(r"^  (\w+): \{ file: secrets/(\w+) \}$", text, re.MULTILINE)
    assert [name for name, file in named if name != file] == []
    assert init(folder).returncode == 0
    made = {file.name for file in (folder / "secrets").iterdir()}
    assert made == {name for name, _ in named} == set(Vault(folder).names())


def test_modes_and_the_password_that_is_shown_once(folder: Path) -> None:
    said = init(folder).stdout
    found = re.search(r"with the password (\S+)", said)
    assert found
    assert PasswordHasher().verify((folder / "secrets" / "first_administrator").read_text().strip(), found[1])
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (folder / "secrets").iterdir()} == {0o444}


def test_a_second_time_changes_nothing_and_says_so(folder: Path) -> None:
    init(folder)
    before = {file: file.read_bytes() for file in [*(folder / "secrets").iterdir(), folder / ".env"]}
    again = init(folder, "--port-base=9000")
    assert (again.returncode, again.stdout.count("\n")) == (0, 1)
    assert "nothing was changed" in again.stdout
    assert before == {file: file.read_bytes() for file in before}


def test_what_was_broken_off_is_gone_on_with(folder: Path) -> None:
    init(folder)
    (folder / ".env").unlink()
    (folder / "secrets" / "first_administrator").unlink()
    root = (folder / "secrets" / "mysql_root_password").read_bytes()
    assert "with the password" in init(folder).stdout
    assert (folder / "secrets" / "mysql_root_password").read_bytes() == root


def test_a_lost_secret_is_named_and_not_made_anew(folder: Path) -> None:
    init(folder)
    (folder / "secrets" / "key_encryption_key").unlink()
    again = init(folder)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "key_encryption_key missing" in again.stderr


def test_an_installation_from_before_there_were_workers_gets_their_secret(folder: Path) -> None:
    init(folder)
    secret = folder / "secrets" / "media_client_secret"
    secret.unlink()
    before = {file: file.read_bytes() for file in (folder / "secrets").iterdir()}
    said = init(folder)
    assert (said.returncode, said.stdout.count("\n")) == (0, 1)
    assert "Added media_client_secret" in said.stdout
    assert len(secret.read_text().strip()) == 64
    assert before == {file: file.read_bytes() for file in before}


def test_an_installation_without_a_certificate_gets_one_and_keeps_its_keys(folder: Path) -> None:
    init(folder)
    vault = folder / "secrets"
    keys = (vault / "seaweedfs_security").read_text().partition("\n\n[grpc]")[0]
    (vault / "seaweedfs_security").write_text(keys)
    (vault / "seaweedfs_grpc").unlink()
    before = {file: file.read_bytes() for file in vault.iterdir() if file.name != "seaweedfs_security"}
    said = init(folder)
    assert (said.returncode, said.stdout.count("\n")) == (0, 1)
    assert "--force-recreate seaweedfs" in said.stdout
    security = tomllib.loads((vault / "seaweedfs_security").read_text())
    assert security["jwt"] == tomllib.loads(keys)["jwt"]
    assert security["grpc"]["ca"] == security["grpc"]["filer"]["key"] == "/run/secrets/seaweedfs_grpc"
    assert before == {file: file.read_bytes() for file in before}
    assert "nothing was changed" in init(folder).stdout


def test_a_certificate_is_renewed_long_before_its_end(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.fill()
    file = tmp_path / "seaweedfs_grpc"
    made = file.read_bytes()
    assert (vault.renew(), file.read_bytes()) == (False, made)
    now = datetime.now(UTC)
    for old in (new_identity(now=now - LIFETIME + RENEWED_BEFORE - timedelta(hours=1)), b"not one"):
        write_atomically(file, old)
        assert (vault.renew(), is_fresh(file.read_bytes(), now=now)) == (True, True)


def test_lines_of_the_owner_in_env_stay(folder: Path) -> None:
    (folder / ".env").write_text("COMPOSE_FILE=compose.yaml:compose.edge.yaml\n")
    assert init(folder, "--port-base=9000").returncode == 0
    lines = (folder / ".env").read_text().splitlines()
    assert lines[0] == "COMPOSE_FILE=compose.yaml:compose.edge.yaml"
    assert {"VSS_INIT=done", "VSS_AUTH_PORT=9001", "VSS_S3_URL=http://127.0.0.1:9333"} <= set(lines)


def test_elsewhere_it_says_where_to_go(tmp_path: Path) -> None:
    answer = init(tmp_path)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "no compose.yaml" in answer.stderr
