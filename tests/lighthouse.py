"""`make lighthouse`: Lighthouse's accessibility and best practices, at least 95 of 100 on every page that matters."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests import browsers, components
from tests.looks import LOOKS, Look, running_stage

LEAST_SCORE: Final = 95
_CATEGORIES: Final = ("accessibility", "best-practices")
_LOOKS: Final = ("log-in", "library", "watch", "upload-unfinished", "my-videos")
_LIGHTHOUSE: Final = Path(__file__).parent.parent / "web" / "node_modules" / "lighthouse" / "cli" / "index.js"


def audited(url: str, cookies: list[Any], folder: Path) -> dict[str, Any]:
    """Lighthouse's report about one page, as a phone sees it."""
    report = folder / "report.json"
    headers = {"Cookie": "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)} if cookies else {}
    subprocess.run(
        [
            "node",
            _LIGHTHOUSE,
            url,
            "--quiet",
            f"--only-categories={','.join(_CATEGORIES)}",
            f"--extra-headers={json.dumps(headers)}",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags=--headless=new {' '.join(browsers.CHROMIUM_FLAGS)}",
        ],
        check=True,
        timeout=300,
        env={**os.environ, "CHROME_PATH": str(components.chromium())},
    )
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    if found["finalDisplayedUrl"] != url:
        raise AssertionError(f"{url} led to {found['finalDisplayedUrl']}")
    return found


def told(look: Look, report: dict[str, Any]) -> bool:
    """Prints the scores and what cost them; whether they are high enough."""
    is_good = True
    for category in _CATEGORIES:
        score = round(report["categories"][category]["score"] * 100)
        is_good = is_good and score >= LEAST_SCORE
        print(f"{look.name:20} {category:16} {score:3}")  # noqa: T201
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"    {audit['id']}: {audit['title']}")  # noqa: T201
    return is_good


async def main() -> None:
    if not _LIGHTHOUSE.exists():
        sys.exit("Lighthouse is missing: make web")
    results = []
    with running_stage(MEDIA_JOBS="0") as stage, tempfile.TemporaryDirectory() as folder:
        async with browsers.chromium() as browser:
            for look in LOOKS:
                if look.name in _LOOKS:
                    async with await stage.window(browser, look, "1440") as context:
                        page = await look.open(context, stage)
                        url, cookies = page.url, list(await context.cookies())
                    results.append(told(look, await asyncio.to_thread(audited, url, cookies, Path(folder))))
    if not all(results) or len(results) != len(_LOOKS):
        sys.exit(f"Every score must be {LEAST_SCORE} or more.")


if __name__ == "__main__":
    asyncio.run(main())
