"""What fs_svc is told by its environment (`FS_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, ServiceSettings
from fs_svc.dialects import Vendor


class Settings(ServiceSettings):
    """URLs are signed for `s3_public_url`; our own calls go to `s3_url`."""

    model_config = SettingsConfigDict(env_prefix="FS_")

    auth_url: Annotated[BaseUrl, Field(description="Where auth_svc is reached from inside.")]
    s3_url: Annotated[BaseUrl, Field(description="Where the S3 server is reached from inside.")]
    s3_region: Annotated[str, Field(description="The S3 server's region.")]
    s3_bucket: Annotated[str, Field(description="The bucket that holds every video.")]
    s3_access_key_id: Annotated[str, Field(description="Who this service is for the S3 server.")]
    s3_secret_access_key: Annotated[SecretStr, Field(description="What it signs with.")]
    open_uploads: Annotated[int, Field(ge=1, description="How many unfinished uploads an account may have.")] = 20
    keeps_cors: Annotated[
        bool,
        Field(
            description="Whether to write the bucket's CORS rule every ten minutes: where this service's own S3 "
            "identity may change it, as on SeaweedFS."
        ),
    ] = False
    s3_vendor: Annotated[Vendor, Field(description="Whose S3 server it is.")] = Vendor.SEAWEEDFS
