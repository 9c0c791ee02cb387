"""Who administers is known by asking, and while nobody answers nobody does."""

from __future__ import annotations

import dataclasses

import pytest

from common.errors import Forbidden, Unavailable
from common.service_client import ServiceClient, ServiceTokens
from common.web.app import http_session
from tests.fs_world import ALICE
from tests.issuer import hang_up, running_issuer
from upload_svc.auth_client import Administrators


async def test_while_nobody_can_say_who_administers_nobody_does() -> None:
    async with running_issuer() as issuer, http_session() as session:
        tokens = ServiceTokens(session, issuer.url, client_id="upload", client_secret="s" * 32)
        administrators = Administrators(ServiceClient(session, issuer.url, tokens))
        root = dataclasses.replace(ALICE, role="admin")
        # What the issuer does not know it answers with 404, and what it cannot answer with nothing.
        for trouble in (None, hang_up):
            issuer.instead = trouble
            with pytest.raises(Unavailable):
                await administrators.require(root)
        with pytest.raises(Forbidden):
            await administrators.require(ALICE)
