"""Changes of a share of ones, independent and paired; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from promptreg.stats.distributions import normal_ppf
from promptreg.stats.effects import Effect, Interval
from promptreg.stats.kernel import Contrast, combine
from promptreg.stats.proportions import (
    Table,
    increase_mid_p,
    mcnemar_mid_p,
    paired_contrast,
    score_slope_difference,
    score_variance_difference,
    score_variance_ratio,
)
from promptreg.stats.samples import PairCounts

__all__ = ["BinaryEffect", "PairedBinaryEffect"]

# The square of the last step to an interval's end, in squares of its half-width.
_PRECISION = 1e-9
_STEPS = 8


class BinaryEffect(Effect):
    """A change of a share of ones: Fisher for harm, score tests for margins and intervals."""

    exact_when_constant = False

    def __init__(self, tables: Sequence[Table], *, relative: bool) -> None:
        total = base = head = 0.0
        weights = []
        for ones_a, n_a, ones_b, n_b in tables:
            weight = n_a * n_b / (n_a + n_b)
            total += weight
            base += weight * (ones_a / n_a)
            head += weight * (ones_b / n_b)
            weights.append(weight)
        super().__init__(base=base / total, head=head / total, relative=relative)
        self._tables = tables
        self._squares = [(weight / total) ** 2 for weight in weights]

    @classmethod
    def of(cls, tables: Sequence[Table], *, relative: bool) -> BinaryEffect:
        """Combine tables with Mantel-Haenszel weights."""
        return cls(tables, relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the score contrast under this change."""
        # What `combine` says of the tables' contrasts, whose degrees of freedom are infinite.
        if self.relative:
            at, shift, scaled = 1.0 + change, 0.0, (1.0 + change) * self.base
        else:
            at, shift, scaled = change, change, self.base
        variance_of = score_variance_ratio if self.relative else score_variance_difference
        variance = 0.0
        for square, table in zip(self._squares, self._tables, strict=True):
            variance += square * variance_of(table, at)
        return Contrast(self.head - scaled, math.sqrt(variance), math.inf), shift

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval; that of a difference along the tangents of its variance."""
        ends = None if self.relative else self._ends(normal_ppf(alpha / 2.0) ** 2)
        return Effect.interval(self, alpha) if ends is None else Interval(*ends)

    def _ends(self, square: float) -> tuple[float, float] | None:
        """Return the ends of a difference's interval, or None to leave them to the search."""
        variance = crowd = 0.0
        edges = []
        for weight, (ones_a, n_a, ones_b, n_b) in zip(self._squares, self._tables, strict=True):
            rate_a, rate_b = ones_a / n_a, ones_b / n_b
            variance += weight * (rate_a * (1.0 - rate_a) / n_a + rate_b * (1.0 - rate_b) / n_b)
            crowd += weight * (1.0 / n_a + 1.0 / n_b)
            if not (0 < ones_a < n_a and 0 < ones_b < n_b):
                edges.append(rate_b - rate_a)
        # Without any ones the ends lie at half of square * crowd; a third of it suits most tables.
        bend = square * crowd / 6.0
        half = bend + math.sqrt(bend * bend + square * variance)
        low, high = self._end(-half, square), self._end(half, square)
        if low is None or high is None:
            return None
        for edge in edges:
            # Where a rate of 0 begins to rise the variance has an edge: there the test may reject
            # a change and keep others beyond it, but hardly where that is near the estimate.
            far = (edge - self.estimate) ** 2
            is_near = 4.0 * far <= square * variance or not low < edge < high
            if not is_near and far > square * self._spread(edge)[0]:
                return None
        return max(-1.0, low), min(1.0, high)

    def _end(self, guess: float, square: float) -> float | None:
        """Return an end by a guess of how far from the estimate it lies.

        Where the variance is straight the end solves a quadratic. So each tangent leads to a place
        with twice as many digits, and the third to the end as a rule.
        """
        start, sign = self.estimate, math.copysign(1.0, guess)
        distance, near, nearer, moved = guess, 0.0, 0.0, guess
        for _ in range(_STEPS):
            if not -1.0 < start + distance < 1.0 or distance * guess <= 0.0:
                return None
            variance, slope = self._spread(start + distance)
            score = distance * distance / variance if variance > 0.0 else 0.0
            # A score that falls again on the way has an end before this one.
            if not (score - nearer) * (abs(distance) - near) > 0.0:
                return None
            bend = 0.5 * square * slope
            rest = bend * bend + square * (variance - slope * distance)
            step = bend + sign * math.sqrt(max(0.0, rest)) - distance
            if step * step <= _PRECISION * abs(moved * guess):
                return start + distance + step
            near, nearer, distance, moved = abs(distance), score, distance + step, step
        return None

    def _spread(self, difference: float) -> tuple[float, float]:
        """Return the variance under a difference, and its slope."""
        variance = slope = 0.0
        for square, table in zip(self._squares, self._tables, strict=True):
            own, moves = score_slope_difference(table, difference)
            variance += square * own
            slope += square * moves
        return variance, slope

    def p_increase(self) -> float:
        """Return Fisher's mid-p for more ones."""
        return increase_mid_p(self._tables)

    def p_decrease(self) -> float:
        """Return Fisher's mid-p for fewer ones."""
        return increase_mid_p([table.swapped for table in self._tables])

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change a share can make."""
        return (-1.0, math.inf) if self.relative else (-1.0, 1.0)


class PairedBinaryEffect(Effect):
    """A change of a share of ones over the same cases: McNemar, and Bonett-Price for margins."""

    exact_when_constant = False

    def __init__(
        self, counts: Sequence[PairCounts], *, base: float, head: float, relative: bool = True
    ) -> None:
        super().__init__(base=base, head=head, relative=relative)
        self.counts = counts

    @classmethod
    def of(cls, counts: Sequence[PairCounts], *, relative: bool) -> PairedBinaryEffect:
        """Combine strata by their number of pairs."""
        total = sum(count.n for count in counts)
        base = sum(count.both + count.lost for count in counts) / total
        head = sum(count.both + count.gained for count in counts) / total
        return cls(counts, base=base, head=head, relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the adjusted contrast of pairs at this ratio or difference."""
        ratio = 1.0 + change if self.relative else 1.0
        parts = ((float(count.n), paired_contrast(count, ratio)) for count in self.counts)
        return combine(parts), 0.0 if self.relative else change

    def p_increase(self) -> float:
        """Return McNemar's mid-p for more ones."""
        return mcnemar_mid_p(self.counts)

    def p_decrease(self) -> float:
        """Return McNemar's mid-p for fewer ones."""
        swapped = [PairCounts(c.both, c.gained, c.lost, c.neither) for c in self.counts]
        return mcnemar_mid_p(swapped)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change a share can make."""
        return (-1.0, math.inf) if self.relative else (-1.0, 1.0)
