"""What makes a site its owner's: a logo, and an accent colour from which all that is pressed and read in it is derived.

Both are checked when a service starts, and served from an address that holds their hash. A logo is only ever shown as
an image, in which no script runs; opened by itself it is under the policy of every answer (common/web/headers.py).
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

_MOST_BYTES: Final = 256 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
# In the bar.
_HEIGHT: Final = 28
_WIDEST: Final = 160
_READABLE: Final = 4.5

Oklch = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """An image and its size in the bar, in pixels; where it is a wordmark it says the site's name by itself."""

    content: bytes
    name: str
    content_type: str
    width: int
    height: int = _HEIGHT

    @property
    def is_wordmark(self) -> bool:
        return self.width > 2 * self.height


def read_logo(path: Path) -> Logo:
    """The logo in a PNG or SVG file. Raises ValueError."""
    try:
        content = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except OSError as exc:
        raise ValueError(f"{path} cannot be read ({exc.strerror})") from exc
    ratio, name, content_type = 0.0, "logo.svg", "image/svg+xml"
    if content.startswith(_PNG) and len(content) > 24:
        width, height = struct.unpack(">II", content[16:24])
        ratio, name, content_type = width / max(height, 1), "logo.png", "image/png"
    elif content:
        ratio = _ratio_of_svg(content)
    if not ratio:
        raise ValueError(f"{path} must be a PNG, or an SVG with a viewBox, of at most {_MOST_BYTES // 1024} KiB")
    width = min(max(round(_HEIGHT * ratio), 1), _WIDEST)
    return Logo(content=content, name=name, content_type=content_type, width=width)


def _ratio_of_svg(content: bytes) -> float:
    # Entities are the one thing in XML that grows while it is read.
    if b"<!ENTITY" in content:
        return 0.0
    try:
        root = ET.fromstring(content)  # noqa: S314 - the operator's own file, without entities
    except ET.ParseError:
        return 0.0
    box = [float(part) for part in _NUMBER.findall(root.get("viewBox", ""))]
    if root.tag != "{http://www.w3.org/2000/svg}svg" or len(box) != 4 or not box[3]:
        return 0.0
    return box[2] / box[3]


def fault_of_accent(colour: str) -> str | None:
    """What is wrong with it; None: nothing."""
    return None if _HEX.fullmatch(colour) else "must be a colour such as #0b7a53"


def accent_styles(colour: str) -> str:
    """A style sheet that puts this colour in the place of the accent (web/src/css/tokens.css)."""
    declared = "".join(f"--{name}:{value};" for name, value in accent_tokens(colour).items())
    return f":root{{{declared}}}"


def accent_tokens(colour: str) -> dict[str, str]:
    """The tokens of the accent: in the light scheme the colour itself, darker where white could not be read on it; in
    the dark one its hue, as light as what is read there.
    """
    lightness, chroma, hue = oklch_of(colour)
    # So dark that it is told from the text, and that there is room for what is pressed.
    light = min(max(lightness, 0.4), 0.53)
    tint = _within((0.96, min(chroma, 0.02), hue))
    while _contrast(_within((light, chroma, hue)), tint) < _READABLE + 0.05:
        light -= 0.005

    def both(bright: Oklch, dark: Oklch) -> str:
        return f"light-dark({_css(_within(bright))}, {_css(_within(dark))})"

    return {
        "accent": both((light, chroma, hue), (0.76, chroma * 0.68, hue)),
        "accent-hover": both((light - 0.06, chroma, hue), (0.82, chroma * 0.56, hue)),
        "accent-pressed": both((light - 0.12, chroma * 0.9, hue), (0.7, chroma * 0.7, hue)),
        "accent-tint": both(tint, (0.27, chroma * 0.26, hue)),
        "on-accent": both((1, 0, hue), (0.19, chroma * 0.18, hue)),
        "accent-on-ink": both((0.82, chroma * 0.56, hue), (light - 0.06, chroma, hue)),
    }


def _css(colour: Oklch) -> str:
    return "oklch({:.4f} {:.4f} {:.2f})".format(*colour)


def _within(colour: Oklch) -> Oklch:
    """The same with as much chroma as a screen can show."""
    lightness, chroma, hue = colour
    while chroma > 0 and not all(-1e-4 <= part <= 1 + 1e-4 for part in _linear((lightness, chroma, hue))):
        chroma = max(chroma - 0.004, 0)
    return lightness, chroma, hue


def _contrast(one: Oklch, other: Oklch) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Oklch) -> float:
    """Relative luminance (WCAG)."""
    parts = (min(1, max(0, part)) for part in _linear(colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _linear(colour: Oklch) -> tuple[float, float, float]:
    """Linear light of red, green and blue, by the definition in CSS Color 4."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def oklch_of(colour: str) -> Oklch:
    """A hexadecimal colour, the other way round."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
