"""The real Uppy, of two generations, as a page has it that somebody else has written."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, Page

from tests import components

_WEB: Final = Path(__file__).parents[1] / "web"
_SOURCE: Final = (
    """import Uppy from "@uppy/core"; import AwsS3 from "@uppy/aws-s3"; Object.assign(window, { Uppy, AwsS3 })"""
)
_START: Final = """(options) => {
    window.uppy = new Uppy({ autoProceed: false }).use(AwsS3, options)
    window.failures = []
    uppy.on('upload-error', (file, error) => window.failures.push(error.message))
}"""
_ADD: Final = """(metadata) => {
    const [data] = document.querySelector('input').files
    return uppy.addFile({ name: data.name, type: data.type, data, meta: metadata })
}"""
_UPLOAD: Final = """async () => {
    const { successful, failed } = await uppy.upload()
    return { locations: successful.map((file) => file.uploadURL), failed: failed.map((file) => file.error) }
}"""


@dataclass(frozen=True, slots=True)
class Generation:
    """A release of Uppy: where it is installed, and how it is told the address of its server."""

    folder: Path
    endpoint_option: str


GENERATIONS: Final = {"5": Generation(_WEB / "uppy5", "endpoint"), "6": Generation(_WEB, "companionEndpoint")}


@cache
def bundle(generation: Generation) -> str:
    """The script that makes `Uppy` and `AwsS3` known to a page."""
    esbuild = _WEB / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        components.missing("Uppy", "make web")
    built = subprocess.run(
        [esbuild, "--bundle", "--format=iife", "--log-level=warning"],
        input=_SOURCE,
        cwd=generation.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return built.stdout


async def open_page(context: BrowserContext, origin: str, script: str) -> Page:
    """A page of the service, under its own rules, on which somebody has an Uppy and a field for files."""
    page = await context.new_page()
    await page.goto(f"{origin}/upload")
    await page.evaluate(script)
    await page.evaluate("document.body.innerHTML = '<input type=file>'")
    return page


async def start(page: Page, generation: Generation, origin: str, **options: Any) -> None:
    """An Uppy on the page, with what its plugin is told beside the address."""
    await page.evaluate(_START, {generation.endpoint_option: origin, **options})


async def add(page: Page, file: Path, **metadata: str) -> str:
    """Chooses a file; returns Uppy's id of it."""
    await page.locator("input").set_input_files(file)
    file_id: str = await page.evaluate(_ADD, metadata)
    return file_id


async def upload(page: Page) -> tuple[list[str], list[str]]:
    """Sends what was chosen; the addresses of what was stored, and what was said of what was not."""
    result = await page.evaluate(_UPLOAD)
    return result["locations"], result["failed"]
