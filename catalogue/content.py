"""What is shown of a video's content: its facts, and its pictures by URLs that a browser may fetch."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any, Final

from catalogue.facts import VideoFacts
from common.clock import Clock
from common.durations import clock_time, hours_minutes_seconds
from common.errors import Unavailable
from common.languages import ngettext

# URLs by file name, as fs_svc signs them.
Files = Mapping[str, str]
# URLs by width in pixels and format (`webp`, `jpeg`).
Poster = Mapping[int, Mapping[str, str]]

_POSTER: Final = re.compile(r"poster-([1-9][0-9]{0,4})\.(webp|jpg)")
_FORMATS: Final = {"webp": "webp", "jpg": "jpeg"}
_STORYBOARD_INDEX: Final = "storyboard.json"
# Cards are never wider; what is larger is for the player.
_CARD_WIDTH: Final = 640
# So many are signed at once.
_AT_ONCE: Final = 100
# Some megabytes of URLs.
_MOST_KNOWN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Facts, and the URLs of poster and storyboard by file name; none: not made yet, or not to be had just now."""

    facts: VideoFacts | None = None
    poster_files: Files = field(default_factory=dict)
    storyboard_files: Files = field(default_factory=dict)

    @property
    def duration(self) -> float | None:
        """In seconds."""
        return None if self.facts is None or self.facts.duration_ms is None else self.facts.duration_ms / 1000

    def bit_rate(self, size: int | None) -> int | None:
        """Bits a second of a file of so many bytes; None where nobody knows how long it plays."""
        return None if size is None or not self.duration else round(size * 8 / self.duration)

    @property
    def poster(self) -> Poster:
        """From the narrowest on."""
        widths: dict[int, dict[str, str]] = {}
        for name, url in self.poster_files.items():
            if found := _POSTER.fullmatch(name):
                widths.setdefault(int(found[1]), {})[_FORMATS[found[2]]] = url
        return dict(sorted(widths.items()))

    def poster_height(self, width: int) -> int | None:
        """How high the poster of that width is, in pixels; None where the picture is not one of the film's own.

        As media_svc makes them: of an even height.
        """
        facts = self.facts
        if facts is None or facts.poster_ms is None or not facts.width or not facts.height:
            return None
        return max(2, round(facts.height * width / facts.width / 2) * 2)

    def file(self, name: str) -> str | None:
        """The URL of one file by its name; `poster` is the widest one, `storyboard` its index."""
        if name == "poster":
            return next((urls.get("jpeg") or urls.get("webp") for urls in reversed([*self.poster.values()])), None)
        if name == "storyboard":
            name = _STORYBOARD_INDEX
        return self.poster_files.get(name) or self.storyboard_files.get(name)

    def below(self, url: str, query: str = "") -> Content:
        """The same, with its files at addresses below `url` that last, with that query."""
        return replace(
            self,
            poster_files={name: f"{url}/{name}{query}" for name in self.poster_files},
            storyboard_files={name: f"{url}/{name}{query}" for name in self.storyboard_files},
        )

    @property
    def storyboard(self) -> tuple[str, Files] | None:
        """The URL of its index, and those of the sprites that the index names."""
        index = self.storyboard_files.get(_STORYBOARD_INDEX)
        if index is None:
            return None
        return index, {name: url for name, url in self.storyboard_files.items() if name != _STORYBOARD_INDEX}


class PictureUrls:
    """URLs of pictures: `sign` is asked once for a list, and not at all for what it has answered today.

    They are good for a day at least. Who may see them is decided before.
    """

    def __init__(self, sign: Callable[[Collection[str]], Awaitable[Mapping[str, Files]]], *, clock: Clock) -> None:
        self._sign = sign
        self._clock = clock
        self._day: date | None = None
        self._known: dict[str, Files] = {}

    async def of(self, derived_ids: Iterable[str | None], *, is_needed: bool = False) -> Mapping[str, Files]:
        """The files of those that are there, by id; of none that would have to be asked for while fs_svc is away.

        Raises Unavailable then if each of them `is_needed`.
        """
        today = self._clock().date()
        if today != self._day:
            self._known, self._day = {}, today
        known, wanted = self._known, dict.fromkeys(derived_id for derived_id in derived_ids if derived_id)
        unknown = [derived_id for derived_id in wanted if derived_id not in known]
        try:
            for start in range(0, len(unknown), _AT_ONCE):
                known.update(await self._sign(unknown[start : start + _AT_ONCE]))
        except Unavailable:
            if is_needed:
                raise
        found = {derived_id: known[derived_id] for derived_id in wanted if derived_id in known}
        for derived_id in [*islice(known, max(0, len(known) - _MOST_KNOWN))]:
            # What was asked for first.
            del known[derived_id]
        return found


def present_poster(poster: Poster) -> dict[str, Any] | None:
    """As the API has it: URLs by width and format; None where there is none."""
    return {str(width): dict(urls) for width, urls in poster.items()} or None


def card_picture(content: Content) -> dict[str, object]:
    """What templates/poster.html needs: `sources` as (media type, srcset), `src`, the length in digits and in words."""
    narrow = {width: urls for width, urls in content.poster.items() if width <= _CARD_WIDTH} or content.poster
    return {
        "sources": [
            (f"image/{name}", srcset)
            for name in _FORMATS.values()
            if (srcset := ", ".join(f"{urls[name]} {width}w" for width, urls in narrow.items() if name in urls))
        ],
        "src": next((urls.get("jpeg") or urls.get("webp") for urls in narrow.values()), None),
        "length": None if content.duration is None else clock_time(content.duration),
        "spoken_length": None if content.duration is None else spoken_time(content.duration),
    }


def large_picture(content: Content) -> str | None:
    """The URL of the widest poster."""
    urls = list(content.poster.values())
    return (urls[-1].get("webp") or urls[-1].get("jpeg")) if urls else None


def spoken_time(seconds: float) -> str:
    """3723.9 → "1 hour 2 minutes 3 seconds"."""
    hours, minutes, rest = hours_minutes_seconds(seconds)
    words = [
        ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours} if hours else "",
        ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes} if minutes else "",
        ngettext("%(count)d second", "%(count)d seconds", rest) % {"count": rest} if rest else "",
    ]
    return " ".join(word for word in words if word)
