"""What stream_svc needs of fs_svc: presigned URLs of stored objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from common.errors import NotFound
from common.service_client import ServiceClient
from contracts.derived import AskPictures, AskRenditions, SignedPictures, SignedRenditions
from contracts.objects import AskSources, SignedSources, Source, WantedSource

_RELAYED: Final = ("storage-unavailable",)
# A list does not wait longer for its pictures.
_PICTURES_SECONDS: Final = 2.0


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

    async def renditions(
        self, derived_ids: Collection[str], *, is_brief: bool = False, filename: str | None = None
    ) -> Mapping[str, Source]:
        """URLs of renditions by id, to be saved under `filename` if there is one; what is not stored is absent.

        Raises Unavailable.
        """
        asked = AskRenditions(ids=list(derived_ids), is_brief=is_brief, filename=filename)
        return (await self._client.ask(SignedRenditions, "POST", "/v1/renditions", content=asked)).renditions

    async def pictures(
        self, derived_ids: Collection[str], *, is_brief: bool = False
    ) -> Mapping[str, Mapping[str, str]]:
        """URLs of up to 100 derived objects by file name; what is not stored is absent. Raises Unavailable."""
        asked = AskPictures(ids=list(derived_ids), is_brief=is_brief)
        return (
            await self._client.ask(
                SignedPictures, "POST", "/v1/pictures", content=asked, time_limit_seconds=_PICTURES_SECONDS
            )
        ).pictures
