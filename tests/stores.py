"""upload_svc's stores in one, for tests that go from one to the other."""

from __future__ import annotations

from upload_svc.media.job_store import JobStore
from upload_svc.media.media_store import MediaStore
from upload_svc.media.queue_store import QueueStore
from upload_svc.public_reviews import PublicReviewStore
from upload_svc.store import Store as VideoStore


class Store(VideoStore, JobStore, QueueStore, MediaStore, PublicReviewStore):
    """Videos, and what is made of them."""
