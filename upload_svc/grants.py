"""Who else may watch a video, as its owner says: accounts, groups, and whoever has a link."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from catalogue.access import account_subject
from catalogue.links import Link, hash_of
from catalogue.videos import Video
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound, Unavailable
from common.idempotency import Remember
from common.ids import new_id
from common.languages import gettext
from common.passwords import Passwords
from common.tokens import Principal
from contracts.accounts import Grantee
from upload_svc.audit import Action, entry_about
from upload_svc.auth_client import Grantees
from upload_svc.grant_store import Grant, GrantStore, ListedLink
from upload_svc.store import Store

_TOKEN_BYTES: Final = 32
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """What its maker says of a link."""

    expires_at: datetime | None = None
    password: str | None = None
    view_limit: int | None = None
    start_at: float | None = None
    frame_ancestors: tuple[str, ...] = ()
    name: str | None = None


class Grants:
    """Each method raises NotFound for a video that is not theirs, or deleted."""

    def __init__(
        self,
        store: GrantStore,
        videos: Store,
        grantees: Grantees,
        passwords: Passwords,
        *,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._store = store
        self._videos = videos
        self._grantees = grantees
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        video_id: str,
        new: NewLink,
        *,
        address: str,
        link_id: str | None = None,
        remember: Remember[Link] | None = None,
    ) -> tuple[Link, Video, str]:
        """A new link, its video, and its token, which nobody can be told again. Raises Invalid and TooManyLinks."""
        video, now = await self._own(principal, video_id), self._clock()
        _require_future(new.expires_at, now)
        if new.frame_ancestors and new.password is not None:
            # In a frame no cookie remembers that it was typed: browsers keep none for other sites' frames.
            detail = gettext("can’t be combined with a password: leave one of them out")
            raise Invalid([{"pointer": "#/frame_ancestors", "detail": detail}])
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        link = Link(
            id=link_id or new_id(),
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
        keep = None if remember is None else remember(link)
        await self._store.add_link(
            principal.account_id, link, name=new.name, token_hash=hash_of(token), entry=entry, keep=keep
        )
        entry.log()
        return link, video, token

    async def share(
        self,
        principal: Principal,
        video_id: str,
        subject: str,
        *,
        expires_at: datetime | None,
        address: str,
        remember: Remember[Grant] | None = None,
    ) -> Grant:
        """Lets an account or a group watch, until then; of one that may already, the end changes.

        Raises Invalid for one that does not exist or is the owner's own account, TooManyGrants, and as Grantees.
        """
        video, now = await self._own(principal, video_id), self._clock()
        _require_future(expires_at, now)
        if subject == account_subject(principal.account_id):
            raise Invalid([{"pointer": "#/subject", "detail": gettext("is yourself: you can watch already")}])
        name = await self._grantees.name(principal, subject)
        if name is None:
            detail = gettext("names no account, and no group that you can see: check it, or choose another")
            raise Invalid([{"pointer": "#/subject", "detail": detail}])
        grant = Grant(id=new_id(), video_id=video.id, subject=subject, name=name, created_at=now, expires_at=expires_at)
        by = Actor(principal.account_id, address)
        entry = entry_about(Action.GRANTED, by, video, at=now, subject=subject, name=name)
        grant, is_new = await self._store.put_grant(principal.account_id, grant, entry=entry, keep=remember)
        if is_new:
            entry.log()
        return grant

    async def grantees(self, principal: Principal, username: str | None) -> Sequence[Grantee]:
        """The account of that name, if there is one; without a name the groups with which they can share.

        A hundred at most. Raises as Grantees.
        """
        if username is None:
            return await self._grantees.groups(principal)
        account = await self._grantees.account(username)
        return [] if account is None else [Grantee(subject=account_subject(account.id), name=account.username)]

    async def unshare(self, principal: Principal, video_id: str, grant_id: str, *, address: str) -> None:
        """From now on they may not watch by this grant; it may have been revoked before."""
        await self._unshare(await self._own(principal, video_id), grant_id, Actor(principal.account_id, address))

    async def _unshare(self, video: Video, grant_id: str, by: Actor) -> None:
        grant = await self._store.get_grant(video.id, grant_id)
        if grant is None:
            return
        entry = entry_about(Action.GRANT_REVOKED, by, video, at=self._clock(), subject=grant.subject, name=grant.name)
        if await self._store.revoke_grant(grant, entry):
            entry.log()

    async def forget_account(self, account_id: str) -> None:
        """Takes away what was shared with an account that is deleted."""
        await self._store.forget_subject(account_subject(account_id))

    async def forget_ended(self) -> None:
        """One step of the loop: takes away up to a hundred grants to accounts and groups that have ended."""
        now = self._clock()
        for grant in await self._store.list_ended(now=now, limit=_AT_ONCE):
            await self._store.revoke_grant(grant, None, ended_by=now)

    async def forget_deleted_groups(self) -> None:
        """One step of the loop: takes away what was given to groups that are deleted. Raises Unavailable."""
        after = ""
        # An id is never used again, and a grant is only given to a group that there is.
        while subjects := await self._store.list_groups(after=after, limit=_AT_ONCE):
            names, after = await self._grantees.names(subjects), subjects[-1]
            for subject in subjects:
                if subject not in names:
                    await self._store.forget_subject(subject)

    async def list(
        self, principal: Principal, video_id: str, *, is_links: bool = False, cursor: str | None, limit: int
    ) -> tuple[Sequence[Grant | ListedLink], str | None]:
        """The grants of a video, or its links alone, also those that have ended, the newest first; and the cursor of
        the next page. Raises Invalid.
        """
        await self._own(principal, video_id)
        return await self.list_anybodys(video_id, is_links=is_links, cursor=cursor, limit=limit)

    async def list_anybodys(
        self, video_id: str, *, is_links: bool = False, cursor: str | None, limit: int
    ) -> tuple[Sequence[Grant | ListedLink], str | None]:
        """As `list`, whoever asks."""
        listed, next_cursor = await self._cursors.page(
            f"{'links' if is_links else 'grants'}:{video_id}",
            partial(self._store.list_grants, video_id, is_links=is_links),
            _place_of,
            cursor=cursor,
            limit=limit,
        )
        return await self._named(listed), next_cursor

    async def _named(self, listed: Sequence[Grant | ListedLink]) -> Sequence[Grant | ListedLink]:
        """The same with the names of now, without what was given to whom there is no more.

        While auth_svc does not answer, as they were called when they got it.
        """
        subjects = [one.subject for one in listed if isinstance(one, Grant)]
        if not subjects:
            return listed
        try:
            names = await self._grantees.names(subjects)
        except Unavailable:
            return listed
        return [
            replace(one, name=names[one.subject]) if isinstance(one, Grant) else one
            for one in listed
            if isinstance(one, ListedLink) or one.subject in names
        ]

    async def revoke(self, principal: Principal, video_id: str, link_id: str, *, address: str) -> None:
        """From now on the link opens nothing; it may have been revoked before."""
        await self._revoke(await self._own(principal, video_id), link_id, Actor(principal.account_id, address))

    async def revoke_anybodys(self, video: Video, grant_id: str, by: Actor) -> None:
        """From now on nobody may watch by this grant or link, whoever made it; it may have been revoked before."""
        await self._unshare(video, grant_id, by)
        await self._revoke(video, grant_id, by)

    async def _revoke(self, video: Video, link_id: str, by: Actor) -> None:
        entry = entry_about(Action.LINK_REVOKED, by, video, at=self._clock(), link_id=link_id)
        if await self._store.revoke_link(video.id, link_id, entry):
            entry.log()

    async def _own(self, principal: Principal, video_id: str) -> Video:
        video = await self._videos.get_video(video_id, principal.account_id)
        if video is None:
            raise NotFound
        return video


def _require_future(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid([{"pointer": "#/expires_at", "detail": gettext("must be in the future")}])


def _place_of(listed: Grant | ListedLink) -> tuple[datetime, str]:
    grant = listed.link if isinstance(listed, ListedLink) else listed
    return grant.created_at, grant.id
