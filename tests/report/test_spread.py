"""Histograms: every value is counted in its bin, exactly."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import pytest

from promptreg.metrics import Metrics
from promptreg.report.asking import Scope
from promptreg.report.measures import measure
from promptreg.report.spread import BINS, histogram_of

SHARES = (0.025, 0.975)


def _quantile(ordered: list[float], share: float) -> float:
    """Return a quantile between two values in proportion, as DuckDB's quantile_cont."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _counted(values: list[float]) -> tuple[float, float, tuple[int, ...]] | None:
    """Return the ends of a histogram and how many values are in each bin, one value at a time."""
    ordered = sorted(values)
    low, high = (_quantile(ordered, share) for share in SHARES)
    if not high > low:
        low, high = ordered[0], ordered[-1]
    if len(values) < 20 or not high > low:
        return None
    counts = [0] * BINS
    for value in values:
        counts[max(0, min(BINS - 1, math.floor((value - low) * (BINS / (high - low)))))] += 1
    return low, high, tuple(counts)


def _samples() -> dict[str, list[float]]:
    """Return values of many shapes: skewed, whole, two, nearly all alike, all alike, few."""
    chance = random.Random(1)
    return {
        "skewed": [chance.lognormvariate(3, 1) for _ in range(1234)],
        "whole": [float(chance.randint(0, 7)) for _ in range(200)],
        "two": [float(n % 3 == 0) for n in range(21)],
        "rare": [5.0] * 199 + [9.0],
        "alike": [0.25] * 50,
        "few": [float(n) for n in range(19)],
    }


def test_each_value_is_counted_in_its_bin(tmp_path: Path) -> None:
    """Figures and scores alike have the counts that one gets value by value, tails included."""
    metrics = Metrics(tmp_path / "store")
    for prompt, values in _samples().items():
        metrics.log_many(
            {"prompt": prompt, "version": "1.0.0", "latency_ms": value, "scores": {"tone": value}}
            for value in values
        )
    found = measure(metrics, Scope(tuple(_samples())))
    for prompt, values in _samples().items():
        summaries = {summary.metric: summary for summary in found[prompt]["1.0.0"].metrics}
        assert summaries["latency"].histogram == summaries["tone"].histogram
        histogram, counted = summaries["tone"].histogram, _counted(values)
        assert (histogram is None) == (counted is None)
        if histogram and counted:
            assert (histogram.low, histogram.high) == pytest.approx(counted[:2], rel=1e-12)
            assert histogram.counts == counted[2]
            assert sum(histogram.counts) == len(values)
    metrics.close()


@pytest.mark.parametrize("ends", [(-1e308, 1e308), (0.0, 5e-324), (1.0, 1.0)])
def test_values_too_far_apart_or_too_near_have_no_histogram(ends: tuple[float, float]) -> None:
    """Where a bin's width is no number there are no bins, and no error."""
    assert histogram_of(100, *ends, *itertools.repeat(7, BINS - 1)) is None
