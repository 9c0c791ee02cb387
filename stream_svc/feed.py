"""Lists of videos as RSS 2.0, which readers and podcast clients subscribe to."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from catalogue.content import Content
from catalogue.videos import Video
from common.durations import clock_time
from common.web.keys import Site
from stream_svc.metadata import addresses_of

_NAMESPACES: Final = {
    "xmlns:atom": "http://www.w3.org/2005/Atom",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
}
# What no XML document may hold, not even escaped (XML 1.0, section 2.2).
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself: its title and description, the page that it is of, its own address."""

    title: str
    description: str
    page_url: str
    feed_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A video with the addresses by which it is watched; `author` is None where that is not told."""

    video: Video
    content: Content
    page_url: str
    source_url: str
    poster_url: str
    author: str | None = None


def entries_of(videos: Sequence[Video], contents: Mapping[str, Content], site: Site) -> list[Entry]:
    """Videos that strangers may watch."""
    return [
        Entry(
            video=video,
            content=contents[video.id],
            page_url=(at := addresses_of(site, video.id)).page_url,
            source_url=at.source_url,
            poster_url=at.poster_url,
            author=video.owner_username,
        )
        for video in videos
    ]


def feed(channel: Channel, entries: Sequence[Entry], site: Site) -> bytes:
    """An RSS 2.0 document of these videos, in their order."""
    rss = Element("rss", {"version": "2.0", **_NAMESPACES})
    parent = SubElement(rss, "channel")
    _add(parent, "title", channel.title)
    _add(parent, "link", channel.page_url)
    _add(parent, "description", channel.description)
    SubElement(parent, "atom:link", {"href": channel.feed_url, "rel": "self", "type": "application/rss+xml"})
    _add(parent, "itunes:author", site.name)
    for entry in entries:
        _add_item(parent, entry)
    document: bytes = tostring(rss, encoding="utf-8", xml_declaration=True)
    return document


def _add_item(channel: Element, entry: Entry) -> None:
    item, video, content = SubElement(channel, "item"), entry.video, entry.content
    _add(item, "title", video.title)
    _add(item, "link", entry.page_url)
    # The id and not the address, so that nothing comes anew when the site moves.
    _add(item, "guid", video.id, isPermaLink="false")
    _add(item, "pubDate", _rfc_822(video.created_at))
    if entry.author is not None:
        _add(item, "dc:creator", entry.author)
    if video.description:
        # Readers take it for HTML.
        _add(item, "description", html.escape(video.description).replace("\n", "<br>"))
    enclosure = {"url": entry.source_url, "length": str(video.size or 0), "type": video.content_type}
    SubElement(item, "enclosure", enclosure)
    if content.duration is not None:
        _add(item, "itunes:duration", clock_time(content.duration))
    if content.poster:
        SubElement(item, "itunes:image", {"href": entry.poster_url})


def _add(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _rfc_822(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)
