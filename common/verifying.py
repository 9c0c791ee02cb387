"""Verifying access tokens on a request: the verification keys, and a bounded cache of tokens already verified."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from datetime import timedelta
from typing import Any, Final, Protocol

import aiohttp
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm

from common.clock import Clock, utc_now
from common.errors import Unauthenticated, Unavailable
from common.tokens import LEEWAY, InvalidToken, Principal, read_key_id, verify_access_token

logger = logging.getLogger(__name__)

# An unknown key id makes us ask the issuer, so strangers could make us ask; not more often than this.
REFRESH_INTERVAL: Final = timedelta(seconds=30)
MAX_CACHED_TOKENS: Final = 10_000
FETCH_TIMEOUT: Final = aiohttp.ClientTimeout(total=3, sock_connect=2)


class VerificationKeys(Protocol):
    """Where public keys come from: auth_svc has them itself, the others ask it."""

    async def get(self, key_id: str) -> RSAPublicKey | None:
        """The key with this id, or None; raises Unavailable when no key set could be had at all."""
        ...


class RemoteKeys:
    """auth_svc's JWKS (RFC 7517), fetched once and again when an unknown key id appears.

    The last good set is kept while auth_svc is away, so that people with tokens go on.
    """

    def __init__(self, session: aiohttp.ClientSession, auth_url: str, *, clock: Clock = utc_now) -> None:
        self._session = session
        self._url = f"{auth_url}/.well-known/jwks.json"
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._refresh_after = clock()
        self._refreshing = asyncio.Lock()

    async def get(self, key_id: str) -> RSAPublicKey | None:
        """See VerificationKeys."""
        if key_id not in self._keys:
            await self.refresh(missing=key_id)
        return self._keys.get(key_id)

    async def refresh(self, *, missing: str | None = None) -> None:
        """Fetches the key set, unless that was done a moment ago. Raises Unavailable when there is none at all."""
        async with self._refreshing:
            if missing in self._keys or (self._keys and self._clock() < self._refresh_after):
                return
            try:
                async with self._session.get(self._url, timeout=FETCH_TIMEOUT, allow_redirects=False) as answer:
                    answer.raise_for_status()
                    key_set = json.loads(await answer.read())
                self._keys = _parse_key_set(key_set)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as exc:
                logger.warning("key set not fetched", extra={"reason": type(exc).__name__})
                if not self._keys:
                    raise Unavailable from exc
            self._refresh_after = self._clock() + REFRESH_INTERVAL


def _parse_key_set(key_set: dict[str, Any]) -> dict[str, RSAPublicKey]:
    keys = {key["kid"]: parse_key(key) for key in key_set["keys"]}
    if not keys:
        raise ValueError("a key set without keys")
    return keys


def parse_key(jwk: dict[str, Any]) -> RSAPublicKey:
    """A public RSA key from its JWK. Raises ValueError when it is anything else."""
    try:
        key = RSAAlgorithm.from_jwk(jwk)
    except InvalidKeyError as exc:
        raise ValueError("not an RSA key") from exc
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a private key where a public one belongs")
    return key


class Verifier:
    """Turns the text of an access token into a Principal."""

    def __init__(self, keys: VerificationKeys, *, issuer: str, clock: Clock = utc_now) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self._verified: OrderedDict[tuple[str, str], Principal] = OrderedDict()

    async def verify(self, token: str, *, audience: str) -> Principal:
        """The principal of a valid token. Raises Unauthenticated, or Unavailable when no keys can be had."""
        cached = self._verified.get((audience, token))
        now = self._clock()
        if cached is not None and cached.expires_at + LEEWAY > now:
            return cached
        self._verified.pop((audience, token), None)
        try:
            key = await self._keys.get(read_key_id(token))
            if key is None:
                raise InvalidToken("signed with an unknown key")
            principal = verify_access_token(token, key=key, issuer=self._issuer, audience=audience, now=now)
        except InvalidToken as exc:
            logger.info("token refused", extra={"reason": str(exc)})
            raise Unauthenticated(
                "The access token is not valid or has expired: get a new one.",
                challenge='Bearer error="invalid_token"',
            ) from exc
        self._verified[audience, token] = principal
        if len(self._verified) > MAX_CACHED_TOKENS:
            self._verified.popitem(last=False)
        return principal
