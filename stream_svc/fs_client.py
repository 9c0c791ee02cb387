"""What stream_svc needs of fs_svc: presigned URLs of stored objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from common.errors import NotFound
from common.service_client import ServiceClient

_RELAYED: Final = ("storage-unavailable",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A presigned URL."""

    url: str
    media_type: str
    expires_at: datetime


class FsClient:
    """fs_svc's API for viewers; who may watch is decided before."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def source(
        self, video_id: str, *, method: Literal["GET", "HEAD"], filename: str, is_download: bool
    ) -> Source:
        """A URL good for `method`. Raises NotFound when there is no stored object, and Unavailable."""
        answer = await self._client.call(
            "POST",
            "/v1/sources",
            content={"sources": [{"id": video_id, "method": method, "filename": filename, "is_download": is_download}]},
            is_idempotent=True,
            relays=_RELAYED,
        )
        source = answer.content["sources"].get(video_id)
        if source is None:
            raise NotFound
        return Source(
            url=source["url"], media_type=source["type"], expires_at=datetime.fromisoformat(source["expires_at"])
        )
