"""Every refusal of auth_svc; those of the token endpoint carry RFC 6749's `error` beside the problem's members."""

from __future__ import annotations

from common.errors import Malformed, Unauthenticated


class InvalidGrant(Unauthenticated):
    """Wrong name or password: one answer for all the ways to be wrong."""

    def __init__(self) -> None:
        super().__init__("The user name or the password is not right.", error="invalid_grant")


class InvalidClient(Unauthenticated):
    """A service that could not show who it is (RFC 6749, section 5.2)."""

    def __init__(self) -> None:
        super().__init__(
            "The client id or its secret is not right.", challenge='Basic realm="vss"', error="invalid_client"
        )


class UnsupportedGrantType(Malformed):
    """A grant that is not offered here."""

    def __init__(self) -> None:
        super().__init__("Use grant_type=password or client_credentials.", error="unsupported_grant_type")


class InvalidTokenRequest(Malformed):
    """A token request with a field missing or unreadable."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, error="invalid_request")
