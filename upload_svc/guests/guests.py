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
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """What a browser has shown: that its user knew the password once, and what it was told its uploads by."""

    proof: str | None = None
    secret: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link, how many more files it takes (None: no limit), and what this guest has sent, or begun and not finished.

    Of each the newest.
    """

    link: UploadLink
    files_left: int | None
    unfinished: Sequence[Video] = ()
    received: Sequence[Video] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a guest says of themselves with a file; empty: nothing."""

    sender: str = ""
    message: str = ""


class Guests:
    """Every method raises LinkEnded for a link that is unknown, revoked or over, or whose owner is not there any more,
    and Unavailable. Of a link with a password nothing is told to who has not typed it: PasswordNeeded.
    """

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

    async def open(self, token: str, guest: Guest) -> Invitation:
        """What the link asks for."""
        link, _ = await self._find(token, guest)
        left = None
        if link.max_files is not None:
            left = max(0, link.max_files - await self._store.count_taken(link.id))
        if guest.secret is None:
            return Invitation(link=link, files_left=left)
        sent = partial(self._store.list_sent, link.id, _hash(guest.secret), limit=MOST_SHOWN)
        return Invitation(
            link=link, files_left=left, unfinished=await sent(is_received=False), received=await sent(is_received=True)
        )

    async def require(self, token: str) -> None:
        """Lets pass who has a link that is good."""
        await self._find(token, None)

    async def prove(self, token: str, password: str) -> str:
        """What a guest shows from now on who has typed the password. Raises Invalid and RateLimited."""
        link, _ = await self._find(token, None)
        if link.password_hash is not None:
            self._guesses.count(link.id)
            if await self._passwords.match(password, link.password_hash) is None:
                raise Invalid([{"pointer": "#/password", "detail": gettext("is wrong")}])
        return self._cursors.make("guest:proof", [link.id])

    async def link_for(self, token: str, guest: Guest) -> UploadLink:
        """The link, for who may send by it."""
        link, _ = await self._find(token, guest)
        return link

    async def create(self, token: str, guest: Guest, new: NewUpload, said: Said, *, upload_id: str) -> Upload:
        """Opens an upload for a guest who has a secret; the same again for the same `upload_id`.

        Raises Invalid for a file that is too large, LinkFull, NoRoom and RateLimited.
        """
        if guest.secret is None:
            raise AssertionError("whoever creates has a secret")
        link, owner = await self._find(token, guest)
        if link.max_size is not None and (new.size or 0) > link.max_size:
            detail = gettext("must be at most %(most)s: this link takes no larger file")
            raise Invalid([{"pointer": "#/size", "detail": detail % {"most": link.max_size}}])
        self._begun.count(link.id)
        self._begun.count(guest.address)
        begun = GuestUpload(
            video_id=upload_id,
            grant_id=link.id,
            collection_id=link.collection_id,
            secret_hash=_hash(guest.secret),
            sender=said.sender,
            message=said.message,
        )
        with _without_figures():
            return await self._uploads.create(
                owner, new, upload_id=upload_id, add=partial(self._store.add_upload, begun, now=self._clock())
            )

    async def get(self, token: str, guest: Guest, upload_id: str) -> Upload:
        """Their upload; while uploading with what S3 has received. Raises NotFound."""
        owner = await self._own(token, guest, upload_id)
        with _without_figures():
            return await self._uploads.get(owner, upload_id)

    async def part_urls(self, token: str, guest: Guest, upload_id: str, asked: AskPartUrls) -> PartUrls:
        """Presigned URLs for parts. Raises as `Uploads.part_urls`."""
        owner = await self._own(token, guest, upload_id)
        with _without_figures():
            return await self._uploads.part_urls(owner, upload_id, asked)

    async def complete(self, token: str, guest: Guest, upload_id: str, said: CompleteObject) -> Upload:
        """Makes the video ready, and puts it into the collection. Raises as `Uploads.complete`."""
        owner = await self._own(token, guest, upload_id)
        with _without_figures():
            return await self._uploads.complete(owner, upload_id, said)

    async def delete(self, token: str, guest: Guest, upload_id: str) -> None:
        """Gives up what is unfinished. Raises NotFound, and UploadNotOpen once it is the owner's alone."""
        await self._own(token, guest, upload_id)
        now: datetime = self._clock()
        if await self._videos.move_video(
            upload_id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=now
        ):
            return
        raise UploadNotOpen(gettext("This file has arrived. Only whoever sent you the link can delete it now."))

    async def _own(self, token: str, guest: Guest, upload_id: str) -> Principal:
        """The owner, for whom something is done with an upload of this guest's."""
        link, owner = await self._find(token, guest)
        if guest.secret is None or not await self._store.has_upload(link.id, _hash(guest.secret), upload_id):
            raise NotFound(N_("This upload no longer exists: it was discarded or has expired."))
        return owner

    async def _find(self, token: str, guest: Guest | None) -> tuple[UploadLink, Principal]:
        """The link, and its owner. None: what a guest has shown does not matter."""
        found = await self._store.find_link(token, now=self._clock())
        if found is None:
            raise LinkEnded
        link, owner_id = found
        if guest is not None:
            self._calls.count(guest.address)
            if link.password_hash is not None and not self._knows_password(guest, link):
                raise PasswordNeeded
        owner = await self._owners.find(owner_id)
        if owner is None:
            raise LinkEnded
        return link, owner

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
