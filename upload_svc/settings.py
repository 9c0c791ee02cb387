"""What upload_svc is told by its environment (`UPLOAD_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, IdentifiedSettings


class Settings(IdentifiedSettings):
    """What a service is told that asks auth_svc and fs_svc."""

    model_config = SettingsConfigDict(env_prefix="UPLOAD_")

    fs_url: Annotated[BaseUrl, Field(description="Internal URL of fs_svc.")]
    webhook_private_networks: Annotated[
        bool,
        Field(
            description="Let webhooks reach private addresses and use http://. Anyone with an account can then send"
            " requests into this network and read the beginning of the answers."
        ),
    ] = False
