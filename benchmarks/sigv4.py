"""P1 and P2: presigned URLs, ours beside botocore's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle

import botocore.session
from botocore.config import Config

from benchmarks.pairs import Pair, Quantity, Row
from common.ids import new_id
from fs_svc.plan import MIB, MOST_PARTS
from fs_svc.sigv4 import Presigner

ENDPOINT = "http://127.0.0.1:8333"
REGION = "us-east-1"
BUCKET = "vss"
ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET_ACCESS_KEY = "not a secret but as long as one.."
LIFETIME = timedelta(minutes=15)
# As many as one call of the API may ask for.
BATCH = 100


def rows() -> Sequence[Row]:
    """Every call signs for another object at the present time, as the service does."""
    presigner = Presigner(
        endpoint=ENDPOINT,
        region=REGION,
        bucket=BUCKET,
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
    )
    peer = botocore.session.get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=ENDPOINT,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    uploads = [(f"objects/{new_id()}", new_id()) for _ in range(1_000)]
    next_upload = cycle(uploads).__next__
    part_sizes = dict.fromkeys(range(1, BATCH + 1), 8 * MIB)

    def our_part_url() -> None:
        object_key, s3_upload_id = next_upload()
        presigner.presign(
            "PUT",
            object_key,
            now=datetime.now(UTC),
            lifetime=LIFETIME,
            query={"partNumber": "17", "uploadId": s3_upload_id},
            headers={"content-length": "8388608"},
        )

    def their_part_url(part_number: int = 17) -> None:
        object_key, s3_upload_id = next_upload()
        peer.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": BUCKET,
                "Key": object_key,
                "PartNumber": part_number,
                "UploadId": s3_upload_id,
                "ContentLength": 8 * MIB,
            },
            ExpiresIn=900,
        )

    def our_source_url() -> None:
        object_key, _ = next_upload()
        presigner.presign(
            "GET",
            object_key,
            now=datetime.now(UTC),
            lifetime=LIFETIME,
            query={"response-content-disposition": "inline", "response-content-type": "video/mp4"},
        )

    def their_source_url() -> None:
        object_key, _ = next_upload()
        peer.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": BUCKET,
                "Key": object_key,
                "ResponseContentDisposition": "inline",
                "ResponseContentType": "video/mp4",
            },
            ExpiresIn=900,
        )

    def our_batch() -> None:
        object_key, s3_upload_id = next_upload()
        presigner.presign_parts(object_key, s3_upload_id, part_sizes, now=datetime.now(UTC), lifetime=LIFETIME)

    def their_batch() -> None:
        for part_number in part_sizes:
            their_part_url(part_number)

    return [
        Pair(name="P1", what="one part URL", ours=our_part_url, peer=their_part_url, bound=1 / 40),
        Pair(name="P1", what="one source URL", ours=our_source_url, peer=their_source_url, bound=1 / 40),
        Pair(name="P2", what=f"a batch of {BATCH} part URLs", ours=our_batch, peer=their_batch, bound=1 / 100),
        Quantity(
            name="P2",
            what=f"longest hold of the loop while {MOST_PARTS} part URLs are signed",
            measure=lambda: asyncio.run(_longest_hold_milliseconds(our_batch, MOST_PARTS // BATCH)),
            bound=5,
            unit="ms",
        ),
    ]


async def _longest_hold_milliseconds(batch: Callable[[], None], batches: int) -> float:
    """How long somebody else on the loop had to wait, at worst, while all batches were signed."""
    holds = [0.0]
    is_signing = True

    async def wait_for_turns() -> None:
        before = time.perf_counter()
        while is_signing:
            await asyncio.sleep(0)
            now = time.perf_counter()
            holds.append(now - before)
            before = now

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait_for_turns())
        for _ in range(batches):
            batch()
            await asyncio.sleep(0)
        is_signing = False
    return max(holds) * 1_000
