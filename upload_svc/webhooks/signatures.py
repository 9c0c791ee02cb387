"""Secrets of webhooks and what is signed with them, as https://www.standardwebhooks.com says it.

Whoever has a secret can pretend to be us, so it is told once, and encrypted in the database. The key for that is
derived from the service's cursor key: who replaces that one makes every webhook anew.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Secrets:
    """Makes, seals and opens secrets; one is bound to its webhook, so that a row cannot be given another's."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(hmac.digest(key.encode(), b"secrets of webhooks", "sha256"))

    def seal(self, secret: str, webhook_id: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret.encode(), webhook_id.encode())).decode()

    def open(self, sealed: str, webhook_id: str) -> str | None:
        """The secret; None when it was sealed with another key."""
        try:
            raw = base64.b64decode(sealed)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], webhook_id.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(secret: str, *, event_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of one try; `webhook-id` is the same for every try, the time is that of this one."""
    timestamp = str(int(now.timestamp()))
    signed = f"{event_id}.{timestamp}.".encode() + body
    signature = hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, "sha256")
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
