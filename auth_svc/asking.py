"""Who asks, and whether they have asked before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel

from auth_svc.accounts.standing import Asker
from auth_svc.answered_creates import CreateRequest, Remember
from auth_svc.app_keys import ANSWERED_CREATES
from auth_svc.opaque import hash_of
from common.web.requests import idempotency_key, require_principal
from common.web.sessions import session_cookie

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


def asker_of(request: web.Request) -> Asker:
    """Who asks, from which address, and by which session or token. Raises Unauthenticated."""
    principal = require_principal(request)
    return Asker(
        principal.account_id,
        request.remote or "",
        token_issued_at=principal.issued_at,
        session_hash=current_session(request),
    )


def current_session(request: web.Request) -> str | None:
    """The hash of the session that asks; None when an access token does."""
    secret = None if hdrs.AUTHORIZATION in request.headers else session_cookie(request)
    return None if secret is None else hash_of(secret)


async def create_once(
    request: web.Request,
    asked: BaseModel,
    shape: type[M],
    present: Callable[[T], M],
    create: Callable[[Remember[T] | None], Awaitable[M]],
) -> M:
    """What `create` answers; of an `Idempotency-Key` that was used, what it answered then, without the secret.

    `present` makes that answer, a `shape`, of what was made. Raises Invalid and IdempotencyKeyReused.
    """
    key = idempotency_key(request)
    if key is None:
        return await create(None)
    answered = request.app[ANSWERED_CREATES]
    known_as = CreateRequest(
        account_id=require_principal(request).account_id,
        path=request.path,
        idempotency_key=key,
        content=asked.model_dump_json(),
    )
    answer = await answered.find(known_as)
    if answer is not None:
        return shape.model_validate_json(answer)
    return await create(lambda made: answered.to_remember(known_as, present(made).model_dump_json()))
