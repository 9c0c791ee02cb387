"""Create requests that may carry an `Idempotency-Key`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from common.errors import Invalid
from common.idempotency import Claim, CreateRequest, IdempotencyKeys
from common.languages import gettext
from common.web.requests import M, require_principal

IDEMPOTENCY_KEYS: Final = web.AppKey("idempotency_keys", IdempotencyKeys)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def create_once(
    request: web.Request,
    asked: BaseModel,
    shape: type[M],
    create: Callable[[Claim | None], Awaitable[M]],
    *,
    whose: tuple[str, str] | None = None,
) -> M:
    """What `create` answers; with an `Idempotency-Key`, what it kept by its claim the first time, a `shape`.

    The key is the account's on this path, or `whose` it is: an id and a name of where, where nobody is logged in.

    Raises Unauthenticated, Invalid, IdempotencyKeyReused and IdempotentRequestRunning.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return await create(None)
    if not _KEY.fullmatch(key):
        detail = gettext("must be 1 to 255 visible ASCII characters")
        raise Invalid([{"pointer": "#/headers/Idempotency-Key", "detail": detail}])
    account_id, path = whose or (require_principal(request).account_id, request.path)
    known_as = CreateRequest(account_id=account_id, path=path, idempotency_key=key, content=asked.model_dump_json())
    return await request.app[IDEMPOTENCY_KEYS].once(known_as, create, shape.model_validate_json)
