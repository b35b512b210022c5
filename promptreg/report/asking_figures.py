"""What the store is asked about the figures that are shown: how many, their mean, their spread.

The rows of a version are read twice. The first time gives the quantiles, two of which are the ends
of its histogram; the second time counts what lies below the edges in between. To read a histogram
off forty quantiles took one reading and twice as long, and was not exact.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.report.answers import ask_columns
from promptreg.report.spread import BINS, LEAST_FOR_HISTOGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptreg.report.answers import Columns
    from promptreg.storage.engines import Kept

__all__ = ["SHOWN", "ask_figures", "means_of", "quantiles_of"]

SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that are shown, too."""
# The outermost steps are long tails; what lies there is counted in the bins at the ends.
_WITH_ENDS = (0.025, *SHOWN, 0.975)
_FIRST, _LAST = 1, len(_WITH_ENDS)


def ask_figures(
    rows: Kept,
    source: str,
    keys: Sequence[str],
    spread: Iterable[str],
    further: Mapping[str, Sequence[str]],
) -> dict[str, Columns]:
    """Ask for the figures of groups of rows.

    Args:
        rows: Where the rows in scope are kept.
        source: A relation with them, in which the column of a metric is called ``v_NAME``.
        keys: Its columns that tell groups apart; the first is a number.
        spread: Metrics.
        further: By name what else to ask of each group, aggregates as SQL.

    Returns:
        By metric, after the keys: the count, the mean, the standard deviation, the quantiles that
        are `SHOWN`, both ends of the histogram, and how many values lie below each edge between
        them: none where there is no histogram. And by name what else was asked.
    """
    asked = {name: [*means_of(name), *_spread_of(name)] for name in spread}
    every = {**further, **asked}
    by = ", ".join(keys)
    summed = ", ".join(
        f"{sql} AS {name}_{at}" for name in every for at, sql in enumerate(every[name])
    )
    with rows.keep("summed", f"SELECT {by}, {summed} FROM {source} s GROUP BY {by}") as kept:
        columns = {name: [f"{name}_{at}" for at in range(len(every[name]))] for name in every}
        found = ask_columns(kept, keys, columns, "summed")
        ends = ", ".join(_ends(columns[name], name) for name in asked)
        below = {name: _below(name) for name in asked}
        joined = f"{source} s JOIN (SELECT {by}, {ends} FROM summed) e USING ({by}) GROUP BY {by}"
        counts = ask_columns(kept, keys, below, joined)
    return found | {name: found[name].beside(counts[name], len(keys)) for name in asked}


def means_of(name: str) -> tuple[str, str, str]:
    """Return how many values of a metric there are, their mean and deviation, as aggregates."""
    return f"count(v_{name})", f"avg(v_{name})", f"stddev_samp(v_{name})"


def quantiles_of(name: str, shown: Sequence[float] = SHOWN) -> list[str]:
    """Return quantiles of a metric as aggregates; an engine computes the list but once."""
    together = f"quantile_cont(v_{name}, {[*shown]})"
    return [f"{together}[{at}]" for at in range(1, len(shown) + 1)]


def _spread_of(name: str) -> list[str]:
    low, *shown, high = quantiles_of(name, _WITH_ENDS)
    # Of values nearly all alike, the whole range.
    return [
        *shown,
        f"CASE WHEN {high} > {low} THEN {low} ELSE min(v_{name}) END",
        f"CASE WHEN {high} > {low} THEN {high} ELSE max(v_{name}) END",
    ]


def _ends(columns: Sequence[str], name: str) -> str:
    n, low, high = columns[0], *columns[-2:]
    has_bins = f"{n} >= {LEAST_FOR_HISTOGRAM} AND {high} > {low}"
    return f"CASE WHEN {has_bins} THEN {low} END AS a_{name}, {BINS} / ({high} - {low}) AS b_{name}"


def _below(name: str) -> list[str]:
    place = f"(v_{name} - a_{name}) * b_{name}"
    return [f"count(CASE WHEN {place} < {edge} THEN 1 END)" for edge in range(1, BINS)]
