"""A whole installation for a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.product import Product, running_product


@contextmanager
def installed(**settings: str) -> Iterator[tuple[Path, Product]]:
    """A folder for whatever is needed, and `vss up` in it with these settings; gone at the end.

    Without a worker, unless MEDIA_JOBS is one of the settings.
    """
    with (
        tempfile.TemporaryDirectory(prefix="vss-bench-") as folder,
        running_product(Path(folder), **{"MEDIA_JOBS": "0", **settings}) as product,
    ):
        yield Path(folder), product
