"""What a guest does who has a link: sends files, of which only the same browser learns anything again.

A guest's upload is the owner's from the first moment: their video, private, in their quota. So each step is done for
the owner, by a token that is asked for at that moment.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from catalogue.videos import Video, VideoState
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.languages import N_, gettext
from common.passwords import Passwords
from common.service_client import Relayed
from common.tokens import Principal
from common.web.call_limit import CallLimit
from common.web.pages import filesize
from contracts.objects import AskPartUrls, CompleteObject, PartUrls
from upload_svc.auth_client import Owners
from upload_svc.errors import UploadNotOpen
from upload_svc.guests.errors import Busy, LinkEnded, NoRoom, PasswordNeeded
from upload_svc.guests.store import GuestStore, GuestUpload, UploadLink
from upload_svc.store import Store
from upload_svc.uploads import NewUpload, Upload, Uploads

_SECRET_BYTES: Final = 32
# In this process: of a link's password by everybody together; and by one link, or from one address, files begun.
_GUESSES_A_MINUTE: Final = 10
_BEGUN_A_MINUTE: Final = 60
# Of one guest, besides: as of an account.
_CALLS_A_MINUTE: Final = 600
MOST_SHOWN: Final = 20
# Behind a link's end: what was sent and completed in time may still be compared with what it was announced to be.
_CONFIRMED_WITHIN: Final = timedelta(minutes=15)
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """What a browser has shown: that its user knew the password once, and what it was told its uploads by."""

    proof: str | None = None
    secret: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A guest, the link that they have shown, and for whom they send by it: found once for each request."""

    guest: Guest
    link: UploadLink
    owner: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """How many more files a link takes (None: no limit), and what this guest has sent, or begun and not finished.

    Of each the newest.
    """

    files_left: int | None
    unfinished: Sequence[Video] = ()
    received: Sequence[Video] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a guest says of themselves with a file; empty: nothing."""

    sender: str = ""
    message: str = ""


class Guests:
    """All begins with `enter`; every method raises Unavailable."""

    def __init__(
        self,
        store: GuestStore,
        videos: Store,
        uploads: Uploads,
        owners: Owners,
        *,
        passwords: Passwords,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._store = store
        self._videos = videos
        self._uploads = uploads
        self._owners = owners
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock
        self._guesses = CallLimit(_GUESSES_A_MINUTE)
        self._begun = CallLimit(_BEGUN_A_MINUTE)
        self._calls = CallLimit(_CALLS_A_MINUTE)

    @staticmethod
    def new_secret() -> str:
        """What a browser is to show from now on."""
        return secrets.token_urlsafe(_SECRET_BYTES)

    async def enter(self, token: str, guest: Guest, *, is_typing_password: bool = False) -> Visit:
        """Lets pass who may send by the link, or (`is_typing_password`) who has it.

        Raises LinkEnded for a link that is unknown, revoked or over, or whose owner is not there any more, and
        RateLimited. Of a link with a password nothing is told to who has not typed it: PasswordNeeded.
        """
        found = await self._store.find_link(token, now=self._clock())
        if found is None:
            raise LinkEnded
        link, owner_id = found
        # Before auth_svc is asked.
        self._calls.count(guest.address)
        if link.password_hash is not None and not is_typing_password and not self._knows_password(guest, link):
            raise PasswordNeeded
        owner = await self._owners.find(owner_id)
        if owner is None:
            raise LinkEnded
        return Visit(guest=guest, link=link, owner=owner)

    async def open(self, visit: Visit) -> Invitation:
        """What the link asks for."""
        link, guest = visit.link, visit.guest
        left = None
        if link.max_files is not None:
            left = max(0, link.max_files - await self._store.count_taken(link.id))
        if guest.secret is None:
            return Invitation(files_left=left)
        sent = partial(self._store.list_sent, link.id, _hash(guest.secret), limit=MOST_SHOWN)
        return Invitation(
            files_left=left, unfinished=await sent(is_received=False), received=await sent(is_received=True)
        )

    async def prove(self, visit: Visit, password: str) -> str:
        """What a guest shows from now on who has typed the password. Raises Invalid and RateLimited."""
        link = visit.link
        if link.password_hash is not None:
            self._guesses.count(link.id)
            if await self._passwords.match(password, link.password_hash) is None:
                raise Invalid([{"pointer": "#/password", "detail": gettext("is wrong")}])
        return self._cursors.make("guest:proof", [link.id])

    async def create(self, visit: Visit, secret: str, new: NewUpload, said: Said, *, upload_id: str) -> Upload:
        """Opens an upload for the guest who shows this secret from now on; the same again for the same `upload_id`.

        Raises LinkEnded, Invalid for a file that is too large, LinkFull, NoRoom and RateLimited.
        """
        link = visit.link
        if link.max_size is not None and (new.size or 0) > link.max_size:
            detail = gettext("must be at most %(most)s: this link takes no larger file")
            raise Invalid([{"pointer": "#/size", "detail": detail % {"most": filesize(link.max_size)}}])
        self._begun.count(link.id)
        self._begun.count(visit.guest.address)
        begun = GuestUpload(
            video_id=upload_id,
            grant_id=link.id,
            collection_id=link.collection_id,
            secret_hash=_hash(secret),
            sender=said.sender,
            message=said.message,
        )
        with _without_figures():
            return await self._uploads.create(
                visit.owner, new, upload_id=upload_id, add=partial(self._store.add_upload, begun, now=self._clock())
            )

    async def get(self, visit: Visit, upload_id: str) -> Upload:
        """Their upload; while uploading with what S3 has received. Raises NotFound."""
        await self._require_own(visit, upload_id)
        with _without_figures():
            return await self._uploads.get(visit.owner, upload_id)

    async def part_urls(self, visit: Visit, upload_id: str, asked: AskPartUrls) -> PartUrls:
        """Presigned URLs for parts. Raises as `Uploads.part_urls`."""
        await self._require_own(visit, upload_id)
        with _without_figures():
            return await self._uploads.part_urls(visit.owner, upload_id, asked)

    async def complete(self, visit: Visit, upload_id: str, said: CompleteObject) -> Upload:
        """Makes the video ready, and puts it into the collection. Raises as `Uploads.complete`."""
        await self._require_own(visit, upload_id)
        with _without_figures():
            return await self._uploads.complete(visit.owner, upload_id, said)

    async def delete(self, visit: Visit, upload_id: str) -> None:
        """Gives up what is unfinished. Raises NotFound, and UploadNotOpen once it is the owner's alone."""
        await self._require_own(visit, upload_id)
        now: datetime = self._clock()
        if await self._videos.move_video(
            upload_id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=now
        ):
            return
        raise UploadNotOpen(gettext("This file has arrived. Only whoever sent you the link can delete it now."))

    async def give_up_ended(self) -> None:
        """One step of the loop: what is unfinished of links that have ended, a hundred at most, is given up."""
        now = self._clock()
        await self._store.give_up_ended(ended_before=now - _CONFIRMED_WITHIN, now=now, limit=_AT_ONCE)

    async def _require_own(self, visit: Visit, upload_id: str) -> None:
        secret = visit.guest.secret
        if secret is None or not await self._store.has_upload(visit.link.id, _hash(secret), upload_id):
            raise NotFound(N_("This upload no longer exists: it was discarded or has expired."))

    def _knows_password(self, guest: Guest, link: UploadLink) -> bool:
        try:
            return guest.proof is not None and self._cursors.read("guest:proof", guest.proof, length=1) == [link.id]
        except Invalid:
            return False


@contextmanager
def _without_figures() -> Iterator[None]:
    """What fs_svc says of an owner's quota and uploads is for the owner."""
    try:
        yield
    except Relayed as refusal:
        match refusal.code:
            case "quota-exceeded":
                raise NoRoom from refusal
            case "rate-limited":
                raise Busy from refusal
            case _:
                raise


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
