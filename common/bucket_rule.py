"""What a bucket says of pages that send to it and play from it: its CORS rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def cors_of(origins: Iterable[str]) -> dict[str, Any]:
    """The CORS configuration, as S3 clients take it, for pages of these origins."""
    rule = {
        "AllowedOrigins": list(dict.fromkeys(origins)),
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedHeaders": ["content-type", "x-amz-checksum-sha256"],
        "ExposeHeaders": ["ETag", "Content-Range", "Accept-Ranges", "Content-Length"],
        "MaxAgeSeconds": 3600,
    }
    return {"CORSRules": [rule]}
