"""What stream_svc needs of fs_svc: presigned URLs of stored objects."""

from __future__ import annotations

from typing import Final

from common.errors import NotFound
from common.service_client import ServiceClient
from contracts.objects import AskSources, SignedSources, Source, WantedSource

_RELAYED: Final = ("storage-unavailable",)


class FsClient:
    """fs_svc's API for viewers; who may watch is decided before."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def source(self, wanted: WantedSource) -> Source:
        """A URL good for that method. Raises NotFound when there is no stored object, and Unavailable."""
        asked = AskSources(sources=[wanted])
        signed = await self._client.ask(SignedSources, "POST", "/v1/sources", content=asked, relays=_RELAYED)
        if (source := signed.sources.get(wanted.id)) is None:
            raise NotFound
        return source
