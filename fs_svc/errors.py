"""Every refusal of fs_svc that is not one of the kinds in `common.errors`."""

from __future__ import annotations

from collections.abc import Sequence

from common.errors import Conflict, RateLimited, Refusal, TooLarge
from common.languages import N_, gettext


class UploadNotOpen(Conflict):
    """The upload accepts no parts: it is finished, aborted, or not yet open."""

    code = "upload-not-open"

    def __init__(self, state: str) -> None:
        super().__init__(f"This upload no longer accepts parts: it is {state}.")


class TooManyOpen(RateLimited):
    """The account has as many unfinished uploads as it may."""

    def __init__(self, most: int) -> None:
        detail = gettext("You have %(count)s unfinished uploads: finish or discard one of them first.")
        super().__init__(detail % {"count": most}, retry_after_seconds=60)


class PartsHeld(Conflict):
    """These parts have been sent too many times; no more copies are accepted."""

    def __init__(self, part_numbers: Sequence[int]) -> None:
        super().__init__(
            N_("The storage already has several copies of these parts. Skip them and complete the upload."),
            part_numbers=list(part_numbers),
        )


class PartAmbiguous(Conflict):
    """The storage holds different contents for a part and does not say which came last."""

    code = "part-ambiguous"

    def __init__(self, missing: Sequence[int]) -> None:
        super().__init__("Send the parts in `missing` again, then complete the upload.", missing=list(missing))


class PartDiffers(Conflict):
    """The storage already holds these parts, with content other than the checksums say."""

    code = "part-differs"

    def __init__(self, part_numbers: Sequence[int]) -> None:
        super().__init__(
            "Parts that were already uploaded differ from this file. Choose the file that the upload was started with, "
            "or discard the upload.",
            part_numbers=list(part_numbers),
        )


class FileDiffers(Conflict):
    """The file is not the one that was announced, or that is stored."""

    code = "file-differs"

    def __init__(self) -> None:
        super().__init__(
            N_("This upload is for another file of the same size (the SHA-256 differs). Upload this file separately.")
        )


class PartsMissing(Refusal):
    """The storage does not hold every part in its planned size."""

    code = "parts-missing"

    def __init__(self, missing: Sequence[int]) -> None:
        super().__init__("Send the parts in `missing`, then complete the upload.", missing=list(missing))


class QuotaExceeded(TooLarge):
    """The file does not fit into the account's quota; all sizes in bytes."""

    code = "quota-exceeded"

    def __init__(self, *, limit: int, used: int, reserved: int, size: int) -> None:
        super().__init__(
            N_("Not enough storage left for this file. Delete something or ask for more space."),
            limit=limit,
            used=used,
            reserved=reserved,
            size=size,
        )


class RemovalHeld(Conflict):
    """It is not confirmed that bucket and database belong together, and to nobody else."""

    def __init__(self) -> None:
        super().__init__(
            N_("The bucket may be shared with another installation. If not, run vss reconcile --claim and try again.")
        )


class OrphansDiffer(Conflict):
    """The number of objects and multipart uploads without a row is not the one that was confirmed."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} objects and uploads have no row. Review them, then run with --remove {count}.")


class NotAdoptable(Conflict):
    """The object cannot become a video."""

    def __init__(self) -> None:
        super().__init__(N_("There is no object with this name and without a row, or it isn’t a video."))


class FilesMissing(Conflict):
    """The storage does not hold every file of a derived object in its size."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("Send the files in `missing`, then complete it again.", missing=list(names))


class NotReserved(Conflict):
    """A derived object is stored already, or was deleted."""

    def __init__(self, state: str) -> None:
        super().__init__(f"This derived object takes no files: it is {state}.")
