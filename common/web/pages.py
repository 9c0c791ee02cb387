"""Pages: the template environment, what every page is given, and its content security policy."""

from __future__ import annotations

import hashlib
import math
import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web
from babel.dates import format_date
from markupsafe import Markup

from common.brand import Logo, accent_styles
from common.clock import rfc3339, utc_now
from common.languages import LANGUAGE, LANGUAGES, gettext, load_catalogues, ngettext, script_words
from common.logs import REQUEST_ID
from common.web.keys import PRINCIPAL, SERVICE, SITE, Site
from common.web.themes import theme_of

_COMMON_TEMPLATES: Final = Path(__file__).parent / "templates"
_SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


class StaticFiles:
    """A service's built files below `/static/<service>/<content hash>/`, so that browsers may keep them for ever.

    `made` are more of them: content and content type by name.
    """

    def __init__(self, service: str, folder: Path, made: dict[str, tuple[bytes, str]]) -> None:
        self._files = {
            file.name: (file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")
            for file in sorted(folder.iterdir())
            if file.is_file()
        } | made
        digest = hashlib.sha256(repr(list(self._files.items())).encode())
        self.prefix = f"/static/{service}/{digest.hexdigest()[:16]}"

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for a file that was not built."""
        if name not in self._files:
            raise KeyError(name)
        return f"{self.prefix}/{name}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        body, content_type = self._files[name]
        headers = {hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable", hdrs.VARY: hdrs.ACCEPT_ENCODING}
        response = web.Response(body=body, content_type=content_type, headers=headers)
        # Pictures are as small as they get.
        if not content_type.startswith("image/") or content_type == "image/svg+xml":
            response.enable_compression()
        return response


STATIC_FILES: Final = web.AppKey("static_files", StaticFiles)


def setup_pages(
    app: web.Application, folder: Path, *templates: Path, logo: Logo | None = None, accent: str | None = None
) -> None:
    """Gives the app templates and static files from `folder` (`templates/`, `static/dist/`), the common ones, and those
    in other folders of `templates`; and the site's own logo and colour, where it has them.

    The app must know its SITE and SERVICE.
    """
    service = app[SERVICE].name
    made: dict[str, tuple[bytes, str]] = {}
    if logo is not None:
        made[logo.name] = logo.content, logo.content_type
    if accent is not None:
        made["brand.css"] = accent_styles(accent).encode(), "text/css"
    static_files = StaticFiles(service, folder / "static" / "dist", made)
    app[STATIC_FILES] = static_files
    app.router.add_get(f"{static_files.prefix}/{{name}}", static_files.serve, name="static")
    environment = aiohttp_jinja2.setup(
        app,
        default_helpers=False,
        loader=jinja2.FileSystemLoader([folder / "templates", *templates, _COMMON_TEMPLATES]),
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filesize=filesize, moment=moment, day=day, day_and_time=day_and_time, rfc3339=rfc3339)
    # aiohttp-jinja2 puts the application there, and with it every secret within a template's reach.
    del environment.globals["app"]
    load_catalogues()
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        site=app[SITE], service=service, static=static_files.url, languages=LANGUAGES, logo=logo, accent=accent
    )


def render(
    request: web.Request,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    frame_ancestors: Sequence[str] = (),
) -> web.Response:
    """A page, which no site may frame but `frame_ancestors`. Besides `context` it gets `site`, `service`, `static`,
    `language`, `theme`, `script_words`, `account`, `request_id` and `return_to`, the address by which one comes back to
    it.

    `knows_visitor` is false for a failure before it was found out who is asking: `account` is then None as well.
    """
    principal = request.get(PRINCIPAL)
    account = (
        None
        if principal is None
        else {"id": principal.account_id, "username": principal.username, "role": principal.role}
    )
    language = LANGUAGES[LANGUAGE.get()]
    response = aiohttp_jinja2.render_template(
        template,
        request,
        {
            **(context or {}),
            "account": account,
            "knows_visitor": PRINCIPAL in request,
            "request_id": REQUEST_ID.get(),
            "language": language,
            "theme": theme_of(request),
            "script_words": script_words(language.tag),
            # Sending a form twice is not what anybody wants who chooses a language.
            "return_to": request.path_qs if request.method in _SAFE_METHODS else "/",
        },
        status=status,
    )
    response.headers[hdrs.CONTENT_LANGUAGE] = language.tag
    response.headers["Content-Security-Policy"] = _page_policy(request.app[SITE], frame_ancestors)
    # Not `no-referrer`: with it a form sends `Origin: null`, and the cross-origin check would refuse its own page.
    response.headers["Referrer-Policy"] = "same-origin"
    # Not what another site's page makes a browser ask for: it could put words beside private ones here, and learn from
    # the length of many answers whether they are the same (BREACH).
    if request.headers.get("Sec-Fetch-Site") != "cross-site":
        response.enable_compression()
    # Files that are dropped on a page are handed to the upload page, which it opens (web/src/page/drop.js).
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return response


def render_error(
    request: web.Request, status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A refusal or failure as a page; it says in words what `Retry-After` says to programs."""
    headers = headers or {}
    context = {
        "status": status,
        "title": gettext(title),
        "detail": gettext(detail),
        "retry_after_seconds": int(headers.get(hdrs.RETRY_AFTER, 0)),
        # Sending a form twice is not ours to offer: who sent it goes back to it.
        "again_url": request.path_qs if request.method in _SAFE_METHODS else None,
    }
    response = render(request, "error.html", context, status=status)
    response.headers.update(headers)
    return response


def wants_page(request: web.Request) -> bool:
    """Whether the answer is for a person: the browser asks for HTML, and this service has pages."""
    return STATIC_FILES in request.app and "text/html" in request.headers.get(hdrs.ACCEPT, "")


def _page_policy(site: Site, frame_ancestors: Sequence[str]) -> str:
    framing = " ".join(frame_ancestors) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' {site.s3_url}; media-src 'self' blob: {site.s3_url}; "
        f"connect-src 'self' {' '.join(site.origins)} {site.s3_url}; "
        f"form-action 'self' {site.stream_url}; base-uri 'none'; frame-ancestors {framing}"
    )


def filesize(size: int) -> str:
    """Bytes as people read them: `12.4 MB`, in powers of 1,000 as disks and browsers count."""
    if size < 1000:
        return gettext("%(size)s B") % {"size": size}
    exponent = min(int(math.log10(size) // 3), 4)
    words = (gettext("%(size)s kB"), gettext("%(size)s MB"), gettext("%(size)s GB"), gettext("%(size)s TB"))
    return words[exponent - 1] % {"size": f"{size / 1000**exponent:.1f}"}


def moment(instant: datetime) -> Markup:
    """How long ago an instant was, with the instant itself as the title; page.js says that one in the reader's zone."""
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M} UTC">{}</time>').format(
        rfc3339(instant), instant.astimezone(UTC), ago(instant)
    )


def day(instant: datetime) -> Markup:
    """The day of an instant, "3 December 2026 (UTC)", with the instant as the title; page.js says the reader's day."""
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M} UTC" data-day>{} (<bdi>UTC</bdi>)</time>').format(
        rfc3339(instant), instant.astimezone(UTC), _date(instant)
    )


def day_and_time(instant: datetime) -> Markup:
    """The same with the time of the day, where the hour matters: "3 December 2026 14:05 (UTC)"."""
    return Markup('<time datetime="{}" data-day="with-time">{} <bdi>{:%H:%M}</bdi> (<bdi>UTC</bdi>)</time>').format(
        rfc3339(instant), _date(instant), instant.astimezone(UTC)
    )


def _date(instant: datetime) -> str:
    locale = "en_GB" if (language := LANGUAGE.get()) == "en" else language
    return format_date(instant.astimezone(UTC), "long", locale)


def ago(instant: datetime) -> str:
    """How long ago an instant was, in words."""
    minutes = int(max(utc_now() - instant, timedelta()).total_seconds() // 60)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    days = hours // 24
    if days < 30:
        return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}
    months = days // 30
    if months < 12:
        return ngettext("%(count)d month ago", "%(count)d months ago", months) % {"count": months}
    years = days // 365 or 1
    return ngettext("%(count)d year ago", "%(count)d years ago", years) % {"count": years}
