"""What administrators do with other people's videos: hide, show again, revoke, delete. Each is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalogue.collections import Collection
from catalogue.pages import read_page
from catalogue.videos import Video, VideoState
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import NotFound
from common.tokens import Principal
from upload_svc.audit import Action, entry_about
from upload_svc.auth_client import Administrators
from upload_svc.grant_store import Grant, ListedLink, Target
from upload_svc.grants import Grants
from upload_svc.guests.links import UploadLinks
from upload_svc.guests.store import ListedUploadLink
from upload_svc.store import Store

_COLLECTIONS: Final = 20
_OF_EACH: Final = 50


class Moderation:
    """Every method is for administrators of this moment, and raises Forbidden for everybody else, and Unavailable."""

    def __init__(
        self,
        store: Store,
        administrators: Administrators,
        grants: Grants,
        cursors: Cursors,
        *,
        upload_links: UploadLinks,
        clock: Clock,
    ) -> None:
        self._store = store
        self._grants = grants
        self._upload_links = upload_links
        self._administrators = administrators
        self._cursors = cursors
        self._clock = clock

    async def list(
        self, principal: Principal, owner_id: str | None, *, q: str, cursor: str | None, limit: int
    ) -> tuple[list[Video], str | None]:
        """What is ready, private videos included, newest first, of one owner or of all, and the next page's cursor.

        Of these, those that have each word of `q` in title, description or owner. Raises Invalid.
        """
        await self._administrators.require(principal)
        return await read_page(
            lambda after, most: self._store.list_ready_videos(owner_id, q, after=after, limit=most),
            self._cursors,
            f"moderation:{owner_id or ''}:{q}",
            cursor=cursor,
            limit=limit,
        )

    async def get(self, principal: Principal, video_id: str) -> Video:
        """Anybody's video. Raises NotFound."""
        await self._administrators.require(principal)
        video = await self._store.get_anybodys_video(video_id)
        if video is None:
            raise NotFound
        return video

    async def access(
        self, principal: Principal, video_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Video, Sequence[Grant | ListedLink], str | None]:
        """Anybody's video, and its grants and links as `Grants.list` has them. Raises NotFound and Invalid."""
        video = await self.get(principal, video_id)
        return video, *await self._grants.list_anybodys(Target(video_id), cursor=cursor, limit=limit)

    async def collections(
        self, principal: Principal, video: Video
    ) -> Sequence[tuple[Collection, Sequence[Grant | ListedLink]]]:
        """The collections by which others may watch it, twenty at most, each with its newest grants and links."""
        await self._administrators.require(principal)
        shared = (await self._grants.shared_collections(Target(video.id)))[:_COLLECTIONS]
        return [
            (
                one,
                (await self._grants.list_anybodys(Target(one.id, is_collection=True), cursor=None, limit=_OF_EACH))[0],
            )
            for one in shared
        ]

    async def upload_links(self, principal: Principal, video: Video) -> Sequence[tuple[ListedUploadLink, str]]:
        """The links by which guests send into the collections that it is in, as `UploadLinks.list_around` has them."""
        await self._administrators.require(principal)
        return await self._upload_links.list_around(video)

    async def revoke(self, principal: Principal, video_id: str, grant_id: str, *, address: str) -> None:
        """From now on nobody may watch, or send, by this grant or link, whoever made it. Idempotent. Raises NotFound.

        What is on its way by a link is given up.
        """
        video, by = await self.get(principal, video_id), Actor(principal.account_id, address)
        # First: what is written down says which right it was.
        await self._upload_links.revoke_around(video, grant_id, by)
        await self._grants.revoke_anybodys(video, grant_id, by)

    async def hide(self, principal: Principal, video_id: str, *, address: str) -> None:
        """From now on its owner alone finds and watches it, whatever they choose. Idempotent. Raises NotFound."""
        video = await self.get(principal, video_id)
        entry = entry_about(Action.HIDDEN, Actor(principal.account_id, address), video, at=self._clock())
        if await self._store.hide_video(video_id, entry):
            entry.log()

    async def show(self, principal: Principal, video_id: str, *, address: str) -> None:
        """It is seen again by those for whom its owner has it. Idempotent. Raises NotFound."""
        video = await self.get(principal, video_id)
        entry = entry_about(Action.SHOWN, Actor(principal.account_id, address), video, at=self._clock())
        if await self._store.show_video(video_id, entry):
            entry.log()

    async def delete(self, principal: Principal, video_id: str, *, address: str) -> None:
        """Deletes for ever, whoever owns it; the bytes follow within seconds. Raises NotFound, also the second time."""
        video = await self.get(principal, video_id)
        now = self._clock()
        entry = entry_about(Action.DELETED, Actor(principal.account_id, address), video, at=now)
        if not await self._store.move_video(
            video_id,
            old=[VideoState.UPLOADING, VideoState.READY, VideoState.TRASHED],
            new=VideoState.DELETED,
            settle_after=now,
            entry=entry,
        ):
            raise NotFound
        entry.log()
