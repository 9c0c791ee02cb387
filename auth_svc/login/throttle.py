"""How many log-ins may be tried: by account name and by address, in buckets that all replicas share."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from auth_svc.accounts.usernames import skeleton
from auth_svc.login.store import ThrottleStore
from common.clock import Clock
from common.errors import RateLimited
from common.languages import N_
from common.web.addresses import network_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most so many attempts at once; each comes back after `interval`."""

    attempts: int
    interval: timedelta


# A person who has forgotten which of their passwords it was tries fewer; a program that guesses gets 2,880 a day,
# none of which is among the most common passwords, because those are refused when a password is set.
PER_NAME: Final = Limit(attempts=10, interval=timedelta(seconds=30))
# An office or a school is one address, and the log-ins that succeed cost nothing: room for many mistakes at nine in
# the morning. One password tried on every name there is comes to 17,280 tries a day.
PER_ADDRESS: Final = Limit(attempts=100, interval=timedelta(seconds=5))


class LogInThrottle:
    """Asked before a password is hashed. Every attempt is charged; a log-in that succeeds gets its charge back.

    Names that no account has use the same buckets, so that a refusal tells nobody which names there are.
    """

    def __init__(self, store: ThrottleStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def charge(self, username: str, address: str, *, device: str | None = None) -> None:
        """One attempt. Raises RateLimited; the name is not charged for an attempt that its address may not make.

        A known device has a bucket of its own instead of both.
        """
        if device is not None:
            await self._charge(_device_bucket(username, device), PER_NAME)
            return
        await self._charge(_address_bucket(address), PER_ADDRESS)
        await self._charge(_name_bucket(username), PER_NAME)

    async def succeeded(self, username: str, address: str, *, device: str | None = None) -> None:
        """The log-in succeeded: the name's bucket is full again, and the address gets its one attempt back.

        Not the whole bucket: else somebody with an account of their own could try others without end. A known device
        has spent nothing of either.
        """
        if device is not None:
            await self._store.clear_bucket(_device_bucket(username, device))
            return
        await self._store.clear_and_give_back(
            _name_bucket(username), _address_bucket(address), cost_ms=_milliseconds(PER_ADDRESS.interval)
        )

    async def forget_whole_buckets(self) -> int:
        """One step of the housekeeping: drops rows of full buckets; returns how many."""
        return await self._store.forget_whole_buckets(now_ms=self._now_ms())

    async def _charge(self, bucket: str, limit: Limit) -> None:
        now_ms, cost_ms = self._now_ms(), _milliseconds(limit.interval)
        free_at = await self._store.spend(bucket, now_ms=now_ms, cost_ms=cost_ms, capacity_ms=limit.attempts * cost_ms)
        if free_at is not None:
            seconds = max(1, math.ceil((free_at - now_ms) / 1000))
            raise RateLimited(N_("Too many attempts. Wait a moment and try again."), retry_after_seconds=seconds)

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)


def _name_bucket(username: str) -> str:
    # Names that look alike share a bucket, however they are typed.
    return _hash("name", skeleton(username))


def _device_bucket(username: str, device: str) -> str:
    return _hash("device", f"{skeleton(username)}\0{device}")


def _address_bucket(address: str) -> str:
    return _hash("address", network_of(address))


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "surrogateescape")).hexdigest()


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
