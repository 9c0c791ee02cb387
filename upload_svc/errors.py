"""Every refusal of upload_svc that is its own; those about bytes are fs_svc's, handed on (see fs_client)."""

from __future__ import annotations

from typing import Final

from common.errors import Conflict, Forbidden, NotFound, Refusal, TooLarge
from common.languages import N_, gettext

# The codes of what fs_svc may refuse of any upload when parts are signed and when it is completed.
SIGNING: Final = ("conflict", "quota-exceeded", "storage-unavailable", "upload-not-open")
COMPLETING: Final = (
    "file-differs",
    "part-ambiguous",
    "parts-missing",
    "quota-exceeded",
    "storage-unavailable",
    "upload-not-open",
)


class UploadNotOpen(Conflict):
    """The upload takes no more parts: it is finished or was given up."""

    code = "upload-not-open"


class FileDiffers(Conflict):
    """The file is not the one that was announced, or that is stored; in fs_svc's words, since both may be first."""

    code = "file-differs"

    def __init__(self) -> None:
        super().__init__(
            N_("This upload is for another file of the same size (the SHA-256 differs). Upload this file separately.")
        )


class NotFinished(Conflict):
    """Only what is ready can go into the trash and come back; what is unfinished is discarded for ever."""

    def __init__(self) -> None:
        super().__init__(N_("The upload isn’t complete. Finish it or delete it."))


class TooManyLinks(Conflict):
    """The video or collection has as many links as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(gettext("There are %(count)s links already, the maximum. Revoke one first.") % {"count": most})


class TooManyUploadLinks(Conflict):
    """The collection has as many links by which guests send as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            gettext("This collection has %(count)s links for guests, the maximum. Revoke one first.") % {"count": most}
        )


class TooManyGrants(Conflict):
    """The video or collection is shared with as many people and groups as one may be."""

    def __init__(self, most: int) -> None:
        super().__init__(
            gettext(
                "It is shared with %(count)s people and groups already, the maximum. Share it with a group instead."
            )
            % {"count": most}
        )


class PictureReplaced(Conflict):
    """Something else was chosen while the picture came."""

    def __init__(self) -> None:
        super().__init__(N_("Another picture was chosen meanwhile. Send this one again if you’d rather have it."))


class PictureTooLarge(TooLarge):
    """Of a file; whether there are too many pixels is found out later."""

    def __init__(self) -> None:
        super().__init__(N_("The picture is larger than 10 MB. Choose a smaller one."))


class JobLost(Conflict):
    """The job is another attempt's by now, has ended, or is of a video that is being deleted."""

    def __init__(self) -> None:
        super().__init__("This attempt doesn’t have the job any more. Drop it and take another.")


class OutputsMissing(Conflict):
    """A job that is for its files alone has none."""

    def __init__(self) -> None:
        super().__init__("Ask for outputs and send the files, then complete the job.")


class TooManyCollections(Conflict):
    """The account has as many collections as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            gettext("You have %(count)s collections, the maximum. Delete one first.") % {"count": f"{most:,}"}
        )


class CollectionFull(Conflict):
    """The collection has as many videos as one may have, those in the trash included."""

    def __init__(self, most: int) -> None:
        detail = gettext("This collection has %(count)s videos, the maximum. Remove one first, or begin another one.")
        super().__init__(detail % {"count": f"{most:,}"})


class NotToBeCollected(NotFound):
    """There is no such video, or it is somebody else's: both look the same."""

    def __init__(self) -> None:
        super().__init__(N_("You have no video with this ID. A collection can only contain videos of your own."))


class OwnersAlone(Forbidden):
    """Whoever manages a collection does what its owner does with it, but for this."""

    def __init__(
        self, detail: str = N_("Only this collection’s owner can delete it, or choose who else manages it.")
    ) -> None:
        super().__init__(detail)


class PreconditionFailed(Refusal):
    """The `If-Match` of a change is not the ETag that the video has now (RFC 9110, section 15.5.13)."""

    code = "precondition-failed"

    def __init__(
        self, detail: str = N_("This video has changed since you loaded it. Load it again, then make your change.")
    ) -> None:
        super().__init__(detail)


class CollectionChanged(PreconditionFailed):
    """The same of a collection."""

    def __init__(self) -> None:
        super().__init__(N_("This collection has changed since you loaded it. Load it again, then make your change."))
