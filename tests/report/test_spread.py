"""What is read off the quantiles of many values."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from promptreg.report.spread import BINS, histogram_of


def _shares(quantiles: list[float], low: float, high: float) -> list[Fraction]:
    """Return how many steps between neighbouring quantiles lie in each bin, exactly."""
    first, last = Fraction(low), Fraction(high)
    edges = [first + (last - first) * at / BINS for at in range(BINS + 1)]
    found = [Fraction(0)] * BINS
    for start, end in itertools.pairwise(map(Fraction, quantiles)):
        for at in range(BINS):
            below, above = edges[at], edges[at + 1]
            if start == end:
                inside = below <= start < above
                outside = (at == 0 and start < below) or (at == BINS - 1 and start >= above)
                found[at] += inside or outside
            else:
                # What lies beyond the outermost edges is counted in the bins there.
                left = start if at == 0 else max(start, below)
                right = end if at == BINS - 1 else min(end, above)
                found[at] += max(Fraction(0), right - left) / (end - start)
    return found


@pytest.mark.parametrize("places", [1, 7, 60, None])
def test_each_bin_gets_what_of_each_step_lies_in_it(places: int | None) -> None:
    """Steps are spread over the bins they reach into; many equal values are one high bin."""
    chance = random.Random(places)
    for n in (20, 100, 12345):
        values = [chance.gauss(50, 20) if places is None else chance.randint(0, places)]
        values += [chance.lognormvariate(3, 1) if places is None else 0 for _ in range(3)]
        values += [
            chance.gauss(50, 20) if places is None else chance.randint(0, places) for _ in range(37)
        ]
        quantiles = sorted(map(float, values))
        found = histogram_of(quantiles, n)
        assert found
        steps = len(quantiles) - 1
        for count, share in zip(
            found.counts, _shares(quantiles, found.low, found.high), strict=True
        ):
            # Rounded to a whole number of values.
            assert count == pytest.approx(float(share * n / steps), abs=0.5 + 1e-6)


@pytest.mark.parametrize("values", [[-1e308, 1e308], [0.0, 5e-324]])
def test_values_too_far_apart_or_too_near_have_no_histogram(values: list[float]) -> None:
    """Where a bin's width is no number there are no bins, and no error."""
    assert histogram_of([values[0]] * 20 + [values[1]] * 21, 100) is None
