"""The tables of the first release: made whole, also where an earlier attempt was cut off in the middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op


def create_table_once(
    name: str, *columns: sa.Column[object], indexes: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Makes what is missing of a table and its indexes (columns by name).

    For a first revision alone. MySQL commits each statement by itself, so a later revision has one of them.
    """
    op.create_table(name, *columns, if_not_exists=True)
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(name)}
    for index, of in (indexes or {}).items():
        if index not in there:
            op.create_index(index, name, of)
