"""URLs of pictures: each is asked for once a day, and the oldest make room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from catalogue.content import Files, PictureUrls
from tests.clock import StoppedClock


async def test_the_last_thousand_are_known_until_the_day_ends() -> None:
    asked, sizes = list[str](), list[int]()

    async def sign(ids: Collection[str]) -> Mapping[str, Files]:
        asked.extend(ids)
        sizes.append(len(ids))
        return {each: {"poster-320.webp": f"/{each}"} for each in ids}

    clock, ids = StoppedClock(), [str(number) for number in range(1050)]
    pictures = PictureUrls(sign, clock=clock)
    assert [*await pictures.of([None, *ids, *ids])] == ids
    assert (asked, sizes) == (ids, [*[100] * 10, 50])

    async def asked_for(*wanted: str) -> list[str]:
        asked.clear()
        assert [*await pictures.of(wanted)] == [*wanted]
        return asked

    assert await asked_for(*ids[50:]) == []
    # One more, and the one that was known longest has gone; nothing else has.
    assert await asked_for(ids[0]) == [ids[0]]
    assert await asked_for(*ids[51:], ids[0]) == []
    assert await asked_for(ids[50]) == [ids[50]]
    clock.advance(timedelta(days=1))
    assert await asked_for(ids[0]) == [ids[0]]
