"""What upload_svc is told by its environment (`UPLOAD_…`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, IdentifiedSettings


class Policy(StrEnum):
    """Of which videos renditions are made."""

    OFF = "off"
    # Of those that some browser does not play, or not at once.
    NEEDED = "needed"
    LADDER = "ladder"


class Settings(IdentifiedSettings):
    """What a service is told that asks auth_svc and fs_svc."""

    model_config = SettingsConfigDict(env_prefix="UPLOAD_")

    fs_url: Annotated[BaseUrl, Field(description="Internal URL of fs_svc.")]
    renditions: Annotated[
        Policy,
        Field(
            description="Of which videos renditions are made, so that they play everywhere: off, needed (of those that"
            " some browser can't play at once) or ladder (of all, in several sizes)."
        ),
    ] = Policy.OFF
    rendition_heights: Annotated[
        tuple[Annotated[int, Field(ge=2, le=4320)], ...],
        Field(min_length=1, max_length=8, description="Sizes of renditions: pixels of the short side, as [1080,720]."),
    ] = (1080, 720, 480, 360)
    rendition_preset: Annotated[
        Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"],
        Field(description="How long encoding may take for smaller files: x264's preset."),
    ] = "veryfast"
    webhook_private_networks: Annotated[
        bool,
        Field(
            description="Let webhooks reach private addresses and use http://. Anyone with an account can then send"
            " requests into this network and read the beginning of the answers."
        ),
    ] = False
