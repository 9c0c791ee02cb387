"""What the owner of a collection, or who manages it, does with the links by which guests send files into it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from catalogue.access import Right, Viewer, viewer_of
from catalogue.collections import Collection
from catalogue.links import hash_of
from catalogue.videos import Video
from common.audit import Actor, AuditEntry
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.idempotency import Remember
from common.ids import new_id
from common.languages import gettext
from common.passwords import Passwords
from common.tokens import Principal
from upload_svc.audit import Action, entry_about
from upload_svc.collection_store import CollectionStore
from upload_svc.guests.store import GuestStore, ListedUploadLink, UploadLink

_TOKEN_BYTES: Final = 32
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUploadLink:
    """What its maker says of a link; None: no such limit, no password."""

    expires_at: datetime | None = None
    password: str | None = None
    max_size: int | None = None
    max_files: int | None = None
    note: str = ""
    name: str | None = None


class UploadLinks:
    """Each method raises NotFound for a collection that is not theirs, and that they do not manage.

    What guests send is the owner's, whoever has made the link.
    """

    def __init__(
        self,
        store: GuestStore,
        collections: CollectionStore,
        passwords: Passwords,
        cursors: Cursors,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._collections = collections
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        collection_id: str,
        new: NewUploadLink,
        *,
        address: str,
        link_id: str | None = None,
        remember: Remember[UploadLink] | None = None,
    ) -> tuple[UploadLink, str]:
        """A new link, and its token, which nobody can be told again. Raises Invalid and TooManyUploadLinks."""
        collection, now = await self.collection(principal, collection_id), self._clock()
        if new.expires_at is not None and new.expires_at <= now:
            raise Invalid([{"pointer": "#/expires_at", "detail": gettext("must be in the future")}])
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        link = UploadLink(
            id=link_id or new_id(),
            collection_id=collection.id,
            created_at=now,
            expires_at=new.expires_at,
            password_hash=None if new.password is None else await self._passwords.hash(new.password),
            max_size=new.max_size,
            max_files=new.max_files,
            note=new.note,
            link_name=new.name,
        )
        entry = self._entry(Action.LINK_CREATED, Actor(principal.account_id, address), collection, link.id)
        keep = None if remember is None else remember(link)
        await self._store.add_link(viewer_of(principal), link, token_hash=hash_of(token), entry=entry, keep=keep)
        entry.log()
        return link, token

    async def collection(self, principal: Principal, collection_id: str) -> Collection:
        """The collection that the links lead into."""
        collection = await self._collections.get_collection(collection_id, viewer_of(principal), now=self._clock())
        if collection is None:
            raise NotFound
        return collection

    async def list(
        self, principal: Principal, collection_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[ListedUploadLink], str | None]:
        """The links, also those that have ended, the newest first; and the next page's cursor. Raises Invalid."""
        await self.collection(principal, collection_id)
        return await self._cursors.page(
            f"upload links:{collection_id}",
            partial(self._store.list_links, collection_id),
            lambda listed: (listed.link.created_at, listed.link.id),
            cursor=cursor,
            limit=limit,
        )

    async def revoke(self, principal: Principal, collection_id: str, link_id: str, *, address: str) -> None:
        """From now on nothing is taken by the link, and what is on its way is given up. It may have been before."""
        collection = await self.collection(principal, collection_id)
        await self._revoke(collection, link_id, Actor(principal.account_id, address))

    async def list_around(self, video: Video) -> Sequence[tuple[ListedUploadLink, str]]:
        """The links into the collections in which the video is, whoever asks: the newest, a hundred at most.

        Each with the title of its collection.
        """
        return await self._store.list_links_around(video, limit=_AT_ONCE)

    async def revoke_around(self, video: Video, link_id: str, by: Actor) -> None:
        """As `revoke`, whoever asks, of a link into a collection in which the video is; nothing happens to others."""
        for listed, _ in await self._store.list_links_around(video, link_id=link_id, limit=1):
            collection = await self._collections.get_collection(
                listed.link.collection_id, Viewer(video.owner_id), now=self._clock()
            )
            if collection is not None:
                await self._revoke(collection, link_id, by)

    async def _revoke(self, collection: Collection, link_id: str, by: Actor) -> None:
        entry = self._entry(Action.LINK_REVOKED, by, collection, link_id)
        if await self._store.revoke_link(collection.id, link_id, entry, now=self._clock()):
            entry.log()

    def _entry(self, action: Action, by: Actor, collection: Collection, link_id: str) -> AuditEntry:
        return entry_about(action, by, collection, at=self._clock(), link_id=link_id, right=Right.UPLOAD.value)
