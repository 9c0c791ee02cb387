"""A small real server in auth_svc's place: the same two answers, which a test can spoil, delay, lose and count."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from jwt.algorithms import RSAAlgorithm

from tests.token_forge import signing_key

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Issuer:
    """Publishes the keys with `key_ids`, and gives tokens to services."""

    def __init__(self) -> None:
        self.url = ""
        self.key_ids = ["first"]
        self.key_sets_given = 0
        self.tokens_given: list[str] = []
        self.token_lifetime_seconds = 300
        # What is answered instead of either.
        self.instead: Answer | None = None

    async def get_jwks(self, request: web.Request) -> web.StreamResponse:
        self.key_sets_given += 1
        if self.instead is not None:
            return await self.instead(request)
        return web.json_response({"keys": [public_jwk(key_id) for key_id in self.key_ids]})

    async def issue_token(self, request: web.Request) -> web.StreamResponse:
        self.tokens_given.append(f"token-{len(self.tokens_given) + 1}")
        if self.instead is not None:
            return await self.instead(request)
        return web.json_response(
            {"access_token": self.tokens_given[-1], "token_type": "Bearer", "expires_in": self.token_lifetime_seconds}
        )


def public_jwk(key_id: str) -> dict[str, Any]:
    """The public part of a key of `tests.token_forge`."""
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(signing_key(key_id).private_key.public_key(), as_dict=True)
    return {**jwk, "kid": key_id}


def private_jwk(key_id: str) -> dict[str, Any]:
    """The whole key, which belongs in no key set."""
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(signing_key(key_id).private_key, as_dict=True)
    return {**jwk, "kid": key_id}


def answering(content: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """The same answer each time; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type="application/json", headers=headers)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    """No answer: the connection ends."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(routes: list[web.RouteDef]) -> AsyncIterator[str]:
    """Serves the routes on loopback; gives the address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{site.port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running_issuer() -> AsyncIterator[Issuer]:
    """An issuer at `.url`."""
    issuer = Issuer()
    routes = [web.get("/.well-known/jwks.json", issuer.get_jwks), web.post("/v1/token", issuer.issue_token)]
    async with serving(routes) as issuer.url:
        yield issuer
