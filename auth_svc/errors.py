"""Every refusal of auth_svc; those of the token endpoint carry RFC 6749's `error` beside the problem's members."""

from __future__ import annotations

from common.errors import Conflict, Invalid, Malformed, NotFound, Unauthenticated
from common.languages import N_, gettext


class InvalidGrant(Unauthenticated):
    """Wrong name or password: one answer for all the ways to be wrong."""

    def __init__(self) -> None:
        super().__init__(N_("The user name or the password is not right."), error="invalid_grant")


class AlreadyAnswered(Conflict):
    """The first request with this `Idempotency-Key` was answered in this very moment."""

    def __init__(self) -> None:
        super().__init__(
            N_("The first request with this Idempotency-Key has just been answered; ask again."),
            headers={"Retry-After": "1"},
        )


class LastAdministrator(Conflict):
    """Nobody would be left who could undo it."""

    code = "last-administrator"
    title = N_("This is the last administrator")

    def __init__(self) -> None:
        super().__init__(N_("Make somebody else an administrator first."))


class NoSuchNewOwner(Invalid):
    """The account that is to get a deleted one's videos does not exist."""

    def __init__(self) -> None:
        super().__init__([{"pointer": "#/heir", "detail": gettext("is no account here")}])


class PasswordLinkGone(NotFound):
    """A link for choosing a password that was used, has run out, or never was."""

    def __init__(self) -> None:
        super().__init__(N_("This link was used or has run out: ask an administrator for another."))


class InvalidApiKey(Unauthenticated):
    """An API key that is unknown, has expired or was deleted, or whose account is disabled."""

    def __init__(self) -> None:
        super().__init__("The API key is not valid, or not any more.", error="invalid_grant")


class InvalidRefreshToken(Malformed):
    """A refresh token that is unknown, has run out, or was used before (RFC 6749, section 5.2)."""

    def __init__(self) -> None:
        super().__init__("The refresh token is not valid any more: log in again.", error="invalid_grant")


class UnsupportedTokenType(Malformed):
    """A token that cannot be revoked here (RFC 7009, section 2.2.1)."""

    def __init__(self) -> None:
        super().__init__(
            "Only refresh tokens are revoked here: an access token ends by itself within minutes, and an API key is"
            " deleted where it was made.",
            error="unsupported_token_type",
        )


class InvalidClient(Unauthenticated):
    """A service that could not show who it is (RFC 6749, section 5.2)."""

    def __init__(self) -> None:
        super().__init__(
            "The client id or its secret is not right.", challenge='Basic realm="vss"', error="invalid_client"
        )


class WrongCurrentPassword(Invalid):
    """Somebody is logged in and wants another password, but does not know the one they have."""

    def __init__(self) -> None:
        super().__init__([{"pointer": "#/current_password", "detail": gettext("is not your password")}])


class UnsupportedGrantType(Malformed):
    """A grant that is not offered here."""

    def __init__(self) -> None:
        super().__init__(
            "Use grant_type=password, refresh_token, api_key or client_credentials.", error="unsupported_grant_type"
        )


class InvalidTokenRequest(Malformed):
    """A token request with a field missing or unreadable."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, error="invalid_request")
