"""What programs of strangers ask for: what they may read, where the public videos are, and which are new."""

from __future__ import annotations

import hashlib
import html
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import hdrs, web

from common.clock import rfc3339
from common.errors import NotFound, Unauthenticated
from common.languages import gettext
from common.tokens import Principal
from common.web.addresses import network_of
from common.web.keys import CALL_LIMIT, PRINCIPAL, SITE
from common.web.requests import read_query
from stream_svc.app_keys import COLLECTIONS, LIBRARY
from stream_svc.feed import Channel, entries_of
from stream_svc.feed import feed as feed_of
from stream_svc.library import Library, Wanted
from stream_svc.models import AskFeed, AskSitemap

NEWEST: Final = 50
_SITEMAP_XMLNS: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_LINES_AT_ONCE: Final = 500
# What a page of a video consists of, and what previews of it ask for: open to programs everywhere. Pages that are not
# to be found say so themselves, which nobody would read who may not fetch them.
_OPEN_PATHS: Final = ("/watch/", "/static/", "/oembed", "/v1/videos/*/pictures/", "/v1/videos/*/source")
# Lists in other orders have nothing that the sitemap does not name.
_PUBLIC_PATHS: Final = ("/$", "/feed.xml", "/sitemap.xml")


def require_reader(request: web.Request) -> Principal | None:
    """Who asks for a list, None for a stranger. Raises Unauthenticated for strangers where the library is not public.

    Lists are bounded for each stranger's address as calls are for an account: raises RateLimited.
    """
    if not request.app[LIBRARY].is_listed_for(request[PRINCIPAL]):
        raise Unauthenticated
    return count_stranger(request)


def count_stranger(request: web.Request) -> Principal | None:
    """Who asks for a list that may be for strangers too. Raises RateLimited."""
    principal = request[PRINCIPAL]
    if principal is None:
        request.app[CALL_LIMIT].count(f"stranger at {network_of(request.remote or '')}")
    return principal


async def robots(request: web.Request) -> web.Response:
    """GET /robots.txt (RFC 9309): where programs that walk the web may go."""
    is_public = request.app[LIBRARY].is_public
    lines = ["User-agent: *"]
    lines += [f"Allow: {path}" for path in (*(_PUBLIC_PATHS if is_public else ()), *_OPEN_PATHS)]
    lines.append("Disallow: /")
    if is_public:
        lines += ["", f"Sitemap: {request.app[SITE].stream_url}/sitemap.xml"]
    return web.Response(text="\n".join(lines) + "\n")


async def sitemap(request: web.Request) -> web.StreamResponse:
    """GET /sitemap.xml: the pages of all public videos, or the list of sitemaps where one cannot hold them."""
    library, stream_url = _public_library(request), request.app[SITE].stream_url
    number, count = read_query(request, AskSitemap).number, await library.sitemaps()
    if number is None and count > 1:
        return await _send(request, "sitemapindex", _sitemaps(stream_url, count))
    if number is not None and number > count:
        raise NotFound
    return await _send(request, "urlset", _urls(library, stream_url, number or 1))


async def feed(request: web.Request) -> web.Response:
    """GET /feed.xml: the newest public videos; or the newest of a collection that everyone may see.

    There is an ETag and no Last-Modified: nobody keeps when a title was changed, or a video taken away.
    """
    site, asked = request.app[SITE], read_query(request, AskFeed)
    if asked.collection is None:
        library = _public_library(request)
        videos, _ = await library.list(None, Wanted(), limit=NEWEST)
        channel = Channel(
            title=site.name,
            description=gettext("New videos from %(site)s") % {"site": site.name},
            page_url=f"{site.stream_url}/",
            feed_url=f"{site.stream_url}/feed.xml",
        )
    else:
        count_stranger(request)
        library, collections = request.app[LIBRARY], request.app[COLLECTIONS]
        collection = await collections.get_open(asked.collection)
        videos = await collections.newest(collection, limit=NEWEST)
        channel = Channel(
            title=collection.title,
            description=collection.description,
            page_url=f"{site.stream_url}/collections/{collection.id}",
            feed_url=f"{site.stream_url}/feed.xml?collection={collection.id}",
        )
    return send_feed(request, feed_of(channel, entries_of(videos, await library.contents(videos), site), site))


def send_feed(request: web.Request, body: bytes) -> web.Response:
    """The document, unless whoever asks has it."""
    etag = hashlib.sha256(body).hexdigest()[:32]
    # Kept, and asked for anew each time.
    headers = {hdrs.CACHE_CONTROL: "no-cache", hdrs.ETAG: f'W/"{etag}"', hdrs.VARY: hdrs.ACCEPT_ENCODING}
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=body, content_type="application/rss+xml", charset="utf-8", headers=headers)
    response.enable_compression()
    return response


def _public_library(request: web.Request) -> Library:
    """Raises NotFound where the library is not public, and RateLimited."""
    if not request.app[LIBRARY].is_public:
        raise NotFound
    require_reader(request)
    return request.app[LIBRARY]


async def _sitemaps(stream_url: str, count: int) -> AsyncIterator[str]:
    for number in range(1, count + 1):
        yield f"<sitemap><loc>{html.escape(stream_url)}/sitemap.xml?number={number}</loc></sitemap>"


async def _urls(library: Library, stream_url: str, number: int) -> AsyncIterator[str]:
    if number == 1:
        yield f"<url><loc>{html.escape(stream_url)}/</loc></url>"
    async for created_at, video_id in library.sitemap(number):
        lastmod = rfc3339(created_at)
        yield f"<url><loc>{html.escape(stream_url)}/watch/{video_id}</loc><lastmod>{lastmod}</lastmod></url>"


async def _send(request: web.Request, root: str, elements: AsyncIterator[str]) -> web.StreamResponse:
    """A document with these in it, written piece by piece. What fails on the way cuts it."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/xml; charset=utf-8"})
    response.enable_compression()
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    lines = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_SITEMAP_XMLNS}">']
    async for element in elements:
        lines.append(element)
        if len(lines) == _LINES_AT_ONCE:
            await response.write("\n".join([*lines, ""]).encode())
            lines = []
    await response.write("\n".join([*lines, f"</{root}>\n"]).encode())
    await response.write_eof()
    return response
