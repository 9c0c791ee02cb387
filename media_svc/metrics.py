"""Metrics of the work: there are few tasks and few outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from contracts.media import Task
from media_svc.made import Made


class WorkMetrics:
    """Attempts by task and outcome (`done`, a reason, `lost`, `away`, `released`), their time, and their cost."""

    def __init__(self, registry: CollectorRegistry, *, landlock: Callable[[], int | None]) -> None:
        """`landlock`: what the kernel has of it, to shut a decoder in; None: not known before the first job."""
        self._jobs = Counter(
            "media_attempts", "Attempts at jobs that have ended", ("task", "outcome"), registry=registry
        )
        self._seconds = Histogram(
            "media_attempt_duration_seconds",
            "Time from taking a job to the end of the attempt",
            ("task",),
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
            registry=registry,
        )
        self._read = Counter("media_read_bytes", "Bytes read from the storage", ("task",), registry=registry)
        self._peak = Gauge("media_decoder_peak_memory_bytes", "Most memory that a decoder has used", registry=registry)
        self._peak_bytes = 0
        version = Gauge("media_landlock_version", "Landlock of this kernel; 0: it has none", registry=registry)
        version.set_function(lambda: math.nan if (known := landlock()) is None else known)

    def ended(self, task: Task, outcome: str, *, seconds: float) -> None:
        self._jobs.labels(task.value, outcome).inc()
        self._seconds.labels(task.value).observe(seconds)

    def made(self, task: Task, made: Made) -> None:
        self._read.labels(task.value).inc(made.bytes_read)
        self._peak_bytes = max(self._peak_bytes, made.peak_memory_bytes)
        self._peak.set(self._peak_bytes)
