"""Devices that have logged in before: a cookie that opens nothing, but gives its device log-in attempts of its own.

So whoever tries an account's password from elsewhere, and spends what may be tried of it, does not keep its owner out.
Nothing is stored: the cookie names the device, and a MAC binds it to the account and to its present password.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from typing import Final

from auth_svc.accounts.store import Account

_ID_BYTES: Final = 16


class KnownDevices:
    """Makes and reads the cookie's content."""

    def __init__(self, encryption_keys: Sequence[bytes]) -> None:
        # A key of its own for each purpose; previous keys are accepted while they are being replaced.
        self._keys = [hmac.digest(key, b"devices that have logged in", "sha256") for key in encryption_keys]

    def device_of(self, account: Account, cookie: str | None) -> str | None:
        """The id of the device, if it has logged in to the account with its present password."""
        device, _, mac = (cookie or "").partition(".")
        given = mac.encode("utf-8", "surrogateescape")
        is_known = [hmac.compare_digest(_mac(key, account, device), given) for key in self._keys]
        return device if any(is_known) else None

    def remember(self, account: Account, cookie: str | None) -> str:
        """The cookie for a device that has just logged in; a known device keeps its id."""
        device = self.device_of(account, cookie) or secrets.token_hex(_ID_BYTES)
        return f"{device}.{_mac(self._keys[0], account, device).decode()}"


def _mac(key: bytes, account: Account, device: str) -> bytes:
    bound = f"{account.id}\0{account.password_hash}\0{device}".encode("utf-8", "surrogateescape")
    return hmac.digest(key, bound, "sha256").hex().encode()
