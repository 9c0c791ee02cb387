"""P3: a request with an access token that was seen before, beside the same request without finding out who asks."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key

from auth_svc.tokens.access_tokens import SigningKey, Subject, issue_access_token
from benchmarks.pairs import Pair
from common.clock import utc_now
from common.tokens import ALL, PERSON_AUDIENCE
from common.verifying import Verifier
from common.web.call_limit import CallLimit
from common.web.keys import CALL_LIMIT, VERIFIER
from common.web.middlewares import identity
from common.web.routes import add_api_routes

ISSUER = "http://127.0.0.1:8001"


class _OneKey:
    """The issuer's keys, when there is one."""

    def __init__(self, key_id: str, key: RSAPublicKey) -> None:
        self._key_id = key_id
        self._key = key

    async def get(self, key_id: str) -> RSAPublicKey | None:
        return self._key if key_id == self._key_id else None


def rows() -> Iterator[Pair]:
    """Both are whole servers of one kind, each with one kept connection."""
    key = SigningKey(key_id="first", private_key=generate_private_key(65537, 2048))
    subject = Subject(
        subject="a" * 26, audience=PERSON_AUDIENCE, username="alice", role="member", scope=ALL, quota_bytes=None
    )
    # Issued as late as it may be: it must not run out while the rounds go on.
    now = utc_now() + timedelta(seconds=5)
    token = issue_access_token(subject, signing_key=key, issuer=ISSUER, now=now)
    verifier = Verifier(_OneKey(key.key_id, key.private_key.public_key()), issuer=ISSUER)

    def known() -> web.Application:
        app = web.Application(middlewares=[identity])
        app[VERIFIER] = verifier
        app[CALL_LIMIT] = CallLimit(1_000_000_000)
        return app

    with ExitStack() as stack:
        ours = stack.enter_context(_served(known, token))
        peer = stack.enter_context(_served(web.Application, token))
        yield Pair(name="P3", what="an authenticated request, token seen before", ours=ours, peer=peer, bound=1.10)


@contextmanager
def _served(make: Callable[[], web.Application], token: str) -> Iterator[Callable[[], object]]:
    """Serves the app in a thread of its own; gives a call that sends it one request."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[web.AppRunner, int]:
        app = make()
        add_api_routes(app, ())
        app.router.add_get("/v1/thing", _thing)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, site.port

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        yield partial(_ask, connection, {"Authorization": f"Bearer {token}"})
    finally:
        connection.close()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _thing(request: web.Request) -> web.Response:
    return web.Response(body=b'{"id": "a"}', content_type="application/json")


def _ask(connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
    connection.request("GET", "/v1/thing", headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
