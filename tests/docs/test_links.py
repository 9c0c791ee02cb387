"""Links between the documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

_ROOT = Path(__file__).parent.parent.parent
_DOCUMENTS = [*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md")]
_LINK = re.compile(r"\]\((?!https?://|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda document: str(document.relative_to(_ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    for link in _LINK.finditer(_CODE.sub("", document.read_text(encoding="utf-8"))):
        target = (document.parent / unquote(link["path"])).resolve() if link["path"] else document
        assert target.exists(), f"{link[0]} leads nowhere"
        assert target.is_relative_to(_ROOT), f"{link[0]} leads out of the project"
        if link["anchor"]:
            assert link["anchor"] in _anchors(target), f"{link[0]}: no such heading"


def _anchors(document: Path) -> set[str]:
    """The headings' anchors, as code hosts make them."""
    headings = re.findall(r"^#+ (.+?)\s*$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
