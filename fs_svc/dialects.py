"""Where S3 vendors differ in what this service relies on: one row a vendor, and no `if` about vendors elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Vendor(StrEnum):
    SEAWEEDFS = "seaweedfs"
    MINIO = "minio"
    AWS = "aws"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`has_md5_etags`: a part's ETag is its content's MD5, so that the whole object's can be foretold. (On AWS that
    depends on the bucket's encryption: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html.)
    """

    has_md5_etags: bool


DIALECTS: Final = MappingProxyType(
    {
        Vendor.SEAWEEDFS: Dialect(has_md5_etags=True),
        Vendor.MINIO: Dialect(has_md5_etags=True),
        Vendor.AWS: Dialect(has_md5_etags=False),
        Vendor.OTHER: Dialect(has_md5_etags=False),
    }
)
