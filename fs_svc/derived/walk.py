"""Derived objects in the bucket and their rows, side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from contracts.derived import DerivedState
from fs_svc.objects import DERIVED_PREFIX, Derived, prefix_of
from fs_svc.s3 import Bucket, ListedObject
from fs_svc.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the bucket holds under one key prefix, and the row of that; at least one of them is there.

    `size` of all files in bytes; `newest` is when the last one was written, None where there is none. `prefix` is a
    whole key where none of our prefixes is before it.
    """

    prefix: str
    size: int
    newest: datetime | None
    row: Derived | None
    is_whole: bool


async def walk(store: Store, bucket: Bucket, *, at_once: int) -> AsyncIterator[Found]:
    """Everything derived that is in the bucket or stored by its row, in order of their prefixes.

    Both lists are read over some time: of a stored row that is not whole, the caller looks again. Raises
    StorageUnavailable.
    """
    stored = _stored(store, at_once)
    row = await anext(stored, None)
    async for prefix, listed in _grouped(bucket):
        while row is not None and row.key_prefix < prefix:
            yield _found(row.key_prefix, [], row)
            row = await anext(stored, None)
        if row is not None and row.key_prefix == prefix:
            yield _found(prefix, listed, row)
            row = await anext(stored, None)
        else:
            yield _found(prefix, listed, await store.get_derived_by_prefix(prefix))
    while row is not None:
        yield _found(row.key_prefix, [], row)
        row = await anext(stored, None)


async def is_whole(store: Store, bucket: Bucket, derived_id: str) -> bool:
    """Whether it is not stored any more, or the bucket holds all of it."""
    listed: list[ListedObject] = []
    item = await store.get_derived(derived_id)
    if item is not None:
        listed = [one async for one in bucket.list_objects(prefix=item.key_prefix)]
        item = await store.get_derived(derived_id)
    return item is None or item.state is not DerivedState.STORED or _has_all(item, listed)


async def _stored(store: Store, at_once: int) -> AsyncIterator[Derived]:
    after = ""
    while rows := await store.page_of_stored_derived(after=after, limit=at_once):
        for row in rows:
            yield row
        after = rows[-1].key_prefix


async def _grouped(bucket: Bucket) -> AsyncIterator[tuple[str, list[ListedObject]]]:
    group: list[ListedObject] = []
    before = ""
    async for listed in bucket.list_objects(prefix=DERIVED_PREFIX):
        prefix = prefix_of(listed.object_key) or listed.object_key
        if group and prefix != before:
            yield before, group
            group = []
        group.append(listed)
        before = prefix
    if group:
        yield before, group


def _found(prefix: str, listed: list[ListedObject], row: Derived | None) -> Found:
    return Found(
        prefix=prefix,
        size=sum(one.size for one in listed),
        newest=max((one.last_modified for one in listed), default=None),
        row=row,
        is_whole=row is None or _has_all(row, listed),
    )


def _has_all(row: Derived, listed: list[ListedObject]) -> bool:
    held = {one.object_key: one.size for one in listed}
    return all(held.get(row.object_key(file.name)) == file.size for file in row.files)
