"""How values spread: intervals of means and shares, and histograms; pure."""

from __future__ import annotations

import math
from operator import sub

from promptreg.report.model import Histogram
from promptreg.stats.distributions import normal_ppf
from promptreg.stats.student import t_isf

__all__ = ["BINS", "LEAST_FOR_HISTOGRAM", "histogram_of", "interval_of", "share_interval", "steady"]

BINS = 16
LEAST_FOR_HISTOGRAM = 20
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


def histogram_of(n: int, low: float, high: float, *below: int) -> Histogram | None:
    """Return the histogram of values, or None where there is none.

    Args:
        n: How many values there are.
        low: Where the first bin begins; what lies below is counted in it.
        high: Where the last bin ends; what lies above is counted in it.
        below: How many values lie below each edge between the bins.
    """
    if n < LEAST_FOR_HISTOGRAM or not high > low or not 0.0 < BINS / (high - low) < math.inf:
        return None
    return Histogram(low, high, tuple(map(sub, (*below, n), (0, *below))))
