"""Who else may watch a video, or what is in a collection, as its owner says; and who else manages a collection.

Accounts, groups, and whoever has a link; what is in a collection also every account, and everybody. Who manages a
collection shares it as its owner does, but has no say in who manages it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from catalogue.access import EVERYONE, MEMBERS, Right, account_subject, viewer_of
from catalogue.collections import Collection
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
from upload_svc.audience import AudienceStore
from upload_svc.audit import Action, entry_about
from upload_svc.auth_client import Grantees
from upload_svc.collection_store import CollectionStore
from upload_svc.errors import OwnersAlone
from upload_svc.grant_store import Grant, GrantStore, ListedLink, Target
from upload_svc.store import Store

_TOKEN_BYTES: Final = 32
# They have no names of their own.
_EVERYBODY: Final = (MEMBERS, EVERYONE)
_AT_ONCE: Final = 100
# Steps of the loop after which others have their turn: as many as a collection of 10,000 takes with a few grants.
_STEPS: Final = 50


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
    """Each method raises NotFound for a video or collection that is not theirs, or deleted.

    A collection is theirs here if they manage it; what they may not do then raises OwnersAlone.
    """

    def __init__(
        self,
        store: GrantStore,
        audience: AudienceStore,
        videos: Store,
        grantees: Grantees,
        passwords: Passwords,
        *,
        collections: CollectionStore,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._store = store
        self._audience = audience
        self._videos = videos
        self._collections = collections
        self._grantees = grantees
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        target: Target,
        new: NewLink,
        *,
        address: str,
        link_id: str | None = None,
        remember: Remember[Link] | None = None,
    ) -> tuple[Link, Video | Collection, str]:
        """A new link, what it opens, and its token, which nobody can be told again. Raises Invalid and TooManyLinks."""
        thing, now = await self._own(principal, target), self._clock()
        _require_future(new.expires_at, now)
        if new.frame_ancestors and new.password is not None:
            # In a frame no cookie remembers that it was typed: browsers keep none for other sites' frames.
            detail = gettext("can’t be combined with a password: leave one of them out")
            raise Invalid([{"pointer": "#/frame_ancestors", "detail": detail}])
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        link = Link(
            id=link_id or new_id(),
            **_ids(target),
            created_at=now,
            expires_at=new.expires_at,
            password_hash=None if new.password is None else await self._passwords.hash(new.password),
            view_limit=new.view_limit,
            start_at=new.start_at,
            frame_ancestors=new.frame_ancestors,
        )
        by = Actor(principal.account_id, address)
        entry = entry_about(Action.LINK_CREATED, by, thing, at=now, link_id=link.id)
        keep = None if remember is None else remember(link)
        await self._store.add_link(
            viewer_of(principal), link, name=new.name, token_hash=hash_of(token), entry=entry, keep=keep
        )
        entry.log()
        return link, thing, token

    async def share(
        self,
        principal: Principal,
        target: Target,
        subject: str,
        *,
        right: Right = Right.WATCH,
        expires_at: datetime | None,
        address: str,
        remember: Remember[Grant] | None = None,
    ) -> Grant:
        """Lets whom the subject names watch, or manage a collection, until then; granted again, right and end change.

        Of a collection, that is what is in it at any time. Raises Invalid for one that does not exist, is their own
        account or the owner's, TooManyGrants, and as Grantees.
        """
        thing, now = await self._own(principal, target), self._clock()
        _require_future(expires_at, now)
        if subject == account_subject(principal.account_id):
            raise Invalid([{"pointer": "#/subject", "detail": gettext("is yourself: you can watch already")}])
        if subject == account_subject(thing.owner_id):
            raise Invalid([{"pointer": "#/subject", "detail": gettext("is the owner, who can watch already")}])
        is_everybody = target.is_collection and subject in (MEMBERS, EVERYONE)
        name = None if is_everybody else await self._grantees.name(principal, subject)
        if name is None and not is_everybody:
            detail = gettext("names no account, and no group that you can see: check it, or choose another")
            raise Invalid([{"pointer": "#/subject", "detail": detail}])
        grant = Grant(
            id=new_id(),
            **_ids(target),
            subject=subject,
            name=name,
            right=right,
            created_at=now,
            expires_at=expires_at,
        )
        by = Actor(principal.account_id, address)
        action = Action.COLLECTION_GRANTED if target.is_collection else Action.GRANTED
        entry = entry_about(action, by, thing, at=now, subject=subject, name=name, right=right.value)
        grant, is_new = await self._store.put_grant(viewer_of(principal), grant, entry=entry, keep=remember)
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

    async def unshare(self, principal: Principal, target: Target, grant_id: str, *, address: str) -> None:
        """From now on nobody may do anything by this grant; it may have been revoked before."""
        by, thing = Actor(principal.account_id, address), await self._own(principal, target)
        grant = await self._store.get_grant(target, grant_id)
        if grant is not None and grant.right is Right.MANAGE and thing.owner_id != principal.account_id:
            raise OwnersAlone
        await self._unshare(thing, target, grant, by)

    async def _unshare(self, thing: Video | Collection, target: Target, grant: Grant | None, by: Actor) -> None:
        if grant is None:
            return
        now = self._clock()
        action = Action.COLLECTION_GRANT_REVOKED if target.is_collection else Action.GRANT_REVOKED
        entry = entry_about(action, by, thing, at=now, subject=grant.subject, name=grant.name, right=grant.right.value)
        if await self._store.revoke_grant(grant, entry, now=now):
            entry.log()

    async def forget_account(self, account_id: str) -> None:
        """Takes away what was shared with an account that is deleted."""
        await self._store.forget_subject(account_subject(account_id))

    async def forget_ended(self) -> None:
        """One step of the loop: takes away up to a hundred grants that have ended, other than links."""
        now = self._clock()
        for grant in await self._store.list_ended(now=now, limit=_AT_ONCE):
            await self._store.revoke_grant(grant, None, now=now, has_ended=True)

    async def follow_collections(self) -> None:
        """Some steps of the loop: lists have up to 10,000 videos more as the grants of their collections are by now."""
        for _ in range(_STEPS):
            if not await self._audience.work_off():
                return

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
        self, principal: Principal, target: Target, *, is_links: bool = False, cursor: str | None, limit: int
    ) -> tuple[Sequence[Grant | ListedLink], str | None]:
        """The grants of it, or its links alone, also those that have ended, the newest first; and the cursor of
        the next page. Raises Invalid.
        """
        await self._own(principal, target)
        return await self.list_anybodys(target, is_links=is_links, cursor=cursor, limit=limit)

    async def list_anybodys(
        self, target: Target, *, is_links: bool = False, cursor: str | None, limit: int
    ) -> tuple[Sequence[Grant | ListedLink], str | None]:
        """As `list`, whoever asks."""
        listed, next_cursor = await self._cursors.page(
            f"{'links' if is_links else 'grants'}:{target.id}",
            partial(self._store.list_grants, target, is_links=is_links),
            _place_of,
            cursor=cursor,
            limit=limit,
        )
        return await self._named(listed), next_cursor

    async def _named(self, listed: Sequence[Grant | ListedLink]) -> Sequence[Grant | ListedLink]:
        """The same with the names of now, without what was given to whom there is no more.

        While auth_svc does not answer, as they were called when they got it.
        """
        subjects = [one.subject for one in listed if isinstance(one, Grant) and one.subject not in _EVERYBODY]
        if not subjects:
            return listed
        try:
            names = await self._grantees.names(subjects)
        except Unavailable:
            return listed
        return [
            replace(one, name=names[one.subject]) if isinstance(one, Grant) and one.subject in names else one
            for one in listed
            if isinstance(one, ListedLink) or one.subject in names or one.subject in _EVERYBODY
        ]

    async def shared_collections(self, target: Target) -> Sequence[Collection]:
        """By which collections others may watch a video, a hundred at most; of a collection none."""
        if target.is_collection:
            return ()
        return await self._store.list_shared_collections(target.id, now=self._clock(), limit=_AT_ONCE)

    async def revoke(self, principal: Principal, target: Target, link_id: str, *, address: str) -> None:
        """From now on the link opens nothing; it may have been revoked before."""
        by = Actor(principal.account_id, address)
        await self._revoke(await self._own(principal, target), target, link_id, by)

    async def revoke_anybodys(self, video: Video, grant_id: str, by: Actor) -> None:
        """From now on nobody may watch by this grant or link of it, or of a collection that it is in, whoever made it.

        It may have been revoked before.
        """
        target, things = await self._store.find_target(grant_id), dict[Target, Video | Collection]()
        things[Target(video.id)] = video
        for collection in await self.shared_collections(Target(video.id)):
            things[Target(collection.id, is_collection=True)] = collection
        if target is not None and (thing := things.get(target)) is not None:
            await self._unshare(thing, target, await self._store.get_grant(target, grant_id), by)
            await self._revoke(thing, target, grant_id, by)

    async def _revoke(self, thing: Video | Collection, target: Target, link_id: str, by: Actor) -> None:
        now = self._clock()
        entry = entry_about(Action.LINK_REVOKED, by, thing, at=now, link_id=link_id)
        if await self._store.revoke_link(target, link_id, entry, now=now):
            entry.log()

    async def _own(self, principal: Principal, target: Target) -> Video | Collection:
        thing: Video | Collection | None
        if target.is_collection:
            thing = await self._collections.get_collection(target.id, viewer_of(principal), now=self._clock())
        else:
            thing = await self._videos.get_video(target.id, principal.account_id)
        if thing is None:
            raise NotFound
        return thing


def _ids(target: Target) -> dict[str, Any]:
    return {"collection_id" if target.is_collection else "video_id": target.id}


def _require_future(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid([{"pointer": "#/expires_at", "detail": gettext("must be in the future")}])


def _place_of(listed: Grant | ListedLink) -> tuple[datetime, str]:
    grant = listed.link if isinstance(listed, ListedLink) else listed
    return grant.created_at, grant.id
