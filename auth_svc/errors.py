"""Every refusal of auth_svc; those of the token endpoint carry RFC 6749's `error` beside the problem's members."""

from __future__ import annotations

from collections.abc import Iterable

from common.errors import Conflict, Forbidden, Invalid, Malformed, NotFound, Unauthenticated
from common.languages import N_, gettext
from common.tokens import MAX_GROUPS


class InvalidGrant(Unauthenticated):
    """Wrong name or password: one answer for all the ways to be wrong."""

    def __init__(self) -> None:
        super().__init__(N_("Wrong username or password."), error="invalid_grant")


class LastAdministrator(Conflict):
    """Nobody would be left who could undo it."""

    code = "last-administrator"

    def __init__(self) -> None:
        super().__init__(N_("Make someone else an administrator first."))


class NoSuchNewOwner(Invalid):
    """The account that is to get a deleted one's videos does not exist."""

    def __init__(self) -> None:
        super().__init__([{"pointer": "#/heir", "detail": gettext("is not an existing account")}])


class OnlyAdministrators(Forbidden):
    """Part of it is for administrators alone: to make groups, and to say who manages them."""

    def __init__(self) -> None:
        super().__init__(N_("Only administrators can do this."))


class NotAManager(Forbidden):
    """They are in the group, but do not manage it."""

    def __init__(self) -> None:
        super().__init__(N_("Only this group’s managers and administrators can do this."))


class GroupNameTaken(Invalid):
    """Another group is called so."""

    def __init__(self) -> None:
        super().__init__([{"pointer": "#/name", "detail": gettext("is already taken")}])


class TooManyGroups(Invalid):
    """The account is in as many groups as its access token can name."""

    def __init__(self) -> None:
        detail = gettext("is already in %(count)s groups, the maximum: remove it from another group first")
        super().__init__([{"pointer": "#/account_id", "detail": detail % {"count": MAX_GROUPS}}])


class UnknownManagers(Invalid):
    """Accounts that shall manage a group do not exist."""

    def __init__(self, places: Iterable[int]) -> None:
        detail = gettext("is not an existing account")
        super().__init__([{"pointer": f"#/managers/{place}", "detail": detail} for place in places])


class PasswordLinkGone(NotFound):
    """A link for choosing a password that was used, has run out, or never was."""

    def __init__(self) -> None:
        super().__init__(N_("This link has been used or has expired. Ask an administrator for a new one."))


class InvalidApiKey(Unauthenticated):
    """An API key that is unknown, has expired or was deleted, or whose account is disabled."""

    def __init__(self) -> None:
        super().__init__("The API key is invalid, expired or deleted.", error="invalid_grant")


class InvalidRefreshToken(Malformed):
    """A refresh token that is unknown, has run out, or was used before (RFC 6749, section 5.2)."""

    def __init__(self) -> None:
        super().__init__("The refresh token is no longer valid. Log in again.", error="invalid_grant")


class UnsupportedTokenType(Malformed):
    """A token that cannot be revoked here (RFC 7009, section 2.2.1)."""

    def __init__(self) -> None:
        super().__init__(
            "Only refresh tokens can be revoked here. Access tokens expire by themselves within minutes; API keys are"
            " deleted where they were created.",
            error="unsupported_token_type",
        )


class InvalidClient(Unauthenticated):
    """A service that could not show who it is (RFC 6749, section 5.2)."""

    def __init__(self) -> None:
        super().__init__("Wrong client ID or secret.", challenge='Basic realm="vss"', error="invalid_client")


class WrongCurrentPassword(Invalid):
    """Somebody is logged in and wants another password, but does not know the one they have."""

    def __init__(self) -> None:
        super().__init__([{"pointer": "#/current_password", "detail": gettext("is wrong")}])


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
