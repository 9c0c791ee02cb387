"""What all queries stand on."""

from __future__ import annotations

from common.db import Database


class Queries:
    """A part of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
