"""What happens to every request, outermost first: client, request id, problems, public address, origin, identity."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from yarl import URL

from common.errors import (
    CrossOrigin,
    InsufficientScope,
    Invalid,
    Malformed,
    Misdirected,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from common.ids import new_id
from common.languages import N_
from common.logs import REQUEST_ID
from common.tokens import PERSON_AUDIENCE
from common.web.access_log import loggable_path
from common.web.addresses import host_name, is_at, is_loopback
from common.web.headers import API_HEADERS, HSTS
from common.web.keys import CALL_LIMIT, PRINCIPAL, SERVICE, SITE, VERIFIER
from common.web.pages import render_error, wants_page
from common.web.responses import problem_response
from common.web.routes import CALL_PREFIXES, call_weight_of, is_unsafe, needed_scopes_of, time_limit_of
from common.web.sessions import SESSIONS, session_cookie

logger = logging.getLogger(__name__)

_UNTIL_IT_BEGINS: Final = web.RequestKey("until_it_begins", asyncio.Timeout)

# What stands behind a link in a sentence, and comes along when it is copied.
_BEHIND_A_LINK: Final = '/.,;:!?)]}>"\u00bb\u201d\u2019\u061f\u060c'
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Served under any name: those who watch the process know it by its address.
ANYWHERE: Final = ("/livez", "/readyz", "/metrics")
# Served to anybody, without asking who it is: that, and what never differs.
OPEN_PREFIXES: Final = (*ANYWHERE, "/openapi", "/static/", "/.well-known/")
# Nor there: in the page of another site a player knows nobody, whatever cookies its browser sends.
_NOT_FOR_PEOPLE: Final = (*OPEN_PREFIXES, "/internal/", "/embed/")
API_PREFIXES: Final = (*CALL_PREFIXES, "/internal/", *OPEN_PREFIXES)


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request an id, the caller's own where it has a decent one; `final_headers` answers with it."""
    given = request.headers.get("X-Request-ID", "")
    REQUEST_ID.set(given if _REQUEST_ID.fullmatch(given) else new_id())
    return await handler(request)


@web.middleware
async def forwarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Takes the client's address from X-Forwarded-For when a trusted proxy says it, else from the connection.

    Read from the right: each proxy adds the address that it saw, and what stands left of the first one that is not
    trusted may be anybody's invention.
    """
    trusted = request.app[SERVICE].trusted_proxies
    address = request.remote or ""
    if trusted and _is_within(address, trusted):
        for said in reversed(",".join(request.headers.getall("X-Forwarded-For", [])).split(",")):
            if not _is_address(said.strip()):
                break
            address = said.strip()
            if not _is_within(address, trusted):
                break
        request = request.clone(remote=address)
    return await handler(request)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(text: str, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    return _is_address(text) and any(ipaddress.ip_address(text) in network for network in networks)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every refusal and every failure, as a problem for programs and as a page for people.

    The time limit is for an answer to begin. One that has begun cannot become another: its failure cuts the connection
    (see `common.web.server`, which also ends what stands still).
    """
    request[_UNTIL_IT_BEGINS] = limit = asyncio.timeout(time_limit_of(request))
    try:
        async with limit:
            return await handler(request)
    except ConnectionError:
        # The client has left in the middle: there is nobody to answer.
        raise
    except Exception as exc:
        if limit.when() is None:
            logger.exception("failure in the middle of an answer", extra={"path": loggable_path(request)})
            raise ConnectionError("the answer cannot be ended") from exc
        return _answer_to(request, exc)
    finally:
        del request[_UNTIL_IT_BEGINS]


def _answer_to(request: web.Request, failure: Exception) -> web.StreamResponse:
    match failure:
        case Refusal():
            return _answer(request, failure)
        case TimeoutError():
            logger.warning("handler took too long", extra={"path": loggable_path(request)})
            return _answer(request, Unavailable(N_("This is taking too long. Nothing is lost. Try again.")))
        case web.HTTPRequestEntityTooLarge():
            return _answer(request, TooLarge(f"Send at most {request.client_max_size} bytes."))
        case web.HTTPNotFound():
            return _answer(request, NotFound())
        case web.HTTPException(status=status) if status < 400:
            raise failure
        case web.HTTPException():
            response = _plain_problem(request, failure.status, failure.reason)
            if hdrs.ALLOW in failure.headers:
                response.headers[hdrs.ALLOW] = failure.headers[hdrs.ALLOW]
            return response
        case _:
            logger.error("unexpected failure", extra={"path": loggable_path(request)}, exc_info=failure)
            return _plain_problem(request, 500, N_("Something went wrong on our side"))


def _answer(request: web.Request, refusal: Refusal) -> web.StreamResponse:
    route = {"service": request.app[SERVICE].name, "route": request.match_info.route.name}
    logger.debug("refused", extra={**route, "code": refusal.code})
    is_page = not request.path.startswith(API_PREFIXES)
    if is_page and isinstance(refusal, Unauthenticated):
        target = "/" if is_unsafe(request) else request.path_qs
        return web.Response(status=303, headers={"Location": f"/login?next={quote(target, safe='')}"})
    if is_page and wants_page(request):
        if (readable := _readable_url(request, refusal)) is not None:
            return web.Response(status=303, headers={"Location": str(readable)})
        return render_error(request, refusal.status, refusal.title, refusal.detail, headers=refusal.headers)
    return problem_response(refusal.to_problem(), headers=refusal.headers, reason=refusal.title)


def _readable_url(request: web.Request, refusal: Refusal) -> URL | None:
    """The page without what is wrong or repeated in its query; None when that is not what the refusal is about."""
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD) or not isinstance(refusal, Invalid | Malformed):
        return None
    faulty = {fault["pointer"].split("/")[1] for fault in refusal.errors} if isinstance(refusal, Invalid) else set()
    kept = {name: value for name, value in reversed(list(request.query.items())) if name not in faulty}
    return request.rel_url.with_query(kept) if len(kept) < len(request.query) else None


def _plain_problem(request: web.Request, status: int, title: str) -> web.StreamResponse:
    """A problem that has no type of its own (RFC 9457, section 4.2.1)."""
    if not request.path.startswith(API_PREFIXES) and wants_page(request):
        return render_error(request, status, title, "")
    code = title.lower().replace(" ", "-") if status != 500 else "internal"
    return problem_response({"type": "about:blank", "title": title, "status": status, "detail": title, "code": code})


@web.middleware
async def own_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers under names of ours alone: behind any other may stand somebody's page that had its name point here.

    A page asked for under another name (`localhost`) leads to the public one, since cookies and CORS need one origin;
    calls are taken under the public, internal and loopback names. Raises Misdirected, or Malformed without one `Host`.
    """
    service = request.app[SERVICE]
    if request.path in ANYWHERE:
        return await handler(request)
    if len(request.headers.getall(hdrs.HOST, [])) != 1:
        raise Malformed("Send one Host.")
    said = {request.headers[hdrs.HOST]}
    if request.host not in said:
        # The target says one as well (RFC 9112, section 3.2.2).
        said.add(request.url.authority)
    is_page = service.public_url is not None and not request.path.startswith(API_PREFIXES)
    if is_page and any(not is_at(host, service.public_url or "") for host in said):
        return web.Response(status=308, headers={"Location": f"{service.public_url}{request.path_qs}"})
    if any(host_name(host) not in service.names and not is_loopback(host_name(host)) for host in said):
        raise Misdirected
    return await handler(request)


@web.middleware
async def mistyped_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Leads from an address as people mistype and paste it to the page that they mean, if there is one."""
    # A slash that somebody has escaped is part of a name.
    is_escaped = "%2f" in request.rel_url.raw_path.lower()
    if is_escaped or request.method not in (hdrs.METH_GET, hdrs.METH_HEAD) or request.path.startswith(API_PREFIXES):
        return await handler(request)
    meant = _as_meant(request.path)
    if meant != request.path:
        url = URL.build(path=meant, query_string=request.rel_url.raw_query_string)
        if (await request.app.router.resolve(request.clone(rel_url=url))).http_exception is None:
            location = URL.build(path=meant).raw_path
            query = request.rel_url.raw_query_string
            return web.Response(status=308, headers={"Location": f"{location}?{query}" if query else location})
    return await handler(request)


def _as_meant(path: str) -> str:
    """Without slashes and punctuation that do not belong there."""
    return "/" + "/".join(segment for segment in path.rstrip(_BEHIND_A_LINK).split("/") if segment)


@web.middleware
async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Finds out who is asking: by access token, else by session cookie; an invalid token is refused, not ignored."""
    # Set once it is known: a failure on the way must not look like a visitor who is not logged in.
    principal = None
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if request.path.startswith(_NOT_FOR_PEOPLE):
        pass
    elif authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            principal = await request.app[VERIFIER].verify(token.strip(), audience=PERSON_AUDIENCE)
    elif session := session_cookie(request):
        principal = await request.app[SESSIONS].exchange(session)
    request[PRINCIPAL] = principal
    if principal is not None:
        if request.path.startswith(CALL_PREFIXES):
            request.app[CALL_LIMIT].count(principal.account_id, weight=call_weight_of(request))
        # Here and nowhere else, so that a call which nobody thought of is refused to a token for less than all.
        needed = needed_scopes_of(request)
        if needed and principal.scopes.isdisjoint(needed):
            raise InsufficientScope
    return await handler(request)


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells a browser that pages of our other services may call this one; whoever else asks is told nothing."""
    if request.method != hdrs.METH_OPTIONS or _calling_page(request) is None:
        return await handler(request)
    return web.Response(
        status=204,
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, PATCH, DELETE",
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Content-Type, Idempotency-Key, If-Match",
            hdrs.ACCESS_CONTROL_MAX_AGE: "600",
        },
    )


def _calling_page(request: web.Request) -> str | None:
    """The origin of ours whose page calls the API; None when it is nobody's, or not one of ours."""
    origin = request.headers.get(hdrs.ORIGIN)
    is_call = request.app[SERVICE].public_url is not None and request.path.startswith(CALL_PREFIXES)
    return origin if is_call and origin in request.app[SITE].origins else None


@web.middleware
async def same_site(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses unsafe requests that a page which is not ours made a browser send with our cookie."""
    if not is_unsafe(request) or hdrs.AUTHORIZATION in request.headers:
        return await handler(request)
    has_cookie = session_cookie(request) is not None
    # Who logs in, and a guest who sends by a link, have no session that says it.
    if not has_cookie and request.path != "/login" and not request.path.startswith("/u/"):
        return await handler(request)
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get(hdrs.ORIGIN)
    if site is None and origin is None:
        is_own = not has_cookie
    else:
        # Of one site are also programs of others, on other ports of this machine.
        is_own = site == "same-origin" or (site in (None, "same-site") and origin in request.app[SITE].origins)
    if not is_own:
        raise CrossOrigin(N_("Nothing was changed. Open the page here and try again."))
    return await handler(request)


async def final_headers(request: web.Request, response: web.StreamResponse) -> None:
    """`on_response_prepare`: the headers of every answer, errors and files included; from here on it has begun."""
    if limit := request.get(_UNTIL_IT_BEGINS):
        limit.reschedule(None)
    headers = response.headers
    headers["X-Request-ID"] = REQUEST_ID.get()
    if hdrs.SERVER in headers:
        del headers[hdrs.SERVER]
    for name, value in API_HEADERS.items():
        headers.setdefault(name, value)
    if origin := _calling_page(request):
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = "ETag, Location, Retry-After"
        headers[hdrs.VARY] = hdrs.ORIGIN
    if (request.app[SERVICE].public_url or "").startswith("https:"):
        headers["Strict-Transport-Security"] = HSTS
