"""`vss bootstrap`: the bucket on an S3 server that runs already, with its CORS rule; any number of times."""

from __future__ import annotations

import argparse

from vss.bucket import Bucket, KeyPair, prepare_within
from vss.errors import StorageUnusable

LIMIT_SECONDS = 60


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("bootstrap", help="create the bucket and write its CORS rule (settings: S3_…)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints one line; raises `StorageUnusable`."""
    bucket = _bucket()
    if reason := prepare_within(bucket, LIMIT_SECONDS):
        raise StorageUnusable(f"the bucket {bucket.name} at {bucket.endpoint} cannot be prepared: {reason}")
    print(f"bucket {bucket.name} is ready for the pages of {', '.join(bucket.origins)}")
    return 0


def _bucket() -> Bucket:
    # pydantic takes longer to import than all else here; other commands do without.
    from pydantic import SecretStr  # noqa: PLC0415

    from common.settings import BaseUrl, EnvironmentSettings, load  # noqa: PLC0415

    class Settings(EnvironmentSettings):
        """What the job is told: two identities, and who sends to the bucket and plays from it."""

        s3_url: BaseUrl
        s3_region: str
        s3_bucket: str
        s3_administrator_access_key_id: str
        s3_administrator_secret_access_key: SecretStr
        s3_worker_access_key_id: str
        s3_worker_secret_access_key: SecretStr
        upload_public_url: BaseUrl
        stream_public_url: BaseUrl

    settings = load(Settings)
    return Bucket(
        endpoint=settings.s3_url,
        region=settings.s3_region,
        name=settings.s3_bucket,
        administrator=KeyPair(
            access_key_id=settings.s3_administrator_access_key_id,
            secret_access_key=settings.s3_administrator_secret_access_key.get_secret_value(),
        ),
        worker=KeyPair(
            access_key_id=settings.s3_worker_access_key_id,
            secret_access_key=settings.s3_worker_secret_access_key.get_secret_value(),
        ),
        origins=list(dict.fromkeys([settings.upload_public_url, settings.stream_public_url])),
    )
