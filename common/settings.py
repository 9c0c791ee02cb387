"""How a service reads its settings: from the environment, frozen, every fault reported at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from yarl import URL


def _base_url(value: str) -> str:
    url = URL(value)
    if url.scheme not in ("http", "https") or not url.host or url.path not in ("", "/") or url.query_string:
        raise ValueError("must be like http://127.0.0.1:8001, with neither path nor query")
    return str(url.origin())


def _long_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
LongSecret = Annotated[SecretStr, AfterValidator(_long_secret)]


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads the setting X from the file that X_FILE names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path = os.environ.get(f"{name}_FILE")
        if path is None:
            return None, field_name, False
        if name in os.environ:
            raise SettingsFault(f"{name}: set either it or {name}_FILE, not both")
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsFault(f"{name}_FILE: {path} cannot be read ({exc})") from exc

    def __call__(self) -> dict[str, Any]:
        values = {}
        faults = []
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, key, _ = self.get_field_value(field, name)
            except SettingsFault as fault:
                faults.append(str(fault))
                continue
            if value is not None:
                values[key] = value
        if faults:
            raise SettingsFault("\n".join(faults))
        return values


class SettingsFault(Exception):
    """A setting that cannot be read at all; the text names it and the remedy."""


class ServiceSettings(BaseSettings):
    """What every service is told. Subclasses set `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int
    database_url: SecretStr
    auth_public_url: BaseUrl
    upload_public_url: BaseUrl
    stream_public_url: BaseUrl
    s3_public_url: BaseUrl
    site_name: str = "vss"
    # How long /readyz says 503 before the port is closed; 0 where nobody looks.
    drain_seconds: float = 0.0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first (tests), then the environment, then files."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _SecretFiles(settings_cls)


class PageSettings(ServiceSettings):
    """What every service with pages is told besides."""

    session_cookie: str = "vss_session"
    demo_account: bool = False


class IdentifiedSettings(PageSettings):
    """What a service is told that asks auth_svc, at `auth_url` from inside, who its visitors are."""

    auth_url: BaseUrl
    client_secret: LongSecret
    cursor_key: LongSecret


S = TypeVar("S", bound=BaseSettings)


def load(settings_class: type[S]) -> S:
    """The settings from the environment; prints every fault and exits with status 2 when there is one."""
    try:
        return settings_class()
    except SettingsFault as fault:
        lines = str(fault).splitlines()
    except ValidationError as exc:
        prefix = settings_class.model_config.get("env_prefix", "")
        lines = [
            f"{prefix}{'_'.join(str(part) for part in error['loc'])}".upper()
            + (": is missing" if error["type"] == "missing" else f": {error['msg']}")
            for error in exc.errors(include_input=False, include_url=False)
        ]
    sys.stderr.write("\n  ".join(["Settings that must be mended before this service can start:", *lines]) + "\n")
    raise SystemExit(2)
