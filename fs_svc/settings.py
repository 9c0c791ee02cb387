"""What fs_svc is told by its environment (`FS_…`)."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from common.settings import BaseUrl, ServiceSettings
from fs_svc.dialects import Vendor


class Settings(ServiceSettings):
    """`auth_url` and `s3_url` are where those are reached from inside; URLs are signed for `s3_public_url`."""

    model_config = SettingsConfigDict(env_prefix="FS_")

    auth_url: BaseUrl
    s3_url: BaseUrl
    s3_region: str
    s3_bucket: str
    s3_access_key_id: str
    s3_secret_access_key: SecretStr
    s3_vendor: Vendor = Vendor.SEAWEEDFS
