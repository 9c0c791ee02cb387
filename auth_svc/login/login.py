"""Whether somebody is who they say: the password, how often it may be tried, and the devices that are known."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import Counter

from auth_svc.accounts.store import Account, AccountStore
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import InvalidGrant, WrongCurrentPassword
from auth_svc.login.known_devices import KnownDevices
from auth_svc.login.throttle import LogInThrottle
from common.audit import Actor
from common.passwords import Passwords, normal_form


class LogIn:
    """Checks passwords. `refused` counts log-ins that were refused."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        devices: KnownDevices,
        throttle: LogInThrottle,
        audit: Audit,
        *,
        refused: Counter,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._devices = devices
        self._throttle = throttle
        self._audit = audit
        self._refused = refused

    async def authenticate(
        self, username: str, password: str, *, address: str, known_device: str | None = None
    ) -> Account:
        """The account with this name and password, asked for from `address`; `known_device` as its browser sent it.

        Raises InvalidGrant, with the same answer in the same time, for an unknown name, a wrong password and a
        disabled account; and RateLimited, before anything is hashed.
        """
        account = await self._store.get_account_by_username(username)
        device = self._devices.device_of(account, known_device) if account else None
        await self._throttle.charge(username, address, device=device)
        matched = await self._passwords.match(password, account.password_hash if account else None)
        if account is None or matched is None or account.is_disabled:
            # The name itself is not kept: it may be a password, typed into the wrong field.
            await self._audit.record(
                Action.LOG_IN_REFUSED, Actor(None, address), target_id=None if account is None else account.id
            )
            self._refused.inc()
            raise InvalidGrant
        await self._throttle.succeeded(username, address, device=device)
        if matched != normal_form(password) or self._passwords.needs_rehash(account.password_hash):
            password_hash = await self._passwords.hash(password)
            if not await self._store.rehash_password(account, password_hash):
                # Changed at this very moment: this is no longer the account's password.
                raise InvalidGrant
            account = replace(account, password_hash=password_hash)
        return account

    async def confirm(self, account: Account, current: str, *, address: str, known_device: str | None = None) -> None:
        """Checks the account's password. Raises WrongCurrentPassword, and RateLimited as a log-in does."""
        device = self._devices.device_of(account, known_device)
        await self._throttle.charge(account.username, address, device=device)
        if await self._passwords.match(current, account.password_hash) is None:
            raise WrongCurrentPassword
        await self._throttle.succeeded(account.username, address, device=device)

    def remember_device(self, account: Account, known_device: str | None) -> str:
        """What the browser that has just logged in sends next time."""
        return self._devices.remember(account, known_device)
