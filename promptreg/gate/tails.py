"""The p95 of many groups of any size in one query; pure.

The neighbours of a p95 lie at places that depend on the size of its group, while a quantile's
place must be a constant of the query. So the highest values of each group are sorted, and their
places computed.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptreg.stats.samples import TAIL_MINIMUM, TAIL_PROBABILITY, TAIL_Z

__all__ = ["tails_query"]

_KEPT_FROM = 0.85
"""From this quantile on values are kept: with 80 values the lower neighbour is at .902."""


def tails_query(source: str, groups: Sequence[str], value: str) -> str:
    """Return the query for the `Tail` of each group that has at least 80 values.

    Its columns: the groups, values, then the p95 and its lower and higher neighbour. It has no
    parameters of its own.

    Args:
        source: A table or common table of the query.
        groups: Columns of it, which may be NULL.
        value: A column of it without NaN; NULL where there is no measurement.
    """
    keys = ", ".join(groups)
    same = " AND ".join(f"t.{key} IS NOT DISTINCT FROM c.{key}" for key in groups)
    kept = ", ".join(f"t.{key}" for key in groups)
    half = f"{TAIL_Z} * sqrt({TAIL_PROBABILITY * (1.0 - TAIL_PROBABILITY)!r} / n)"
    places = (
        f"{TAIL_PROBABILITY!r}",
        f"({TAIL_PROBABILITY!r} - {half})",
        f"least(1.0, {TAIL_PROBABILITY!r} + {half})",
    )
    return (
        f"SELECT {keys}, n, {', '.join(map(_interpolated, places))} FROM ("  # noqa: S608
        f"SELECT {kept}, max(c.n) AS n, list_sort(list(t.{value})) AS top FROM {source} t JOIN ("
        f"SELECT {keys}, count({value}) AS n, quantile_cont({value}, {_KEPT_FROM}) AS cut "
        f"FROM {source} GROUP BY {keys} HAVING count({value}) >= {TAIL_MINIMUM}) c "
        f"ON {same} AND t.{value} >= c.cut GROUP BY {kept}) ORDER BY {keys}"
    )


def _interpolated(probability: str) -> str:
    """Return the value at a place of the whole group, from its highest values alone."""
    # A list counts from 1, and lacks the n - array_length(top) lowest values.
    place = f"({probability} * (n - 1))"
    index = f"(1 + CAST(floor({place}) AS BIGINT) - n + array_length(top))"
    share = f"({place} - floor({place}))"
    above = f"top[least(array_length(top), {index} + 1)]"
    return f"top[{index}] + {share} * ({above} - top[{index}])"
