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

    `ends_part_urls`: once a multipart upload is aborted or completed, every part of it is refused, also one that was on
    its way. (Elsewhere such a part may land:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html.)
    """

    has_md5_etags: bool
    ends_part_urls: bool


DIALECTS: Final = MappingProxyType(
    {
        Vendor.SEAWEEDFS: Dialect(has_md5_etags=True, ends_part_urls=True),
        Vendor.MINIO: Dialect(has_md5_etags=True, ends_part_urls=False),
        Vendor.AWS: Dialect(has_md5_etags=False, ends_part_urls=False),
        Vendor.OTHER: Dialect(has_md5_etags=False, ends_part_urls=False),
    }
)
