"""The rules for new passwords of accounts."""

from __future__ import annotations

import gzip
import sys
from functools import cache
from pathlib import Path
from typing import Final

from common.languages import gettext
from common.passwords import HASHER, MAX_LENGTH, normal_form

MIN_LENGTH: Final = 8


def main() -> None:
    """`python -m auth_svc.accounts.passwords`: the hash of the line on standard input, on standard output."""
    sys.stdout.write(HASHER.hash(normal_form(sys.stdin.readline().rstrip("\n"))) + "\n")


def fault_of_new_password(password: str, *, username: str) -> str | None:
    """What is wrong with a new password, worded to follow the field's name; None: nothing.

    Length, and not one of the most common ones: rules about kinds of characters make passwords worse (ASVS 5.0, 6.2).
    Checked when a password is set, never at log-in.
    """
    password = normal_form(password)
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return gettext("must be %(least)s to %(most)s characters long") % {"least": MIN_LENGTH, "most": MAX_LENGTH}
    if password.casefold() in _common_passwords() or password.casefold() == username.casefold():
        return gettext("is too common; try a few random words")
    return None


@cache
def _common_passwords() -> frozenset[str]:
    # The 3,000 most common ones of at least 8 characters, from the frequency list of zxcvbn (MIT licence); packed,
    # because nobody wants to come across them.
    packed = (Path(__file__).parent / "common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split())


if __name__ == "__main__":
    main()
