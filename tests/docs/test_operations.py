"""docs/operations.md against the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests import settings_table

ROOT = Path(__file__).parent.parent.parent


def test_the_table_of_settings_is_what_the_services_read() -> None:
    assert settings_table.in_document() == settings_table.rendered(), "run `python -m tests.settings_table`"


def test_every_variable_of_the_compose_files_is_explained() -> None:
    text = settings_table.DOCUMENT.read_text(encoding="utf-8")
    for file in ROOT.glob("compose*.yaml"):
        for name in re.findall(r"\$\{(VSS_\w+)", file.read_text(encoding="utf-8")):
            assert f"`{name}`" in text, f"{name} of {file.name}"


def test_the_image_is_made_of_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    assert packages <= let_in
