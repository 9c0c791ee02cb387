"""Opens rows and bucket by the settings, for commands that run beside the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.db import open_database
from fs_svc.s3 import Bucket, open_bucket
from fs_svc.settings import Settings
from fs_svc.store import Store


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Store, Bucket]]:
    """Both, until the context ends."""
    async with (
        open_database(settings.database_url.get_secret_value()) as database,
        open_bucket(
            url=settings.s3_url,
            region=settings.s3_region,
            name=settings.s3_bucket,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        ) as bucket,
    ):
        yield Store(database), bucket
