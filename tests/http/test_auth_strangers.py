"""Clients that others wrote log in, verify, refresh and end it, and are told nothing but the issuer's address."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749 import OAuth2Token
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from tests.auth_app import PASSWORD, AuthApp

pytestmark = [pytest.mark.any_database, pytest.mark.accounts("alice")]


async def test_the_address_of_the_issuer_is_enough(app: AuthApp, monkeypatch: pytest.MonkeyPatch) -> None:
    # Authlib insists on TLS but for this word.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "true")
    await asyncio.to_thread(_use, app.url)


def _use(issuer: str) -> None:
    answer = requests.get(get_well_known_url(issuer, external=True), timeout=30)
    assert answer.headers["Content-Type"].startswith("application/json")
    metadata = AuthorizationServerMetadata(answer.json())
    metadata.validate()
    assert metadata["issuer"] == issuer
    with OAuth2Session(
        token_endpoint=metadata["token_endpoint"],
        revocation_endpoint=metadata["revocation_endpoint"],
        token_endpoint_auth_method="none",
        revocation_endpoint_auth_method="none",
    ) as client:
        first = client.fetch_token(username="alice", password=PASSWORD)
        assert _verified(metadata, first)["preferred_username"] == "alice"
        assert client.get(f"{issuer}/v1/me", timeout=30).json()["username"] == "alice"
        # Authlib refreshes by itself when its token has run out.
        client.token = OAuth2Token({**first, "expires_at": 1})
        assert client.get(f"{issuer}/v1/me", timeout=30).json()["username"] == "alice"
        second = client.token
        assert second["refresh_token"] != first["refresh_token"]
        assert _verified(metadata, second)["jti"] != _verified(metadata, first)["jti"]
        assert client.revoke_token(metadata["revocation_endpoint"], second["refresh_token"]).status_code == 200
        with pytest.raises(Exception, match="invalid_grant"):
            client.refresh_token(metadata["token_endpoint"], second["refresh_token"])


def _verified(metadata: AuthorizationServerMetadata, token: OAuth2Token) -> dict[str, Any]:
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token["access_token"])
    claims: dict[str, Any] = jwt.decode(
        token["access_token"], key, ["RS256"], audience="vss", issuer=metadata["issuer"]
    )
    return claims
