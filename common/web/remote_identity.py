"""Everything by which a service knows people and itself, from the service that issues tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp

from common.clock import Clock
from common.service_client import ServiceClient, ServiceTokens
from common.settings import IdentifiedSettings
from common.verifying import RENEW_SECONDS, RemoteKeys, Verifier
from common.web.background import repeated
from common.web.keys import REMOTE_KEYS
from common.web.sessions import RemoteSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteIdentity:
    """The issuer's keys, verification with them, sessions at the issuer, and this service's own tokens."""

    keys: RemoteKeys
    verifier: Verifier
    sessions: RemoteSessions
    tokens: ServiceTokens


def remote_identity(
    session: aiohttp.ClientSession, settings: IdentifiedSettings, *, client_id: str, clock: Clock
) -> RemoteIdentity:
    """The identity of the service `client_id` and of the people who visit it."""
    keys = RemoteKeys(session, settings.auth_url, clock=clock)
    verifier = Verifier(keys, issuer=settings.auth_public_url, clock=clock)
    secret = settings.client_secret.get_secret_value()
    tokens = ServiceTokens(session, settings.auth_url, client_id=client_id, client_secret=secret, clock=clock)
    sessions = RemoteSessions(ServiceClient(session, settings.auth_url, tokens), verifier, clock=clock)
    return RemoteIdentity(keys=keys, verifier=verifier, sessions=sessions, tokens=tokens)


# The cleanup context in which the issuer's keys are renewed.
KEYS_RENEWED: Final = repeated(lambda app: app[REMOTE_KEYS].renew(), name="keys", seconds=RENEW_SECONDS)
