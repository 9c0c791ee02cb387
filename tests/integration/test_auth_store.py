"""auth_svc's tables and queries on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from auth_svc.store import Account, Role, Session, Store, StoredSigningKey
from common.db import open_database
from common.ids import new_id

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_database(database_url) as database:
        yield Store(database)


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


async def added(store: Store, made: Account) -> Account:
    assert await store.add_account(made)
    return made


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("is_disabled", [False, True])
@pytest.mark.parametrize("quota_bytes", [None, 0, 2**53])
async def test_an_account_comes_back_as_it_was(
    store: Store, role: Role, quota_bytes: int | None, *, is_disabled: bool
) -> None:
    made = await added(store, account(role=role, is_disabled=is_disabled, quota_bytes=quota_bytes))
    for found in (await store.get_account(made.id), await store.get_account_by_username("alice")):
        assert found == made
        assert found is not None
        assert found.is_disabled is is_disabled
        assert made.password_hash not in repr(found)


async def test_who_is_not_there_is_nobody(store: Store) -> None:
    made = await added(store, account())
    assert await store.get_account(new_id()) is None
    for username in ("", "Alice", "ALICE", "alic", "alice2", "älice", "%", "alice\0", "' OR 1=1 --"):
        assert await store.get_account_by_username(username) is None
    for other in (made.id.upper(), made.id[:-1]):
        assert await store.get_account(other) is None


async def test_a_user_name_is_taken_once_however_many_ask_at_the_same_time(store: Store) -> None:
    results = await asyncio.gather(*(store.add_account(account("bob")) for _ in range(6)))
    assert sorted(results) == [False] * 5 + [True]
    # Names that only look alike are others.
    for username in ("bób", "böb", "bo b"):
        assert await store.add_account(account(username))


async def test_a_session_comes_back_with_its_account(store: Store) -> None:
    alice, bob = await added(store, account("alice")), await added(store, account("bob"))
    sessions = [session_of(alice), session_of(bob, "b" * 64), session_of(alice, "A" * 64)]
    for session in sessions:
        await store.add_session(session)
    for session, owner in zip(sessions, (alice, bob, alice), strict=True):
        assert await store.get_session(session.secret_hash) == (session, owner)
    assert await store.get_session("c" * 64) is None
    assert await store.get_session("") is None


async def test_an_expired_session_and_a_disabled_account_are_told_not_hidden(store: Store) -> None:
    """Whoever asks decides, with a clock."""
    mallory = await added(store, account("mallory", is_disabled=True))
    expired = session_of(mallory, created_at=NOW - timedelta(days=60), expires_at=NOW - timedelta(days=30))
    await store.add_session(expired)
    assert await store.get_session(expired.secret_hash) == (expired, mallory)


async def test_a_session_belongs_to_an_account(store: Store) -> None:
    with pytest.raises(IntegrityError):
        await store.add_session(session_of(account("nobody")))


async def test_no_two_sessions_share_a_secret(store: Store) -> None:
    alice = await added(store, account())
    await store.add_session(session_of(alice))
    with pytest.raises(IntegrityError):
        await store.add_session(session_of(alice))


async def test_use_moves_last_seen_and_nothing_else(store: Store) -> None:
    alice = await added(store, account())
    first, second = session_of(alice), session_of(alice, "b" * 64)
    for session in (first, second):
        await store.add_session(session)
    seen_at = NOW + timedelta(minutes=5, microseconds=1)
    assert await store.touch_session(first.secret_hash, seen_at=seen_at)
    # The same instant again: matched, though nothing changes.
    assert await store.touch_session(first.secret_hash, seen_at=seen_at)
    assert await store.get_session(first.secret_hash) == (replace(first, last_seen_at=seen_at), alice)
    assert await store.get_session(second.secret_hash) == (second, alice)


async def test_an_ended_session_is_gone_and_cannot_be_used(store: Store) -> None:
    alice = await added(store, account())
    first, second = session_of(alice), session_of(alice, "b" * 64)
    for session in (first, second):
        await store.add_session(session)
    await store.end_session(first.secret_hash)
    assert await store.get_session(first.secret_hash) is None
    assert not await store.touch_session(first.secret_hash, seen_at=NOW)
    assert await store.get_session(second.secret_hash) == (second, alice)
    await store.end_session(first.secret_hash)


async def test_a_new_session_clears_away_expired_ones_of_the_same_account_only(store: Store) -> None:
    alice, bob = await added(store, account("alice")), await added(store, account("bob"))
    await store.add_session(session_of(alice, "1" * 64, expires_at=NOW))
    await store.add_session(session_of(alice, "2" * 64, expires_at=NOW + INSTANT))
    await store.add_session(session_of(bob, "3" * 64, expires_at=NOW))
    await store.add_session(session_of(alice, "4" * 64, created_at=NOW))
    left = [digit for digit in "1234" if await store.get_session(digit * 64)]
    assert left == ["2", "3", "4"]


async def test_signing_keys_come_back_the_oldest_first(store: Store) -> None:
    assert await store.list_signing_keys() == []
    keys = [
        StoredSigningKey(id=key_id, encrypted_private_key=content, created_at=NOW + later)
        for key_id, content, later in (
            ("b" * 26, "x" * 100_000, timedelta()),
            ("c" * 26, "y", timedelta()),
            ("a" * 26, "z", INSTANT),
        )
    ]
    for key in (keys[2], keys[0], keys[1]):
        assert await store.add_signing_key(key)
    assert await store.list_signing_keys() == keys


async def test_a_signing_key_is_added_once_and_never_replaced(store: Store) -> None:
    keys = [StoredSigningKey(id="a" * 26, encrypted_private_key=str(number), created_at=NOW) for number in range(6)]
    results = await asyncio.gather(*(store.add_signing_key(key) for key in keys))
    assert sorted(results) == [False] * 5 + [True]
    assert await store.list_signing_keys() == [keys[results.index(True)]]
