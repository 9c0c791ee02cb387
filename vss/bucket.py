"""The bucket: made with its CORS rule when the engine starts, and tried out before anybody uses it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from common.bucket_rule import cors_of
from vss.child import run_module

CANARY_KEY = "canary"
CANARY = b"canary"
ATTEMPTS_SECONDS = 10
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket and the two identities that know it: one makes it, the other (fs_svc's) works in it."""

    endpoint: str
    region: str
    name: str
    administrator: KeyPair
    worker: KeyPair
    origins: Sequence[str]  # of the pages that send to it and play from it

    async def why_not_ready(self) -> str | None:
        """Tries for some seconds to `prepare` the bucket, in another process; None when that worked."""
        ended = await run_module("vss.bucket", stdin=json.dumps(asdict(self)))
        if ended.exit_code:
            return ended.output or ended.errors or f"the attempt ended with exit code {ended.exit_code}"
        return None

    async def prepare(self) -> str | None:
        """Makes the bucket if it is missing, writes its CORS rule, and sends and reads back a canary.

        None when all of that worked, else why it did not. (An open port says little: the engine's parts find each
        other later.)
        """
        import aiohttp  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            # A client costs far more than this look.
            at = urlsplit(self.endpoint)
            _, writer = await asyncio.open_connection(at.hostname, at.port or (443 if at.scheme == "https" else 80))
            writer.close()
            async with self.client(self.administrator) as s3:
                await self._bootstrap(s3)
            async with self.client(self.worker) as s3:
                await s3.put_object(Bucket=self.name, Key=CANARY_KEY, Body=CANARY)
                answer = await s3.get_object(Bucket=self.name, Key=CANARY_KEY)
                if await answer["Body"].read() != CANARY:
                    return "it read back other bytes than it was sent"
                # Whatever stays in the bucket must belong to a row of fs_svc.
                await s3.delete_object(Bucket=self.name, Key=CANARY_KEY)
        except (BotoCoreError, ClientError, aiohttp.ClientError, OSError) as exc:
            return str(exc)
        return None

    @asynccontextmanager
    async def client(self, keys: KeyPair) -> AsyncIterator[Any]:
        """An aiobotocore client for one of the two identities."""
        from common.s3_client import s3_client  # noqa: PLC0415

        async with s3_client(
            url=self.endpoint,
            region=self.region,
            access_key_id=keys.access_key_id,
            secret_access_key=keys.secret_access_key,
        ) as client:
            yield client

    async def _bootstrap(self, s3: Any) -> None:
        buckets = await s3.list_buckets()
        if self.name not in {bucket["Name"] for bucket in buckets.get("Buckets", [])}:
            await s3.create_bucket(Bucket=self.name)
        if not self.origins:
            return
        await s3.put_bucket_cors(Bucket=self.name, CORSConfiguration=cors_of(self.origins))


def main() -> int:
    """`python -m vss.bucket`: a bucket as JSON on standard input; why it is not ready, on standard output."""
    given = json.load(sys.stdin)
    for name in ("administrator", "worker"):
        given[name] = KeyPair(**given[name])
    if reason := prepare_within(Bucket(**given), ATTEMPTS_SECONDS):
        print(reason)
        return 1
    return 0


def prepare_within(bucket: Bucket, seconds: float) -> str | None:
    """Tries to prepare the bucket until that works (None), or the time is up (why not)."""
    deadline = time.monotonic() + seconds
    while reason := asyncio.run(bucket.prepare()):
        if time.monotonic() > deadline:
            return reason
        time.sleep(POLL_SECONDS)
    return None


if __name__ == "__main__":
    sys.exit(main())
