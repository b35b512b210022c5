"""How values spread: intervals of means and shares, and histograms read off quantiles; pure."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from typing import TYPE_CHECKING

from promptreg.report.model import Histogram
from promptreg.stats.distributions import normal_ppf
from promptreg.stats.student import t_isf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["histogram_of", "interval_of", "share_interval", "steady"]

BINS = 16
_LEAST_FOR_HISTOGRAM = 20
_TAIL = 0.025


def steady(value: float) -> float:
    """Round away what the order of a sum left in its last digits.

    Threads add in any order, and a mean of money often lies right between two rounded values: the
    same rows must give the same page.

    Args:
        value: A sum, mean or variance.
    """
    return float(f"{value:.13g}")


def interval_of(n: int, mean: float, sd: float | None) -> tuple[float, float] | None:
    """Return the 95 % t interval of a mean, or None below two values.

    Args:
        n: How many values.
        mean: Their mean.
        sd: Their standard deviation.
    """
    if n <= 1 or sd is None:
        return None
    half = t_isf(_TAIL, n - 1) * sd / math.sqrt(n)
    return mean - half, mean + half


def share_interval(ones: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson, 1927).

    Args:
        ones: How many of the values are 1.
        n: How many values; at least 1.
    """
    z = -normal_ppf(_TAIL)
    share = ones / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def histogram_of(quantiles: Sequence[float], n: int) -> Histogram | None:
    """Spread equal shares between neighbouring quantiles over bins of equal width.

    The outermost steps are long tails; the bins end at the second and the last but one quantile,
    and what lies beyond is counted in the bins there.

    Args:
        quantiles: Evenly spaced quantiles from 0 to 1.
        n: How many values they stand for.
    """
    if n < _LEAST_FOR_HISTOGRAM:
        return None
    low, high = quantiles[1], quantiles[-2]
    if not high > low:
        low, high = quantiles[0], quantiles[-1]
    if not high > low:
        return None
    scale = BINS / (high - low)
    if not 0.0 < scale < math.inf:
        return None
    places = [(value - low) * scale for value in quantiles]
    share = n / (len(quantiles) - 1)
    # The counts are steps of a running sum: fifteen look-ups instead of forty ranges to spread.
    below = [0.0, *(_steps_below(edge, places) for edge in range(1, BINS)), len(quantiles) - 1]
    counts = [round((after - before) * share) for before, after in itertools.pairwise(below)]
    return Histogram(low, high, tuple(counts))


def _steps_below(edge: float, places: Sequence[float]) -> float:
    """Return how many steps between neighbouring places, with a fraction, lie below an edge."""
    after = bisect_left(places, edge)
    before = places[after - 1]
    return after - 1 + (edge - before) / (places[after] - before)
