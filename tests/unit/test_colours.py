"""The tokens' colours: what is read and what is pressed stands out in both schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

_TOKENS = Path(__file__).parents[2] / "web" / "src" / "css" / "tokens.css"
_DECLARED = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", _TOKENS.read_text(encoding="utf-8")))

GROUNDS = ("ground", "surface", "surface-sunken", "surface-hover")
TINTS = ("accent-tint", "success-tint", "warning-tint", "danger-tint")
# What is read, on what it stands.
TEXT = [
    *[("text", ground) for ground in (*GROUNDS, *TINTS, "neutral-4")],
    *[("text-quiet", ground) for ground in (*GROUNDS, "neutral-2")],
    *[(colour, ground) for colour in ("accent", "success", "warning", "danger") for ground in GROUNDS[:3]],
    *[(colour, f"{colour}-tint") for colour in ("accent", "success", "warning", "danger")],
    *[("on-accent", ground) for ground in ("accent", "accent-hover", "accent-pressed")],
    *[("on-danger", ground) for ground in ("danger", "danger-hover", "danger-pressed")],
    ("accent-hover", "ground"),
    ("neutral-0", "neutral-9"),
]
# What a control is known by: its edge, its filling, the ring of the focus.
CONTROLS = [
    *[("line-control", ground) for ground in GROUNDS[:3]],
    *[("accent", ground) for ground in (*GROUNDS, *TINTS, "neutral-4")],
    *[(colour, ground) for colour in ("danger", "warning") for ground in (*GROUNDS[:3], "neutral-4")],
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground"), TEXT)
def test_text_can_be_read(colour: str, ground: str, scheme: str) -> None:
    assert contrast(colour, ground, scheme) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground"), CONTROLS)
def test_controls_can_be_seen(colour: str, ground: str, scheme: str) -> None:
    assert contrast(colour, ground, scheme) >= 3


def test_the_arithmetic_is_that_of_the_standard() -> None:
    assert _ratio(_luminance("oklch(0 0 0)"), _luminance("oklch(1 0 0)")) == pytest.approx(21, abs=0.01)
    # #767676 on white, the known edge of 4.5:1.
    assert _ratio(_luminance("oklch(0.5654 0 0)"), 1) == pytest.approx(4.54, abs=0.02)


def contrast(colour: str, ground: str, scheme: str) -> float:
    """The contrast ratio of two tokens."""
    return _ratio(_luminance(_resolved(f"--{colour}", scheme)), _luminance(_resolved(f"--{ground}", scheme)))


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _resolved(name: str, scheme: str) -> str:
    value: str = _DECLARED[name].strip()
    if both := re.fullmatch(r"light-dark\((.+\)), (.+)\)", value):
        value = both[1 if scheme == "light" else 2]
    if reference := re.fullmatch(r"var\((--[\w-]+)\)", value):
        return _resolved(reference[1], scheme)
    return value


def _luminance(oklch: str) -> float:
    """Relative luminance (WCAG) of an `oklch()` colour, by its definition in CSS Color 4."""
    found = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", oklch)
    assert found, oklch
    lightness, chroma, hue = (float(number) for number in found.groups())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return sum(
        weight * min(1, max(0, part)) for weight, part in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )


def test_a_scheme_changes_colours_alone() -> None:
    """What is there and where it stands is looked at in one scheme (tests/e2e/test_looks.py): no rule asks for it."""
    web = _TOKENS.parents[1]
    sources = [file for ending in ("css", "js") for file in web.rglob(f"*.{ending}")]
    assert len(sources) > 50
    assert [file.name for file in sources if "prefers-color-scheme" in file.read_text(encoding="utf-8")] == []
