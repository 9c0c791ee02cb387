"""What stands behind a link: a page with the video and nothing else, its password, and URLs to play from."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import hdrs, web
from pydantic import Field

from catalogue.content import Content, large_picture
from catalogue.links import Link
from catalogue.videos import Video
from common.clock import utc_now
from common.errors import Invalid, RateLimited
from common.languages import gettext
from common.passwords import MAX_LENGTH
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import Query, read_form, read_query
from common.web.responses import json_response
from common.web.sessions import SESSION_COOKIE
from stream_svc.app_keys import LIBRARY, LINKS
from stream_svc.errors import PasswordNeeded
from stream_svc.links import Visit
from stream_svc.metadata import embed_oembed_url
from stream_svc.models import AskSource, present_linked

# As long as a visitor is not counted again, and need not type the password again.
_LIFETIME: Final = timedelta(days=30)
_PROOF, _SEEN = "vss_link_proof", "vss_link_seen"


class TypePassword(Query):
    """The form of the password page."""

    password: Annotated[str, Field(max_length=MAX_LENGTH)] = ""


async def link_page(request: web.Request) -> web.Response:
    """GET /s/{token}."""
    token = request.match_info["token"]
    try:
        link, video = await request.app[LINKS].open(token, _visit(request))
    except PasswordNeeded:
        return _password_page(request)
    context = await player_context(request, link, video) | {
        "oembed_url": embed_oembed_url(request.app[SITE], token) if link.frame_ancestors else None
    }
    return kept_quiet(render(request, "linked.html", context))


async def player_context(request: web.Request, link: Link, video: Video) -> dict[str, object]:
    """What `player.html` needs behind a link."""
    content = await linked_content(request, video)
    storyboard = content.storyboard
    return {
        # Whose it is, is not told.
        "video": {"id": video.id, "title": video.title, "content_type": video.content_type, "owner_username": ""},
        # It is asked for by the player: programs that look at a page for its preview are no visitors.
        "source_url": None,
        "expires_at": utc_now(),
        "resume_at": link.start_at or 0,
        "poster_url": large_picture(content),
        "storyboard": None if storyboard is None else {"index": storyboard[0], "sprites": dict(storyboard[1])},
        "codecs": content.facts.codecs if content.facts else (),
        "origins": request.app[SITE].origins,
        "is_owner": False,
        "source_page": _address(request, "linked-source"),
        "download_url": f"{_address(request, 'linked-source')}?download=1",
        "playback_api": _address(request, "play-linked"),
        "position_api": None,
    }


async def type_password(request: web.Request) -> web.Response:
    """POST /s/{token}: whoever has typed the password need not do it again here."""
    token = request.match_info["token"]
    # Before anything is said of the form.
    await request.app[LINKS].require(token)
    typed = await read_form(request, TypePassword)
    try:
        proof = await request.app[LINKS].prove(token, typed.password)
    except Invalid:
        return _password_page(request, error=gettext("Wrong password."), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except RateLimited as refusal:
        page = _password_page(request, error=gettext("Too many attempts. Try again later."), status=refusal.status)
        page.headers.update(refusal.headers)
        return page
    response = web.Response(status=303, headers={hdrs.LOCATION: request.path})
    _give(request, response, _PROOF, proof)
    return response


async def play_linked(request: web.Request) -> web.Response:
    """A presigned URL for whoever has the link."""
    video, source, seen = await request.app[LINKS].source(request.match_info["token"], _visit(request))
    response = json_response(present_linked(source, await linked_content(request, video)))
    _give(request, response, _SEEN, seen)
    return response


async def linked_source(request: web.Request) -> web.Response:
    """Redirects whoever has the link to a fresh presigned URL."""
    asked = read_query(request, AskSource)
    _, source, seen = await request.app[LINKS].source(
        request.match_info["token"],
        _visit(request),
        is_download=asked.download,
        is_head=request.method == hdrs.METH_HEAD,
    )
    response = web.Response(status=307, headers={hdrs.LOCATION: source.url})
    _give(request, response, _SEEN, seen)
    return response


async def linked_picture(request: web.Request) -> web.Response:
    """Redirects whoever has the link to one of its video's pictures."""
    token, name = request.match_info["token"], request.match_info["name"]
    url = await request.app[LINKS].picture(token, _visit(request), name)
    return web.Response(status=307, headers={hdrs.LOCATION: url})


async def head_linked_source(request: web.Request) -> web.Response:
    """Redirects whoever has the link to a fresh presigned URL for HEAD."""
    return await linked_source(request)


async def linked_content(request: web.Request, video: Video) -> Content:
    """Its pictures are asked for below the link: who has their URLs has them for two minutes."""
    content = (await request.app[LIBRARY].contents([video], storyboard_of=video))[video.id]
    return content.below(f"{request.app[SITE].stream_url}{_address(request, 'link')}/pictures")


def _password_page(request: web.Request, *, error: str | None = None, status: int = 200) -> web.Response:
    response = render(request, "link_password.html", {"error": error}, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def kept_quiet(response: web.Response) -> web.Response:
    """Nobody else is told the address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _address(request: web.Request, route: str) -> str:
    return str(request.app.router[route].url_for(token=request.match_info["token"]))


def _visit(request: web.Request) -> Visit:
    return Visit(proof=request.cookies.get(_PROOF), seen=request.cookies.get(_SEEN))


def _give(request: web.Request, response: web.Response, name: str, content: str) -> None:
    response.set_cookie(
        name,
        content,
        path=f"/s/{request.match_info['token']}",
        max_age=int(_LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=request.app[SESSION_COOKIE].is_secure,
    )
