"""Each service's description: OpenAPI 3.1 by its shape, every reference leads somewhere, every route is in it."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from common.errors import Refusal
from common.web.requests import Input
from common.web.responses import json_response
from common.web.routes import Route, openapi_document
from tests.refusals import APIS

ROOT = Path(__file__).parent.parent.parent
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
NAME = re.compile(r"[A-Za-z0-9._-]+")
# JSON Schema 2020-12: what `type` may say.
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> Sequence[Route]:
    return APIS[request.param]


@pytest.fixture
def document(api: Sequence[Route]) -> dict[str, Any]:
    """As it is sent: what JSON cannot say is not in it."""
    sent: dict[str, Any] = json.loads(json.dumps(openapi_document("vss", "1.0", api), allow_nan=False))
    return sent


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def everything(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a value, itself included."""
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(member)


def resolved(document: dict[str, Any], reference: str) -> Any:
    assert reference.startswith("#/"), reference
    found: Any = document
    for step in reference[2:].split("/"):
        assert step in found, f"{reference} leads nowhere"
        found = found[step]
    return found


def test_the_document_has_what_openapi_asks_for(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert set(document) == {"openapi", "info", "paths", "components"}
    assert document["info"]["title"]
    assert document["info"]["version"]
    for section in document["components"].values():
        assert all(NAME.fullmatch(name) for name in section)


def test_every_operation_has_what_openapi_asks_for(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations(document):
        assert path.startswith("/")
        assert method in METHODS
        assert operation["summary"].endswith(".")
        assert operation["responses"]
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status)
            assert response["description"]
            assert all(
                "/" in media_type and "schema" in content for media_type, content in response.get("content", {}).items()
            )
        if "requestBody" in operation:
            assert method not in {"get", "head", "delete"}
            types = {"application/json", "application/x-www-form-urlencoded", "image/jpeg", "image/png", "image/webp"}
            assert set(operation["requestBody"]["content"]) <= types


def test_every_parameter_has_what_openapi_asks_for(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        parameters = operation["parameters"]
        named = [(parameter["name"], parameter["in"]) for parameter in parameters]
        assert len(set(named)) == len(named)
        assert {name for name, where in named if where == "path"} == set(re.findall(r"\{([^{}]*)\}", path))
        for parameter in parameters:
            assert parameter["in"] in {"path", "query", "header"}
            assert parameter["in"] != "path" or parameter["required"] is True
            assert isinstance(parameter["schema"], dict)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = [item["$ref"] for item in everything(document) if isinstance(item.get("$ref"), str)]
    assert references
    for reference in references:
        assert isinstance(resolved(document, reference), dict)


def test_every_schema_is_json_schema(document: dict[str, Any]) -> None:
    schemas = list(everything(document["components"]["schemas"]))
    for path, _, operation in operations(document):
        schemas += [item for parameter in operation["parameters"] for item in everything(parameter["schema"])]
        assert "$defs" not in json.dumps(operation), path
    for schema in schemas:
        if "type" in schema and isinstance(schema["type"], str):
            assert schema["type"] in TYPES
        if isinstance(schema.get("required"), list) and "properties" in schema:
            assert set(schema["required"]) <= set(schema["properties"])
        assert "nullable" not in schema, "of OpenAPI 3.0"


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
        assert "503" in operation["responses"]
        assert ("401" in operation["responses"]) or operation["security"] == []


def test_what_needs_somebody_says_so(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for requirement in operation["security"]:
            assert set(requirement) <= set(document["components"]["securitySchemes"])
        assert operation["security"] or operation["operationId"] in {
            "issue-token",
            "revoke-token",
            "get-server-metadata",
            "get-jwks",
            "get-picture",
            "get-video",
            "list-videos",
            "oembed",
            "play-video",
            "get-source",
            "head-source",
            "play-linked",
            "linked-picture",
            "play-embedded",
            "linked-source",
            "head-linked-source",
            "linked-hls-playlist",
            "linked-hls-file",
            "get-hls-playlist",
            "get-hls-file",
            "get-open-hls-playlist",
            "get-open-hls-file",
            "get-rendition",
            "create-guest-upload",
            "get-guest-upload",
            "create-guest-part-urls",
            "complete-guest-upload",
            "delete-guest-upload",
        }


@pytest.mark.parametrize("service", APIS)
def test_what_a_route_declares_somebody_raises(service: str) -> None:
    # What is about bytes, fs_svc refuses; the others hand it on.
    raised = _raised_in("common") | _raised_in(f"{service}_svc") | _raised_in("fs_svc")
    declared = {code for route in APIS[service] for code in route.refusals}
    assert declared <= raised


def _raised_in(package: str) -> set[str]:
    """The codes of the refusals that the package raises or makes."""
    codes = set()
    for file in (ROOT / package).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        made: list[ast.AST] = [node.func for node in nodes if isinstance(node, ast.Call)]
        made += [node for raised in nodes if isinstance(raised, ast.Raise) for node in ast.walk(raised)]
        names = {node.id for node in made if isinstance(node, ast.Name)}
        if names:
            module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            found = [getattr(module, name, None) for name in names]
            refusals = [each for each in found if isinstance(each, type) and issubclass(each, Refusal)]
            codes |= {each.code for each in refusals if hasattr(each, "code")}
    return codes


class Word(Input):
    word: str


async def put_word(request: web.Request) -> web.Response:
    """Puts a word.

    And answers with another.
    """
    return json_response(Word(word="x"))


def test_a_pattern_in_a_path_is_no_part_of_the_parameters_name() -> None:
    route = Route("PUT", "/v1/{n:[1-9][0-9]*}", put_word, {200: Word, 204: None}, body=Word)
    operation = openapi_document("vss", "1.0", [route])["paths"]["/v1/{n}"]["put"]
    assert (operation["operationId"], operation["summary"]) == ("put-word", "Puts a word.")
    assert [parameter["name"] for parameter in operation["parameters"]] == ["n"]
    assert set(operation["responses"]) == {
        "200",
        "204",
        "400",
        "401",
        "403",
        "404",
        "413",
        "415",
        "421",
        "422",
        "429",
        "503",
    }
    assert operation["responses"]["204"] == {"description": "Success"}
