"""Uploads: everything a creator can do with a video.

Two rows, two commits: ours says what the video is, fs_svc's what its bytes are. Creating commits ours and then asks
fs_svc; completing waits for fs_svc and then commits ours; deleting commits ours and leaves the bytes to the settling
loop.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final, Literal

from catalogue.content import PictureUrls
from catalogue.pages import Sort, read_page
from catalogue.videos import Video, VideoState, Visibility
from common.audit import Actor, AuditEntry
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound, Refusal, Unavailable
from common.languages import N_, gettext
from common.service_client import Relayed
from common.tokens import Principal
from contracts.objects import (
    AskPartUrls,
    ChecksumAlgorithm,
    CompleteObject,
    CreateObject,
    Form,
    Kind,
    PartUrls,
    QuotaUsage,
    State,
    StoredObject,
)
from upload_svc.audit import Action, entry_about
from upload_svc.errors import FileDiffers, NotFinished, UploadNotOpen
from upload_svc.fs_client import FsClient
from upload_svc.guest_uploads import Guest, GuestReader
from upload_svc.media.media import Media, MediaState, no_worker_is_there
from upload_svc.media.media_store import MediaStore
from upload_svc.media.queue_store import QueueStore
from upload_svc.public_reviews import PublicReviewStore
from upload_svc.settling import CHECK_AGAIN, become_ready
from upload_svc.store import Listing, Store

logger = logging.getLogger(__name__)

# How long a video lies in the trash before it is deleted for good.
TRASH_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What a creator says of a file before sending it."""

    title: str
    description: str
    filename: str
    size: int | None
    content_type: str
    visibility: Visibility
    sha256: str | None = None
    part_checksums: ChecksumAlgorithm | None = None
    kind: Kind = Kind.PLANNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A video, and what fs_svc says of its bytes while it is uploading; later how far what is made of it is."""

    video: Video
    stored_object: StoredObject | None
    media: Media | None = None
    # Of what somebody without an account has sent, where it was asked for.
    guest: Guest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """A stored video, and what fs_svc knows of its bytes."""

    video: Video
    stored_object: StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What the owner changes; None: leave as it is."""

    title: str | None = None
    description: str | None = None
    visibility: Visibility | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A list of one's own videos, as it is asked for: searching what, chosen to be seen by whom, in which order."""

    q: str = ""
    visibility: Visibility | None = None
    sort: Sort = Sort.NEWEST


ALL: Final = Wanted()
# Counting more public videos than that would take long, each time that the page is opened.
MOST_COUNTED: Final = 1000
_AT_ONCE: Final = 100
# Much less than a request may take; these are some thousand videos.
_REVIEWING: Final = timedelta(seconds=5)

# What is done with many videos at once: a move, or who can watch them from now on.
Act = Literal["trash", "restore"] | Visibility


class Uploads:
    """What creators do."""

    def __init__(
        self,
        store: Store,
        fs: FsClient,
        cursors: Cursors,
        *,
        media: MediaStore,
        queue: QueueStore,
        reviews: PublicReviewStore,
        guests: GuestReader,
        clock: Clock,
    ) -> None:
        self._store = store
        self._media = media
        self._queue = queue
        self._reviews = reviews
        self._guests = guests
        self._fs = fs
        self._pictures = PictureUrls(fs.pictures, clock=clock)
        self._cursors = cursors
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        new: NewUpload,
        *,
        upload_id: str,
        add: Callable[[Video], Awaitable[None]] | None = None,
    ) -> Upload:
        """Commits the video and opens its upload; the same again for the same `upload_id`.

        `add` commits it with what belongs to it, where that is more than the video, or refuses it.

        Raises what fs_svc refuses (quota-exceeded) and Unavailable; the row is then settled by the loop.
        """
        video = await self._store.get_video(upload_id, principal.account_id)
        if video is None:
            video = self._new_video(principal, new, upload_id)
            await (add or self._store.add_video)(video)
        try:
            stored_object = await self._fs.create(
                upload_id,
                CreateObject(
                    kind=new.kind,
                    size=video.size,
                    content_type=video.content_type,
                    part_checksums=new.part_checksums,
                    sha256=new.sha256,
                ),
                subject_token=principal.token,
            )
        except Refusal as refusal:
            # A no is final and the video goes; with an outcome that is not known it stays for a retry or the loop.
            if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                await self._store.move_video(
                    upload_id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=self._clock()
                )
            raise
        if stored_object.part_size is not None and stored_object.part_count is not None:
            await self._store.set_plan(
                upload_id, part_size=stored_object.part_size, part_count=stored_object.part_count
            )
        logger.info("upload created", extra={"upload_id": upload_id, "size": video.size})
        planned = replace(video, part_size=stored_object.part_size, part_count=stored_object.part_count)
        return Upload(video=planned, stored_object=stored_object)

    async def form(self, principal: Principal, upload_id: str) -> Form:
        """A presigned form for an upload that comes by one. Raises NotFound, and what fs_svc refuses."""
        await self._own(principal, upload_id)
        return await self._fs.form(upload_id, subject_token=principal.token)

    async def part_urls(self, principal: Principal, upload_id: str, asked: AskPartUrls) -> PartUrls:
        """Presigned URLs for parts. Raises NotFound, UploadNotOpen, and what fs_svc refuses."""
        video = await self._own(principal, upload_id)
        if video.state is not VideoState.UPLOADING:
            raise UploadNotOpen(N_("The upload is already complete. There is nothing left to send."))
        return await self._fs.part_urls(upload_id, asked, subject_token=principal.token)

    async def get(self, principal: Principal, upload_id: str) -> Upload:
        """The upload, and who has sent it; while uploading with what S3 has received. Raises NotFound."""
        guests = await self._guests.list_guests([upload_id])
        return replace(await self._get(principal, upload_id), guest=guests.get(upload_id))

    async def _get(self, principal: Principal, upload_id: str) -> Upload:
        video = await self._own(principal, upload_id)
        if video.state is not VideoState.UPLOADING:
            return await self._with_media(video)
        stored_object = await self._fs.get(upload_id, subject_token=principal.token)
        if stored_object.state is not State.STORED:
            return Upload(video=video, stored_object=stored_object)
        # What came by a form has nobody who completes it.
        await become_ready(self._store, stored_object, at=self._clock())
        return await self._with_media(await self._own(principal, upload_id))

    async def integrity(self, principal: Principal, upload_id: str) -> Integrity:
        """How it is known that what is stored is what was sent. Raises NotFound, NotFinished, Unavailable."""
        video = await self._own(principal, upload_id)
        if video.state is VideoState.UPLOADING:
            raise NotFinished
        stored_object = (await self._fs.describe([upload_id])).get(upload_id)
        if stored_object is None:
            raise Unavailable
        return Integrity(video=video, stored_object=stored_object)

    async def list(
        self,
        principal: Principal,
        states: Sequence[VideoState],
        wanted: Wanted = ALL,
        *,
        cursor: str | None,
        limit: int,
    ) -> tuple[Sequence[Upload], str | None]:
        """The account's uploads in these states, and the cursor of the next page. Raises Invalid."""
        listing = Listing(owner_id=principal.account_id, states=states, **asdict(wanted))
        videos, next_cursor = await read_page(
            lambda after, most: self._store.list_videos(listing, after=after, limit=most),
            self._cursors,
            f"uploads:{','.join(states)}:{wanted.sort}:{wanted.visibility}:{wanted.q}",
            cursor=cursor,
            limit=limit,
            sort=wanted.sort,
        )
        return await self.described(videos), next_cursor

    async def described(self, videos: Sequence[Video]) -> Sequence[Upload]:
        """The same videos with how far they are, in as few calls as for one of them."""
        uploading = [video.id for video in videos if video.state is VideoState.UPLOADING]
        objects = await self._fs.describe(uploading) if uploading else {}
        media, guests = await self._media_of(videos), await self._guests.list_guests([video.id for video in videos])
        return [
            Upload(
                video=video,
                stored_object=objects.get(video.id),
                media=media.get(video.id),
                guest=guests.get(video.id),
            )
            for video in videos
        ]

    async def complete(self, principal: Principal, upload_id: str, said: CompleteObject) -> Upload:
        """Makes the video ready once fs_svc has the whole object; with `stored_object` while that is not certain yet.

        A retry is the same file: also of what is ready, another one is refused. Raises NotFound, FileDiffers, and what
        fs_svc refuses (parts-missing, part-ambiguous, upload-not-open).
        """
        sha256 = said.sha256
        video = await self._store.get_video(upload_id, principal.account_id)
        if video is None:
            raise await self._why_it_is_gone(principal, upload_id)
        if sha256 is not None and video.file_sha256 not in (None, sha256):
            raise FileDiffers
        if video.state is not VideoState.UPLOADING and sha256 in (None, video.file_sha256):
            return await self._with_media(video)
        stored_object = await self._fs.complete(upload_id, said, subject_token=principal.token)
        if stored_object.state is not State.STORED or sha256 not in (None, stored_object.sha256):
            return Upload(video=video, stored_object=stored_object)
        if video.state is VideoState.UPLOADING:
            await become_ready(self._store, stored_object, at=self._clock())
        elif sha256 is not None:
            await self._store.set_sent_sha256(upload_id, sha256)
        # Read again: another tab may have been first, or may have deleted it.
        return await self._with_media(await self._own(principal, upload_id))

    async def _why_it_is_gone(self, principal: Principal, upload_id: str) -> Refusal:
        """Who waits for an upload that ended because it was another file is told that, however late they ask."""
        try:
            stored_object = await self._fs.get(upload_id, subject_token=principal.token)
        except Relayed:
            return NotFound()
        return FileDiffers() if stored_object.is_another_file else NotFound()

    async def edit(
        self, principal: Principal, upload_id: str, edit: Edit, *, if_match: Collection[str] | None = None
    ) -> Upload:
        """Changes title, description or visibility, in any state, and nothing that `edit` does not name.

        With `if_match` only while one of these is the video's ETag. Raises NotFound, PreconditionFailed.
        """
        await self._change(principal, upload_id, edit, if_match=if_match)
        changed = await self._with_media(await self._own(principal, upload_id))
        return replace(changed, stored_object=await self._describe_if_possible(changed.video))

    async def _change(
        self, principal: Principal, upload_id: str, edit: Edit, *, if_match: Collection[str] | None = None
    ) -> None:
        if not await self._store.edit_video(
            upload_id,
            principal.account_id,
            title=edit.title,
            description=edit.description,
            visibility=edit.visibility,
            if_match=if_match,
        ):
            raise NotFound

    async def batch(
        self, principal: Principal, upload_ids: Sequence[str], act: Act, *, address: str
    ) -> Mapping[str, Refusal | None]:
        """Does the same with each, one after the other; what was refused of which, None where it is done.

        Idempotent, as each of the acts is. A refusal ends nothing but its own; once the database does not answer, the
        rest is refused without being tried.
        """
        refusals: dict[str, Refusal | None] = {}
        away: Unavailable | None = None
        for upload_id in upload_ids:
            try:
                if away is not None:
                    raise away
                await self._act(principal, upload_id, act, address)
            except Unavailable as exc:
                refusals[upload_id] = away = exc
            except Refusal as refusal:
                refusals[upload_id] = refusal
            else:
                refusals[upload_id] = None
        return refusals

    async def _act(self, principal: Principal, upload_id: str, act: Act, address: str) -> None:
        match act:
            case "trash":
                await self.trash(principal, upload_id, address=address)
            case "restore":
                await self.restore(principal, upload_id, address=address)
            case visibility:
                await self._change(principal, upload_id, Edit(visibility=visibility))

    async def to_review(self, principal: Principal) -> int:
        """How many of the person's videos are public from before there was `unlisted`, and they were not asked.

        MOST_COUNTED + 1 stands for more than MOST_COUNTED.
        """
        return await self._reviews.count_public_reviews(principal.account_id, most=MOST_COUNTED + 1)

    async def unlist_reviewed(self, principal: Principal) -> int:
        """Makes these videos unlisted, and asks no more about them; how many were changed.

        A hundred in a transaction, for some seconds: what one call does not come to is asked about again.
        """
        changed, until = 0, self._clock() + _REVIEWING
        while self._clock() < until:
            more = await self._reviews.unlist_reviewed(principal.account_id, limit=_AT_ONCE)
            if more is None:
                break
            changed += more
        return changed

    async def keep_reviewed(self, principal: Principal) -> None:
        """Leaves these videos public, and asks no more."""
        await self._reviews.forget_public_reviews(principal.account_id)

    async def trashed(self, principal: Principal, upload_ids: Collection[str]) -> Sequence[Video]:
        """Those of the person's videos that are in the trash."""
        return await self._store.list_trashed(principal.account_id, upload_ids) if upload_ids else []

    async def delete(
        self, principal: Principal, upload_id: str, *, address: str, if_match: Collection[str] | None = None
    ) -> None:
        """Deletes permanently; the bytes follow within seconds. Raises NotFound, also the second time.

        With `if_match` only while one of these is the video's ETag, else PreconditionFailed.
        """
        states = [VideoState.UPLOADING, VideoState.READY, VideoState.TRASHED]
        await self._delete(principal, upload_id, states, address, if_match)

    async def _delete(
        self,
        principal: Principal,
        upload_id: str,
        states: Sequence[VideoState],
        address: str,
        if_match: Collection[str] | None = None,
    ) -> None:
        entry = self._entry(Action.DELETED, principal, await self._own(principal, upload_id), address)
        if not await self._store.move_video(
            upload_id,
            old=states,
            new=VideoState.DELETED,
            settle_after=self._clock(),
            entry=entry,
            if_match=if_match,
        ):
            raise NotFound
        entry.log()

    async def discard(self, principal: Principal, upload_id: str, *, address: str) -> None:
        """Deletes what is unfinished, and nothing else. Raises NotFound, UploadNotOpen, Unavailable.

        For clients that do so by themselves after a failure: that of a call to complete may be a lost answer.
        """
        video = await self._own(principal, upload_id)
        stored_object = (await self._fs.describe([upload_id])).get(upload_id)
        is_complete = stored_object is not None and stored_object.state in (State.COMPLETING, State.STORED)
        if video.state is not VideoState.UPLOADING or is_complete:
            raise UploadNotOpen(N_("The upload is already complete. Delete the video instead."))
        # And not what has become complete since.
        await self._delete(principal, upload_id, [VideoState.UPLOADING], address)

    async def trash(
        self, principal: Principal, upload_id: str, *, address: str, if_match: Collection[str] | None = None
    ) -> None:
        """Takes the video away from everybody but its owner, who may restore it for seven days.

        Idempotent: what is in the trash already keeps its day. With `if_match` only while one of these is the video's
        ETag, else PreconditionFailed. Raises NotFound, NotFinished.
        """
        entry = self._entry(Action.TRASHED, principal, await self._own(principal, upload_id), address)
        if await self._store.move_video(
            upload_id,
            old=[VideoState.READY],
            new=VideoState.TRASHED,
            settle_after=self._clock() + TRASH_KEPT,
            entry=entry,
            if_match=if_match,
        ):
            entry.log()
        elif (await self._own(principal, upload_id)).state is not VideoState.TRASHED:
            raise NotFinished

    async def restore(self, principal: Principal, upload_id: str, *, address: str) -> None:
        """Brings the video back as it was. Idempotent. Raises NotFound, NotFinished."""
        entry = self._entry(Action.RESTORED, principal, await self._own(principal, upload_id), address)
        if await self._store.move_video(
            upload_id, old=[VideoState.TRASHED], new=VideoState.READY, settle_after=None, entry=entry
        ):
            entry.log()
        elif (await self._own(principal, upload_id)).state is not VideoState.READY:
            raise NotFinished

    async def retry_media(self, principal: Principal, upload_id: str) -> None:
        """Has workers try again what failed of this video. Idempotent. Raises NotFound, NotFinished."""
        if (await self._own(principal, upload_id)).state is VideoState.UPLOADING:
            raise NotFinished
        await self._queue.retry_jobs(upload_id, at=self._clock())

    async def choose_poster(self, principal: Principal, upload_id: str, *, at_ms: int) -> None:
        """Has a worker take the video's picture at this moment; the one that it has stays until then. Idempotent.

        Raises NotFound, NotFinished, and Invalid for a moment behind its end.
        """
        video = await self._own(principal, upload_id)
        if video.state is not VideoState.READY:
            raise NotFinished
        if video.duration_ms is not None and at_ms > video.duration_ms:
            detail = gettext("must be within the video: at most %(most)s") % {"most": video.duration_ms / 1000}
            raise Invalid([{"pointer": "#/seconds", "detail": detail}])
        await self._queue.choose_poster(upload_id, at_ms=at_ms, at=self._clock())

    async def usage(self, principal: Principal) -> QuotaUsage | None:
        """How full the person's quota is; None when there is none, or when fs_svc is away."""
        if principal.quota_bytes is None:
            return None
        try:
            return await self._fs.usage(subject_token=principal.token)
        except Unavailable:
            return None

    async def _describe_if_possible(self, video: Video) -> StoredObject | None:
        """For an answer that is right without it: a committed change is not called failed because fs_svc is away."""
        if video.state is not VideoState.UPLOADING:
            return None
        try:
            return (await self._fs.describe([video.id])).get(video.id)
        except Unavailable:
            return None

    async def _with_media(self, video: Video) -> Upload:
        return Upload(video=video, stored_object=None, media=(await self._media_of([video])).get(video.id))

    async def _media_of(self, videos: Sequence[Video]) -> Mapping[str, Media]:
        """How far those are that have all their bytes; whoever was not asked about one yet will be."""
        arrived = [video.id for video in videos if video.state is not VideoState.UPLOADING]
        known = await self._media.list_media(arrived) if arrived else {}
        found = [known.get(video_id, Media(state=MediaState.PREPARING)) for video_id in arrived]
        if any(MediaState.PREPARING in _states(media) for media in found) and no_worker_is_there(
            await self._media.worker_asked_at(), now=self._clock()
        ):
            found = [_without_worker(media) for media in found]
        pictures = await self._pictures.of(media.facts.poster_id for media in found if media.facts is not None)
        return {
            video_id: replace(media, poster_files=pictures.get((media.facts and media.facts.poster_id) or "", {}))
            for video_id, media in zip(arrived, found, strict=True)
        }

    def _entry(self, action: Action, principal: Principal, video: Video, address: str) -> AuditEntry:
        return entry_about(action, Actor(principal.account_id, address), video, at=self._clock())

    async def _own(self, principal: Principal, upload_id: str) -> Video:
        video = await self._store.get_video(upload_id, principal.account_id)
        if video is None:
            raise NotFound
        return video

    def _new_video(self, principal: Principal, new: NewUpload, upload_id: str) -> Video:
        now = self._clock()
        return Video(
            id=upload_id,
            owner_id=principal.account_id,
            owner_username=principal.username,
            title=new.title,
            description=new.description,
            filename=new.filename,
            size=new.size,
            content_type=new.content_type,
            visibility=new.visibility,
            state=VideoState.UPLOADING,
            sha256=new.sha256,
            part_size=None,
            part_count=None,
            created_at=now,
            settle_after=now + CHECK_AGAIN,
        )


def _states(media: Media) -> list[MediaState]:
    return [media.state, *([media.renditions.state] if media.renditions else [])]


def _without_worker(media: Media) -> Media:
    """What is to be made waits, and nobody is there to make it."""
    off = {MediaState.PREPARING: MediaState.OFF}
    made = media.renditions
    return replace(
        media,
        state=off.get(media.state, media.state),
        renditions=made and replace(made, state=off.get(made.state, made.state)),
    )
