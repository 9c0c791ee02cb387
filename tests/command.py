"""The command line as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def vss(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`vss` with these arguments where nothing but PATH, a home that is not there, and `environment` is set."""
    return python("-m", "vss", *arguments, HOME="/nonexistent", **environment)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
