"""Rows as frozen values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.metrics.columns import NAMES
from promptreg.metrics.row import MetricRow
from promptreg.storage.summary import condition

if TYPE_CHECKING:
    from promptreg.metrics.summary import Filter
    from promptreg.storage.engines import Engine

__all__ = ["read_rows"]


def read_rows(engine: Engine, chosen: Filter, limit: int | None) -> list[MetricRow]:
    """Return the chosen rows, the newest first, at most `limit`."""
    where, values = condition(chosen)
    names = ", ".join(f'"{name}"' for name in NAMES)
    query = f"SELECT {names} FROM calls WHERE {where} ORDER BY ts DESC"  # noqa: S608 - our columns
    if limit is not None:
        query += " LIMIT ?"
        values.append(limit)
    found = engine.sql(query, values)
    # A call without scores has NULL in the table and an empty mapping here.
    where_scores = NAMES.index("scores")
    return [
        MetricRow(**dict(zip(NAMES, row, strict=True)) | {"scores": row[where_scores] or {}})
        for row in found
    ]
