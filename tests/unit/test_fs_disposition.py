"""How a download is named (RFC 6266, RFC 8187)."""

from __future__ import annotations

import pytest

from fs_svc.sources import content_disposition


@pytest.mark.parametrize(
    ("filename", "is_download", "field"),
    [
        (None, False, "inline"),
        (None, True, "attachment"),
        ("film.mp4", False, "inline; filename=\"film.mp4\"; filename*=UTF-8''film.mp4"),
        ("my film.mp4", True, "attachment; filename=\"my film.mp4\"; filename*=UTF-8''my%20film.mp4"),
        ("Rote Grütze.mp4", True, "attachment; filename=\"Rote Gr_tze.mp4\"; filename*=UTF-8''Rote%20Gr%C3%BCtze.mp4"),
        ('a"b\\c%41.mp4', True, "attachment; filename=\"a_b_c_41.mp4\"; filename*=UTF-8''a%22b%5Cc%2541.mp4"),
        (
            "a\r\nSet-Cookie: x",
            True,
            "attachment; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x",
        ),
        ("it's;.mp4", True, "attachment; filename=\"it's;.mp4\"; filename*=UTF-8''it%27s%3B.mp4"),
    ],
)
def test_the_name_is_exact_and_cannot_break_out(filename: str | None, is_download: bool, field: str) -> None:  # noqa: FBT001
    assert content_disposition(filename, is_download=is_download) == field
