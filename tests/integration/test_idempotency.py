"""Idempotency keys on both databases, as several processes of a service use them at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.db import open_database
from common.errors import IdempotencyKeyReused, IdempotentRequestRunning, NotFound, Refusal, Unavailable
from common.idempotency import CLAIMED, KEPT, TAKE_OVER_LIMIT, Claim, CreateRequest, IdempotencyKeys
from common.ids import new_id
from upload_svc.tables import idempotency_keys

SECOND = timedelta(seconds=1)
REQUEST = CreateRequest(account_id=new_id(), path="/v1/uploads", idempotency_key="key", content="{}")


class Time:
    """The clock of all processes."""

    now = datetime(2026, 11, 24, 8, 0, 0, 123_456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Replicas:
    """Three processes; each answers requests by itself, and counts what it makes."""

    def __init__(self, keys: list[IdempotencyKeys], time: Time) -> None:
        self.keys = keys
        self.time = time
        self.made: list[str] = []

    async def ask(self, request: CreateRequest = REQUEST, *, at: int = 0, failure: BaseException | None = None) -> str:
        """What the request is answered; by default with the id of what it has made."""
        keys = self.keys[at % len(self.keys)]

        async def work(claim: Claim) -> str:
            self.made.append(claim.resource_id)
            if failure is not None:
                raise failure
            await keys.answer(claim, claim.resource_id)
            return claim.resource_id

        return await keys.once(request, work, str)

    async def die(self) -> str:
        """A worker that is killed at its work; returns the id of what it was about to make."""
        with pytest.raises(asyncio.CancelledError):
            await self.ask(failure=asyncio.CancelledError())
        return self.made[-1]


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[Replicas]:
    time = Time()
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(open_database(database_url)) for _ in range(3)]
        yield Replicas([IdempotencyKeys(database, idempotency_keys, clock=time) for database in databases], time)


async def all_at_once(replicas: Replicas) -> set[str]:
    """The answers of nine who ask at once; none but answers and refusals for now."""
    answers = await asyncio.gather(*(replicas.ask(at=number) for number in range(9)), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {str, IdempotentRequestRunning}
    return {answer for answer in answers if isinstance(answer, str)}


async def test_of_many_at_once_one_makes_something(replicas: Replicas) -> None:
    answers = await all_at_once(replicas)
    assert answers == set(replicas.made)
    assert len(replicas.made) == 1
    assert {await replicas.ask(at=1)} == answers
    with pytest.raises(IdempotencyKeyReused):
        await replicas.ask(replace(REQUEST, content='{"title": "Another"}'))


async def test_of_many_one_takes_over_what_a_dead_worker_has_left(replicas: Replicas) -> None:
    left = await replicas.die()
    replicas.time.now += CLAIMED - SECOND
    with pytest.raises(IdempotentRequestRunning):
        await replicas.ask()
    replicas.time.now += SECOND
    assert await all_at_once(replicas) == {left}
    assert replicas.made == [left, left]


async def test_what_was_left_long_ago_is_not_gone_on_with(replicas: Replicas) -> None:
    left = await replicas.die()
    replicas.time.now += TAKE_OVER_LIMIT
    [answer] = await all_at_once(replicas)
    assert answer != left
    assert await replicas.ask() == answer


async def test_who_has_been_too_slow_has_nothing_to_say_any_more(replicas: Replicas) -> None:
    async def be_slow(claim: Claim) -> str:
        replicas.time.now += CLAIMED
        assert await replicas.ask(at=1) == claim.resource_id
        await replicas.keys[0].answer(claim, "another answer")
        return "another answer"

    with pytest.raises(IdempotentRequestRunning):
        await replicas.keys[0].once(REQUEST, be_slow, str)
    assert await replicas.ask() == replicas.made[0]


@pytest.mark.parametrize(("failure", "is_kept"), [(NotFound(), False), (Unavailable(), True)])
async def test_a_refusal_frees_the_key_and_an_unknown_outcome_keeps_what_it_is_for(
    replicas: Replicas, failure: Refusal, *, is_kept: bool
) -> None:
    with pytest.raises(type(failure)):
        await replicas.ask(failure=failure)
    mended = REQUEST if is_kept else replace(REQUEST, content='{"title": "Mended"}')
    assert (await replicas.ask(mended, at=1) == replicas.made[0]) is is_kept


async def test_keys_are_compared_byte_by_byte_and_belong_to_an_account_and_a_path(replicas: Replicas) -> None:
    requests = [
        REQUEST,
        *(replace(REQUEST, idempotency_key=key) for key in ("KEY", "key.", "~" * 255)),
        replace(REQUEST, account_id=new_id()),
        replace(REQUEST, path="/v1/" + "x" * 124),
    ]
    answers = [await replicas.ask(request) for request in requests]
    assert len(set(answers)) == len(requests)
    assert [await replicas.ask(request, at=1) for request in requests] == answers


async def test_an_answer_is_kept_whole(replicas: Replicas) -> None:
    told = '{"title": "' + "\U0001f3ac" * 30_000 + '"}'

    async def tell(claim: Claim) -> str:
        await replicas.keys[0].answer(claim, told)
        return told

    assert await replicas.keys[0].once(REQUEST, tell, str) == told
    assert await replicas.keys[1].once(REQUEST, tell, lambda kept: f"kept: {kept}") == f"kept: {told}"


async def test_only_what_is_older_is_forgotten(replicas: Replicas) -> None:
    young = replace(REQUEST, idempotency_key="young")
    old_answer = await replicas.ask()
    replicas.time.now += SECOND
    young_answer = await replicas.ask(young)
    replicas.time.now += KEPT
    assert await replicas.keys[0].forget_old() == 1
    assert await replicas.ask(young) == young_answer
    assert await replicas.ask() != old_answer


async def test_an_accounts_keys_are_forgotten_with_it(replicas: Replicas) -> None:
    other = replace(REQUEST, account_id=new_id())
    mine, theirs = await replicas.ask(), await replicas.ask(other)
    await replicas.keys[0].forget_account(REQUEST.account_id)
    assert await replicas.ask(other) == theirs
    assert await replicas.ask() != mine
