"""docs/api.md: its examples do what they say, in a shell, one after the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.components import program
from tests.product import Product

_DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "api.md"


def test_the_examples_do_the_whole_job(product: Product, film: Path, tmp_path: Path) -> None:
    for name in ("bash", "curl"):
        program((name,), what=name, debian=name, macos=name)
    shutil.copy(film, tmp_path / "film.mp4")
    examples = re.findall(r"^```sh\n(.*?)^```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    addresses = {name.upper(): product.url(name) for name in ("auth", "upload", "stream")}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-x", "-c", "\n".join(examples)],
        cwd=tmp_path,
        env={**os.environ, **addresses},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr[-3000:]}"
    assert ran.stdout.endswith("not-found\nIt is gone.\n"), ran.stdout
