"""Sessions as upload_svc and stream_svc have them: kept by the real auth_svc, remembered for half a minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from common.clock import utc_now
from common.errors import Refusal, Unavailable
from common.service_client import ServiceClient, ServiceTokens
from common.verifying import RemoteKeys, Verifier
from common.web.app import http_session
from common.web.sessions import EXCHANGE_LIFETIME, RemoteSessions
from tests.auth_service import AuthService
from tests.clock import StoppedClock
from tests.issuer import running_issuer

INSTANT = timedelta(microseconds=1)


class Sessions:
    """Two services with the sessions of one auth_svc."""

    def __init__(self, upload: RemoteSessions, stream: RemoteSessions, clock: StoppedClock) -> None:
        self.upload = upload
        self.stream = stream
        self.clock = clock

    async def log_in(self) -> str:
        new = await self.upload.start("admin", "admin", user_agent="Test", address="127.0.0.1", known_device=None)
        return new.session


@pytest.fixture
async def sessions(auth: AuthService) -> AsyncIterator[Sessions]:
    clock = StoppedClock(utc_now())
    async with http_session() as session:

        def of_service(name: str) -> RemoteSessions:
            tokens = ServiceTokens(
                session, auth.url, client_id=name, client_secret=auth.client_secrets[name], clock=clock
            )
            verifier = Verifier(RemoteKeys(session, auth.url, clock=clock), issuer=auth.url, clock=clock)
            return RemoteSessions(ServiceClient(session, auth.url, tokens), verifier, clock=clock)

        yield Sessions(of_service("upload"), of_service("stream"), clock)


async def test_a_session_started_at_one_service_is_good_at_the_other(sessions: Sessions) -> None:
    principal = await sessions.stream.exchange(await sessions.log_in())
    assert principal is not None
    assert (principal.username, principal.role) == ("admin", "admin")


async def test_an_exchange_is_remembered_for_half_a_minute_and_no_longer(sessions: Sessions) -> None:
    secret = await sessions.log_in()
    first = await sessions.stream.exchange(secret)
    sessions.clock.advance(EXCHANGE_LIFETIME - INSTANT)
    assert await sessions.stream.exchange(secret) is first
    sessions.clock.advance(INSTANT)
    second = await sessions.stream.exchange(secret)
    assert second is not None
    assert second is not first


async def test_a_session_ended_elsewhere_is_over_within_half_a_minute(sessions: Sessions) -> None:
    secret = await sessions.log_in()
    for service in (sessions.upload, sessions.stream):
        assert await service.exchange(secret)
    await sessions.upload.end(secret)
    assert await sessions.upload.exchange(secret) is None
    sessions.clock.advance(EXCHANGE_LIFETIME)
    assert await sessions.stream.exchange(secret) is None
    # Ending it again is fine.
    await sessions.stream.end(secret)


@pytest.mark.parametrize("secret", ["", "nonsense", "\udcff", "a" * 1025, "é", "a;b", "\0"])
async def test_a_cookie_that_was_never_ours_is_nobody(sessions: Sessions, secret: str) -> None:
    assert await sessions.stream.exchange(secret) is None
    await sessions.stream.end(secret)


@pytest.mark.parametrize(("username", "password"), [("admin", "wrong"), ("nobody", "admin"), ("", "")])
async def test_a_wrong_log_in_is_the_persons_refusal(sessions: Sessions, username: str, password: str) -> None:
    with pytest.raises(Refusal) as refused:
        await sessions.upload.start(username, password, user_agent="Test", address="127.0.0.1", known_device=None)
    assert refused.value.code == "unauthenticated"
    assert refused.value.members["error"] == "invalid_grant"


async def test_a_refusal_of_the_service_is_not_told_as_a_wrong_password(auth: AuthService) -> None:
    # A token that auth_svc has never issued.
    async with running_issuer() as issuer, http_session() as session:
        tokens = ServiceTokens(session, issuer.url, client_id="upload", client_secret="s" * 32)
        verifier = Verifier(RemoteKeys(session, auth.url), issuer=auth.url)
        sessions = RemoteSessions(ServiceClient(session, auth.url, tokens), verifier)
        with pytest.raises(Unavailable):
            await sessions.start("admin", "admin", user_agent="Test", address="127.0.0.1", known_device=None)
        # The one that was refused, and one more.
        assert len(issuer.tokens_given) == 2


async def test_without_auth_svc_nobody_is_let_in(unused_tcp_port: int) -> None:
    nobody = f"http://127.0.0.1:{unused_tcp_port}"
    async with http_session() as session:
        tokens = ServiceTokens(session, nobody, client_id="upload", client_secret="s" * 32)
        verifier = Verifier(RemoteKeys(session, nobody), issuer=nobody)
        sessions = RemoteSessions(ServiceClient(session, nobody, tokens), verifier)
        for call in (
            sessions.exchange("a" * 43),
            sessions.end("a" * 43),
            sessions.start("admin", "admin", user_agent="Test", address="127.0.0.1", known_device=None),
        ):
            with pytest.raises(Unavailable):
                await call
