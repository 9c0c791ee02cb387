"""Settings: read from the environment and from files, every fault reported at once, secrets never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from auth_svc.settings import Settings as AuthSettings
from common.settings import load
from fs_svc.settings import Settings as FsSettings
from media_svc.settings import Settings as MediaSettings
from stream_svc.settings import Settings as StreamSettings
from tests.command import python
from upload_svc.settings import Settings as UploadSettings

SECRET = "a-secret-of-more-than-32-characters"
HEX_SECRET = "5e" * 32
COMMON = {
    "PORT": "8001",
    "DATABASE_URL": f"mysql+asyncmy://vss:{SECRET}@127.0.0.1:3306/vss",
    "AUTH_PUBLIC_URL": "http://127.0.0.1:8001",
    "UPLOAD_PUBLIC_URL": "http://127.0.0.1:8003",
    "STREAM_PUBLIC_URL": "http://127.0.0.1:8004",
    "S3_PUBLIC_URL": "http://127.0.0.1:8333",
}
IDENTIFIED = {**COMMON, "AUTH_URL": "http://auth:8001", "FS_URL": "http://fs:8002"}
IDENTIFIED |= {"CLIENT_SECRET": SECRET, "CURSOR_KEY": SECRET}
GOOD: dict[type[BaseSettings], dict[str, str]] = {
    AuthSettings: {
        **COMMON,
        "KEY_ENCRYPTION_KEY": HEX_SECRET,
        "FS_URL": "http://fs:8002",
        "UPLOAD_CLIENT_SECRET": SECRET,
        "STREAM_CLIENT_SECRET": SECRET,
        "MEDIA_CLIENT_SECRET": SECRET,
    },
    FsSettings: {
        **COMMON,
        "AUTH_URL": "http://auth:8001",
        "S3_URL": "http://s3:8333",
        "S3_REGION": "us-east-1",
        "S3_BUCKET": "vss",
        "S3_ACCESS_KEY_ID": "fs",
        "S3_SECRET_ACCESS_KEY": SECRET,
    },
    UploadSettings: IDENTIFIED,
    StreamSettings: IDENTIFIED,
    MediaSettings: {
        "PORT": "8001",
        "AUTH_URL": "http://auth:8001",
        "UPLOAD_URL": "http://upload:8003",
        "CLIENT_SECRET": SECRET,
    },
}


def prefix(settings_class: type[BaseSettings]) -> str:
    found = settings_class.model_config.get("env_prefix")
    assert found
    return found


class Environment:
    """What a service would be told, and what it says to that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def tell(self, settings_class: type[BaseSettings], values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(f"{prefix(settings_class)}{name}", value)

    def faults(self, settings_class: type[BaseSettings]) -> list[str]:
        """The lines that stand on standard error when the process ends with status 2."""
        with pytest.raises(SystemExit) as ended:
            load(settings_class)
        assert ended.value.code == 2
        output = self._capsys.readouterr()
        assert output.out == ""
        headline, *faults = output.err.splitlines()
        assert headline.startswith("These settings must be fixed")
        return [fault.strip() for fault in faults]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Environment:
    return Environment(monkeypatch, capsys)


@pytest.fixture(params=GOOD, ids=lambda settings_class: settings_class.__module__)
def settings_class(request: pytest.FixtureRequest) -> type[BaseSettings]:
    found: type[BaseSettings] = request.param
    return found


def test_settings_come_from_the_environment_and_stay(
    environment: Environment, settings_class: type[BaseSettings]
) -> None:
    environment.tell(settings_class, GOOD[settings_class])
    settings = load(settings_class)
    assert settings.model_dump()["port"] == 8001
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[attr-defined]


def test_every_missing_setting_is_named_at_once(environment: Environment, settings_class: type[BaseSettings]) -> None:
    expected = {f"{prefix(settings_class)}{name}: is required" for name in GOOD[settings_class]}
    assert set(environment.faults(settings_class)) == expected


def test_secrets_are_in_nothing_that_can_be_printed(
    environment: Environment, settings_class: type[BaseSettings]
) -> None:
    environment.tell(settings_class, GOOD[settings_class])
    settings = load(settings_class)
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in text
        assert HEX_SECRET not in text


def test_every_setting_may_come_from_a_file(
    environment: Environment, settings_class: type[BaseSettings], tmp_path: Path
) -> None:
    given = settings_class.model_validate({name.lower(): value for name, value in GOOD[settings_class].items()})
    for name, value in GOOD[settings_class].items():
        file = tmp_path / name
        file.write_text(f"  {value}\n", encoding="utf-8")
        environment.tell(settings_class, {f"{name}_FILE": str(file)})
    assert load(settings_class).model_dump() == given.model_dump()


def test_faults_of_every_kind_are_reported_together_and_without_values(
    environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    environment.tell(
        AuthSettings,
        {
            "HOST": "0.0.0.0",
            "DEMO_ACCOUNT": "true",
            "PORT": "tcp://10.0.0.1:8001",
            "DATABASE_URL_FILE": str(tmp_path / "absent"),
            "AUTH_PUBLIC_URL": "http://127.0.0.1:8001/auth",
            "UPLOAD_PUBLIC_URL": "ftp://127.0.0.1",
            "STREAM_PUBLIC_URL": "127.0.0.1:8004",
            "S3_PUBLIC_URL": "http://127.0.0.1:8333?x=1",
            "KEY_ENCRYPTION_KEY": SECRET,
            "UPLOAD_CLIENT_SECRET": "short-secret",
            "STREAM_CLIENT_SECRET": SECRET,
            "STREAM_CLIENT_SECRET_FILE": str(tmp_path / "absent"),
            "SESSION_COOKIE_FILE": str(tmp_path / "binary"),
        },
    )
    faults = environment.faults(AuthSettings)
    named = sorted(fault.split(":")[0] for fault in faults)
    assert named == sorted(
        [
            "AUTH_DEMO_ACCOUNT",
            "AUTH_PORT",
            "AUTH_DATABASE_URL_FILE",
            "AUTH_AUTH_PUBLIC_URL",
            "AUTH_UPLOAD_PUBLIC_URL",
            "AUTH_STREAM_PUBLIC_URL",
            "AUTH_S3_PUBLIC_URL",
            "AUTH_KEY_ENCRYPTION_KEY",
            "AUTH_FS_URL",
            "AUTH_UPLOAD_CLIENT_SECRET",
            "AUTH_STREAM_CLIENT_SECRET",
            "AUTH_MEDIA_CLIENT_SECRET",
            "AUTH_SESSION_COOKIE_FILE",
        ]
    )
    text = "\n".join(faults)
    assert SECRET not in text
    assert "short-secret" not in text
    assert "AUTH_STREAM_CLIENT_SECRET: set either it or AUTH_STREAM_CLIENT_SECRET_FILE, not both" in faults
    assert "AUTH_UPLOAD_CLIENT_SECRET: must have at least 32 characters" in faults
    assert "AUTH_KEY_ENCRYPTION_KEY: must be 64 hexadecimal digits" in faults


@pytest.mark.parametrize("content", ["", "\n", "31-characters-are-not-enough..."])
def test_a_secret_in_a_file_must_be_as_long(environment: Environment, tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_text(content, encoding="utf-8")
    given = {name: value for name, value in GOOD[UploadSettings].items() if name != "CURSOR_KEY"}
    environment.tell(UploadSettings, {**given, "CURSOR_KEY_FILE": str(file)})
    assert environment.faults(UploadSettings) == ["UPLOAD_CURSOR_KEY: must have at least 32 characters"]


@pytest.mark.parametrize("url", ["http://a.example", "https://a.example:8443", "http://[::1]:8001"])
def test_a_public_url_is_kept_without_a_slash(environment: Environment, url: str) -> None:
    for spelling in (url, f"{url}/"):
        environment.tell(AuthSettings, {**GOOD[AuthSettings], "AUTH_PUBLIC_URL": spelling})
        assert load(AuthSettings).auth_public_url == url


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "http://:80", "http://a/b", "http://a?b", "javascript:1", "http://a:99999"]
)
def test_what_is_no_base_url_is_a_fault(environment: Environment, url: str) -> None:
    environment.tell(AuthSettings, {**GOOD[AuthSettings], "AUTH_PUBLIC_URL": url})
    assert [fault.split(":")[0] for fault in environment.faults(AuthSettings)] == ["AUTH_AUTH_PUBLIC_URL"]


@pytest.mark.parametrize("key", ["5e" * 31, "5e" * 33, "zz" * 32, "5e" * 31 + "5"])
def test_the_key_encryption_key_is_256_bits(environment: Environment, key: str) -> None:
    environment.tell(AuthSettings, {**GOOD[AuthSettings], "KEY_ENCRYPTION_KEY": key})
    assert environment.faults(AuthSettings) == ["AUTH_KEY_ENCRYPTION_KEY: must be 64 hexadecimal digits"]


@pytest.mark.parametrize(
    ("host", "is_home"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("vss.example", False),
        ("", False),
    ],
)
def test_the_demo_account_stays_at_home(environment: Environment, host: str, *, is_home: bool) -> None:
    environment.tell(AuthSettings, {**GOOD[AuthSettings], "HOST": host, "DEMO_ACCOUNT": "true"})
    if is_home:
        assert load(AuthSettings).demo_account
    else:
        assert [fault.split(":")[0] for fault in environment.faults(AuthSettings)] == ["AUTH_DEMO_ACCOUNT"]


@pytest.mark.parametrize("settings", [AuthSettings, UploadSettings, StreamSettings])
@pytest.mark.parametrize("name", ["AUTH", "UPLOAD", "STREAM", "S3"])
@pytest.mark.parametrize(
    ("url", "is_home"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:8001", True),
        ("http://localhost:8001", True),
        ("https://videos.example.org", False),
        ("http://192.0.2.1:8001", False),
        ("http://0.0.0.0:8001", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
    ],
)
def test_the_demo_account_is_no_account_of_a_public_address(
    environment: Environment, settings: type[BaseSettings], name: str, url: str, *, is_home: bool
) -> None:
    """Whatever the process listens on: a tunnel or a proxy on this machine brings others in."""
    home = {f"{known}_PUBLIC_URL": "http://127.0.0.1:8001" for known in ("AUTH", "UPLOAD", "STREAM", "S3")}
    told = {**GOOD[settings], **home, f"{name}_PUBLIC_URL": url}
    environment.tell(settings, {**told, "DEMO_ACCOUNT": "true"})
    if is_home:
        load(settings)
    else:
        (fault,) = environment.faults(settings)
        assert "DEMO_ACCOUNT: is only for this machine" in fault
        assert url in fault
    environment.tell(settings, {**told, "DEMO_ACCOUNT": "false"})
    load(settings)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "postgresql://127.0.0.1/vss",
        "sqlite:///vss.db",
        "mysql+asyncmy://vss:" + SECRET + "@db:port/vss",
    ],
)
def test_another_database_is_a_fault(environment: Environment, url: str) -> None:
    environment.tell(AuthSettings, {**GOOD[AuthSettings], "DATABASE_URL": url})
    (fault,) = environment.faults(AuthSettings)
    assert fault.startswith("AUTH_DATABASE_URL: must be like ")
    assert SECRET not in fault


@pytest.mark.parametrize("port", ["0", "-1", "65536", "8001.5", "http"])
def test_what_is_no_port_is_a_fault(environment: Environment, port: str) -> None:
    environment.tell(AuthSettings, {**GOOD[AuthSettings], "PORT": port})
    assert [fault.split(":")[0] for fault in environment.faults(AuthSettings)] == ["AUTH_PORT"]


@pytest.mark.parametrize(
    ("name", "value", "is_fault"),
    [
        ("ACCENT", "#0b7a53", False),
        ("ACCENT", "", False),
        ("ACCENT", "red;}body{display:none", True),
        ("ACCENT", "#0b7a5", True),
        ("SITE_LOGO", "", False),
        ("SITE_LOGO", "/nowhere.png", True),
    ],
)
def test_a_sites_own_look_is_checked_at_the_start(
    environment: Environment, name: str, value: str, *, is_fault: bool
) -> None:
    environment.tell(UploadSettings, {**GOOD[UploadSettings], name: value})
    faults = [fault.split(":")[0] for fault in environment.faults(UploadSettings)] if is_fault else []
    assert faults == ([f"UPLOAD_{name}"] if is_fault else [])
    if not is_fault:
        assert getattr(load(UploadSettings), name.lower()) == (value or None)


@pytest.mark.parametrize("service", ["auth_svc", "fs_svc", "upload_svc", "stream_svc"])
def test_a_service_without_settings_ends_with_status_2(service: str) -> None:
    ended = python("-m", service)
    assert ended.returncode == 2, ended.stderr
    assert f"{service.removesuffix('_svc').upper()}_DATABASE_URL: is required" in ended.stderr
    assert "Traceback" not in ended.stderr
