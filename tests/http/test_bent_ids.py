"""Ids that are not ours, on every route of every service that takes one: not found, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import aiohttp
import pytest
from yarl import URL

from common.ids import new_id
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.problems import assert_problem
from tests.service_apps import Parts, running

OURS = new_id()
BENT = [
    OURS.upper(),
    OURS[:-1],
    OURS + "a",
    OURS[:-1] + "%C3%A9",
    OURS[:-1] + "%00",
    OURS[:-1] + "%FF",
    OURS + "%20",
    OURS + "%0A",
    "%2e%2e%2f%2e%2e%2fsecrets",
    "objects%2F" + OURS,
    "x" * 7_000,
    "0",
    "-1",
    "null",
]
# Contents that would do if the id did.
BODIES: dict[str, dict[str, object]] = {
    "PATCH": {"title": "Another"},
    "POST": {"part_numbers": [1]},
    "PUT": {"size": 5, "content_type": "video/mp4"},
    "PUT position": {"seconds": 1},
    "PUT poster": {"seconds": 1},
}


@pytest.mark.parametrize("name", ["fs", "upload", "stream"])
async def test_an_id_that_is_not_ours_is_not_found(
    parts: Parts, addresses: Addresses, auth: AuthService, name: str
) -> None:
    parts.addresses = replace(parts.addresses, auth_port=addresses.auth_port)
    person = auth.token("alice")
    headers = {"Authorization": f"Bearer {person}"}
    if name == "fs":
        headers = {"Authorization": f"Bearer {auth.service_token('upload')}", "Vss-Subject-Token": person}
    worker = {"Authorization": f"Bearer {auth.service_token('media')}"}
    routes = {
        (route.method, re.sub(r"\{\w+(:[^}]*)?\}", "{id}", resource.canonical))
        for resource in parts.create(name)[0].router.resources()
        for route in resource
        if "{" in resource.canonical and not resource.canonical.startswith("/static/")
    }
    assert len(routes) >= 4
    async with running(parts, name) as url, aiohttp.ClientSession(headers=headers) as session:
        for method, path in sorted(routes):
            body = BODIES.get(f"{method} {path.rpartition('/')[2]}", BODIES.get(method))
            for bent in BENT:
                target = URL(url + path.replace("{id}", bent, 1).replace("{id}", "1"), encoded=True)
                who = worker if path.startswith("/internal/") else {}
                async with session.request(method, target, json=body, headers=who) as answer:
                    await answer.read()
                if method == "HEAD":
                    assert answer.status == 404, (method, target)
                else:
                    await assert_problem(answer, 404, "not-found")
