"""What the store is asked about the figures that are shown: how many, their mean, their spread.

The rows of a version are read twice. The first time gives the quantiles, two of which are the ends
of its histogram; the second time counts what lies below the edges in between. To read a histogram
off forty quantiles took one reading and nearly twice as long, half of it in Python, and was not
exact.
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
_QUANTILES = [0.0, 0.025, *SHOWN, 0.975, 1.0]
_PLACES = {quantile: place for place, quantile in enumerate(_QUANTILES, 1)}


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
    spread = [*spread]
    by = ", ".join(keys)
    columns = {name: [f"{name}_{at}" for at in range(len(further[name]))] for name in further}
    others = [
        f"{sql} AS {column}"
        for name in further
        for sql, column in zip(further[name], columns[name], strict=True)
    ]
    summed = ", ".join([by, *others, *map(_summed, spread)])
    with rows.keep("summed", f"SELECT {summed} FROM {source} s GROUP BY {by}") as kept:
        shown = {name: _shown(name) for name in spread}
        found = ask_columns(kept, keys, {**columns, **shown}, "summed")
        binned = [name for name in spread if _has_enough(found[name].column(len(keys)))]
        if binned:
            below = {name: _below(name) for name in binned}
            counts = ask_columns(
                kept, keys, below, f"({_placed(source, by, binned)}) p GROUP BY {by}"
            )
            found |= {name: found[name].beside(counts[name], len(keys)) for name in binned}
    return found


def means_of(name: str) -> tuple[str, str, str]:
    """Return how many values of a metric there are, their mean and deviation, as aggregates."""
    return f"count(v_{name})", f"avg(v_{name})", f"stddev_samp(v_{name})"


def quantiles_of(name: str, shown: Sequence[float] = SHOWN) -> list[str]:
    """Return quantiles of a metric as aggregates; an engine computes the list but once."""
    together = f"quantile_cont(v_{name}, {[*shown]})"
    return [f"{together}[{at}]" for at in range(1, len(shown) + 1)]


def _summed(name: str) -> str:
    v = f"v_{name}"
    return (
        f"count({v}) AS n_{name}, avg({v}) AS mean_{name}, stddev_samp({v}) AS sd_{name}, "
        f"quantile_cont({v}, {_QUANTILES}) AS q_{name}"
    )


def _shown(name: str) -> list[str]:
    quantiles = [f"q_{name}[{_PLACES[quantile]}]" for quantile in SHOWN]
    return [f"n_{name}", f"mean_{name}", f"sd_{name}", *quantiles, *_ends(name)]


def _ends(name: str) -> tuple[str, str]:
    """Return where a histogram begins and ends: of values nearly all alike, the whole range."""
    least, low, *_, high, most = (f"q_{name}[{place}]" for place in _PLACES.values())
    return (
        f"CASE WHEN {high} > {low} THEN {low} ELSE {least} END",
        f"CASE WHEN {high} > {low} THEN {high} ELSE {most} END",
    )


def _has_enough(counts: Sequence[int]) -> bool:
    return max(counts, default=0) >= LEAST_FOR_HISTOGRAM


def _placed(source: str, by: str, names: Sequence[str]) -> str:
    """Return a query for the place of each value in its histogram, in bins from its beginning."""
    # What is the same for all rows of a group is computed before they are joined.
    bins = ", ".join(
        f"CASE WHEN n_{name} >= {LEAST_FOR_HISTOGRAM} AND {high} > {low} THEN {low} END "
        f"AS low_{name}, {BINS} / ({high} - {low}) AS scale_{name}"
        for name in names
        for low, high in [_ends(name)]
    )
    places = ", ".join(f"(v_{name} - low_{name}) * scale_{name} AS place_{name}" for name in names)
    ends = f"(SELECT {by}, {bins} FROM summed) e"
    return f"SELECT {by}, {places} FROM {source} s JOIN {ends} USING ({by})"


def _below(name: str) -> list[str]:
    return [f"count(CASE WHEN place_{name} < {edge} THEN 1 END)" for edge in range(1, BINS)]
