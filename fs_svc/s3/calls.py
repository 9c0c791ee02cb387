"""One call to S3: with a time limit, retried if that is safe, measured, and with named failures."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from prometheus_client import CollectorRegistry, Histogram

from common.clock import utc_now
from common.errors import StorageUnavailable
from common.languages import N_

logger = logging.getLogger(__name__)

CALL_SECONDS: Final = 5
TRIES: Final = 2
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
# How S3 says that an object is not there, or not the one that was meant.
_MISSING: Final = ("404", "NoSuchKey", "NotFound", "PreconditionFailed", "412")


class UploadGone(Exception):
    """S3 does not know this multipart upload: it was completed, aborted, or never created."""


class S3Calls:
    """Calls to one bucket."""

    def __init__(self, client: Any, bucket: str, registry: CollectorRegistry | None) -> None:
        self._client = client
        self._bucket = bucket
        self._is_clock_known = False
        self._durations = Histogram(
            "s3_call_duration_seconds", "Tries of calls to S3", ("operation", "outcome"), registry=registry
        )

    async def __call__(
        self,
        operation: str,
        *,
        tries: int = TRIES,
        seconds: float = CALL_SECONDS,
        missing: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> dict[str, Any]:
        """The answer; `missing`, where given, for an object that is not there, or is another one than was meant.

        Repeats only what got no answer. Raises StorageUnavailable, UploadGone.
        """
        for attempt in range(1, tries + 1):
            started = time.perf_counter()
            outcome = "failed"
            try:
                async with asyncio.timeout(seconds):
                    answer: dict[str, Any] = await getattr(self._client, operation)(Bucket=self._bucket, **arguments)
                outcome = "answered"
                self._compare_clocks(answer)
                return answer
            except ClientError as exc:
                outcome = "refused"
                self._compare_clocks(exc.response)
                code = str(exc.response.get("Error", {}).get("Code", ""))
                if code == "NoSuchUpload":
                    raise UploadGone from exc
                if missing is not None and code in _MISSING:
                    return missing
                raise unavailable(operation, code) from exc
            except (HTTPClientError, aiohttp.ClientError, TimeoutError, OSError) as exc:
                if attempt == tries:
                    raise unavailable(operation, type(exc).__name__) from exc
                await asyncio.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - spreads retries, no secret
            except BotoCoreError as exc:
                raise unavailable(operation, type(exc).__name__) from exc
            finally:
                self._durations.labels(operation, outcome).observe(time.perf_counter() - started)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _compare_clocks(self, answer: Mapping[str, Any]) -> None:
        """Warns once if S3's clock differs from this machine's: it refuses signatures that are too old or too new."""
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if self._is_clock_known or not date:
            return
        self._is_clock_known = True
        difference = parsedate_to_datetime(date) - utc_now()
        if abs(difference) > CLOCK_TOLERANCE:
            logger.error("clocks differ", extra={"s3_is_ahead_seconds": round(difference.total_seconds())})


def unavailable(operation: str, reason: str) -> StorageUnavailable:
    """The refusal for a failed call to S3; logged."""
    logger.warning("storage call failed", extra={"operation": operation, "reason": reason})
    return StorageUnavailable(N_("The storage isn’t responding. Nothing is lost. Try again in a few seconds."))
