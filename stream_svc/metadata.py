"""What other sites and programs are shown of a video that strangers may watch: Open Graph, JSON-LD and oEmbed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from yarl import URL

from catalogue.content import Content
from catalogue.embeds import HEIGHT, WIDTH, embed_html
from catalogue.videos import Video
from common.clock import rfc3339
from common.durations import hours_minutes_seconds
from common.errors import NotFound
from common.web.keys import Site
from stream_svc.models import OEmbed

# What players within other sites' pages play without more ado.
_PLAYED_ANYWHERE: Final = ("video/mp4", "video/webm")
_EXCERPT: Final = 300
_PAGE: Final = re.compile(r"/watch/(\w{1,64})/?", re.ASCII)
_LINK: Final = re.compile(r"/(?:s|embed)/([\w-]{1,64})/?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """A video's addresses that last: its page, its file, its pictures below `pictures_url`, and its oEmbed."""

    page_url: str
    source_url: str
    pictures_url: str
    oembed_url: str

    @property
    def poster_url(self) -> str:
        return f"{self.pictures_url}/poster"


def addresses_of(site: Site, video_id: str) -> Addresses:
    page = f"{site.stream_url}/watch/{video_id}"
    api = f"{site.stream_url}/v1/videos/{video_id}"
    return Addresses(
        page_url=page,
        source_url=f"{api}/source",
        pictures_url=f"{api}/pictures",
        oembed_url=_oembed_url(site, page),
    )


def video_id_of(page_url: str, site: Site) -> str:
    """The id in the address of a video's page of ours, whatever its query. Raises NotFound for every other address."""
    if (found := _PAGE.fullmatch(_path_of(page_url, site))) is None:
        raise NotFound
    return found[1]


def token_of(page_url: str, site: Site) -> str | None:
    """The token in the address of a link of ours, or of its embed; None for every other address of ours.

    Raises NotFound for one that is not ours.
    """
    found = _LINK.fullmatch(_path_of(page_url, site))
    return None if found is None else found[1]


def embed_oembed_url(site: Site, token: str) -> str:
    """Where other programs learn how to show what stands behind a link that sites may frame."""
    return _oembed_url(site, f"{site.stream_url}/embed/{token}")


def _oembed_url(site: Site, page_url: str) -> str:
    return str(URL(f"{site.stream_url}/oembed").with_query(url=page_url, format="json"))


def _path_of(page_url: str, site: Site) -> str:
    try:
        url = URL(page_url)
        is_ours = url.origin() == URL(site.stream_url)
    except ValueError as exc:
        raise NotFound from exc
    if not is_ours:
        raise NotFound
    return url.path


def preview(video: Video, content: Content, site: Site) -> dict[str, Any]:
    """What the head of the video's page says to programs: see templates/preview.html."""
    at, excerpt = addresses_of(site, video.id), _excerpt(video.description)
    properties = {
        "og:type": "video.other",
        "og:site_name": site.name,
        "og:title": video.title,
        "og:description": excerpt,
        "og:url": at.page_url,
        **_picture(content, at.poster_url),
        "video:release_date": rfc3339(video.created_at),
        "video:duration": None if content.duration is None else max(1, round(content.duration)),
        **_film(video, content, at.source_url),
    }
    return {
        "page_url": at.page_url,
        "oembed_url": at.oembed_url,
        "description": excerpt,
        "properties": {name: value for name, value in properties.items() if value},
        "twitter_card": "summary_large_image" if content.poster else "summary",
        "json_ld": _json_ld(video, content, at),
    }


def present_oembed(
    video: Video, content: Content, site: Site, *, max_width: int | None, max_height: int | None
) -> OEmbed:
    """As a link: a player that other sites may frame stands only behind a link that names them."""
    return OEmbed(
        title=video.title,
        author_name=video.owner_username,
        provider_name=site.name,
        provider_url=f"{site.stream_url}/",
        **_thumbnail(content, addresses_of(site, video.id), max_width=max_width, max_height=max_height),
    )


def present_embed(
    video: Video, content: Content, site: Site, token: str, *, max_width: int | None, max_height: int | None
) -> OEmbed:
    """As a video, as large as these bounds let it be. Neither whose it is nor a picture: a link does not tell."""
    width, height = WIDTH, HEIGHT
    if content.facts is not None and content.facts.width and content.facts.height:
        width, height = content.facts.width, content.facts.height
    most_width = max_width or WIDTH
    scale = min(most_width / width, (max_height or most_width) / height)
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    return OEmbed(
        type="video",
        title=video.title,
        provider_name=site.name,
        provider_url=f"{site.stream_url}/",
        html=embed_html(f"{site.stream_url}/embed/{token}", video.title, width=width, height=height),
        width=width,
        height=height,
    )


def _thumbnail(content: Content, at: Addresses, *, max_width: int | None, max_height: int | None) -> dict[str, Any]:
    """The widest poster within these bounds. None without a height, which whoever gets one is promised."""
    for width, urls in reversed([*content.poster.items()]):
        height = content.poster_height(width)
        if height and width <= (max_width or width) and height <= (max_height or height):
            url = f"{at.pictures_url}/poster-{width}.{'jpg' if 'jpeg' in urls else 'webp'}"
            return {"thumbnail_url": url, "thumbnail_width": width, "thumbnail_height": height}
    return {}


def _picture(content: Content, url: str) -> dict[str, object]:
    """What `url` leads to: the widest poster, as JPEG if there is one."""
    if not content.poster:
        return {}
    width, urls = list(content.poster.items())[-1]
    height = content.poster_height(width)
    return {
        "og:image": url,
        "og:image:type": "image/jpeg" if "jpeg" in urls else "image/webp",
        "og:image:width": height and width,
        "og:image:height": height,
    }


def _film(video: Video, content: Content, url: str) -> dict[str, object]:
    if video.content_type not in _PLAYED_ANYWHERE:
        return {}
    facts = content.facts
    return {
        "og:video": url,
        "og:video:type": video.content_type,
        "og:video:width": facts and facts.width,
        "og:video:height": facts and facts.height,
    }


def _json_ld(video: Video, content: Content, at: Addresses) -> dict[str, object]:
    """A VideoObject of schema.org."""
    known = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": video.title,
        "description": video.description,
        "thumbnailUrl": at.poster_url if content.poster else None,
        "uploadDate": rfc3339(video.created_at),
        "duration": None if content.duration is None else _iso_8601(content.duration),
        "contentUrl": at.source_url,
        "encodingFormat": video.content_type,
        "url": at.page_url,
        "author": {"@type": "Person", "name": video.owner_username},
    }
    return {name: value for name, value in known.items() if value}


def _iso_8601(seconds: float) -> str:
    """3723.9 → "PT1H2M3S"."""
    hours, minutes, rest = hours_minutes_seconds(seconds)
    return f"PT{hours}H{minutes}M{rest}S"


def _excerpt(text: str) -> str:
    """The beginning of it on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1].rstrip()}…"
