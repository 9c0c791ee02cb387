"""The first thing that anybody does: clone, `make run`, look, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.product import Product

pytestmark = pytest.mark.long

_ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(
    not os.environ.get("CI"), reason="downloads every package anew, and sees what is committed only: set CI=1 to run it"
)
def test_a_fresh_clone_starts_with_make_run_and_stops_with_ctrl_c(tmp_path: Path) -> None:
    # A space, as people have them in the names of their folders.
    checkout = tmp_path / "a clone"
    subprocess.run(["git", "clone", "--quiet", _ROOT, checkout], check=True)
    product = Product(tmp_path, checkout=checkout, command=["make", "run"])
    try:
        product.start(limit_seconds=300)
        assert "Installing Python packages" in product.output
        _see_the_login_page(product)
        product.press_ctrl_c(status=-signal.SIGINT)

        product.start()
        assert "Installing" not in product.output
        _see_the_login_page(product)
        product.press_ctrl_c(status=-signal.SIGINT)
        assert "***" not in product.output, "make complains about Ctrl-C"
    finally:
        product.kill()


def _see_the_login_page(product: Product) -> None:
    with urllib.request.urlopen(product.url("stream"), timeout=10) as page:  # noqa: S310 - http on loopback
        assert page.status == 200
        assert page.url.startswith(f"{product.url('stream')}/login")
        assert b'name="username"' in page.read()
