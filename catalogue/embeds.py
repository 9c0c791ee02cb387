"""Embeds: which sites may frame a link's player, and the HTML by which they do."""

from __future__ import annotations

import re
from html import escape
from ipaddress import IPv4Address
from typing import Final

from yarl import URL

from common.languages import N_

MOST_SITES: Final = 20
# For whoever does not know better: 16:9.
WIDTH: Final = 640
HEIGHT: Final = 360

_SITE: Final = re.compile(r"(https?)://(\*\.)?([^\s*;,'\"<>\\@\x00-\x1f\x7f]+)", re.IGNORECASE)
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_LOOPBACK: Final = ("localhost", "127.0.0.1")
_WRONG: Final = N_("must be the address of a site, such as https://lms.example or https://*.lms.example")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def clean_site(text: str) -> str:
    """The origin of an address, as `frame-ancestors` of CSP and `location.origin` write it; it may begin with `*.`.

    Raises ValueError for whatever is no site: another scheme than https (but on this machine), `*`, `'self'`, a list.
    """
    found = _SITE.fullmatch(text.strip())
    if found is None:
        raise ValueError(_WRONG)
    scheme, wildcard, rest = found[1].lower(), found[2] or "", found[3]
    try:
        url = URL(f"{scheme}://{rest}")
        host, port = (url.raw_host or "").lower(), url.explicit_port
    except ValueError as exc:
        raise ValueError(_WRONG) from exc
    is_loopback = host in _LOOPBACK
    # What ends in a number is an address to browsers, whole or not.
    is_number = host.rpartition(".")[2].isdigit()
    if not _HOST.fullmatch(host) or (is_number and not _is_ipv4(host)) or port == 0:
        raise ValueError(_WRONG)
    if wildcard and ("." not in host or is_number):
        raise ValueError(_WRONG)
    if scheme == "http" and (wildcard or not is_loopback):
        raise ValueError(N_("must begin with https://; only this machine (http://localhost) may go without"))
    return f"{scheme}://{wildcard}{host}{'' if port in (None, _DEFAULT_PORTS[scheme]) else f':{port}'}"


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def embed_html(url: str, title: str, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """What a site's page shows the player with; sizes in pixels."""
    # The player tells only the sites of its list what it does, and must know in which one it is.
    return (
        f'<iframe src="{escape(url)}" title="{escape(title)}" width="{width}" height="{height}" loading="lazy" '
        'allow="fullscreen; picture-in-picture; autoplay" referrerpolicy="origin" style="border: 0"></iframe>'
    )
