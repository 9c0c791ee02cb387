"""auth_svc's tables and queries on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.sessions.store import Session, SessionStore
from auth_svc.tokens.store import RefreshFamily, RefreshTokenStore, SigningKeyStore
from common.db import Database, open_database
from common.ids import new_id

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


class Stores:
    """What these tests ask, over one database."""

    def __init__(self, database: Database) -> None:
        self.accounts = AccountStore(database)
        self.sessions = SessionStore(database)
        self.refresh_tokens = RefreshTokenStore(database)
        self.signing_keys = SigningKeyStore(database)


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    async with open_database(database_url) as database:
        yield Stores(database)


def account(username: str = "alice", **changes: object) -> Account:
    made = Account(
        id=new_id(),
        username=username,
        password_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        role=Role.MEMBER,
        is_disabled=False,
        quota_bytes=None,
        created_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def session_of(owner: Account, secret_hash: str = "a" * 64, **changes: object) -> Session:
    made = Session(
        secret_hash=secret_hash,
        account_id=owner.id,
        created_at=NOW,
        last_seen_at=NOW,
        expires_at=NOW + timedelta(days=30),
        user_agent="Mozilla/5.0 (Zoë \U0001f3ac)",
        address="2001:db8::1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def family_of(owner: Account) -> RefreshFamily:
    return RefreshFamily(
        id=new_id(),
        account_id=owner.id,
        current_hash="a" * 64,
        previous_hash=None,
        created_at=NOW,
        rotated_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )


async def added(stores: Stores, made: Account) -> Account:
    assert await stores.accounts.add_account(made)
    return made


async def test_an_account_comes_back_as_it_was(stores: Stores) -> None:
    made = await added(stores, account(role=Role.ADMIN, is_disabled=True, quota_bytes=2**53))
    for found in (await stores.accounts.get_account(made.id), await stores.accounts.get_account_by_username("alice")):
        assert found == made
        assert made.password_hash not in repr(found)


async def test_who_is_not_there_is_nobody(stores: Stores) -> None:
    made = await added(stores, account())
    assert await stores.accounts.get_account(new_id()) is None
    for username in ("", "alic", "alice2", "älice", "%", "alice\0", "' OR 1=1 --"):
        assert await stores.accounts.get_account_by_username(username) is None
    for other in (made.id.upper(), made.id[:-1]):
        assert await stores.accounts.get_account(other) is None


async def test_a_user_name_is_taken_once_however_many_ask_at_the_same_time(stores: Stores) -> None:
    results = await asyncio.gather(*(stores.accounts.add_account(account("bob")) for _ in range(6)))
    assert sorted(results) == [False] * 5 + [True]
    # Names that only look alike are others.
    for username in ("bób", "böb", "bo b"):
        assert await stores.accounts.add_account(account(username))


@pytest.mark.parametrize("changes", [{"is_disabled": True}, {"password_hash": "another"}, {"id": new_id()}])
async def test_nothing_begins_for_an_account_that_is_not_as_it_was_read(
    stores: Stores, changes: dict[str, object]
) -> None:
    """So that what a changed password and a disabled account end cannot be begun beside it."""
    kept = await added(stores, account("alice", **changes))
    read = replace(kept, is_disabled=False, password_hash=account().password_hash, id=kept.id)
    if "id" in changes:
        read = replace(read, id=new_id())
    assert not await stores.sessions.add_session(session_of(kept), read)
    assert not await stores.refresh_tokens.add_refresh_family(family_of(kept), read)
    assert await stores.sessions.get_session("a" * 64) is None


async def test_a_log_in_beside_a_change_of_password_does_not_outlive_it(stores: Stores) -> None:
    for number in range(10):
        alice = await added(stores, account(f"alice{number}"))
        session = session_of(alice, f"{number}" * 64)
        await asyncio.gather(
            stores.sessions.add_session(session, alice),
            stores.accounts.change_password(alice, "another", now=NOW, keep_session=None),
        )
        assert await stores.sessions.get_session(session.secret_hash) is None
