"""Which way out: the proxies of the environment, as other programs of the command line take them."""

from __future__ import annotations

import ipaddress
import urllib.request

from yarl import URL

from vss.errors import BadOption


def proxy_for(url: URL) -> URL | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for this URL; never one for this machine.

    Raises BadOption.
    """
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    host = url.host or ""
    if not proxy or _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    try:
        address = URL(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        address = URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise BadOption(f"{url.scheme.upper()}_PROXY or ALL_PROXY: only http:// and https:// proxies can be used")
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
