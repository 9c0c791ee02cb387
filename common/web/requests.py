"""Reading requests: who is asking, JSON, forms and queries, each fault named with its pointer."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from common.errors import (
    Fault,
    InsufficientScope,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from common.ids import is_id
from common.languages import N_, gettext
from common.tokens import ALL, Principal
from common.web.keys import PRINCIPAL

MAX_CONTENT_SIZE = 64 * 1024
MAX_DEPTH = 32
CONTENT_SECONDS = 10.0

_TOO_SLOW = N_("The content didn’t arrive in time. Send it again.")
# A path of this very service: `//host` and `/\host` lead elsewhere, and control characters are dropped by browsers.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
# What follows on the connection cannot be read either.
_CLOSE: Final = {"Connection": "close"}


class Input(BaseModel):
    """The base of what requests carry: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Query(BaseModel):
    """The base of query strings and forms: text becomes what is asked for; unknown names are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


M = TypeVar("M", bound=BaseModel)


def require_principal(request: web.Request) -> Principal:
    """Who is asking. Raises Unauthenticated when nobody is logged in."""
    principal = request[PRINCIPAL]
    if principal is None:
        raise Unauthenticated
    return principal


def require_whole_principal(request: web.Request) -> Principal:
    """Who is asking, for pages that a program with a narrow token has no business on.

    Raises Unauthenticated, and InsufficientScope for a token for less than `all`.
    """
    principal = require_principal(request)
    if ALL not in principal.scopes:
        raise InsufficientScope
    return principal


def id_in_path(request: web.Request, name: str) -> str:
    """An id of ours from the path. Raises NotFound for anything that cannot be one."""
    value = request.match_info[name]
    if not is_id(value):
        raise NotFound
    return value


def local_path(target: str) -> str:
    """`target` if it is a path within this service, else `/`."""
    return target if _LOCAL_PATH.fullmatch(target) else "/"


async def read_json(request: web.Request, model: type[M], *, most_bytes: int = MAX_CONTENT_SIZE) -> M:
    """The content as `model`.

    Raises UnsupportedMediaType (not JSON in UTF-8), TooLarge (over 64 KiB, or `most_bytes`), Malformed (not one JSON
    object: broken, duplicate members, NaN, too deep) or Invalid, which names every fault.
    """
    if request.content_type != "application/json" or (request.charset or "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise UnsupportedMediaType("Send JSON in UTF-8, with Content-Type: application/json.")
    return parse_json(await read_content(request, most_bytes=most_bytes), model)


def parse_json(raw: bytes, model: type[M]) -> M:
    """`raw` as `model`; see read_json."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise Malformed("The content is not UTF-8.") from exc
    except RecursionError as exc:
        raise Malformed("The content is nested too deeply.") from exc
    except json.JSONDecodeError as exc:
        raise Malformed(f"The content is not JSON: {exc}.") from exc
    except ValueError as exc:
        # The only other one: Python's bound on the digits of a number, which speaks of Python.
        raise Malformed("The content has a number with too many digits.") from exc
    if not isinstance(value, dict):
        raise Malformed("The content must be a JSON object.")
    if _is_deeper(value, MAX_DEPTH):
        raise Malformed("The content is nested too deeply.")
    return checked(model, value)


async def read_form(request: web.Request, model: type[M]) -> M:
    """The fields of a form (`application/x-www-form-urlencoded`) as `model`; the same refusals as read_json."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send a form, with Content-Type: application/x-www-form-urlencoded.")
    return validated(model, await read_form_fields(request))


async def read_form_fields(request: web.Request) -> dict[str, str]:
    """The fields of a form as they were typed. Raises Malformed, also when one appears twice, and TooLarge."""
    fields = await read_form_list(request)
    if len(dict(fields)) != len(fields):
        raise Malformed(N_("A field appears twice in the form."))
    return dict(fields)


async def read_form_list(request: web.Request) -> list[tuple[str, str]]:
    """The same of a form with several fields of one name."""
    if request.content_length is not None and request.content_length > MAX_CONTENT_SIZE:
        raise TooLarge(f"Send at most {MAX_CONTENT_SIZE} bytes.")
    # No page sends one, and broken ones fail in aiohttp in more ways than it says.
    if request.content_type.startswith("multipart/"):
        raise Malformed(N_("The form could not be read."))
    try:
        async with asyncio.timeout(CONTENT_SECONDS):
            posted = await request.post()
        fields = [(name, value) for name, value in posted.items() if isinstance(value, str)]
        # Some character sets (`utf-7`, `unicode-escape`) can make half a character, which nothing behind can keep.
        "".join(name + value for name, value in fields).encode()
    except TimeoutError as exc:
        raise Malformed(_TOO_SLOW, headers=_CLOSE) from exc
    except web.RequestPayloadError as exc:
        raise Malformed(N_("The form could not be read."), headers=_CLOSE) from exc
    except (LookupError, ValueError) as exc:
        raise Malformed(N_("The form could not be read.")) from exc
    return fields


def read_query(request: web.Request, model: type[M]) -> M:
    """The query string as `model`; the same refusals as read_json. Names that it does not know are passed over."""
    if any(len(request.query.getall(name, ())) > 1 for name in model.model_fields):
        raise Malformed("A name appears twice in the query.")
    return validated(model, dict(request.query))


def checked(model: type[M], value: dict[str, Any]) -> M:
    """A value such as JSON has as `model`. Raises Invalid, which names every fault."""
    # As JSON text, because only then do strict models take an enumeration's value as text.
    try:
        return model.model_validate_json(json.dumps(value))
    except ValidationError as exc:
        raise Invalid(_faults(exc)) from exc


def validated(model: type[M], fields: dict[str, str]) -> M:
    """Fields of a form or a query as `model`. Raises Invalid, which names every fault."""
    try:
        return model.model_validate_strings(fields)
    except ValidationError as exc:
        raise Invalid(_faults(exc)) from exc


async def read_content(request: web.Request, *, most_bytes: int, seconds: float = CONTENT_SECONDS) -> bytes:
    """The content as it is, that has arrived within so many `seconds`.

    Raises TooLarge or aiohttp's HTTPRequestEntityTooLarge, and Malformed.
    """
    if request.content_length is not None and request.content_length > most_bytes:
        raise TooLarge(f"Send at most {most_bytes} bytes.")
    # client_max_size bounds content that does not say its length.
    if most_bytes != request.client_max_size:
        request = request.clone(client_max_size=most_bytes)
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError as exc:
        raise Malformed(_TOO_SLOW, headers=_CLOSE) from exc
    except web.RequestPayloadError as exc:
        raise Malformed("The content is broken.", headers=_CLOSE) from exc


def _faults(error: ValidationError) -> list[Fault]:
    faults: list[Fault] = []
    for item in error.errors(include_input=False, include_url=False):
        path = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in item["loc"])
        faults.append({"pointer": f"#/{path}", "detail": _in_words(item)})
    return faults


# Said so that it can follow the field's name; pydantic's own words are for programmers.
_WORDS: Final = {
    "missing": N_("is required"),
    "extra_forbidden": "is not a known field: leave it out",
    "too_short": N_("is too short (minimum {min_length})"),
    "string_too_short": N_("is too short (minimum {min_length})"),
    "too_long": N_("is too long (maximum {max_length})"),
    "string_too_long": N_("is too long (maximum {max_length})"),
    "greater_than_equal": N_("must be at least {ge}"),
    "less_than_equal": N_("must be at most {le}"),
    "greater_than": "must be more than {gt}",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "int_parsing": N_("must be a whole number"),
    "string_type": N_("must be text"),
    "enum": N_("must be {expected}"),
    "literal_error": N_("must be {expected}"),
}


def _in_words(item: ErrorDetails) -> str:
    """What is wrong with a value, and how it must be."""
    words = _WORDS.get(item["type"])
    if words is not None:
        return gettext(words).format(**item.get("ctx", {}))
    message = item["msg"].removeprefix("Value error, ")
    return gettext(message[:1].lower() + message[1:])


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("The content is not JSON: a member appears twice.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"The content is not JSON: {name} is not a number.")


def _is_deeper(value: object, depth: int) -> bool:
    if depth == 0:
        return True
    if isinstance(value, dict):
        return any(_is_deeper(member, depth - 1) for member in value.values())
    if isinstance(value, list):
        return any(_is_deeper(member, depth - 1) for member in value)
    return False
