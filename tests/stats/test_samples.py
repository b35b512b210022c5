"""Sufficient statistics against numpy, and what they do with bad values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.stats.limits import merge_moments
from promptreg.stats.samples import Moments, Pairs, Sample

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


@given(VALUES)
def test_moments_agree_with_numpy(values: list[float]) -> None:
    """Mean and variance agree with numpy's."""
    moments = Moments.of(values)
    assert moments.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
    assert moments.var == pytest.approx(np.var(values, ddof=1), rel=1e-9, abs=1e-6)


@given(VALUES, VALUES, VALUES)
def test_merged_moments_are_those_of_all_values(
    a: list[float], b: list[float], c: list[float]
) -> None:
    """Moments of groups merge to the moments of all their values."""
    merged = merge_moments([Moments.of(part) for part in (a, b, c, [])])
    whole = Moments.of([*a, *b, *c])
    assert merged.n == whole.n
    assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
    assert merged.var == pytest.approx(whole.var, rel=1e-9, abs=1e-6)


def test_absent_and_wild_values_are_counted_and_never_averaged() -> None:
    """NaN, infinities and None are missing values, not numbers."""
    sample = Sample.of([1.0, None, math.nan, math.inf, 3.0, -math.inf])
    assert (sample.n, sample.mean, sample.missing) == (2, 2.0, 4)


def test_values_without_a_logarithm_are_reported() -> None:
    """Zero and negative values leave the logarithms and are counted."""
    sample = Sample.of([0.0, -1.0, math.e, math.e])
    assert sample.log.n == 2
    assert sample.log.mean == pytest.approx(1.0)
    assert sample.dropped_by_log == 2


def test_tail_is_the_continuous_quantile() -> None:
    """The p95 and its neighbours are numpy's linear quantiles, from 80 values on."""
    values = [math.exp(i / 37) for i in range(200)]
    tail = Sample.of(values).tail
    assert tail is not None
    half = 1.96 * math.sqrt(0.95 * 0.05 / 200)
    expected = np.quantile(values, [0.95, 0.95 - half, 0.95 + half])
    assert (tail.value, tail.low, tail.high) == pytest.approx(tuple(expected), rel=1e-12)
    assert Sample.of(values[:79]).tail is None


@pytest.mark.parametrize(
    ("values", "binary"), [([0.0, 1.0, 1.0], True), ([0.0, 0.5], False), ([], False), ([1], True)]
)
def test_binary_means_zeros_and_ones_only(values: list[float], *, binary: bool) -> None:
    """A sample is binary when each of its values is exactly 0 or 1."""
    assert Sample.of(values).is_binary is binary


def test_complement_turns_successes_into_failures() -> None:
    """The complement has the failures as its ones."""
    failures = Sample.of([1.0, 1.0, 1.0, 0.0]).complement()
    assert (failures.ones, failures.zeros, failures.mean) == (1, 3, 0.25)
    assert (failures.minimum, failures.maximum) == (0.0, 1.0)
    pairs = Pairs.of([(1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)]).complement()
    assert (pairs.counts.both, pairs.counts.lost, pairs.counts.gained) == (2, 0, 1)


def test_a_pair_with_a_missing_side_does_not_count() -> None:
    """Only pairs with two finite values are compared."""
    pairs = Pairs.of([(1.0, 2.0), (None, 1.0), (1.0, math.nan), (3.0, 5.0)])
    assert pairs.n == 2
    assert pairs.linear.cov == pytest.approx(np.cov([1.0, 3.0], [2.0, 5.0])[0, 1])
