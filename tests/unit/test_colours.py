"""The tokens' colours: what is read and what is pressed stands out in both schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from common.brand import accent_tokens, luminance, oklch_of

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
    ("accent-on-ink", "neutral-9"),
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


def contrast(colour: str, ground: str, scheme: str, declared: dict[str, str] = _DECLARED) -> float:
    """The contrast ratio of two tokens."""
    return _ratio(*(_luminance(_resolved(f"--{name}", scheme, declared)) for name in (colour, ground)))


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _resolved(name: str, scheme: str, declared: dict[str, str]) -> str:
    value = declared[name].strip()
    if both := re.fullmatch(r"light-dark\((.+\)), (.+)\)", value):
        value = both[1 if scheme == "light" else 2]
    if reference := re.fullmatch(r"var\((--[\w-]+)\)", value):
        return _resolved(reference[1], scheme, declared)
    return value


def _luminance(oklch: str) -> float:
    found = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", oklch)
    assert found, oklch
    lightness, chroma, hue = (float(number) for number in found.groups())
    return luminance((lightness, chroma, hue))


# Of every hue, as bright, as dull and as dark as they are.
OWN = [
    f"#{digit}" for digit in ("f00", "fa0", "ff0", "0f0", "0ff", "00f", "f0f", "400", "040", "004", "fff", "000", "888")
]


@pytest.mark.parametrize("own", [*OWN, "#0b7a53", "#e85d04", "#7c9cf5"])
def test_a_sites_own_colour_can_be_read_and_seen_like_ours(own: str) -> None:
    declared = {**_DECLARED, **{f"--{name}": value for name, value in accent_tokens(own).items()}}
    for least, pairs in ((4.5, TEXT), (3, CONTROLS)):
        for colour, ground in pairs:
            for scheme in ("light", "dark"):
                assert contrast(colour, ground, scheme, declared) >= least, (colour, ground, scheme)


def test_a_colour_on_which_white_can_be_read_is_taken_as_it_is() -> None:
    light = accent_tokens("#0b7a53")["accent"].partition("(")[2].partition("),")[0]
    assert light == "oklch({:.4f} {:.4f} {:.2f}".format(*oklch_of("#0b7a53"))


def test_a_scheme_changes_colours_alone() -> None:
    """What is there and where it stands is looked at in one scheme (tests/e2e/test_looks.py): no rule asks for it."""
    web = _TOKENS.parents[1]
    sources = [file for ending in ("css", "js") for file in web.rglob(f"*.{ending}")]
    assert len(sources) > 50
    assert [file.name for file in sources if "prefers-color-scheme" in file.read_text(encoding="utf-8")] == []
