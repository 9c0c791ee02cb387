"""Accounts: who there is, and whether somebody is who they say."""

from __future__ import annotations

import logging
from dataclasses import replace

from prometheus_client import Counter

from auth_svc.audit import Action, Audit
from auth_svc.errors import InvalidGrant, WrongCurrentPassword
from auth_svc.known_devices import KnownDevices
from auth_svc.passwords import Passwords, fault_of_new_password, needs_rehash, normal_form
from auth_svc.store import Account, Role, Store
from auth_svc.throttle import LogInThrottle
from auth_svc.tokens import Subject
from auth_svc.usernames import folded
from common.audit import Actor
from common.clock import Clock
from common.errors import Invalid, Unauthenticated
from common.ids import new_id
from common.tokens import ALL, PERSON_AUDIENCE

logger = logging.getLogger(__name__)

ADMINISTRATOR = "admin"
DEMO_PASSWORD = "admin"


class Accounts:
    """What can be done with accounts."""

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        devices: KnownDevices,
        *,
        clock: Clock,
        refused: Counter | None = None,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._devices = devices
        self._audit = Audit(store, clock=clock)
        self._throttle = LogInThrottle(store, clock=clock)
        self._clock = clock
        self._refused = refused or Counter("log_in_failures", "Log-ins refused", registry=None)

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
        if matched != normal_form(password) or needs_rehash(account.password_hash):
            password_hash = await self._passwords.hash(password)
            if not await self._store.rehash_password(account, password_hash):
                # Changed in this very moment: it is not this account's password any more.
                raise InvalidGrant
            account = replace(account, password_hash=password_hash)
        return account

    async def change_password(
        self,
        account_id: str,
        current: str,
        new: str,
        *,
        address: str,
        known_device: str | None = None,
        keep_session: str | None,
        end_api_keys: bool = False,
    ) -> str:
        """Gives the account another password: every session but the one with the hash `keep_session` is over.

        Returns what the browser that asks is to show when it logs in again: what others have is of the old password.

        API keys are over where it is asked for.
        Raises Invalid, which names what is wrong, RateLimited as a log-in does, and Unauthenticated.
        """
        account = await self._store.get_account(account_id)
        if account is None or account.is_disabled:
            raise Unauthenticated
        if fault := fault_of_new_password(new, username=account.username):
            raise Invalid([{"pointer": "#/new_password", "detail": fault}])
        await self.confirm(account, current, address=address, known_device=known_device)
        password_hash = await self._passwords.hash(new)
        entry = self._audit.entry(
            Action.PASSWORD_CHANGED, Actor(account.id, address), target_id=account.id, end_api_keys=end_api_keys
        )
        is_changed = await self._store.change_password(
            account,
            password_hash,
            now=self._clock(),
            keep_session=keep_session,
            end_api_keys=end_api_keys,
            entry=entry,
        )
        if not is_changed:
            raise WrongCurrentPassword
        entry.tell()
        return self._devices.remember(replace(account, password_hash=password_hash), None)

    async def confirm(self, account: Account, current: str, *, address: str, known_device: str | None = None) -> None:
        """Lets pass who knows the account's password. Raises WrongCurrentPassword, and RateLimited as a log-in does."""
        device = self._devices.device_of(account, known_device)
        await self._throttle.charge(account.username, address, device=device)
        if await self._passwords.match(current, account.password_hash) is None:
            raise WrongCurrentPassword
        await self._throttle.succeeded(account.username, address, device=device)

    def remember_device(self, account: Account, known_device: str | None) -> str:
        """What the browser that has just logged in is to show next time."""
        return self._devices.remember(account, known_device)

    async def get(self, account_id: str) -> Account | None:
        """The account with this id."""
        return await self._store.get_account(account_id)

    async def named(self, username: str) -> Account | None:
        """The account with this user name, in whatever case."""
        return await self._store.get_account_by_username(username.strip().lower())

    async def add(self, username: str, password: str, *, role: Role) -> bool:
        """Adds an account without a quota; False when the name is taken. The password's rules are the caller's."""
        return await self._store.add_account(self._new(folded(username), await self._passwords.hash(password), role))

    def _new(self, username: str, password_hash: str, role: Role) -> Account:
        return Account(
            id=new_id(),
            username=username,
            password_hash=password_hash,
            role=role,
            is_disabled=False,
            quota_bytes=None,
            created_at=self._clock(),
        )

    async def disabled_ids(self) -> list[str]:
        """The ids of the accounts that are disabled: while they are, nobody sees what they have uploaded."""
        return await self._store.list_disabled_account_ids()

    async def fill_skeletons(self) -> None:
        """What no new name may look like, of accounts from before that was asked."""
        await self._store.fill_skeletons()

    async def ensure_administrator(self, password_hash: str) -> None:
        """Makes the administrator `admin` of a new installation, whose password has this hash."""
        if await self._store.has_accounts():
            return
        made = await self._store.add_account(self._new(ADMINISTRATOR, password_hash, Role.ADMIN))
        if made:
            logger.info("first administrator made", extra={"username": ADMINISTRATOR})

    async def has_demo_account(self) -> bool:
        """Whether admin/admin would log in."""
        account = await self._store.get_account_by_username(ADMINISTRATOR)
        return account is not None and await self._passwords.match(DEMO_PASSWORD, account.password_hash) is not None

    async def ensure_demo_account(self) -> None:
        """Makes admin/admin, for installations that only this machine can reach."""
        if await self._store.get_account_by_username(ADMINISTRATOR) is None:
            await self.add(ADMINISTRATOR, DEMO_PASSWORD, role=Role.ADMIN)
        logger.warning("the demo account admin/admin is on: never let other machines reach this service")


def subject_of(account: Account, *, scope: str = ALL) -> Subject:
    """What an account's access tokens say; `scope` separated by spaces."""
    return Subject(
        subject=account.id,
        audience=PERSON_AUDIENCE,
        username=account.username,
        role=account.role.value,
        scope=scope,
        quota_bytes=account.quota_bytes,
        not_before=account.tokens_valid_from,
    )
