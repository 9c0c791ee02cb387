"""Metrics of jobs for workers, by their rows."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from common.clock import Clock
from contracts.media import Task
from upload_svc.media.media import JobState
from upload_svc.media.media_store import MediaStore


class JobMetrics:
    """Jobs by task and state, and how long the oldest has been waiting."""

    def __init__(self, store: MediaStore, registry: CollectorRegistry, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._jobs = Gauge("media_jobs", "Jobs for workers", ("task", "state"), registry=registry)
        self._oldest = Gauge(
            "oldest_waiting_media_job_age_seconds", "Age of the oldest waiting job", ("task",), registry=registry
        )

    async def count(self) -> None:
        """Sets all of them to what the rows say now. Raises Unavailable."""
        counts = {(count.task, count.state): count for count in await self._store.count_jobs()}
        for task in Task:
            for state in JobState:
                count = counts.get((task, state))
                self._jobs.labels(task.value, state.value).set(count.jobs if count else 0)
            waiting = counts.get((task, JobState.WAITING))
            self._oldest.labels(task.value).set((self._clock() - waiting.oldest).total_seconds() if waiting else 0)
