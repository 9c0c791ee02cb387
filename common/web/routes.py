"""The API's routes as data: what is served is what /openapi.json says, because both come from one table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from common.problem_types import PROBLEM_TYPES
from common.tokens import ALL, READ

TIME_LIMIT_SECONDS: Final = 15.0
# What counts as a call of a program.
CALL_PREFIXES: Final = ("/v1/", "/s3/")

_TIME_LIMITS: Final = web.AppKey[Mapping[str, float]]("time_limits")
_SCOPES: Final = web.AppKey[Mapping[str, frozenset[str]]]("scopes")
_UNSAFE: Final = web.AppKey[Collection[str]]("unsafe")
_CALL_WEIGHTS: Final = web.AppKey[Mapping[str, float]]("call_weights")
_SAFE_METHODS: Final = (hdrs.METH_GET, hdrs.METH_HEAD)
_REFERENCE: Final = "#/components/schemas/{model}"
_PARAMETER: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}


# The header of creates that may be sent again.
IDEMPOTENCY: Final = {"Idempotency-Key": "1 to 255 visible ASCII characters; kept for 24 hours."}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: how it is called and everything it may answer.

    Its name is its handler's (`get_video` is `get-video`), its summary the first line of the handler's docstring.
    `answers` maps each success to its model (None: no content). `refusals` has the codes of problems that this
    operation answers besides what follows from its shape (a body can be malformed, an id unknown, a caller
    unauthenticated).
    """

    method: str
    path: str
    handler: Handler
    answers: Mapping[int, type[BaseModel] | None]
    _: KW_ONLY
    body: type[BaseModel] | None = None
    is_body_optional: bool = False
    # Media types of which the body may be instead, as it is.
    other_contents: Sequence[str] = ()
    query: type[BaseModel] | None = None
    refusals: Sequence[str] = ()
    is_open: bool = False
    form_too: bool = False
    time_limit_seconds: float = TIME_LIMIT_SECONDS
    # One of them is enough, and `all` always is; None: `read` for GET and HEAD, `all` for the rest.
    scopes: Sequence[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # A GET that changes something, as other people's dialects have it: to be asked for from a page of ours alone.
    is_unsafe: bool = False
    # What it counts for in the bound on an account's calls.
    call_weight: float = 1.0

    @property
    def name(self) -> str:
        """What the router, the metrics and the description call it."""
        return self.handler.__name__.replace("_", "-")

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return (self.handler.__doc__ or "").partition("\n")[0]

    @property
    def codes(self) -> list[str]:
        """The codes of all problems that it may answer, each once."""
        # A token or session that is shown counts also where none is needed.
        codes = [*self.refusals, "unauthenticated"]
        if self.headers.keys() & IDEMPOTENCY.keys():
            codes += ["conflict", "idempotency-key-reused"]
        if self.needed_scopes:
            codes.append("forbidden")
        if self.path.startswith(CALL_PREFIXES):
            codes.append("rate-limited")
        if self.is_unsafe or self.method not in _SAFE_METHODS:
            codes.append("cross-origin")
        if self.body is not None:
            codes += ["malformed", "too-large", "unsupported-media-type", "invalid"]
        if self.query is not None:
            codes += ["malformed", "invalid"]
        if _PARAMETER.search(self.path):
            codes.append("not-found")
        return list(dict.fromkeys([*codes, "misdirected", "unavailable"]))

    @property
    def needed_scopes(self) -> frozenset[str]:
        """Which scopes a person's token may have here; none: it does not matter which."""
        if self.scopes is not None:
            return frozenset((*self.scopes, ALL))
        if self.is_open and self.method not in _SAFE_METHODS:
            return frozenset()
        return _default_scopes(self.method)


# What a table of routes is written with, a line a route.
get = partial(Route, "GET")
head = partial(Route, "HEAD")
post = partial(Route, "POST")
put = partial(Route, "PUT")
patch = partial(Route, "PATCH")
delete = partial(Route, "DELETE")


def _default_scopes(method: str) -> frozenset[str]:
    return frozenset((READ, ALL)) if method in _SAFE_METHODS else frozenset((ALL,))


def add_api_routes(app: web.Application, routes: Iterable[Route]) -> None:
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler, name=route.name)
    app[_TIME_LIMITS] = {route.name: route.time_limit_seconds for route in routes}
    app[_SCOPES] = {route.name: route.needed_scopes for route in routes}
    app[_UNSAFE] = frozenset(route.name for route in routes if route.is_unsafe)
    app[_CALL_WEIGHTS] = {route.name: route.call_weight for route in routes}


def time_limit_of(request: web.Request) -> float:
    """How many seconds a request may take until its answer begins."""
    return request.app[_TIME_LIMITS].get(request.match_info.route.name or "", TIME_LIMIT_SECONDS)


def is_unsafe(request: web.Request) -> bool:
    """Whether a request may change something, as far as the method or the route says."""
    return request.method not in (*_SAFE_METHODS, hdrs.METH_OPTIONS, hdrs.METH_TRACE) or (
        request.match_info.route.name in request.app[_UNSAFE]
    )


def call_weight_of(request: web.Request) -> float:
    return request.app[_CALL_WEIGHTS].get(request.match_info.route.name or "", 1.0)


def needed_scopes_of(request: web.Request) -> frozenset[str]:
    """Which scopes a person's token may have for this request; pages count by their method, as routes do."""
    known = request.app[_SCOPES].get(request.match_info.route.name or "")
    return _default_scopes(request.method) if known is None else known


def openapi_document(title: str, version: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the routes."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for route in routes:
        models += [(model, "validation") for model in (route.body,) if model is not None]
        models += [(model, "serialization") for model in route.answers.values() if model is not None]
    references, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template=_REFERENCE)
    schemas = definitions.get("$defs", {})
    for route in routes:
        if route.query is not None:
            schemas |= route.query.model_json_schema(ref_template=_REFERENCE).get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(route: Route, references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        schema = route.query.model_json_schema(ref_template=_REFERENCE)
        required = schema.get("required", [])
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": property_schema}
            for name, property_schema in schema.get("properties", {}).items()
        ]
    parameters += [
        {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
        for name, description in route.headers.items()
    ]
    responses: dict[str, Any] = {}
    for status, model in route.answers.items():
        responses[str(status)] = {"description": "Success"}
        if model is not None:
            schema = references[model, "serialization"]
            responses[str(status)]["content"] = {"application/json": {"schema": schema}}
    for problem in (PROBLEM_TYPES[code] for code in route.codes):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        known = responses.setdefault(str(problem.status), {"description": problem.title, "content": content})
        if problem.title not in known["description"]:
            known["description"] += f"; {problem.title}"
    if route.method in ("GET", "HEAD") and not route.path.startswith((*CALL_PREFIXES, "/internal/", "/.well-known/")):
        # Below the address of a page, which people mistype.
        responses["308"] = {"description": "Permanent Redirect to what was meant"}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
        "security": [] if route.is_open else [{"access_token": []}],
    }
    if route.body is not None:
        schema = references[route.body, "validation"]
        operation["requestBody"] = {
            "required": not route.is_body_optional,
            "content": {"application/json": {"schema": schema}},
        }
        operation["requestBody"]["content"] |= {media_type: {} for media_type in route.other_contents}
        if route.form_too:
            operation["requestBody"]["content"]["application/x-www-form-urlencoded"] = {"schema": schema}
    return operation
