"""What each problem type means and what to do about it: the pages at `/problems/<code>` that every problem names.

One table for all services, because one of them serves the pages; a test compares it with every refusal there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from common.languages import N_


@dataclass(frozen=True, slots=True)
class ProblemType:
    """The status and the title that a problem of this type has, and the words of its page."""

    status: int
    title: str
    meaning: str


_TYPES: Final = {
    "malformed": ProblemType(
        400,
        N_("The request could not be read"),
        N_("The request doesn’t have the expected form. Compare it with the API description and send it again."),
    ),
    "unauthenticated": ProblemType(
        401, N_("Log in first"), N_("The request has no valid access token or session. Log in and send it again.")
    ),
    "forbidden": ProblemType(
        403,
        N_("Not allowed"),
        N_("Your account or API key doesn’t have permission. If it should, ask an administrator."),
    ),
    "cross-origin": ProblemType(
        403,
        N_("This request came from another site"),
        N_("Changes are accepted only from this site’s own pages. Open the page here and try again."),
    ),
    "not-found": ProblemType(
        404, N_("Not found"), N_("It doesn’t exist, or it hasn’t been shared with you. Check the address.")
    ),
    "conflict": ProblemType(
        409,
        N_("Not possible in this state"),
        N_("It was changed or finished in the meantime. Check its current state, then try again."),
    ),
    "upload-not-open": ProblemType(
        409,
        N_("This upload is no longer open"),
        N_("The upload is complete or was cancelled, so it accepts no more parts. Start a new upload."),
    ),
    "part-ambiguous": ProblemType(
        409,
        N_("A part was sent twice with different content"),
        N_("The same part was sent twice with different content. Send the parts in “missing” again, then complete."),
    ),
    "part-differs": ProblemType(
        409,
        N_("This isn’t the file that the upload was started with"),
        N_("An uploaded part isn’t the one that was announced. Check that it’s the same file, or start a new upload."),
    ),
    "file-differs": ProblemType(
        409,
        N_("This isn’t the same file"),
        N_("The SHA-256 differs from the file that this upload is for. Nothing is lost: upload this file separately."),
    ),
    "last-administrator": ProblemType(
        409,
        N_("This is the last administrator"),
        N_("At least one administrator must remain enabled. Make someone else an administrator first."),
    ),
    "precondition-failed": ProblemType(
        412,
        N_("Changed in the meantime"),
        N_("It was changed after you loaded it, so nothing was saved. Load it again, then make your change."),
    ),
    "too-large": ProblemType(
        413, N_("Too large"), N_("The request is larger than allowed. The detail says what the limit is.")
    ),
    "quota-exceeded": ProblemType(
        413,
        N_("Not enough storage left"),
        N_("Your storage can’t hold this file. Delete something, or ask an administrator for more space."),
    ),
    "unsupported-media-type": ProblemType(
        415,
        N_("Content type not supported"),
        N_("This endpoint expects a different content type. The detail names it."),
    ),
    "misdirected": ProblemType(
        421, N_("Wrong host name"), N_("The request used a host name that isn’t this site’s. Use the public address.")
    ),
    "invalid": ProblemType(
        422,
        N_("Some values are invalid"),
        N_("Some values can’t be used. “errors” names each of them. Correct them and send the request again."),
    ),
    "parts-missing": ProblemType(
        422,
        N_("Parts are missing"),
        N_("The upload can’t be completed yet. Send the parts in “missing”, then complete it again."),
    ),
    "idempotency-key-reused": ProblemType(
        422,
        N_("This Idempotency-Key was used for another request"),
        N_("The key belongs to a request with other content. Use a new key for a new request."),
    ),
    "rate-limited": ProblemType(
        429, N_("Too many requests"), N_("Wait for the number of seconds in Retry-After, then try again.")
    ),
    "format-not-offered": ProblemType(
        501,
        N_("Not available in this format"),
        N_("The answer exists, but not in the format that was asked for. Ask for JSON."),
    ),
    "unavailable": ProblemType(
        503,
        N_("Temporarily unavailable"),
        N_("Part of the system isn’t responding. Nothing is lost. Try again after the seconds in Retry-After."),
    ),
    "storage-unavailable": ProblemType(
        503,
        N_("The storage is temporarily unavailable"),
        N_("The storage server isn’t responding. Nothing is lost. Try again after the seconds in Retry-After."),
    ),
}
PROBLEM_TYPES: Final[Mapping[str, ProblemType]] = MappingProxyType(_TYPES)
