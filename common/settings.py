"""How a service reads its settings: from the environment, frozen, every fault reported at once."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from yarl import URL

from common.brand import fault_of_accent, read_logo


def _base_url(value: str) -> str:
    url = URL(value)
    if url.scheme not in ("http", "https") or not url.host or url.path not in ("", "/") or url.query_string:
        raise ValueError("must be like http://127.0.0.1:8001, with neither path nor query")
    return str(url.origin())


def _long_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    try:
        is_right = make_url(value.get_secret_value()).drivername in ("sqlite+aiosqlite", "mysql+asyncmy")
    except (ArgumentError, ValueError):
        is_right = False
    if not is_right:
        raise ValueError(
            "must be like sqlite+aiosqlite:////var/lib/vss/vss.db or mysql+asyncmy://user:password@host:3306/vss"
        )
    return value


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


def _names(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _unset_if_empty(value: object) -> object:
    """As compose gives what is not set."""
    return value or None


def _logo(value: Path | None) -> Path | None:
    if value is not None:
        read_logo(value)
    return value


def _accent(value: str | None) -> str | None:
    if value is not None and (fault := fault_of_accent(value)):
        raise ValueError(fault)
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Networks = Annotated[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], BeforeValidator(_networks)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
LongSecret = Annotated[SecretStr, AfterValidator(_long_secret)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Port = Annotated[int, Field(ge=1, le=65535)]


# Where people come from outside.
PUBLIC_URLS: Final = ("auth_public_url", "upload_public_url", "stream_public_url", "s3_public_url")


class SettingsFault(Exception):
    """A setting that cannot be read at all; the text names it and the remedy.

    It stands where the value would: no field takes it, and so it is reported with every other fault.
    """


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads the setting X from the file that X_FILE names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path = os.environ.get(f"{name}_FILE")
        if path is None:
            return None, field_name, False
        if name in os.environ:
            return SettingsFault(f"{name}: set either it or {name}_FILE, not both"), field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as exc:
            return SettingsFault(f"{name}_FILE: {path} cannot be read ({exc})"), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value is not None}


class EnvironmentSettings(BaseSettings):
    """Settings from the environment, and from the files that it names. Subclasses may set `env_prefix`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first (tests), then files, which say so when the environment has the setting too."""
        del dotenv_settings, file_secret_settings
        return init_settings, _SecretFiles(settings_cls), env_settings


class ProcessSettings(EnvironmentSettings):
    """What every process is told that answers HTTP. Subclasses set `env_prefix`."""

    host: Annotated[str, Field(description="The address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Field(description="The port to listen on.")]
    drain_seconds: Annotated[
        float,
        Field(description="Seconds that /readyz answers 503 before the port closes; 0 without a load balancer.", ge=0),
    ] = 0.0
    start_limit_seconds: Annotated[
        float, Field(description="Seconds to wait at startup for what this service needs; then it exits.", gt=0)
    ] = 120.0


class ServiceSettings(ProcessSettings):
    """What every service is told."""

    database_url: Annotated[DatabaseUrl, Field(description="The database, with this service's own user.")]
    auth_public_url: Annotated[BaseUrl, Field(description="Public URL of auth_svc; also the issuer of access tokens.")]
    upload_public_url: Annotated[BaseUrl, Field(description="Public URL of upload_svc.")]
    stream_public_url: Annotated[BaseUrl, Field(description="Public URL of stream_svc.")]
    s3_public_url: Annotated[BaseUrl, Field(description="Public URL of the S3 server.")]
    internal_names: Annotated[
        Names,
        NoDecode,
        Field(
            description="More host names that other services use for it, besides its public and loopback names and"
            " `<service>_svc`: comma-separated."
        ),
    ] = ()
    site_name: Annotated[str, Field(description="The site's name, as pages show it.")] = "vss"


class PageSettings(ServiceSettings):
    """What every service with pages is told besides."""

    trusted_proxies: Annotated[
        Networks,
        NoDecode,
        Field(description="Proxies whose X-Forwarded-For is trusted: comma-separated addresses or networks."),
    ] = ()
    session_cookie: Annotated[str, Field(description="Name of the session cookie.")] = "vss_session"
    published_on: Annotated[
        str | None,
        Field(description="The address the port is published on, if it differs from `host` (in a container)."),
    ] = None
    calls_per_minute: Annotated[int, Field(ge=1, description="API calls allowed per account and minute.")] = 600
    site_logo: Annotated[
        Path | None,
        BeforeValidator(_unset_if_empty),
        AfterValidator(_logo),
        Field(description="The site's logo: a PNG or SVG file of at most 256 KiB."),
    ] = None
    accent: Annotated[
        str | None,
        BeforeValidator(_unset_if_empty),
        AfterValidator(_accent),
        Field(description="The site's colour, such as `#0b7a53`; darkened if white text could not be read on it."),
    ] = None
    demo_account: Annotated[bool, Field(description="Enable the demo account admin/admin; on loopback only.")] = False

    @field_validator("demo_account")
    @classmethod
    def _keep_the_demo_account_at_home(cls, value: bool, known: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        """Behind a public address others come in, whatever this process listens on (a tunnel, a proxy beside it)."""
        if not value:
            return value
        listens_on = known.data.get("published_on") or known.data.get("host", "")
        if not _is_loopback(listens_on):
            raise ValueError(
                f"is only for this machine, but others can reach {listens_on or 'this service'}: unset it, or set"
                " HOST to 127.0.0.1 (with compose: VSS_BIND)"
            )
        # What is missing is a fault of its own.
        urls = [known.data[name] for name in PUBLIC_URLS if name in known.data]
        if away := [url for url in urls if not _is_loopback(URL(url).host or "")]:
            raise ValueError(
                f"is only for this machine, but the public address is {', '.join(dict.fromkeys(away))}: unset it"
            )
        return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class IdentifiedSettings(PageSettings):
    """What a service is told that asks auth_svc, at `auth_url` from inside, who its visitors are."""

    auth_url: Annotated[BaseUrl, Field(description="Internal URL of auth_svc.")]
    client_secret: Annotated[LongSecret, Field(description="The secret this service logs in to auth_svc with.")]
    cursor_key: Annotated[LongSecret, Field(description="The key that signs list cursors.")]


S = TypeVar("S", bound=BaseSettings)


def load(settings_class: type[S]) -> S:
    """The settings from the environment; prints every fault and exits with status 2 when there is one."""
    try:
        return settings_class()
    except ValidationError as exc:
        lines = [_in_words(error, settings_class) for error in exc.errors(include_url=False)]
    sys.stderr.write("\n  ".join(["These settings must be fixed before this can start:", *lines]) + "\n")
    raise SystemExit(2)


def _in_words(error: ErrorDetails, settings_class: type[BaseSettings]) -> str:
    """One fault, without the value: it may be a secret."""
    if isinstance(error["input"], SettingsFault):
        return str(error["input"])
    name = f"{settings_class.model_config.get('env_prefix', '')}{'_'.join(map(str, error['loc']))}".upper()
    if error["type"] == "missing":
        return f"{name}: is required"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"
