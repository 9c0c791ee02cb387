"""The audit log: who logged in, who was refused, who used a key, and what administrators did. Never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from auth_svc.accounts.usernames import folded
from auth_svc.audit.store import AuditStore, Word
from common.audit import Actor, AuditEntry, audit_entry
from common.clock import Clock
from common.cursors import Cursors
from common.languages import N_, gettext
from common.text import search_key, words_of


class Action(StrEnum):
    LOG_IN = "log-in"
    LOG_IN_REFUSED = "log-in-refused"
    SESSION_ENDED = "session-ended"
    PASSWORD_CHANGED = "password-changed"
    PASSWORD_CHOSEN = "password-chosen"
    REFRESH_TOKEN_REUSED = "refresh-token-reused"
    API_KEY_MADE = "api-key-made"
    API_KEY_USED = "api-key-used"
    API_KEY_DELETED = "api-key-deleted"
    ACCOUNT_MADE = "account-made"
    ACCOUNT_CHANGED = "account-changed"
    ACCOUNT_DELETED = "account-deleted"
    GROUP_MADE = "group-made"
    GROUP_RENAMED = "group-renamed"
    GROUP_DELETED = "group-deleted"
    GROUP_MEMBER_ADDED = "group-member-added"
    GROUP_MEMBER_CHANGED = "group-member-changed"
    GROUP_MEMBER_REMOVED = "group-member-removed"
    STORAGE_CHECKED = "storage-checked"


# What people read of it.
WORDS: Final[Mapping[str, str]] = {
    Action.LOG_IN: N_("Logged in"),
    Action.LOG_IN_REFUSED: N_("Failed sign-in"),
    Action.SESSION_ENDED: N_("Session ended"),
    Action.PASSWORD_CHANGED: N_("Password changed"),
    Action.PASSWORD_CHOSEN: N_("Password set with a link"),
    Action.REFRESH_TOKEN_REUSED: N_("A reused sign-in token was detected, so that session was logged out"),
    Action.API_KEY_MADE: N_("API key created"),
    Action.API_KEY_USED: N_("API key used"),
    Action.API_KEY_DELETED: N_("API key deleted"),
    Action.ACCOUNT_MADE: N_("Account created"),
    Action.ACCOUNT_CHANGED: N_("Account changed by an administrator"),
    Action.ACCOUNT_DELETED: N_("Account deleted"),
    Action.GROUP_MADE: N_("Group created"),
    Action.GROUP_RENAMED: N_("Group renamed"),
    Action.GROUP_DELETED: N_("Group deleted"),
    Action.GROUP_MEMBER_ADDED: N_("Added to a group"),
    Action.GROUP_MEMBER_CHANGED: N_("Group manager changed"),
    Action.GROUP_MEMBER_REMOVED: N_("Removed from a group"),
    Action.STORAGE_CHECKED: N_("Storage check started"),
    # What other services write down.
    "video-trashed": N_("Video moved to the trash"),
    "video-restored": N_("Video restored from the trash"),
    "video-deleted": N_("Video permanently deleted"),
    "video-hidden": N_("Video hidden by an administrator"),
    "video-shown": N_("Video unhidden by an administrator"),
    "link-created": N_("Link created"),
    "link-revoked": N_("Link revoked"),
    "video-granted": N_("Video shared with a person or a group"),
    "video-grant-revoked": N_("Video no longer shared with a person or a group"),
    "collection-deleted": N_("Collection deleted"),
    "collection-granted": N_("Collection shared"),
    "collection-grant-revoked": N_("Collection no longer shared"),
    "webhook-created": N_("Webhook created"),
    "webhook-deleted": N_("Webhook deleted"),
    "video-handed-over": N_("Video of a deleted account transferred"),
}


def about(entry: AuditEntry) -> str | None:
    """The name of what it was done to, where that is a video, a collection, a group, or an account that is gone."""
    details = json.loads(entry.details)
    name = details.get("title", details.get("group"))
    if name is None and entry.action == Action.ACCOUNT_DELETED:
        name = details["username"]
    return name if isinstance(name, str) else None


class Audit:
    """Makes entries. Each is written in the transaction of what it tells, and then to the process's log."""

    def __init__(self, store: AuditStore, cursors: Cursors, *, clock: Clock) -> None:
        self._store = store
        self._cursors = cursors
        self._clock = clock

    def entry(self, action: Action, by: Actor, *, target_id: str | None = None, **details: object) -> AuditEntry:
        """An entry to hand to the store. `details` must be fit for every administrator's eyes."""
        return audit_entry(action, by, at=self._clock(), target_id=target_id, **details)

    async def record(self, action: Action, by: Actor, *, target_id: str | None = None, **details: object) -> None:
        """Writes and logs what changes no other row."""
        entry = self.entry(action, by, target_id=target_id, **details)
        await self._store.add_audit_entry(entry)
        entry.log()

    async def list(
        self, account_id: str | None, *, q: str = "", cursor: str | None, limit: int
    ) -> tuple[list[AuditEntry], str | None]:
        """Entries, newest first, and the cursor of the next page: all of them, or those that one account did or met.

        Of these, those in which each word of `q` stands: in what was done, who did it, to what, or from where. Raises
        Invalid.
        """
        words = [Word(folded(word), _actions_named(word)) for word in words_of(q)]
        return await self._cursors.page(
            f"audit:{account_id or ''}:{' '.join(word.text for word in words)}",
            partial(self._store.list_audit_entries, account_id, words),
            lambda entry: (entry.at, entry.id),
            cursor=cursor,
            limit=limit,
        )

    async def forget_old(self, kept: timedelta) -> int:
        """One step of the housekeeping: drops entries, and the addresses in them, after their time."""
        return await self._store.forget_audit_entries(before=self._clock() - kept)


def _actions_named(word: str) -> list[str]:
    """The actions in whose words, as people read them, this one stands."""
    return [action for action, words in WORDS.items() if search_key(word) in search_key(gettext(words))]
