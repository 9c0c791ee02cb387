"""A site's own logo: what is taken, how large it is in the bar, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from common.brand import read_logo


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06" + bytes(11)


def svg(attributes: str = 'viewBox="0 0 24 12"', before: str = "") -> bytes:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" {attributes}><script>alert(1)</script></svg>'.encode()


@pytest.mark.parametrize(
    ("content", "content_type", "width", "is_wordmark"),
    [
        (png(512, 512), "image/png", 28, False),
        (png(4000, 100), "image/png", 160, True),
        (png(1, 4000), "image/png", 1, False),
        (svg(), "image/svg+xml", 56, False),
        (svg('viewBox="-1 -1 90.5 28"', '<?xml version="1.0"?>\n'), "image/svg+xml", 90, True),
    ],
)
def test_a_logo_is_as_high_as_the_mark_and_never_wide(
    tmp_path: Path, content: bytes, content_type: str, width: int, *, is_wordmark: bool
) -> None:
    file = tmp_path / "logo"
    file.write_bytes(content)
    logo = read_logo(file)
    assert (logo.content_type, logo.width, logo.height, logo.is_wordmark) == (content_type, width, 28, is_wordmark)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"GIF89a",
        b"<html></html>",
        svg("")[:-1],
        svg(""),
        svg('viewBox="0 0 10 0"'),
        svg(before='<!DOCTYPE svg [<!ENTITY a "b">]>'),
        png(10, 10) + bytes(2**18),
    ],
)
def test_what_is_no_logo_is_refused_and_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "logo"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"/logo (cannot be read|must be a PNG, or an SVG)"):
        read_logo(file)
