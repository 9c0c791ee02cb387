"""A damaged WebM file is no danger."""

from __future__ import annotations

import pytest

from tests import footage
from tests.media.conftest import Source
from tests.media.damaging import SEEDS, look_at_damaged


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
async def test_damaged_films_end_with_a_reason_or_with_pictures(source: Source, seed: int) -> None:
    await look_at_damaged(source, footage.OCEAN_WEBM, seed=seed)
