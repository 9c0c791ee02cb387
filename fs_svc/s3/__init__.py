"""The control calls to S3: everything but moving bytes."""

from __future__ import annotations

from fs_svc.s3.bucket import PAGE_SIZE, Bucket, Head, ListedObject, ListedUpload, open_bucket
from fs_svc.s3.calls import UploadGone

__all__ = ["PAGE_SIZE", "Bucket", "Head", "ListedObject", "ListedUpload", "UploadGone", "open_bucket"]
