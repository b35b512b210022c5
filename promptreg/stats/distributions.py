"""Distribution functions from the standard library alone.

scipy would cost half a second of import time and 200 MB in every CI run for four functions. The
tests hold these against scipy to a relative 1e-9. Student's t is in `promptreg.stats.student`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statistics import NormalDist

__all__ = [
    "beta_from_logs",
    "binomial_upper_tail",
    "chi2_sf",
    "incomplete_beta",
    "log_beta",
    "normal_cdf",
    "normal_ppf",
    "normal_sf",
]

_SQRT2 = math.sqrt(2.0)
_TINY = 1e-300
_EPSILON = 1e-16
_MOST_TERMS = 100_000
_STIRLING_FROM = 10.0


def normal_cdf(z: float) -> float:
    """Return P(Z <= z) of the standard normal, exact in both tails."""
    return 0.5 * math.erfc(-z / _SQRT2)


def normal_sf(z: float) -> float:
    """Return P(Z > z) of the standard normal, exact in both tails."""
    return 0.5 * math.erfc(z / _SQRT2)


def normal_ppf(p: float) -> float:
    """Return the quantile of the standard normal; -inf at 0 and inf at 1."""
    if p <= 0.0:
        return -math.inf
    if p >= 1.0:
        return math.inf
    return _standard_normal().inv_cdf(p)


@lru_cache(maxsize=1)
def _standard_normal() -> NormalDist:
    # statistics brings fractions and decimal, which is half of this package's import.
    from statistics import NormalDist

    return NormalDist()


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    Continued fraction of the NIST Handbook (DLMF 8.17.22), evaluated by Lentz's method.

    Args:
        a: First shape, above 0.
        b: Second shape, above 0.
        x: Upper limit in [0, 1].
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return beta_from_logs(a, b, x, math.log(x), math.log1p(-x))


def chi2_sf(x: float, df: float) -> float:
    """Return P(X > x) of chi-squared, by DLMF 8.7.1 and 8.9.2.

    Args:
        x: The statistic, at least 0.
        df: Degrees of freedom, above 0.
    """
    if x <= 0.0:
        return 1.0
    a, half = df / 2.0, x / 2.0
    front = math.exp(a * math.log(half) - half - math.lgamma(a))
    if half < a + 1.0:
        term = total = 1.0 / a
        for k in range(1, _MOST_TERMS):
            term *= half / (a + k)
            total += term
            if term < total * _EPSILON:
                break
        return 1.0 - front * total
    b = half + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    fraction = d
    for k in range(1, _MOST_TERMS):
        an = -k * (k - a)
        b += 2.0
        d = 1.0 / _away_from_zero(an * d + b)
        c = _away_from_zero(b + an / c)
        fraction *= d * c
        if abs(d * c - 1.0) < _EPSILON * 10:
            break
    return front * fraction


def binomial_upper_tail(k: int, n: int, p: float) -> float:
    """Return P(X >= k) of a binomial with n trials of probability p."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    return incomplete_beta(float(k), float(n - k + 1), p)


def beta_from_logs(a: float, b: float, x: float, log_x: float, log_y: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) of an x near 0 or 1.

    Args:
        a: First shape, above 0.
        b: Second shape, above 0.
        x: Upper limit in (0, 1).
        log_x: Its logarithm.
        log_y: The logarithm of 1 - x, which x alone may be too coarse for.
    """
    front = math.exp(a * log_x + b * log_y - log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, -math.expm1(log_x)) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    # A report calls this a hundred thousand times; the guards against zero stand in the loop
    # because calls of a function would take a third of its time.
    both, c = a + b, 1.0
    fraction = d = 1.0 / _away_from_zero(1.0 - both * x / (a + 1.0))
    for m in range(1, _MOST_TERMS):
        at = a + 2 * m
        even = m * (b - m) * x / ((at - 1.0) * at)
        d, c = 1.0 + even * d, 1.0 + even / c
        d = 1.0 / (d if d > _TINY or d < -_TINY else _TINY)
        c = c if c > _TINY or c < -_TINY else _TINY
        fraction *= d * c
        odd = -(a + m) * (both + m) * x / (at * (at + 1.0))
        d, c = 1.0 + odd * d, 1.0 + odd / c
        d = 1.0 / (d if d > _TINY or d < -_TINY else _TINY)
        c = c if c > _TINY or c < -_TINY else _TINY
        step = d * c
        fraction *= step
        if abs(step - 1.0) < _EPSILON * 10:
            break
    return fraction


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


@lru_cache(maxsize=4096)
def log_beta(a: float, b: float) -> float:
    """Return the logarithm of the beta function.

    Args:
        a: First argument, above 0.
        b: Second argument, above 0.
    """
    large, small = max(a, b), min(a, b)
    if large < _STIRLING_FROM:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    # lgamma(large) - lgamma(large + small) cancels almost wholly; Stirling's form does not.
    gap = (
        -(large - 0.5) * math.log1p(small / large)
        - small * math.log(large + small)
        + small
        + _stirling_rest(large)
        - _stirling_rest(large + small)
    )
    return math.lgamma(small) + gap


def _stirling_rest(x: float) -> float:
    # DLMF 5.11.1; from x = 10 on the terms kept leave less than 1e-15.
    inverse = 1.0 / (x * x)
    series = 1 / 1188 - inverse * 691 / 360360
    series = -1 / 1680 + inverse * series
    series = 1 / 1260 + inverse * series
    series = -1 / 360 + inverse * series
    return (1 / 12 + inverse * series) / x
