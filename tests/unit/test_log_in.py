"""Where a log-in may lead: to a path of the same service, and nowhere else."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from common.web.requests import local_path

HOME = "http://vss.example:8003/login"


@pytest.mark.parametrize(
    "target",
    ["/", "/upload", "/videos?edit=abc&x=%2F%2Fy", "/watch/abc#t=5", "/a//b", "/a/../b", "/%2F%2Fevil", "/é", "/a:b@c"],
)
def test_a_path_of_the_same_service_is_kept(target: str) -> None:
    assert local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "upload",
        "?x=1",
        "..//evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/a\\b",
        "http://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        " /upload",
        "/ /evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\r\nSet-Cookie: x=y",
        "/\x00/evil.example",
        "/upload\n",
    ],
)
def test_whatever_leads_elsewhere_or_nowhere_becomes_the_home_page(target: str) -> None:
    assert local_path(target) == "/"


@given(st.text(alphabet="/\\.:@?#%aevil \t\r\n\x00\x7f-2F5C") | st.text())
@example("//evil")
@example("/\t/evil")
def test_a_browser_never_leaves_the_service(target: str) -> None:
    kept = local_path(target)
    # As browsers read a Location (WHATWG URL): tabs and line ends are dropped, a backslash is a slash.
    read = kept.strip().replace("\t", "").replace("\r", "").replace("\n", "").replace("\\", "/")
    assert urlsplit(urljoin(HOME, read)).netloc == "vss.example:8003"
    assert URL(HOME).join(URL(read)).origin() == URL(HOME).origin()
    assert not set(kept) & {"\r", "\n", "\0"}
