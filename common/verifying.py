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
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY, InvalidToken, Principal, read_key_id, verify_access_token

logger = logging.getLogger(__name__)

# How often each verifier asks for the key set, off the path of requests (see common/web/remote_identity.py). With the
# time that the issuer takes to notice, a key that was revoked is refused everywhere within a minute.
RENEW_SECONDS: Final = 30.0
# An unknown key id makes us ask the issuer, so strangers could make us ask; not more often than this.
REFRESH_INTERVAL: Final = timedelta(seconds=30)
# How long the last key set counts while the issuer is away: by then every token that it can have given has ended.
KEPT_WITHOUT_ISSUER: Final = ACCESS_TOKEN_LIFETIME + timedelta(minutes=1)
MAX_CACHED_TOKENS: Final = 10_000
# The challenge of whoever refuses a token (RFC 6750, section 3.1).
INVALID_TOKEN: Final = 'Bearer error="invalid_token"'
FETCH_TIMEOUT: Final = aiohttp.ClientTimeout(total=3, sock_connect=2)


class VerificationKeys(Protocol):
    """Where public keys come from: auth_svc has them itself, the others ask it."""

    async def get(self, key_id: str) -> RSAPublicKey | None:
        """The key with this id, or None; raises Unavailable when no key set could be had at all."""
        ...


class RemoteKeys:
    """auth_svc's JWKS (RFC 7517), renewed by a loop, and at once when an unknown key id appears.

    The last good set is kept for KEPT_WITHOUT_ISSUER while auth_svc is away, so that people with tokens go on.
    """

    def __init__(self, session: aiohttp.ClientSession, auth_url: str, *, clock: Clock = utc_now) -> None:
        self._session = session
        self._url = f"{auth_url}/.well-known/jwks.json"
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = clock()
        self._ask_for_unknown_after = clock()
        self._fetching = asyncio.Lock()
        self._failures = 0

    async def get(self, key_id: str) -> RSAPublicKey | None:
        if key_id not in self._current():
            await self._look_for(key_id)
        return self._keys.get(key_id)

    async def check(self) -> None:
        """Raises Unavailable when there is no key set, after asking for one: nobody could be let in."""
        if not self._current():
            await self._look_for(None)

    async def renew(self) -> None:
        """One step of the loop: fetches the key set; a key that is not in it any more is good for nothing.

        Raises Unavailable; what was known stays known meanwhile.
        """
        async with self._fetching:
            await self._fetch()

    def _current(self) -> dict[str, RSAPublicKey]:
        if self._clock() >= self._fetched_at + KEPT_WITHOUT_ISSUER:
            self._keys = {}
        return self._keys

    async def _look_for(self, key_id: str | None) -> None:
        """Fetches the key set, unless a missing key was looked for a moment ago; raises Unavailable without any."""
        failures = self._failures
        async with self._fetching:
            known = self._current()
            if known and (key_id is None or key_id in known or self._clock() < self._ask_for_unknown_after):
                return
            if not known and failures != self._failures:
                # Somebody has just tried while we waited: a queue of tries would keep everybody for minutes.
                raise Unavailable
            try:
                await self._fetch()
            except Unavailable:
                if not self._keys:
                    raise
            self._ask_for_unknown_after = self._clock() + REFRESH_INTERVAL

    async def _fetch(self) -> None:
        try:
            async with self._session.get(self._url, timeout=FETCH_TIMEOUT, allow_redirects=False) as answer:
                answer.raise_for_status()
                key_set = json.loads(await answer.read())
            self._keys = _parse_key_set(key_set)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as exc:
            self._failures += 1
            logger.warning("key set not fetched", extra={"reason": type(exc).__name__})
            raise Unavailable from exc
        self._fetched_at = self._clock()


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
        # With the key that has verified it: what is remembered ends with its key.
        self._verified: OrderedDict[tuple[str, str], tuple[str, RSAPublicKey, Principal]] = OrderedDict()

    async def verify(self, token: str, *, audience: str) -> Principal:
        """The principal of a valid token. Raises Unauthenticated, or Unavailable when no keys can be had."""
        now = self._clock()
        if known := self._verified.get((audience, token)):
            key_id, verified_with, principal = known
            if principal.expires_at + LEEWAY > now and await self._keys.get(key_id) == verified_with:
                return principal
            self._verified.pop((audience, token), None)
        try:
            key_id = read_key_id(token)
            key = await self._keys.get(key_id)
            if key is None:
                raise InvalidToken("signed with an unknown key")
            principal = verify_access_token(token, key=key, issuer=self._issuer, audience=audience, now=now)
        except InvalidToken as exc:
            logger.info("token refused", extra={"reason": str(exc)})
            raise Unauthenticated(
                "The access token is invalid or has expired. Get a new one.", challenge=INVALID_TOKEN
            ) from exc
        self._verified[audience, token] = (key_id, key, principal)
        if len(self._verified) > MAX_CACHED_TOKENS:
            self._verified.popitem(last=False)
        return principal
