"""The kinds of refusal every service answers with; services declare their own as subclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from common.languages import N_, gettext
from common.problem_types import PROBLEM_TYPES


class Fault(TypedDict):
    """One fault of an input: where it is (RFC 6901 pointer, as a URI fragment) and what to do about it."""

    pointer: str
    detail: str


class Refusal(Exception):
    """A request that is answered with an RFC 9457 problem.

    A class has the `code` of one of PROBLEM_TYPES, its own or its base's, and with that its status and title.
    `detail` is for the person: what happened in this case and what to do, without internals.
    `members` become extension members of the problem, `headers` fields of the answer.
    """

    code: str
    status: int
    title: str

    def __init_subclass__(cls) -> None:
        if "code" in cls.__dict__:
            problem_type = PROBLEM_TYPES[cls.code]
            cls.status, cls.title = problem_type.status, problem_type.title

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def to_problem(self) -> dict[str, object]:
        """The problem's members in the order a reader wants them (RFC 9457, section 3.1).

        `title` and `detail` are in the language that the request asks for; `code` says the same in all of them.
        """
        return {
            "type": f"/problems/{self.code}",
            "title": gettext(self.title),
            "status": self.status,
            "detail": gettext(self.detail),
            "code": self.code,
            **self.members,
        }


class Malformed(Refusal):
    """The bytes of the request are not what the method takes."""

    code = "malformed"


class Unauthenticated(Refusal):
    """Nobody is logged in, or the credentials are not valid (RFC 9110, section 15.5.2)."""

    code = "unauthenticated"

    def __init__(
        self,
        detail: str = N_("Log in again, or send a valid access token."),
        *,
        challenge: str = "Bearer",
        **members: object,
    ) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge}, **members)


class Forbidden(Refusal):
    """Known, but not allowed."""

    code = "forbidden"


class InsufficientScope(Forbidden):
    """The access token is good, but for less than this (RFC 6750, section 3.1)."""

    def __init__(self) -> None:
        super().__init__(
            "The API key behind this access token doesn’t allow this. Use one with a wider scope.",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )


class CrossOrigin(Forbidden):
    """An unsafe request with a session cookie that did not come from a page of this service."""

    code = "cross-origin"


class NotFound(Refusal):
    """Not there, or not yours: both look the same."""

    code = "not-found"

    def __init__(self, detail: str = N_("This doesn’t exist, or it hasn’t been shared with you.")) -> None:
        super().__init__(detail)


class Misdirected(Refusal):
    """The request was sent to a name that is none of ours (RFC 9110, section 15.5.20)."""

    code = "misdirected"

    def __init__(self) -> None:
        super().__init__(N_("This service doesn’t answer under this host name. Use its public address."))


class Conflict(Refusal):
    """The state of the thing does not allow this now."""

    code = "conflict"


class TooLarge(Refusal):
    """More than is taken."""

    code = "too-large"


class UnsupportedMediaType(Refusal):
    """The content type is not one that is read here."""

    code = "unsupported-media-type"


class Invalid(Refusal):
    """Readable, but some values are not acceptable; `errors` names each of them."""

    code = "invalid"

    def __init__(self, errors: Sequence[Fault]) -> None:
        names = ", ".join(dict.fromkeys(error["pointer"].removeprefix("#/") or "the content" for error in errors))
        super().__init__(gettext("Correct these and try again: %(names)s.") % {"names": names}, errors=list(errors))
        self.errors = list(errors)


class IdempotencyKeyReused(Refusal):
    """The same `Idempotency-Key` with another content."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(N_("Send the same content as the first time, or use a new Idempotency-Key."))


class IdempotentRequestRunning(Conflict):
    """The first request with this `Idempotency-Key` has no answer yet."""

    def __init__(self) -> None:
        super().__init__(
            N_("The first request with this Idempotency-Key is still running. Try again in a moment."),
            headers={"Retry-After": "2"},
        )


class RateLimited(Refusal):
    """Too many requests; `Retry-After` says when to come again."""

    code = "rate-limited"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class Unavailable(Refusal):
    """Something this service needs does not answer; nothing is lost, try again."""

    code = "unavailable"

    def __init__(
        self,
        detail: str = N_("Part of the system isn’t responding. Nothing is lost. Try again in a few seconds."),
        *,
        retry_after_seconds: int = 2,
    ) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class StorageUnavailable(Unavailable):
    """The S3 storage does not answer."""

    code = "storage-unavailable"
