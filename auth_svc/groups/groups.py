"""Groups: who makes, sees and changes them. Administrators do everything; a group's managers add and remove members."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from auth_svc.accounts.standing import Asker, require_standing
from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import NotAManager, OnlyAdministrators
from auth_svc.groups.names import name_key
from auth_svc.groups.store import EntryOf, Group, GroupStore, Member
from common.audit import AuditEntry
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Forbidden, NotFound
from common.idempotency import Remember
from common.ids import new_id
from common.languages import N_
from common.text import words_of


class Groups:
    """What takes `by` raises Unauthenticated, NotFound for a group they cannot see, Forbidden for what they may not.

    A group is seen by administrators and by those who are in it; who else is, by administrators and its managers.
    """

    def __init__(
        self, store: GroupStore, accounts: AccountStore, audit: Audit, *, cursors: Cursors, clock: Clock
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._audit = audit
        self._cursors = cursors
        self._clock = clock

    async def get(self, by: Asker, group_id: str) -> Group:
        """The group."""
        group, _ = await self._seen(by, group_id)
        return group

    async def managed(self, by: Asker, group_id: str) -> Group:
        """The group, for those who may add and remove members."""
        group, is_administrator = await self._seen(by, group_id)
        if not (is_administrator or group.is_manager):
            raise NotAManager
        return group

    async def add(
        self,
        by: Asker,
        name: str,
        *,
        description: str = "",
        manager_ids: Sequence[str] = (),
        remember: Remember[Group] | None = None,
    ) -> Group:
        """A new group of its managers, by an administrator.

        Raises GroupNameTaken, UnknownManagers and TooManyGroups.
        """
        if not await self._is_administrator(by):
            raise OnlyAdministrators
        now, managers = self._clock(), tuple(sorted({*manager_ids}))
        group = Group(
            id=new_id(),
            name=name,
            description=description,
            created_at=now,
            member_count=len(managers),
            managers=managers,
            added_at=now if by.account_id in managers else None,
            is_manager=by.account_id in managers,
        )
        made = self._audit.entry(Action.GROUP_MADE, by, group_id=group.id, group=name)
        entry_of, keep = self._entry_of(by, group.id, name), None if remember is None else remember(group)
        entries = await self._store.create_group(by, group, manager_ids, made=made, entry_of=entry_of, keep=keep)
        for entry in entries:
            entry.log()
        return group

    async def change(
        self,
        by: Asker,
        group_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        manager_ids: Sequence[str] | None = None,
    ) -> Group:
        """The group with what is named changed, by an administrator. Raises as `add`.

        Whoever else managed it stays a member.
        """
        group = await self._administered(by, group_id)
        renamed = None
        if name is not None and name != group.name:
            renamed = self._audit.entry(Action.GROUP_RENAMED, by, group_id=group_id, group=name, before=group.name)
        entries = await self._store.change_group(
            by,
            group_id,
            name=name,
            description=description,
            managers=manager_ids,
            now=self._clock(),
            renamed=renamed,
            entry_of=self._entry_of(by, group_id, name or group.name),
        )
        for entry in entries:
            entry.log()
        return await self.get(by, group_id)

    async def delete(self, by: Asker, group_id: str) -> None:
        """Deletes the group, by an administrator. Accounts stay; tokens name the group for five minutes at most."""
        group = await self._administered(by, group_id)
        entry = self._audit.entry(Action.GROUP_DELETED, by, group_id=group_id, group=group.name)
        await self._store.delete_group(by, group_id, entry)
        entry.log()

    async def members(
        self, by: Asker, group_id: str, *, cursor: str | None, limit: int
    ) -> tuple[list[Member], str | None]:
        """The group's members, by username, and the cursor of the next page. Raises Invalid."""
        await self.managed(by, group_id)
        return await self._cursors.page(
            f"group-members:{group_id}",
            partial(self._store.list_members, group_id),
            lambda member: (member.username, member.account_id),
            cursor=cursor,
            limit=limit,
            value_of=str,
        )

    async def list(
        self, by: Asker, *, q: str = "", is_own: bool = False, cursor: str | None, limit: int
    ) -> tuple[list[Group], str | None]:
        """Groups with the words of `q` in their names, by name, and the cursor of the next page.

        For administrators all of them, unless `is_own`; for others those they are in. Raises Invalid.
        """
        is_own = not await self._is_administrator(by) or is_own
        words = words_of(name_key(q))
        return await self._cursors.page(
            f"groups:{by.account_id if is_own else ''}:{' '.join(words)}",
            partial(self._store.list_groups, by.account_id, words, is_own=is_own),
            lambda group: (name_key(group.name), group.id),
            cursor=cursor,
            limit=limit,
            value_of=str,
        )

    async def put_member(self, by: Asker, group_id: str, account_id: str, *, is_manager: bool | None = None) -> None:
        """Puts the account into the group, as manager or not (None: as it is; new ones are not).

        Who manages is said by administrators. It may be so already. Raises NotFound for an account that does not
        exist, and TooManyGroups.
        """
        group = await self.managed(by, group_id)
        entry_of = self._entry_of(by, group_id, group.name)
        entry = await self._store.put_member(
            by, group_id, account_id, is_manager=is_manager, now=self._clock(), entry_of=entry_of
        )
        if entry is not None:
            entry.log()

    async def remove_member(self, by: Asker, group_id: str, account_id: str) -> None:
        """Takes the account out of the group, if it is in it; a manager, by an administrator.

        Sessions feel it within 30 seconds, access tokens name the group for five minutes at most.
        """
        group = await self.managed(by, group_id)
        entry = self._audit.entry(
            Action.GROUP_MEMBER_REMOVED, by, target_id=account_id, group_id=group_id, group=group.name
        )
        if await self._store.remove_member(by, group_id, account_id, entry):
            entry.log()

    async def find_account(self, by: Asker, username: str) -> Account:
        """The account with this username, for administrators and those who manage a group. Raises NotFound."""
        if not (await self._is_administrator(by) or await self._store.manages_any(by.account_id)):
            raise Forbidden(N_("Only administrators and managers of groups can do this."))
        account = await self._accounts.get_account_by_username(username)
        if account is None:
            raise NotFound
        return account

    async def grantee_name(self, by: Asker, subject: str) -> str | None:
        """What an account (`account:` and its id), or a group that `by` sees (`group:`), is called; None: none."""
        kind, _, subject_id = subject.partition(":")
        if kind == "account":
            await self._is_administrator(by)
            account = await self._accounts.get_account(subject_id)
            return None if account is None else account.username
        try:
            return (await self.get(by, subject_id)).name if kind == "group" else None
        except NotFound:
            return None

    async def names(self, subjects: Sequence[str]) -> dict[str, str]:
        """What these accounts (`account:` and its id) and groups (`group:`) are called, without those that don't exist.

        For other services, of what somebody has shared with them.
        """
        kinds = {"account": self._accounts.get_usernames, "group": self._store.get_names}
        found: dict[str, str] = {}
        for kind, names_of in kinds.items():
            ids = [subject.removeprefix(f"{kind}:") for subject in subjects if subject.startswith(f"{kind}:")]
            found |= {f"{kind}:{one}": name for one, name in (await names_of(ids)).items()}
        return found

    def _entry_of(self, by: Asker, group_id: str, name: str) -> EntryOf:
        def entry_of(action: Action, account_id: str, *, is_manager: bool) -> AuditEntry:
            return self._audit.entry(
                action, by, target_id=account_id, group_id=group_id, group=name, manager=is_manager
            )

        return entry_of

    async def _is_administrator(self, by: Asker) -> bool:
        account = await self._accounts.get_account(by.account_id)
        require_standing(by, account)
        return account is not None and account.role is Role.ADMIN

    async def _seen(self, by: Asker, group_id: str) -> tuple[Group, bool]:
        """The group, and whether they are an administrator."""
        is_administrator = await self._is_administrator(by)
        group = await self._store.get_group(group_id, seen_by=by.account_id)
        if group is None or (group.added_at is None and not is_administrator):
            raise NotFound
        return group, is_administrator

    async def _administered(self, by: Asker, group_id: str) -> Group:
        group, is_administrator = await self._seen(by, group_id)
        if not is_administrator:
            raise OnlyAdministrators
        return group
