"""fs_svc's settings from the environment (`FS_…`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, ServiceSettings
from fs_svc.dialects import Vendor


class Settings(ServiceSettings):
    """URLs are signed for `s3_public_url`; our own calls go to `s3_url`."""

    model_config = SettingsConfigDict(env_prefix="FS_")

    auth_url: Annotated[BaseUrl, Field(description="Internal URL of auth_svc.")]
    s3_url: Annotated[BaseUrl, Field(description="Internal URL of the S3 server.")]
    s3_region: Annotated[str, Field(description="The S3 server's region.")]
    s3_bucket: Annotated[str, Field(description="The bucket that holds every video.")]
    s3_access_key_id: Annotated[str, Field(description="The S3 access key ID of this service.")]
    s3_secret_access_key: Annotated[SecretStr, Field(description="The S3 secret access key of this service.")]
    open_uploads: Annotated[int, Field(ge=1, description="Unfinished uploads allowed per account.")] = 20
    keeps_cors: Annotated[
        bool,
        Field(
            description="Rewrite the bucket's CORS rule every ten minutes, where this service's S3 identity is "
            "allowed to, as on SeaweedFS."
        ),
    ] = False
    s3_vendor: Annotated[Vendor, Field(description="The S3 server's vendor.")] = Vendor.SEAWEEDFS
