"""Accounts: who there is, and whether somebody is who they say."""

from __future__ import annotations

import logging
from dataclasses import replace

from prometheus_client import Counter

from auth_svc.audit import Action, Audit
from auth_svc.errors import InvalidGrant, WrongCurrentPassword
from auth_svc.passwords import MAX_LENGTH, Passwords, fault_of_new_password, needs_rehash
from auth_svc.store import Account, Role, Store
from auth_svc.throttle import LogInThrottle
from auth_svc.tokens import Subject
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

    def __init__(self, store: Store, passwords: Passwords, *, clock: Clock, refused: Counter | None = None) -> None:
        self._store = store
        self._passwords = passwords
        self._audit = Audit(store, clock=clock)
        self._throttle = LogInThrottle(store, clock=clock)
        self._clock = clock
        self._refused = refused or Counter("log_in_failures", "Log-ins refused", registry=None)

    async def authenticate(self, username: str, password: str, *, address: str) -> Account:
        """The account with this name and password, asked for from `address`.

        Raises InvalidGrant, with the same answer in the same time, for an unknown name, a wrong password and a
        disabled account; and RateLimited, before anything is hashed.
        """
        username = username.strip().lower()
        await self._throttle.charge(username, address)
        account = await self._store.get_account_by_username(username)
        # What is too long for a password is nobody's, and is not hashed.
        is_right = len(password) <= MAX_LENGTH and await self._passwords.is_right(
            password, account.password_hash if account else None
        )
        if account is None or not is_right or account.is_disabled:
            # The name itself is not kept: it may be a password, typed into the wrong field.
            await self._audit.record(
                Action.LOG_IN_REFUSED, Actor(None, address), target_id=None if account is None else account.id
            )
            self._refused.inc()
            raise InvalidGrant
        await self._throttle.succeeded(username, address)
        if needs_rehash(account.password_hash):
            password_hash = await self._passwords.hash(password)
            if not await self._store.rehash_password(account, password_hash):
                # Changed in this very moment: it is not this account's password any more.
                raise InvalidGrant
            account = replace(account, password_hash=password_hash)
        return account

    async def change_password(
        self, account_id: str, current: str, new: str, *, address: str, keep_session: str | None
    ) -> None:
        """Gives the account another password: every session but the one with the hash `keep_session` is over.

        Raises Invalid, which names what is wrong, RateLimited as a log-in does, and Unauthenticated.
        """
        account = await self._store.get_account(account_id)
        if account is None or account.is_disabled:
            raise Unauthenticated
        if fault := fault_of_new_password(new, username=account.username):
            raise Invalid([{"pointer": "#/new_password", "detail": fault}])
        await self.confirm(account, current, address=address)
        password_hash = await self._passwords.hash(new)
        entry = self._audit.entry(Action.PASSWORD_CHANGED, Actor(account.id, address), target_id=account.id)
        if not await self._store.change_password(account, password_hash, keep_session=keep_session, entry=entry):
            raise WrongCurrentPassword
        entry.tell()

    async def confirm(self, account: Account, current: str, *, address: str) -> None:
        """Lets pass who knows the account's password. Raises WrongCurrentPassword, and RateLimited as a log-in does."""
        await self._throttle.charge(account.username, address)
        if len(current) > MAX_LENGTH or not await self._passwords.is_right(current, account.password_hash):
            raise WrongCurrentPassword
        await self._throttle.succeeded(account.username, address)

    async def get(self, account_id: str) -> Account | None:
        """The account with this id."""
        return await self._store.get_account(account_id)

    async def named(self, username: str) -> Account | None:
        """The account with this user name, in whatever case."""
        return await self._store.get_account_by_username(username.strip().lower())

    async def add(self, username: str, password: str, *, role: Role) -> bool:
        """Adds an account without a quota; False when the name is taken. The password's rules are the caller's."""
        return await self._store.add_account(self._new(username.lower(), await self._passwords.hash(password), role))

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
        return account is not None and await self._passwords.is_right(DEMO_PASSWORD, account.password_hash)

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
    )
