"""Addresses of a service, as `Host` says them, and of those who come."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from yarl import URL

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\s]+)(?::[0-9]*)?")


def host_name(host: str) -> str:
    """The name in a `Host`, as names are compared: lower case, no port, no final dot; empty when there is none."""
    found = _HOST.fullmatch(host)
    return "" if found is None else found[1].lower().removesuffix(".")


def is_loopback(name: str) -> bool:
    """Whether a name (see host_name) means this machine, whoever answers for names."""
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def is_at(host: str, url: str) -> bool:
    """Whether a browser that says this `Host` is at `url`'s origin; its scheme is for the edge to know."""
    origin = URL(url)
    said, default = host.lower(), f":{URL.build(scheme=origin.scheme, host='x').port}"
    return said.removesuffix(default) == origin.authority.lower().removesuffix(default)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the whole /64, which is what one connection is given."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((found, 64), strict=False))
        found = found.ipv4_mapped
    return str(found)
