"""The videos and collections of deleted accounts: they go to a new owner, or are deleted, with the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalogue.videos import Video, VideoState
from common.audit import NOBODY
from common.clock import Clock
from common.idempotency import IdempotencyKeys
from contracts.accounts import AccountDeletions, NamedAccount
from upload_svc.audit import Action, entry_about
from upload_svc.collection_store import CollectionStore
from upload_svc.fs_client import FsClient
from upload_svc.grants import Grants
from upload_svc.public_reviews import PublicReviewStore
from upload_svc.store import Listing, Store
from upload_svc.webhooks.store import WebhookStore

LIVE: Final = (VideoState.UPLOADING, VideoState.READY, VideoState.TRASHED)
AT_ONCE: Final = 100


class VideosOfDeletedAccounts:
    """Every step may be done again: whatever died between two of them, the next round goes on."""

    def __init__(
        self,
        deletions: AccountDeletions,
        store: Store,
        keys: IdempotencyKeys,
        fs: FsClient,
        *,
        grants: Grants,
        reviews: PublicReviewStore,
        collections: CollectionStore,
        webhooks: WebhookStore,
        clock: Clock,
    ) -> None:
        self._deletions = deletions
        self._store = store
        self._reviews = reviews
        self._grants = grants
        self._collections = collections
        self._keys = keys
        self._webhooks = webhooks
        self._fs = fs
        self._clock = clock

    async def settle(self) -> None:
        """One step of the loop: up to 100 videos of each deleted account. Raises Unavailable."""
        for deletion in await self._deletions.list():
            # Nobody is told of what is done to its videos from now on.
            await self._webhooks.forget_account(deletion.account_id)
            if deletion.new_owner is not None:
                # Before the videos, which a change of their owner takes out of the old owner's collections.
                await self._collections.hand_over_collections(
                    old_owner_id=deletion.account_id, owner_id=deletion.new_owner.id, now=self._clock()
                )
            listing = Listing(owner_id=deletion.account_id, states=LIVE)
            videos = await self._store.list_videos(listing, after=None, limit=AT_ONCE)
            if not videos:
                await self._keys.forget_account(deletion.account_id)
                await self._reviews.forget_public_reviews(deletion.account_id)
                await self._grants.forget_account(deletion.account_id)
                # Also where there is a new owner: somebody may have made one with a token that outlives the account.
                await self._collections.forget_collections(deletion.account_id, now=self._clock())
                await self._deletions.report_settled(deletion.account_id)
            elif deletion.new_owner is None:
                for video in videos:
                    now = self._clock()
                    entry = entry_about(Action.DELETED, NOBODY, video, at=now)
                    if await self._store.move_video(
                        video.id, old=LIVE, new=VideoState.DELETED, settle_after=now, entry=entry
                    ):
                        entry.log()
            else:
                await self._hand_over(deletion.account_id, deletion.new_owner, videos)

    async def _hand_over(self, account_id: str, new_owner: NamedAccount, videos: Sequence[Video]) -> None:
        # First the bytes: a video whose bytes are not its owner's could be neither finished nor deleted.
        remaining = await self._fs.hand_over(
            [video.id for video in videos], old_owner_id=account_id, owner_id=new_owner.id
        )
        for video in videos:
            if video.id not in remaining:
                entry = entry_about(Action.HANDED_OVER, NOBODY, video, at=self._clock(), owner_id=new_owner.id)
                if await self._store.change_owner(
                    video.id,
                    old_owner_id=account_id,
                    owner_id=new_owner.id,
                    owner_username=new_owner.username,
                    entry=entry,
                ):
                    entry.log()
