"""Where webhooks may lead: URLs by their form, and addresses at the moment of connecting.

A name may resolve elsewhere from one moment to the next, so what it resolves to is judged where it is used: all of its
addresses, and it is these that are connected to.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from common.languages import N_

URL_MAX: Final = 2048

# What the IPv6 internet is made of (RFC 4291, section 2.4, and IANA's registry); all else is local, or wraps IPv4.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
# Gateways to IPv4 (RFC 6052): what is reached is the address inside.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_VISIBLE: Final = re.compile(r"[!-~]+")


class AddressRefused(OSError):
    """It is not an address of the public internet."""


def checked_url(url: str, *, allows_private: bool) -> str:
    """The URL as it is kept, without fragment. Raises ValueError, which says what is wrong with it.

    http is for private networks alone. What its host resolves to is not looked at here.
    """
    url = url.strip()
    if not _VISIBLE.fullmatch(url):
        raise ValueError(N_("must be a URL without spaces, in ASCII (write other letters percent-encoded)"))
    try:
        parsed = URL(url).with_fragment(None)
    except ValueError:
        parsed = URL()
    if not parsed.host:
        raise ValueError(N_("must be a URL such as https://example.org/hook"))
    if parsed.scheme != "https" and not (allows_private and parsed.scheme == "http"):
        raise ValueError(N_("must begin with https://"))
    if parsed.user is not None or parsed.password is not None:
        raise ValueError(N_("must not contain a username or password"))
    kept = str(parsed)
    if len(kept) > URL_MAX:
        raise ValueError(N_("is too long (maximum 2048)"))
    return kept


def is_public(host: str) -> bool:
    """Whether this IP address is one of the public internet, and not one that stands for another which is not.

    What is no address as everybody writes it (decimal, octal, shortened) is none.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            # 6to4 leads to an IPv4 address of somebody's choice.
            return address in _GLOBAL_UNICAST and address.is_global and address.sixtofour is None
        address = inner
    return address.is_global and not address.is_multicast


def check_literal(url: URL) -> None:
    """Refuses a URL with an address in place of a name, for which nobody asks a resolver. Raises AddressRefused."""
    host = url.host or ""
    if (":" in host or host.replace(".", "").isdigit()) and not is_public(host):
        raise AddressRefused(host)


class PublicResolver(AbstractResolver):
    """Gives the addresses of names of which every single one is public."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """As aiohttp connects to them, and to no others. Raises AddressRefused, and OSError for an unknown name."""
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise AddressRefused(host)
        return found

    async def close(self) -> None:
        await self._resolver.close()
