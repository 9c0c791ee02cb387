"""The JSON shapes of this room."""

from __future__ import annotations

from common.web.requests import Input
from upload_svc.guests.models import present_upload_link
from upload_svc.guests.store import ListedUploadLink
from upload_svc.models import Grant, GrantPage, SharedCollection


class Moderate(Input):
    """Whether a video is to be seen by its owner alone."""

    hidden: bool


class ModeratedUploadLink(Grant):
    """A link by which guests send, the collection into which they send, and whose that is."""

    owner: str
    collection: SharedCollection


class ModeratedGrantPage(GrantPage):
    """As for its owner, with the `upload_links` into the collections that the video is in, the newest, 100 at most."""

    upload_links: list[ModeratedUploadLink]


def present_moderated_link(listed: ListedUploadLink, title: str, *, owner: str) -> ModeratedUploadLink:
    link = present_upload_link(listed.link, received=listed.received)
    collection = SharedCollection(id=listed.link.collection_id, title=title)
    return ModeratedUploadLink(**dict(link), owner=owner, collection=collection)
