"""Who else may watch a video, as its owner says: so far whoever has a link."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalogue.links import Link, hash_of
from catalogue.videos import Video
from common.audit import Actor
from common.clock import Clock
from common.errors import Invalid, NotFound
from common.ids import new_id
from common.languages import gettext
from common.passwords import Passwords
from common.tokens import Principal
from upload_svc.audit import Action, entry_about
from upload_svc.grant_store import GrantStore
from upload_svc.store import Store

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """What its maker says of a link."""

    expires_at: datetime | None = None
    password: str | None = None
    view_limit: int | None = None
    start_at: float | None = None
    frame_ancestors: tuple[str, ...] = ()


class Grants:
    """Each method raises NotFound for a video that is not theirs, or deleted."""

    def __init__(self, store: GrantStore, videos: Store, passwords: Passwords, *, clock: Clock) -> None:
        self._store = store
        self._videos = videos
        self._passwords = passwords
        self._clock = clock

    async def create(
        self, principal: Principal, video_id: str, new: NewLink, *, address: str
    ) -> tuple[Link, Video, str]:
        """A new link, its video, and its token, which nobody can be told again. Raises Invalid and TooManyLinks."""
        video, now = await self._own(principal, video_id), self._clock()
        if new.expires_at is not None and new.expires_at <= now:
            raise Invalid([{"pointer": "#/expires_at", "detail": gettext("must be in the future")}])
        if new.frame_ancestors and new.password is not None:
            # In a frame no cookie remembers that it was typed: browsers keep none for other sites' frames.
            detail = gettext("can’t be combined with a password: leave one of them out")
            raise Invalid([{"pointer": "#/frame_ancestors", "detail": detail}])
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        link = Link(
            id=new_id(),
            video_id=video.id,
            created_at=now,
            expires_at=new.expires_at,
            password_hash=None if new.password is None else await self._passwords.hash(new.password),
            view_limit=new.view_limit,
            start_at=new.start_at,
            frame_ancestors=new.frame_ancestors,
        )
        by = Actor(principal.account_id, address)
        entry = entry_about(Action.LINK_CREATED, by, video, at=now, link_id=link.id)
        await self._store.add_link(principal.account_id, link, token_hash=hash_of(token), entry=entry)
        entry.log()
        return link, video, token

    async def list(self, principal: Principal, video_id: str) -> list[tuple[Link, int]]:
        """The links to a video, also those that have ended, and how many visitors have played by each."""
        await self._own(principal, video_id)
        return await self._store.list_links(video_id)

    async def revoke(self, principal: Principal, video_id: str, link_id: str, *, address: str) -> None:
        """From now on the link opens nothing; it may have been revoked before."""
        video = await self._own(principal, video_id)
        by = Actor(principal.account_id, address)
        entry = entry_about(Action.LINK_REVOKED, by, video, at=self._clock(), link_id=link_id)
        if await self._store.revoke_link(video_id, link_id, entry):
            entry.log()

    async def _own(self, principal: Principal, video_id: str) -> Video:
        video = await self._videos.get_video(video_id, principal.account_id)
        if video is None:
            raise NotFound
        return video
