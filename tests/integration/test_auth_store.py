"""auth_svc's tables and queries on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.sessions.store import Session, SessionStore
from auth_svc.tokens.store import RefreshFamily, RefreshTokenStore, SigningKeyStore, StoredSigningKey
from common.db import Database, open_database
from common.ids import new_id

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


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


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("is_disabled", [False, True])
@pytest.mark.parametrize("quota_bytes", [None, 0, 2**53])
async def test_an_account_comes_back_as_it_was(
    stores: Stores, role: Role, quota_bytes: int | None, *, is_disabled: bool
) -> None:
    made = await added(stores, account(role=role, is_disabled=is_disabled, quota_bytes=quota_bytes))
    for found in (await stores.accounts.get_account(made.id), await stores.accounts.get_account_by_username("alice")):
        assert found == made
        assert found is not None
        assert found.is_disabled is is_disabled
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


async def test_a_session_comes_back_with_its_account(stores: Stores) -> None:
    alice, bob = await added(stores, account("alice")), await added(stores, account("bob"))
    sessions = [session_of(alice), session_of(bob, "b" * 64), session_of(alice, "A" * 64)]
    for session, owner in zip(sessions, (alice, bob, alice), strict=True):
        assert await stores.sessions.add_session(session, owner)
    for session, owner in zip(sessions, (alice, bob, alice), strict=True):
        assert await stores.sessions.get_session(session.secret_hash) == (session, owner)
    assert await stores.sessions.get_session("c" * 64) is None
    assert await stores.sessions.get_session("") is None


async def test_an_expired_session_and_a_disabled_account_are_told_not_hidden(stores: Stores, database_url: str) -> None:
    """Whoever asks decides, with a clock."""
    mallory = await added(stores, account("mallory"))
    expired = session_of(mallory, created_at=NOW - timedelta(days=60), expires_at=NOW - timedelta(days=30))
    assert await stores.sessions.add_session(expired, mallory)
    async with open_database(database_url) as database, database.write() as connection:
        await connection.execute(text("UPDATE accounts SET is_disabled = 1"))
    assert await stores.sessions.get_session(expired.secret_hash) == (expired, replace(mallory, is_disabled=True))


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


async def test_a_password_is_changed_once_and_ends_what_the_old_one_opened(stores: Stores) -> None:
    alice, bob = await added(stores, account("alice")), await added(stores, account("bob"))
    for digit, owner in (("1", alice), ("2", alice), ("3", bob)):
        assert await stores.sessions.add_session(session_of(owner, digit * 64), owner)
    families = [family_of(alice), family_of(bob)]
    for family, owner in zip(families, (alice, bob), strict=True):
        assert await stores.refresh_tokens.add_refresh_family(family, owner)
    changes = (
        stores.accounts.change_password(alice, f"hash {number}", now=NOW, keep_session="2" * 64) for number in range(5)
    )
    results = await asyncio.gather(*changes)
    assert sorted(results) == [False] * 4 + [True]
    valid_from = NOW.replace(microsecond=0) + timedelta(seconds=1)
    changed = replace(alice, password_hash=f"hash {results.index(True)}", tokens_valid_from=valid_from)
    assert await stores.accounts.get_account(alice.id) == changed
    assert [digit for digit in "123" if await stores.sessions.get_session(digit * 64)] == ["2", "3"]
    assert [await stores.refresh_tokens.get_refresh_family(family.id) for family in families] == [
        None,
        (families[1], bob),
    ]
    # Hashed anew, it is the same password: nothing ends. But not over another one.
    assert not await stores.accounts.rehash_password(alice, "anew")
    assert await stores.accounts.rehash_password(changed, "anew")
    assert await stores.sessions.get_session("2" * 64)


async def test_no_two_sessions_share_a_secret(stores: Stores) -> None:
    alice = await added(stores, account())
    await stores.sessions.add_session(session_of(alice), alice)
    with pytest.raises(IntegrityError):
        await stores.sessions.add_session(session_of(alice), alice)


async def test_use_moves_last_seen_and_nothing_else(stores: Stores) -> None:
    alice = await added(stores, account())
    first, second = session_of(alice), session_of(alice, "b" * 64)
    for session in (first, second):
        await stores.sessions.add_session(session, alice)
    seen_at = NOW + timedelta(minutes=5, microseconds=1)
    assert await stores.sessions.touch_session(first.secret_hash, seen_at=seen_at)
    # The same instant again: matched, though nothing changes.
    assert await stores.sessions.touch_session(first.secret_hash, seen_at=seen_at)
    assert await stores.sessions.get_session(first.secret_hash) == (replace(first, last_seen_at=seen_at), alice)
    assert await stores.sessions.get_session(second.secret_hash) == (second, alice)


async def test_an_ended_session_is_gone_and_cannot_be_used(stores: Stores) -> None:
    alice = await added(stores, account())
    first, second = session_of(alice), session_of(alice, "b" * 64)
    for session in (first, second):
        await stores.sessions.add_session(session, alice)
    await stores.sessions.end_session(first.secret_hash)
    assert await stores.sessions.get_session(first.secret_hash) is None
    assert not await stores.sessions.touch_session(first.secret_hash, seen_at=NOW)
    assert await stores.sessions.get_session(second.secret_hash) == (second, alice)
    await stores.sessions.end_session(first.secret_hash)


async def test_a_new_session_clears_away_expired_ones_of_the_same_account_only(stores: Stores) -> None:
    alice, bob = await added(stores, account("alice")), await added(stores, account("bob"))
    await stores.sessions.add_session(session_of(alice, "1" * 64, expires_at=NOW), alice)
    await stores.sessions.add_session(session_of(alice, "2" * 64, expires_at=NOW + INSTANT), alice)
    await stores.sessions.add_session(session_of(bob, "3" * 64, expires_at=NOW), bob)
    await stores.sessions.add_session(session_of(alice, "4" * 64, created_at=NOW), alice)
    left = [digit for digit in "1234" if await stores.sessions.get_session(digit * 64)]
    assert left == ["2", "3", "4"]


async def test_signing_keys_come_back_the_oldest_first(stores: Stores) -> None:
    assert await stores.signing_keys.list_signing_keys() == []
    keys = [
        StoredSigningKey(id=key_id, encrypted_private_key=content, created_at=NOW + later)
        for key_id, content, later in (
            ("b" * 26, "x" * 100_000, timedelta()),
            ("c" * 26, "y", timedelta()),
            ("a" * 26, "z", INSTANT),
        )
    ]
    for key in (keys[2], keys[0], keys[1]):
        assert await stores.signing_keys.add_signing_key(key)
    assert await stores.signing_keys.list_signing_keys() == keys


async def test_a_signing_key_is_added_once_and_never_replaced(stores: Stores) -> None:
    keys = [StoredSigningKey(id="a" * 26, encrypted_private_key=str(number), created_at=NOW) for number in range(6)]
    results = await asyncio.gather(*(stores.signing_keys.add_signing_key(key) for key in keys))
    assert sorted(results) == [False] * 5 + [True]
    assert await stores.signing_keys.list_signing_keys() == [keys[results.index(True)]]
