"""Accounts: who there is, and whether somebody is who they say."""

from __future__ import annotations

import logging

from auth_svc.errors import InvalidGrant
from auth_svc.passwords import MAX_LENGTH, Passwords
from auth_svc.store import Account, Role, Store
from auth_svc.throttle import LogInThrottle
from auth_svc.tokens import Subject
from common.clock import Clock
from common.ids import new_id
from common.tokens import PERSON_AUDIENCE

logger = logging.getLogger(__name__)

DEMO_USERNAME = "admin"
DEMO_PASSWORD = "admin"


class Accounts:
    """What can be done with accounts."""

    def __init__(self, store: Store, passwords: Passwords, *, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._throttle = LogInThrottle(store, clock=clock)
        self._clock = clock

    async def authenticate(self, username: str, password: str, *, address: str) -> Account:
        """The account with this name and password, asked for from `address`.

        Raises InvalidGrant, with the same answer in the same time, for an unknown name, a wrong password and a
        disabled account; and RateLimited, before anything is hashed.
        """
        username = username.strip().lower()
        await self._throttle.charge(username, address)
        if len(password) > MAX_LENGTH:
            raise InvalidGrant
        account = await self._store.get_account_by_username(username)
        is_right = await self._passwords.is_right(password, account.password_hash if account else None)
        if account is None or not is_right or account.is_disabled:
            logger.info("log-in refused")
            raise InvalidGrant
        await self._throttle.succeeded(username, address)
        return account

    async def get(self, account_id: str) -> Account | None:
        """The account with this id."""
        return await self._store.get_account(account_id)

    async def add(self, username: str, password: str, *, role: Role) -> bool:
        """Adds an account without a quota; False when the name is taken. The password's rules are the caller's."""
        return await self._store.add_account(
            Account(
                id=new_id(),
                username=username.lower(),
                password_hash=await self._passwords.hash(password),
                role=role,
                is_disabled=False,
                quota_bytes=None,
                created_at=self._clock(),
            )
        )

    async def ensure_demo_account(self) -> None:
        """Makes admin/admin, for installations that only this machine can reach."""
        if await self._store.get_account_by_username(DEMO_USERNAME) is None:
            await self.add(DEMO_USERNAME, DEMO_PASSWORD, role=Role.ADMIN)
        logger.warning("the demo account admin/admin is on: never let other machines reach this service")


def subject_of(account: Account) -> Subject:
    """What an account's access tokens say."""
    return Subject(
        subject=account.id,
        audience=PERSON_AUDIENCE,
        username=account.username,
        role=account.role.value,
        scope="all",
        quota_bytes=account.quota_bytes,
    )
