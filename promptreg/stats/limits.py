"""Absolute limits on one version alone: ``success_rate:>=95%``, ``latency.p95:<=2s``; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import binomial_upper_tail, normal_ppf
from promptreg.stats.effects import Interval
from promptreg.stats.kernel import Contrast
from promptreg.stats.samples import Moments, Sample

if TYPE_CHECKING:
    from promptreg.stats.thresholds import Threshold

__all__ = ["Standing", "merge_means", "merge_moments", "standing_of"]


class Standing(NamedTuple):
    """Where one version stands against a limit.

    Attributes:
        value: Its mean, share or p95.
        interval: At level .95.
        n: Observations.
        p_over: One-sided p against "the limit is kept"; small means broken.
        p_kept: One-sided p against "the limit is broken"; small means kept.
    """

    value: float
    interval: Interval
    n: int
    p_over: float
    p_kept: float


def standing_of(samples: Sequence[Sample], threshold: Threshold) -> Standing | None:
    """Test the values of one version, over all its models, against a limit.

    Args:
        samples: One per model.
        threshold: With form LIMIT.

    Returns:
        None when there are too few values: one for a share, two for a mean, 80 for a p95.
    """
    present = [sample for sample in samples if sample.n]
    if threshold.statistic == "p95":
        return _tail_standing(present, threshold)
    moments = merge_moments([sample.linear for sample in present])
    if present and all(sample.is_binary for sample in present):
        return _share_standing(sum(sample.ones for sample in present), moments.n, threshold)
    return _mean_standing(moments, threshold) if moments.n > 1 else None


def merge_moments(parts: Sequence[Moments]) -> Moments:
    """Return the moments of all values of several groups together (Chan's formula)."""
    if len(parts) == 1:
        return parts[0]
    n, mean = merge_means(parts)
    if n == 0:
        return Moments(0, 0.0, 0.0)
    square = math.fsum((part.n - 1) * part.var for part in parts if part.n)
    square += math.fsum(part.n * (part.mean - mean) ** 2 for part in parts)
    return Moments(n, mean, square / (n - 1) if n > 1 else 0.0)


def merge_means(parts: Sequence[Moments]) -> tuple[int, float]:
    """Return the number of all values of several groups together and their mean, 0 of none."""
    if len(parts) == 1:
        n, mean, _ = parts[0]
        return n, mean
    n = 0
    sums = []
    for own, mean, _ in parts:
        n += own
        sums.append(own * mean)
    return n, math.fsum(sums) / n if n else 0.0


def _oriented(threshold: Threshold, p_above: float, p_below: float) -> tuple[float, float]:
    return (p_above, p_below) if threshold.metric.harm > 0 else (p_below, p_above)


def _mean_standing(moments: Moments, threshold: Threshold) -> Standing:
    contrast = Contrast(
        moments.mean,
        math.sqrt(moments.var / moments.n),
        moments.n - 1,
        max(abs(moments.mean), abs(threshold.value)),
    )
    over, kept = _oriented(
        threshold, contrast.p_above(threshold.value), contrast.p_below(threshold.value)
    )
    if contrast.is_exact:
        # A constant that lies on the limit keeps it.
        kept = 1.0 - over
    half = contrast.half_width(0.05)
    interval = Interval(moments.mean - half, moments.mean + half)
    return Standing(moments.mean, interval, moments.n, over, kept)


def _share_standing(ones: int, n: int, threshold: Threshold) -> Standing:
    limit = min(1.0, max(0.0, threshold.value))
    at_least = binomial_upper_tail(ones, n, limit)
    more = binomial_upper_tail(ones + 1, n, limit)
    middle = 0.5 * (at_least + more)
    over, kept = _oriented(threshold, middle, 1.0 - middle)
    # Nothing can lie beyond a limit of 0 or 1, so keeping it is certain.
    if threshold.value <= 0.0 or threshold.value >= 1.0:
        over, kept = _certain(ones / n, threshold)
    return Standing(ones / n, _wilson(ones, n), n, over, kept)


def _certain(share: float, threshold: Threshold) -> tuple[float, float]:
    broken = (share - threshold.value) * threshold.metric.harm > 0.0
    return (0.0, 1.0) if broken else (1.0, 0.0)


def _wilson(ones: int, n: int) -> Interval:
    z = normal_ppf(0.975)
    share, square = ones / n, z * z / n
    centre = (share + square / 2.0) / (1.0 + square)
    half = z / (1.0 + square) * math.sqrt(share * (1.0 - share) / n + square / (4.0 * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def _tail_standing(samples: Sequence[Sample], threshold: Threshold) -> Standing | None:
    tails = [(sample.tail, sample.n) for sample in samples if sample.tail is not None]
    usable = [(tail, n) for tail, n in tails if tail.low > 0.0]
    if not usable or threshold.value <= 0.0:
        return None
    # The slowest model decides: a fast one must not hide it.
    tail, n = max(usable, key=lambda pair: pair[0].value)
    contrast = Contrast(math.log(tail.value), tail.log_error, math.inf)
    limit = math.log(threshold.value)
    return Standing(
        tail.value,
        Interval(tail.low, tail.high),
        n,
        contrast.p_above(limit),
        contrast.p_below(limit),
    )
