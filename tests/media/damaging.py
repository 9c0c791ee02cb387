"""Real films, damaged at random, and what becomes of them.

The test of each film is a module of its own, so that another process may run it meanwhile.
"""

from __future__ import annotations

import random
from typing import Final

from media_svc.jail import Limits
from media_svc.made import Failed, StorageAway
from tests import footage
from tests.media.conftest import Source

# For each, so many damaged films.
SEEDS: Final = range(5)
_FILMS: Final = 30


async def look_at_damaged(source: Source, clip: footage.Clip, *, seed: int) -> None:
    """Each ends with a reason or with pictures, and no request was for anything but its bytes."""
    whole = footage.fetch(clip).read_bytes()
    chance = random.Random(seed)  # noqa: S311
    outcomes: dict[str, int] = {}
    for _ in range(_FILMS):
        content = bytearray(whole)
        # Most of it where the structure is: at both ends.
        for _ in range(chance.randrange(1, 200)):
            place = chance.choice(
                (chance.randrange(2000), len(content) - 1 - chance.randrange(8000), chance.randrange(len(content)))
            )
            content[place] = chance.randrange(256)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        try:
            made = await source.look(bytes(content) or b"x", limits=Limits(cpu_seconds=20, seconds=120))
            outcome = "pictures" if made.files else "facts"
        except StorageAway:
            raise
        except Failed as exc:
            outcome = exc.reason.value
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert {path for path, _ in source.asked} == {"/film"}
    assert outcomes.get("pictures", 0) > 2, outcomes
