"""Where the mechanisms of this package find what the composition root has built."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from aiohttp import web

from common.tokens import Principal
from common.verifying import RemoteKeys, Verifier
from common.web.call_limit import CallLimit

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The public addresses of this installation (without a slash at the end) and its name."""

    name: str
    auth_url: str
    upload_url: str
    stream_url: str
    s3_url: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Of the services' own pages, each once: behind an edge they are all the same."""
        return tuple(dict.fromkeys((self.auth_url, self.upload_url, self.stream_url)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Which service this process is: its name, the public URL of its own pages (None: it has none), the host names that
    it is called by besides loopback ones, and who may say for whom a request comes.
    """

    name: str
    public_url: str | None
    names: frozenset[str]
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(slots=True)
class Drain:
    """Whether this process is about to end, and wants no new requests."""

    has_begun: bool = False


CALL_LIMIT: Final = web.AppKey("call_limit", CallLimit)
DRAIN: Final = web.AppKey("drain", Drain)
SITE: Final = web.AppKey("site", Site)
SERVICE: Final = web.AppKey("service", Service)
REMOTE_KEYS: Final = web.AppKey("remote_keys", RemoteKeys)
VERIFIER: Final = web.AppKey("verifier", Verifier)
READINESS: Final = web.AppKey[Mapping[str, Check]]("readiness")

PRINCIPAL: Final = web.RequestKey[Principal | None]("principal")
