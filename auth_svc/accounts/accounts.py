"""Accounts: who there is, what somebody changes of their own, and the accounts that an installation starts with."""

from __future__ import annotations

import logging
from dataclasses import replace

from auth_svc.accounts.passwords import fault_of_new_password
from auth_svc.accounts.standing import Asker
from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.accounts.usernames import folded
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import WrongCurrentPassword
from auth_svc.login.login import LogIn
from common.clock import Clock
from common.errors import Invalid, Unauthenticated
from common.ids import new_id
from common.passwords import Passwords

logger = logging.getLogger(__name__)

ADMINISTRATOR = "admin"
DEMO_PASSWORD = "admin"


class Accounts:
    def __init__(self, store: AccountStore, passwords: Passwords, log_in: LogIn, audit: Audit, *, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._log_in = log_in
        self._audit = audit
        self._clock = clock

    async def get(self, account_id: str) -> Account | None:
        return await self._store.get_account(account_id)

    async def named(self, username: str) -> Account | None:
        """The account with this username, in whatever case."""
        return await self._store.get_account_by_username(username.strip().lower())

    async def disabled_ids(self) -> list[str]:
        """The ids of disabled accounts: while they are, nobody sees what they have uploaded."""
        return await self._store.list_disabled_account_ids()

    async def change_password(
        self, by: Asker, current: str, new: str, *, known_device: str | None, end_api_keys: bool
    ) -> str:
        """Sets the password and ends every session but the one by which they ask; API keys if asked for.

        Returns what the browser sends when it logs in again: what it has is bound to the old password.
        Raises Invalid, which names what is wrong, RateLimited as a log-in does, and Unauthenticated.
        """
        account = await self._store.get_account(by.account_id)
        if account is None or account.is_disabled:
            raise Unauthenticated
        if fault := fault_of_new_password(new, username=account.username):
            raise Invalid([{"pointer": "#/new_password", "detail": fault}])
        await self._log_in.confirm(account, current, address=by.address, known_device=known_device)
        password_hash = await self._passwords.hash(new)
        entry = self._audit.entry(Action.PASSWORD_CHANGED, by, target_id=account.id, end_api_keys=end_api_keys)
        is_changed = await self._store.change_password(
            account,
            password_hash,
            now=self._clock(),
            keep_session=by.session_hash,
            end_api_keys=end_api_keys,
            entry=entry,
        )
        if not is_changed:
            raise WrongCurrentPassword
        entry.log()
        return self._log_in.remember_device(replace(account, password_hash=password_hash), None)

    async def add(self, username: str, password: str, *, role: Role) -> bool:
        """Adds an account without a quota; False when the name is taken. The password's rules are the caller's."""
        return await self._store.add_account(self._new(folded(username), await self._passwords.hash(password), role))

    async def fill_skeletons(self) -> None:
        """Lets accounts made before look-alike names were refused count as well."""
        await self._store.fill_skeletons()

    async def ensure_administrator(self, password_hash: str) -> None:
        """Creates the administrator `admin` of a new installation, whose password has this hash."""
        if await self._store.has_accounts():
            return
        if await self._store.add_account(self._new(ADMINISTRATOR, password_hash, Role.ADMIN)):
            logger.info("first administrator made", extra={"username": ADMINISTRATOR})

    async def has_demo_account(self) -> bool:
        """Whether admin/admin would log in."""
        account = await self._store.get_account_by_username(ADMINISTRATOR)
        return account is not None and await self._passwords.match(DEMO_PASSWORD, account.password_hash) is not None

    async def ensure_demo_account(self) -> None:
        """Creates admin/admin, for installations that only this machine can reach."""
        if await self._store.get_account_by_username(ADMINISTRATOR) is None:
            await self.add(ADMINISTRATOR, DEMO_PASSWORD, role=Role.ADMIN)
        logger.warning("the demo account admin/admin is on: never let other machines reach this service")

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
