"""What auth_svc is told by its environment (`AUTH_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, LongSecret, PageSettings


def _aes_key(value: SecretStr) -> SecretStr:
    try:
        is_right = len(bytes.fromhex(value.get_secret_value())) == 32
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError("must be 64 hexadecimal digits")
    return value


def _none_if_empty(value: object) -> object:
    """Compose passes on what is not set as an empty text."""
    return value or None


PreviousSecret = Annotated[LongSecret | None, BeforeValidator(_none_if_empty)]


class Settings(PageSettings):
    """What a service is told that knows everybody itself."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    key_encryption_key: Annotated[
        SecretStr,
        AfterValidator(_aes_key),
        Field(description="The key that encrypts signing keys in the database: 64 hexadecimal digits."),
    ]
    fs_url: Annotated[BaseUrl, Field(description="Internal URL of fs_svc.")]
    upload_client_secret: Annotated[LongSecret, Field(description="The secret upload_svc logs in with.")]
    stream_client_secret: Annotated[LongSecret, Field(description="The secret stream_svc logs in with.")]
    media_client_secret: Annotated[LongSecret, Field(description="The secret media_svc logs in with.")]
    previous_key_encryption_key: Annotated[
        Annotated[SecretStr, AfterValidator(_aes_key)] | None,
        BeforeValidator(_none_if_empty),
        Field(description="The previous key, while it is being replaced. What it encrypted is re-encrypted."),
    ] = None
    previous_upload_client_secret: Annotated[
        PreviousSecret, Field(description="The previous secret of upload_svc, while it is being replaced.")
    ] = None
    previous_stream_client_secret: Annotated[
        PreviousSecret, Field(description="The previous secret of stream_svc, while it is being replaced.")
    ] = None
    previous_media_client_secret: Annotated[
        PreviousSecret, Field(description="The previous secret of media_svc, while it is being replaced.")
    ] = None
    first_administrator: Annotated[
        SecretStr | None,
        Field(description="The argon2 hash of the password for `admin`, created when there are no accounts yet."),
    ] = None
    audit_days: Annotated[
        int, Field(ge=1, le=3650, description="Days to keep the audit log, which contains IP addresses.")
    ] = 90


def known_secrets(*values: SecretStr | None) -> list[str]:
    """The present secret, and the one before while it is being replaced."""
    return [value.get_secret_value() for value in values if value is not None]


def encryption_keys(settings: Settings) -> list[bytes]:
    """The key that encrypts, and the one before while it is being replaced."""
    return [
        bytes.fromhex(secret)
        for secret in known_secrets(settings.key_encryption_key, settings.previous_key_encryption_key)
    ]
