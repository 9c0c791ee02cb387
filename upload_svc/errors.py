"""Every refusal of upload_svc that is its own; those about bytes are fs_svc's, handed on (see fs_client)."""

from __future__ import annotations

from common.errors import Conflict, Refusal
from common.languages import N_


class UploadNotOpen(Conflict):
    """The upload takes no more parts: it is finished or was given up."""

    code = "upload-not-open"
    title = N_("This upload is no longer open")


class FileDiffers(Conflict):
    """The file is not the one that was announced, or that is stored; in fs_svc's words, since both may be first."""

    code = "file-differs"
    title = N_("This isn’t the same file")

    def __init__(self) -> None:
        super().__init__(
            N_("This upload is for another file of the same size (the SHA-256 differs). Upload this file separately.")
        )


class NotFinished(Conflict):
    """Only what is ready can go into the trash and come back; what is unfinished is discarded for ever."""

    def __init__(self) -> None:
        super().__init__(N_("The upload isn’t complete. Finish it or delete it."))


class PreconditionFailed(Refusal):
    """The `If-Match` of a change is not the ETag that the video has now (RFC 9110, section 15.5.13)."""

    status = 412
    code = "precondition-failed"
    title = N_("Changed in the meantime")

    def __init__(self) -> None:
        super().__init__(N_("This video has changed since you loaded it. Load it again, then make your change."))


class IdempotentRequestRunning(Conflict):
    """The first request with this `Idempotency-Key` has not been answered yet."""

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key is still running. Try again in a moment.",
            headers={"Retry-After": "2"},
        )
