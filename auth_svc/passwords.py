"""Hashing and checking passwords with argon2id, off the event loop, a bounded number at a time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's parameters for argon2id: 19 MiB, two passes, one lane; about 40 ms.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE: Final = 2
# Longer input is refused before hashing, so that nobody makes us hash megabytes.
MAX_LENGTH: Final = 128


class Passwords:
    """A pool of threads that hash; argon2 releases the interpreter lock."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="argon2")
        # Checked when there is no account, so that an unknown name takes as long as a wrong password.
        self._nobody = _HASHER.hash("no account has this password")

    async def hash(self, password: str) -> str:
        """The hash to store, with its parameters and salt."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _HASHER.hash, password)

    async def is_right(self, password: str, stored_hash: str | None) -> bool:
        """Whether `password` made `stored_hash`; None (no such account) takes the same time and is never right."""
        is_right = await asyncio.get_running_loop().run_in_executor(
            self._pool, _matches, stored_hash or self._nobody, password
        )
        return is_right and stored_hash is not None

    def close(self) -> None:
        """Ends the threads; hashing under way is finished first."""
        self._pool.shutdown()


def _matches(stored_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
