"""What each service is told: our own settings, no secret in plain sight, limits from outside."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from vss.bucket import Bucket, KeyPair
from vss.child import Child
from vss.data_folder import DataFolder
from vss.ports import PublicPorts
from vss.services import services

BUCKET = Bucket(
    endpoint="http://127.0.0.1:8333",
    region="us-east-1",
    name="vss",
    administrator=KeyPair(access_key_id="admin-id", secret_access_key="admin-secret"),
    worker=KeyPair(access_key_id="fs-id", secret_access_key="fs-secret"),
    origins=[],
)


def told(folder: Path, outside: Mapping[str, str] | None = None, *, base: int = 8000) -> dict[str, Child]:
    children = services(DataFolder.prepare(folder), PublicPorts(base), BUCKET, outside or {})
    return {child.name: child for child in children}


def test_only_fs_is_told_a_key_of_the_storage_and_nobody_the_administrators(tmp_path: Path) -> None:
    for name, child in told(tmp_path).items():
        environment = str(dict(child.environment))
        assert ("fs-id" in environment) == (name == "fs")
        assert ("vss.db" in environment) == (name != "media")
        assert "admin-id" not in environment
        assert "admin-secret" not in environment


def test_secrets_are_handed_over_in_files_and_the_same_on_both_sides(tmp_path: Path) -> None:
    children = told(tmp_path)
    for child in children.values():
        for secret in (tmp_path / "secrets").iterdir():
            assert secret.read_text().strip() not in [*child.command(), *child.environment.values()]
    auth = children["auth"].environment
    for name in ("UPLOAD", "STREAM", "MEDIA"):
        assert (
            auth[f"AUTH_{name}_CLIENT_SECRET_FILE"] == children[name.lower()].environment[f"{name}_CLIENT_SECRET_FILE"]
        )


@pytest.mark.parametrize(("base", "cookie"), [(8000, "vss_session"), (9000, "vss_session_9000")])
def test_the_cookie_is_named_after_the_port_base(tmp_path: Path, base: int, cookie: str) -> None:
    children = told(tmp_path, base=base)
    assert {children[name].environment[f"{name.upper()}_SESSION_COOKIE"] for name in ("auth", "upload", "stream")} == {
        cookie
    }
    assert "FS_SESSION_COOKIE" not in children["fs"].environment


def test_a_limit_comes_from_outside_and_reaches_its_own_service_alone(tmp_path: Path) -> None:
    children = told(tmp_path, {"STREAM_SOURCE_URL_LIFETIME_SECONDS": "30"})
    assert children["stream"].environment["STREAM_SOURCE_URL_LIFETIME_SECONDS"] == "30"
    assert "STREAM_SOURCE_URL_LIFETIME_SECONDS" not in children["upload"].environment


def test_whether_the_library_is_public_is_said_to_the_service_that_shows_it(tmp_path: Path) -> None:
    children = told(tmp_path, {"VSS_PUBLIC_LIBRARY": "true", "VSS_WEBHOOK_PRIVATE_NETWORKS": "true"})
    assert children["upload"].environment["UPLOAD_WEBHOOK_PRIVATE_NETWORKS"] == "true"
    assert children["stream"].environment["STREAM_PUBLIC_LIBRARY"] == "true"
    assert not any(name.endswith("PUBLIC_LIBRARY") for name in children["upload"].environment)


@pytest.mark.parametrize("name", ["AUTH_PORT", "AUTH_DATABASE_URL_FILE", "AUTH_KEY_ENCRYPTION_KEY"])
def test_what_is_ours_to_say_does_not_come_from_outside(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, {name: "outside"})["auth"].environment.get(name) != "outside"


def test_without_its_decoder_there_is_no_worker_and_nobody_else_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(told(tmp_path)) == {"auth", "fs", "upload", "stream", "media"}
    assert set(told(tmp_path, {"MEDIA_JOBS": "0"})) == {"auth", "fs", "upload", "stream"}
    # As where the extra is not installed.
    monkeypatch.setitem(sys.modules, "av", None)
    assert set(told(tmp_path)) == {"auth", "fs", "upload", "stream"}
