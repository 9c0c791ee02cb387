"""What a link opens: one video, for whoever has it, as long as the link is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalogue.links import Link
from catalogue.videos import Video
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.languages import N_, gettext
from common.passwords import Passwords
from common.web.call_limit import CallLimit
from contracts.objects import Source
from stream_svc.errors import PasswordNeeded
from stream_svc.library import Library
from stream_svc.link_store import LinkStore

# Passwords that are tried on one link, by everybody together and in this process.
_GUESSES_A_MINUTE: Final = 10

# The same for all ends: who has none is not told that there was one.
_ENDED: Final = N_("This link doesn’t work. It may have ended or been revoked: ask whoever sent it for another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor has shown: that they knew the password once, and that they are counted."""

    proof: str | None = None
    seen: str | None = None


class Links:
    """Every method raises NotFound for a link that is unknown, revoked or over, or whose video cannot be watched now.

    Of a link with a password nothing is told to who has not typed it: PasswordNeeded.
    """

    def __init__(
        self, store: LinkStore, library: Library, passwords: Passwords, cursors: Cursors, *, clock: Clock
    ) -> None:
        self._store = store
        self._library = library
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock
        self._guesses = CallLimit(_GUESSES_A_MINUTE)

    async def open(self, token: str, visit: Visit, *, is_framed: bool = False) -> tuple[Link, Video]:
        """The link and its video, for a visitor who may play it.

        `is_framed`: in the page of another site; NotFound where the link names none.
        """
        link, video = await self._find(token)
        if is_framed and not link.frame_ancestors:
            raise NotFound(_ENDED)
        if link.password_hash is not None and not self._is_shown(visit.proof, "proof", link):
            raise PasswordNeeded
        if not self._is_shown(visit.seen, "seen", link) and not await self._store.has_views_left(link):
            raise NotFound(_ENDED)
        return link, video

    async def require(self, token: str) -> None:
        """Lets pass who has a link that is good."""
        await self._find(token)

    async def prove(self, token: str, password: str) -> str:
        """What a visitor shows from now on who has typed the password. Raises Invalid and RateLimited."""
        link, _ = await self._find(token)
        if link.password_hash is None:
            return self._made("proof", link)
        self._guesses.count(link.id)
        if await self._passwords.match(password, link.password_hash) is None:
            raise Invalid([{"pointer": "#/password", "detail": gettext("is wrong")}])
        return self._made("proof", link)

    async def source(
        self, token: str, visit: Visit, *, is_download: bool = False, is_head: bool = False, is_framed: bool = False
    ) -> tuple[Video, Source, str]:
        """The video, a URL that is good for two minutes, and what the visitor shows from now on, who is counted.

        Raises Unavailable.
        """
        link, video = await self.open(token, visit, is_framed=is_framed)
        # First: a visitor whom nothing can be played to is not counted.
        source = await self._library.linked_source(video, is_download=is_download, is_head=is_head)
        if not self._is_shown(visit.seen, "seen", link) and not await self._store.count_view(
            link, video, at=self._clock()
        ):
            raise NotFound(_ENDED)
        return video, source, self._made("seen", link)

    async def picture(self, token: str, visit: Visit, name: str) -> str:
        """A URL that is good for two minutes; whoever looks at pictures is not counted. Raises Unavailable."""
        _, video = await self.open(token, visit)
        return await self._library.linked_picture(video, name)

    async def forget(self) -> None:
        """One step of the loop: forgets how often links were played that are gone."""
        await self._store.forget_views()

    async def _find(self, token: str) -> tuple[Link, Video]:
        link = await self._store.find_link(token, now=self._clock())
        if link is None:
            raise NotFound(_ENDED)
        return link, await self._library.get_linked(link.video_id or "")

    def _made(self, what: str, link: Link) -> str:
        return self._cursors.make(f"link:{what}", [link.id])

    def _is_shown(self, shown: str | None, what: str, link: Link) -> bool:
        try:
            return shown is not None and self._cursors.read(f"link:{what}", shown, length=1) == [link.id]
        except Invalid:
            return False
