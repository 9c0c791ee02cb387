"""What stream_svc is told by its environment (`STREAM_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, IdentifiedSettings


class Settings(IdentifiedSettings):
    """What a service is told that asks auth_svc and fs_svc."""

    model_config = SettingsConfigDict(env_prefix="STREAM_")

    fs_url: Annotated[BaseUrl, Field(description="Internal URL of fs_svc.")]
    public_library: Annotated[
        bool,
        Field(description="Show the public videos to visitors without an account: library, feed and sitemap."),
    ] = False
