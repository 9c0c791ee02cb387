"""The newest public videos as RSS 2.0, which readers and podcast clients subscribe to."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
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


def feed(
    videos: Sequence[Video], contents: Mapping[str, Content], site: Site, *, feed_url: str, description: str
) -> bytes:
    """An RSS 2.0 document of these videos, in their order."""
    rss = Element("rss", {"version": "2.0", **_NAMESPACES})
    channel = SubElement(rss, "channel")
    _add(channel, "title", site.name)
    _add(channel, "link", f"{site.stream_url}/")
    _add(channel, "description", description)
    SubElement(channel, "atom:link", {"href": feed_url, "rel": "self", "type": "application/rss+xml"})
    _add(channel, "itunes:author", site.name)
    for video in videos:
        _add_item(channel, video, contents[video.id], site)
    document: bytes = tostring(rss, encoding="utf-8", xml_declaration=True)
    return document


def _add_item(channel: Element, video: Video, content: Content, site: Site) -> None:
    item, at = SubElement(channel, "item"), addresses_of(site, video.id)
    _add(item, "title", video.title)
    _add(item, "link", at.page_url)
    # The id and not the address, so that nothing comes anew when the site moves.
    _add(item, "guid", video.id, isPermaLink="false")
    _add(item, "pubDate", _rfc_822(video.created_at))
    _add(item, "dc:creator", video.owner_username)
    if video.description:
        # Readers take it for HTML.
        _add(item, "description", html.escape(video.description).replace("\n", "<br>"))
    SubElement(item, "enclosure", {"url": at.source_url, "length": str(video.size or 0), "type": video.content_type})
    if content.duration is not None:
        _add(item, "itunes:duration", clock_time(content.duration))
    if content.poster:
        SubElement(item, "itunes:image", {"href": at.poster_url})


def _add(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _rfc_822(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)
