"""What upload_svc is told by its environment (`UPLOAD_…`)."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, IdentifiedSettings


class Settings(IdentifiedSettings):
    """`fs_url` is where fs_svc is reached from inside."""

    model_config = SettingsConfigDict(env_prefix="UPLOAD_")

    fs_url: BaseUrl
