"""fs_svc's insides on real storage, with a clock that can be put forward."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp

from common.clock import utc_now
from common.db import open_database
from common.ids import new_id
from common.tokens import Principal
from contracts.objects import CompleteObject, Form, Kind
from contracts.reports import StorageReport
from fs_svc.companion.by_form import ByForm
from fs_svc.companion.cut_by_client import CutByClient
from fs_svc.comparing import Comparing
from fs_svc.derived.in_parts import InParts
from fs_svc.derived.lifecycle import DerivedObjects
from fs_svc.derived.pictures import Pictures
from fs_svc.dialects import DIALECTS, Vendor
from fs_svc.installation import Installation
from fs_svc.objects import Object
from fs_svc.parts import choose_parts
from fs_svc.reconciling import LEAST_AGE, PERIOD, Reconciling
from fs_svc.s3 import Bucket
from fs_svc.sigv4 import Presigner
from fs_svc.store import Store
from fs_svc.uploads.excess import ExcessCheck
from fs_svc.uploads.kinds import UploadKinds
from fs_svc.uploads.lifecycle import Uploads
from fs_svc.uploads.planned import Planned
from fs_svc.uploads.settling import LEASE, Settling
from tests.fs_service import put, real_bucket
from tests.s3_proxy import S3Proxy, s3_proxy
from vss.bucket import Bucket as StorageBucket

FILM = b"film"
ALICE = Principal(
    account_id="a" * 26,
    username="alice",
    role="member",
    scopes=frozenset(),
    quota_bytes=None,
    issued_at=utc_now(),
    expires_at=utc_now(),
    token="",
)


class World:
    """fs_svc's insides with a clock that can be put forward: what one process leaves, the next one finds."""

    def __init__(self, store: Store, bucket: Bucket, presigner: Presigner, proxy: S3Proxy, *, at_once: int) -> None:
        self.store = store
        self.bucket = bucket
        self.proxy = proxy
        self.presigner = presigner
        self._later = timedelta()
        self.forms = ByForm(store, bucket, presigner, DIALECTS[Vendor.SEAWEEDFS], clock=self.now)
        self.kinds = self.kinds_at(Vendor.SEAWEEDFS)
        self.settling = self.settling_at(Vendor.SEAWEEDFS)
        self.comparing = Comparing(store, bucket, clock=self.now)
        self.uploads = Uploads(store, self.kinds, self.settling, self.comparing, clock=self.now)
        self.excess = ExcessCheck(store, bucket, self.kinds, clock=self.now)
        self.in_parts = InParts(store, bucket, presigner, presigner, clock=self.now)
        self.derived = DerivedObjects(store, bucket, presigner, presigner, clock=self.now)
        self.pictures = Pictures(store, presigner, clock=self.now)
        self.installation = Installation(store, bucket, clock=self.now)
        self.reconciling = Reconciling(store, bucket, self.installation, clock=self.now, at_once=at_once)

    def now(self) -> datetime:
        return utc_now() + self._later

    def forward(self, by: timedelta) -> None:
        self._later += by

    def kinds_at(self, vendor: Vendor) -> UploadKinds:
        insides = self.store, self.bucket, self.presigner, DIALECTS[vendor]
        return {
            Kind.PLANNED: Planned(*insides, clock=self.now),
            Kind.FREE: CutByClient(*insides, clock=self.now),
            Kind.FORM: self.forms,
        }

    def settling_at(self, vendor: Vendor) -> Settling:
        return Settling(self.store, self.bucket, self.kinds_at(vendor), clock=self.now)

    async def get(self, item: Object) -> Object:
        found = await self.store.get(item.id)
        assert found is not None
        return found

    async def open(self, body: bytes = FILM) -> Object:
        """An open upload with its one part sent."""
        item = await self.uploads.create(new_id(), size=len(body), content_type="video/mp4", subject=ALICE)
        await self.send(item, body)
        return item

    async def stored(self, body: bytes = FILM) -> Object:
        """A stored object."""
        item = await self.open(body)
        return await self.complete(item)

    async def complete(self, item: Object) -> Object:
        """Completed by a client that says nothing of its parts."""
        return await self.uploads.complete(item.id, CompleteObject(), subject=ALICE)

    async def waiting_for_a_form(self) -> Object:
        """What a form was made for that nobody has sent yet."""
        return await self.uploads.create(new_id(), size=None, content_type="video/mp4", kind=Kind.FORM, subject=ALICE)

    async def post(self, item: Object, body: bytes) -> int:
        """Sends the form; returns the status."""
        form = await self.forms.sign(item.id, subject=ALICE)
        return await post(form, body)

    async def raw_object(self, key: str, content: bytes) -> None:
        """Puts something into the bucket behind everybody's back."""
        s3_upload_id = await self.bucket.create_upload(key, content_type="video/mp4")
        urls = self.presigner.presign_parts(
            key, s3_upload_id, {1: len(content)}, now=utc_now(), lifetime=timedelta(minutes=5)
        )
        assert await put(urls[1], content) == 200
        await self.bucket.complete_upload(key, s3_upload_id, await self.bucket.list_parts(key, s3_upload_id))

    async def reconcile(self, *, is_dry_run: bool = False, later: timedelta = LEAST_AGE * 2) -> StorageReport:
        """Compares, so much later."""
        self.forward(later)
        try:
            return await self.reconciling.run(is_dry_run=is_dry_run)
        finally:
            self.forward(-later)

    async def clear(self) -> None:
        """Takes out of the bucket what other tests have left, their installations' marks too."""
        async for listed in self.bucket.list_objects():
            await self.bucket.delete(listed.object_key)
        async for upload in self.bucket.list_all_uploads():
            await self.bucket.abort_upload(upload.object_key, upload.s3_upload_id)

    async def reconcile_for(self, days: int) -> StorageReport:
        """Compares once a day, so many times; the last report."""
        for _ in range(days - 1):
            self.forward(PERIOD)
            await self.reconcile()
        self.forward(PERIOD)
        return await self.reconcile()

    async def send(self, item: Object, body: bytes) -> None:
        assert item.s3_upload_id is not None
        urls = self.presigner.presign_parts(
            item.object_key, item.s3_upload_id, {1: len(body)}, now=utc_now(), lifetime=timedelta(minutes=1)
        )
        assert await put(urls[1], body) == 200

    async def sends_the_newest(self, item: Object, body: bytes) -> bool:
        """Sends the part again; whether it is now the newest copy beyond doubt (S3's times are whole seconds)."""
        await self.send(item, body)
        assert item.s3_upload_id is not None
        return not choose_parts(await self.bucket.list_parts(item.object_key, item.s3_upload_id)).ambiguous

    async def completing(self, body: bytes) -> Object:
        """A row whose process was killed when it had just set it to `completing`."""
        item = await self.open(body)
        now = self.now()
        assert await self.begin_completing(item, etag=etag_of(body), at=now)
        return await self.get(item)

    async def begin_completing(self, item: Object, *, etag: str | None, at: datetime) -> bool:
        return await self.store.begin_completing(
            item,
            size=item.taken,
            part_count=1,
            sha256=None,
            must_be_read=False,
            quota=None,
            etag=etag,
            at=at,
            leased_until=at + LEASE,
        )

    async def complete_behind_our_back(self, item: Object) -> None:
        """What the killed process had asked of S3 last."""
        assert item.s3_upload_id is not None
        parts = await self.bucket.list_parts(item.object_key, item.s3_upload_id)
        await self.bucket.complete_upload(item.object_key, item.s3_upload_id, parts)


def etag_of(body: bytes) -> str:
    part = hashlib.md5(body, usedforsecurity=False).digest()
    return f"{hashlib.md5(part, usedforsecurity=False).hexdigest()}-1"


async def post(form: Form, body: bytes) -> int:
    """The status of a form that is sent with a film."""
    data = aiohttp.FormData(form.fields)
    data.add_field("file", body, filename="film.mp4")
    async with aiohttp.ClientSession() as session, session.post(form.url, data=data, allow_redirects=False) as answer:
        return answer.status


def presigner_of(storage: StorageBucket) -> Presigner:
    """Signs as fs_svc does."""
    return Presigner(
        endpoint=storage.endpoint,
        region=storage.region,
        bucket=storage.name,
        access_key_id=storage.worker.access_key_id,
        secret_access_key=storage.worker.secret_access_key,
    )


@asynccontextmanager
async def opened_world(database_url: str, storage: StorageBucket, *, at_once: int = 100) -> AsyncIterator[World]:
    """On this database, with a proxy on the way to the storage; `at_once` is a page of rows and of the bucket."""
    async with (
        open_database(database_url) as database,
        s3_proxy(storage.endpoint) as proxy,
        real_bucket(storage, url=proxy.url, page_size=at_once) as bucket,
    ):
        yield World(Store(database), bucket, presigner_of(storage), proxy, at_once=at_once)
