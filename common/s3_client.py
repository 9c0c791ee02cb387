"""The one configuration of an S3 client, for whoever calls the S3 server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession


@asynccontextmanager
async def s3_client(
    *, url: str, region: str, access_key_id: str, secret_access_key: str, read_seconds: float = 10
) -> AsyncIterator[Any]:
    """An aiobotocore client of the server at `url`."""
    config = AioConfig(
        # Without these two, URLs and requests may come out in the older style of S3.
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # botocore's own defaults send checksums that several vendors refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=2,
        read_timeout=read_seconds,
        # Only the caller knows which calls may be repeated.
        retries={"total_max_attempts": 1},
        max_pool_connections=50,
        proxies={},
    )
    async with _session().create_client(
        "s3",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        # Over plain HTTP no certificate is ever checked, so none is read: that takes about 60 ms.
        verify=False if url.startswith("http:") else None,
        config=config,
    ) as client:
        yield client


@cache
def _session() -> AioSession:
    """What a client is made of; reading it takes about 0.1 s and 15 MiB, so a process does that once."""
    # What a person has configured for an AWS account of their own has no business here.
    session = AioSession(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    # The addresses of every service of AWS, as dictionaries: several MiB of which only S3's are ever read.
    for partition in session.get_component("data_loader").load_data("endpoints")["partitions"]:
        partition["services"] = {key: value for key, value in partition["services"].items() if key == "s3"}
    return session
