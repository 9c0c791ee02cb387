"""The names that `common.web.server` uses, and that aiohttp may change in any minor version (hence its bound)."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from common.web import server


async def _not_found(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=404)


def _private_names() -> set[str]:
    """Those that the module uses and does not make itself."""
    tree = ast.parse(Path(server.__file__).read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}
    made = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in used if name.startswith("_") and not name.startswith("__")} - made


async def test_aiohttp_has_them() -> None:
    manager = Server(_not_found)
    connection = RequestHandler(manager, loop=asyncio.get_running_loop())
    known = {*dir(manager), *dir(connection)}
    assert _private_names() <= known
    # What is set or overridden there without being read.
    assert hasattr(connection, "_task_handler")
    assert inspect.iscoroutinefunction(web.AppRunner._make_server)  # noqa: SLF001
    assert {"_kwargs", "_connections", "_manager", "_messages", "_request_in_progress"} <= _private_names()
