"""What administrators do: create accounts, change them, take access away; and links for choosing a password."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any, Final

from auth_svc.accounts.passwords import fault_of_new_password
from auth_svc.accounts.standing import Asker, require_standing
from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.accounts.usernames import folded
from auth_svc.administration.store import AdministrationStore, PasswordLink
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import NoSuchNewOwner, PasswordLinkGone
from auth_svc.opaque import hash_of, new_secret
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.idempotency import Remember
from common.ids import new_id
from common.languages import gettext
from common.passwords import Passwords
from common.text import words_of

# Long enough for somebody on holiday over a weekend, short enough for a message that lies in a mailbox.
LINK_LIFETIME: Final = timedelta(days=7)


class Administration:
    def __init__(
        self,
        accounts: AccountStore,
        store: AdministrationStore,
        passwords: Passwords,
        audit: Audit,
        *,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._passwords = passwords
        self._audit = audit
        self._cursors = cursors
        self._clock = clock

    async def require_administrator(self, asker: Asker) -> None:
        """Raises Forbidden unless they are an administrator now, whatever their token said five minutes ago.

        And Unauthenticated when that token no longer counts. What changes something asks once more, when it does.
        """
        account = await self._accounts.get_account(asker.account_id)
        require_standing(asker, account, is_administrators=True)

    async def list(self, *, q: str = "", cursor: str | None, limit: int) -> tuple[list[Account], str | None]:
        """Every account with the words of `q` in its name, newest first, and the cursor of the next page.

        Raises Invalid.
        """
        words = words_of(folded(q))
        return await self._cursors.page(
            f"accounts:{' '.join(words)}" if words else "accounts",
            partial(self._store.page_of_accounts, words),
            lambda account: (account.created_at, account.id),
            cursor=cursor,
            limit=limit,
        )

    async def get(self, account_id: str) -> Account:
        """The account. Raises NotFound."""
        account = await self._accounts.get_account(account_id)
        if account is None:
            raise NotFound
        return account

    async def add(
        self,
        by: Actor,
        *,
        username: str,
        password: str | None,
        role: Role,
        quota_bytes: int | None,
        is_disabled: bool = False,
        remember: Remember[Account] | None = None,
    ) -> tuple[Account, str | None]:
        """A new account, and the secret of the link by which its owner chooses a password if none was given.

        Raises Invalid for a name that is taken and a password that may not be.
        """
        now = self._clock()
        _check_password(password, username)
        account = Account(
            id=new_id(),
            username=username,
            # Until it is chosen: one that nobody knows, so that a log-in takes the same time.
            password_hash=await self._passwords.hash(password or new_secret()),
            role=role,
            is_disabled=is_disabled,
            quota_bytes=quota_bytes,
            created_at=now,
        )
        entry = self._audit.entry(
            Action.ACCOUNT_MADE,
            by,
            target_id=account.id,
            username=account.username,
            role=account.role.value,
            disabled=account.is_disabled,
            quota_bytes=account.quota_bytes,
        )
        secret = new_secret() if password is None else None
        link = None
        if secret is not None:
            link = PasswordLink(secret_hash=hash_of(secret), account_id=account.id, expires_at=now + LINK_LIFETIME)
        keep = None if remember is None else remember(account)
        if not await self._store.create_account(by, account, link, entry, keep):
            is_taken = await self._accounts.get_account_by_username(username) is not None
            detail = gettext("is already taken") if is_taken else gettext("looks too much like another username")
            raise Invalid([{"pointer": "#/username", "detail": detail}])
        entry.log()
        return account, secret

    async def change(
        self, by: Actor, account_id: str, changes: dict[str, Any], *, password: str | None = None
    ) -> Account:
        """Changes role, is_disabled or quota_bytes, and the password; taken access ends at once (invariant I11).

        Raises NotFound, Invalid, and LastAdministrator when nobody would be left to undo it.
        """
        account = await self.get(account_id)
        _check_password(password, account.username)
        told = changes if password is None else {**changes, "password": "changed"}
        if password is not None or changes.get("is_disabled") is True:
            told = {**told, "api_keys": "ended"}
        if password is not None:
            changes = {**changes, "password_hash": await self._passwords.hash(password)}
        if changes:
            entry = self._audit.entry(Action.ACCOUNT_CHANGED, by, target_id=account_id, **told)
            await self._store.change_account(by, account_id, changes, entry, now=self._clock())
            entry.log()
        return await self.get(account_id)

    async def renew_password_link(self, by: Actor, account_id: str) -> tuple[Account, str]:
        """The account, and the secret of a new link by which its owner chooses a password; older links end.

        The password, and what it has opened, stays valid until another is chosen. Raises NotFound.
        """
        account = await self.get(account_id)
        secret = new_secret()
        expires_at = self._clock() + LINK_LIFETIME
        link = PasswordLink(secret_hash=hash_of(secret), account_id=account_id, expires_at=expires_at)
        entry = self._audit.entry(Action.ACCOUNT_CHANGED, by, target_id=account_id, link="made")
        await self._store.replace_password_links(by, link, entry)
        entry.log()
        return account, secret

    async def usernames(self, account_ids: Collection[str]) -> dict[str, str]:
        """The usernames, by id, of those accounts that exist."""
        return await self._accounts.get_usernames(account_ids)

    async def new_owner_id(self, username: str) -> str:
        """The id of the account with this name. Raises NoSuchNewOwner."""
        account = await self._accounts.get_account_by_username(username)
        if account is None:
            raise NoSuchNewOwner
        return account.id

    async def owner_of_link(self, secret: str) -> Account:
        """Whose password may be chosen. Raises PasswordLinkGone."""
        _, account = await self._link(secret)
        return account

    async def choose_password(self, secret: str, password: str, *, address: str) -> None:
        """Sets the password, once. Raises PasswordLinkGone, and Invalid for a password that may not be."""
        link, account = await self._link(secret)
        _check_password(password, account.username)
        password_hash = await self._passwords.hash(password)
        entry = self._audit.entry(
            Action.PASSWORD_CHOSEN, Actor(account.id, address), target_id=account.id, api_keys="ended"
        )
        if not await self._store.use_password_link(link, password_hash, entry, now=self._clock()):
            raise PasswordLinkGone
        entry.log()

    async def forget_expired_links(self) -> int:
        """One step of the housekeeping: drops expired links; returns how many."""
        return await self._store.forget_expired_password_links(now=self._clock())

    async def _link(self, secret: str) -> tuple[PasswordLink, Account]:
        found = await self._store.get_password_link(hash_of(secret))
        if found is None or self._clock() >= found[0].expires_at:
            raise PasswordLinkGone
        return found


def _check_password(password: str | None, username: str) -> None:
    if password is not None and (fault := fault_of_new_password(password, username=username)):
        raise Invalid([{"pointer": "#/password", "detail": fault}])
