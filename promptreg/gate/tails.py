"""The p95 of many groups of any size in one query; pure.

The neighbours of a p95 lie at places that depend on the size of its group, while a quantile's
place must be a constant of the query. So the values of each group are sorted, and their places
computed.
"""

from __future__ import annotations

from promptreg.stats.samples import TAIL_MINIMUM, TAIL_PROBABILITY, TAIL_Z

__all__ = ["tails_query"]


def tails_query(source: str, group: str, value: str) -> str:
    """Return the query for the `Tail` of each group that has at least 80 values.

    Its columns: the group, then the p95 and its lower and higher neighbour. It has no parameters
    of its own.

    Args:
        source: A relation.
        group: The column of it that tells groups apart.
        value: A column of it without NaN; NULL where there is no measurement.
    """
    half = f"{TAIL_Z} * sqrt({TAIL_PROBABILITY * (1.0 - TAIL_PROBABILITY)!r} / n)"
    places = (
        f"{TAIL_PROBABILITY!r}",
        f"({TAIL_PROBABILITY!r} - {half})",
        f"least(1.0, {TAIL_PROBABILITY!r} + {half})",
    )
    return (
        f"SELECT {group}, {', '.join(map(_interpolated, places))} FROM ("  # noqa: S608
        f"SELECT {group}, count(*) AS n, list_sort(list({value})) AS sorted FROM {source} "
        f"WHERE {value} IS NOT NULL GROUP BY {group} HAVING count(*) >= {TAIL_MINIMUM}) t "
        f"ORDER BY {group}"
    )


def _interpolated(probability: str) -> str:
    """Return the value at a place of a sorted group, between two values in proportion."""
    # A list counts from 1.
    place = f"({probability} * (n - 1))"
    index = f"(1 + CAST(floor({place}) AS BIGINT))"
    share = f"({place} - floor({place}))"
    above = f"sorted[least(n, {index} + 1)]"
    return f"sorted[{index}] + {share} * ({above} - sorted[{index}])"
