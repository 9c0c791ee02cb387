"""What media_svc is told by its environment (`MEDIA_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, LongSecret, ProcessSettings


class Settings(ProcessSettings):
    """It is given neither a database nor a key of the storage."""

    model_config = SettingsConfigDict(env_prefix="MEDIA_")

    auth_url: Annotated[BaseUrl, Field(description="Internal URL of auth_svc.")]
    upload_url: Annotated[BaseUrl, Field(description="Internal URL of upload_svc.")]
    client_secret: Annotated[LongSecret, Field(description="The secret this service logs in to auth_svc with.")]
    is_outside: Annotated[
        bool,
        Field(
            description="Reach the S3 server at its public URL, as a worker must that cannot reach the internal one."
        ),
    ] = False
    niceness: Annotated[
        int,
        Field(
            ge=0,
            le=19,
            description="How far decoders step back for other processes (nice); 0 on a machine of their own.",
        ),
    ] = 10
    jobs: Annotated[int, Field(ge=1, le=64, description="Videos that this worker looks at at the same time.")] = 1
