"""Hashing and checking passwords with argon2id, off the event loop, a bounded number at a time."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's parameters for argon2id: 19 MiB, two passes, one lane; about 40 ms.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE: Final = 2
_NICENESS: Final = 10
# Longer input is refused before hashing, so that nobody makes us hash megabytes.
MAX_LENGTH: Final = 128


class Passwords:
    """A pool of threads that hash; argon2 releases the interpreter lock."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="argon2", initializer=_step_back)
        # Checked when there is no account, so that an unknown name takes as long as a wrong password.
        self._nobody = _hash_of_nobody(hasher)

    async def hash(self, password: str) -> str:
        """The hash to store, of the password's normal form, with its parameters and salt."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, normal_form(password))

    async def match(self, password: str, stored_hash: str | None) -> str | None:
        """The form of `password` that made `stored_hash`; None when it is another password.

        No hash (no such account) takes the same time and is never right: only what was typed decides how long it takes.
        """
        matched = None
        for form in _forms(password):
            if await asyncio.get_running_loop().run_in_executor(
                self._pool, self._matches, stored_hash or self._nobody, form
            ):
                matched = matched or form
        return None if stored_hash is None else matched

    def needs_rehash(self, stored_hash: str) -> bool:
        """Whether the hash was created with other parameters than the present ones."""
        return self._hasher.check_needs_rehash(stored_hash)

    def close(self) -> None:
        """Ends the threads; hashing under way is finished first."""
        self._pool.shutdown()

    def _matches(self, stored_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored_hash, password)
        except (VerificationError, InvalidHashError):
            return False


@asynccontextmanager
async def hashing() -> AsyncIterator[Passwords]:
    """Passwords as long as the context lasts."""
    passwords = Passwords()
    try:
        yield passwords
    finally:
        passwords.close()


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("no account has this password")


def normal_form(password: str) -> str:
    """The password as it is hashed: the same for two keyboards that send it differently (RFC 8265, OpaqueString).

    NFC, and every kind of space as the plain one; nothing else is changed.
    """
    plain = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", plain)


def _forms(password: str) -> tuple[str, ...]:
    """What may have been hashed when this was typed: its normal form, or, in older hashes, what a keyboard sent.

    What is too long for a password is not hashed.
    """
    normal = normal_form(password)
    if len(normal) > MAX_LENGTH:
        return ()
    return tuple(dict.fromkeys((normal, password, unicodedata.normalize("NFD", normal))))


def _step_back() -> None:
    """Gives the event loop's thread priority: many log-ins at a time must not keep other requests waiting."""
    if sys.platform == "linux":
        # Only there does a thread have a priority of its own. One that has stepped back further may not come forward.
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))
