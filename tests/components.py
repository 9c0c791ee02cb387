"""What the tests need besides Python packages: where each program is, and how to get one that is missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

# Programs of servers are outside an ordinary user's PATH on Debian.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def missing(what: str, remedy: str) -> NoReturn:
    """Ends the test: skipped with the reason for a person, failed in CI, which must have run everything."""
    reason = f"{what} is missing: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(names: tuple[str, ...], *, what: str, debian: str, macos: str) -> Path:
    """The first of the programs that is installed; without any, see `missing`."""
    for name in names:
        if found := shutil.which(name, path=_SEARCH_PATH):
            return Path(found)
    missing(what, f"brew install {macos}" if sys.platform == "darwin" else f"apt-get install {debian}")


def chromium() -> Path:
    """A Chromium (or Chrome) that plays H.264, as people have it."""
    return program((*_BROWSERS, *_MAC_BROWSERS), what="Chromium", debian="chromium", macos="--cask chromium")


def windowless_chromium() -> Path:
    """One without what only windows need, if there is one: it does the same and costs a third less."""
    found = shutil.which("chromium-headless-shell", path=_SEARCH_PATH)
    return Path(found) if found else chromium()


def firefox() -> Path:
    """A Firefox; it plays WebM wherever it is installed, and H.264 only beside FFmpeg's libraries."""
    return program(
        ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"),
        what="Firefox",
        debian="firefox-esr",
        macos="--cask firefox",
    )


def database_server() -> Path:
    """MariaDB's server, or MySQL's."""
    return program(("mariadbd", "mysqld"), what="MariaDB's server", debian="mariadb-server-core", macos="mariadb")


def npm() -> Path:
    """npm, which brings the footage."""
    return program(("npm",), what="npm", debian="npm", macos="node")


def socket_statistics() -> Path:
    """`ss`, which reads the kernel's byte counters of each connection (Linux only)."""
    return program(("ss",), what="ss", debian="iproute2", macos="nothing: there is no ss for it")
