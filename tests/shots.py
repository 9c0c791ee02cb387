"""`make shots`: a picture of every page in every state, at both sizes, in both schemes and directions; `index.html`
beside them shows all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import html
from pathlib import Path
from typing import Final

from playwright.async_api import Browser

from common.languages import LANGUAGES
from tests import browsers
from tests.looks import DEVICES, LOOKS, SCHEMES, Look, Stage, running_stage

_README_PICTURES: Final = Path(__file__).parent.parent / "docs" / "images"
_LANGUAGES: Final = tuple(LANGUAGES)


async def take(browser: Browser, stage: Stage, folder: Path, looks: list[Look]) -> None:
    """Every picture, named `<look>.<language>.<width>.<scheme>.png`."""
    for look in looks:
        for language in _LANGUAGES:
            for device in DEVICES:
                context = await stage.window(browser, look, device, locale=language, reduced_motion="reduce")
                page = await look.open(context, stage)
                for scheme in SCHEMES:
                    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    await page.screenshot(path=folder / f"{look.name}.{language}.{device}.{scheme}.png", full_page=True)
                await context.close()
        print(look.name)  # noqa: T201


def write_contact_sheet(folder: Path, looks: list[Look]) -> None:
    """All of them side by side."""
    rows = []
    for look in looks:
        pictures = sorted(folder.glob(f"{look.name}.*.png"))
        cells = "".join(
            f'<figure><a href="{picture.name}"><img src="{picture.name}" loading="lazy"></a>'
            f"<figcaption>{picture.name}</figcaption></figure>"
            for picture in pictures
        )
        rows.append(f"<h2>{html.escape(look.name)}</h2><div>{cells}</div>")
    style = (
        "body{font:14px system-ui;margin:24px;background:#888}"
        "div{display:flex;gap:16px;overflow:auto;align-items:start}"
        "figure{margin:0;flex:none}img{block-size:480px}"
    )
    page = f"<!DOCTYPE html><meta charset=utf-8><title>vss</title><style>{style}</style>{''.join(rows)}"
    (folder / "index.html").write_text(page, encoding="utf-8")


async def take_for_readme(browser: Browser, stage: Stage) -> None:
    """The library and the player, small enough to be in the repository."""
    _README_PICTURES.mkdir(exist_ok=True)
    for look in LOOKS:
        if look.name in ("library", "watch"):
            context = await stage.window(browser, look, "1440", viewport={"width": 1200, "height": 750})
            page = await look.open(context, stage)
            await page.screenshot(path=_README_PICTURES / f"{look.name}.jpg", type="jpeg", quality=80)
            await context.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures of every page in every state.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="the looks whose names hold this")
    parser.add_argument("--readme", action="store_true", help="the two pictures of the README instead")
    options = parser.parse_args()
    with running_stage() as stage:
        async with browsers.chromium() as browser:
            if options.readme:
                await take_for_readme(browser, stage)
                return
            folder: Path = options.folder
            folder.mkdir(parents=True, exist_ok=True)
            looks = [look for look in LOOKS if options.only in look.name]
            await take(browser, stage, folder, looks)
    write_contact_sheet(folder, LOOKS)


if __name__ == "__main__":
    asyncio.run(main())
