"""Sufficient statistics: all the tests need to know about rows, as frozen values; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard

__all__ = ["Moments", "PairCounts", "PairMoments", "Pairs", "Sample", "Tail"]

TAIL_PROBABILITY = 0.95
TAIL_MINIMUM = 80
GREATEST = 1e150
TAIL_Z = 1.96


class Moments(NamedTuple):
    """Number, mean and sample variance (divisor n-1; 0 below two values)."""

    n: int
    mean: float
    var: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Moments:
        """Compute them in two passes, which loses no digits to large means."""
        n = len(values)
        if n == 0:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(values) / n
        if n == 1:
            return cls(1, mean, 0.0)
        return cls(n, mean, math.fsum((value - mean) ** 2 for value in values) / (n - 1))


class Tail(NamedTuple):
    """The p95 and its neighbours at .95 -+ 1.96 sqrt(.95 .05 / n), whose ratio gives its error."""

    value: float
    low: float
    high: float

    @property
    def log_error(self) -> float:
        """Standard error of the logarithm of the p95."""
        if self.low <= 0.0:
            return math.inf
        return math.log(self.high / self.low) / (2.0 * TAIL_Z)


class Sample(NamedTuple):
    """The values of one metric on one side.

    Attributes:
        linear: Moments of the finite values.
        log: Moments of the logarithms of the values above 0.
        minimum: Least finite value; 0 without values.
        maximum: Greatest finite value; 0 without values.
        ones: How many values are exactly 1.
        zeros: How many values are exactly 0.
        missing: Rows whose value was absent, NaN or infinite.
        tail: The p95, when at least 80 values are there.
    """

    linear: Moments
    log: Moments
    minimum: float = 0.0
    maximum: float = 0.0
    ones: int = 0
    zeros: int = 0
    missing: int = 0
    tail: Tail | None = None

    @property
    def n(self) -> int:
        """How many finite values there are."""
        return self.linear.n

    @property
    def mean(self) -> float:
        """Their arithmetic mean."""
        return self.linear.mean

    @property
    def is_binary(self) -> bool:
        """Whether every value is exactly 0 or 1."""
        return self.n > 0 and self.ones + self.zeros == self.n

    @property
    def dropped_by_log(self) -> int:
        """How many values have no logarithm because they are not above 0."""
        return self.linear.n - self.log.n

    def complement(self) -> Sample:
        """Return the sample of 1 - x: failures from successes."""
        linear = Moments(self.n, 1.0 - self.mean if self.n else 0.0, self.linear.var)
        ones = Moments(self.zeros, 0.0, 0.0)
        return Sample(
            linear,
            ones,
            1.0 - self.maximum,
            1.0 - self.minimum,
            self.zeros,
            self.ones,
            self.missing,
        )

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Sample:
        """Summarise values; absent and non-finite ones are counted, never averaged."""
        given = list(values)
        finite = sorted(value for value in given if is_measurement(value))
        n = len(finite)
        return cls(
            Moments.of(finite),
            Moments.of([math.log(value) for value in finite if value > 0.0]),
            finite[0] if finite else 0.0,
            finite[-1] if finite else 0.0,
            ones=sum(value == 1.0 for value in finite),
            zeros=sum(value == 0.0 for value in finite),
            missing=len(given) - n,
            tail=_tail(finite) if n >= TAIL_MINIMUM else None,
        )


class PairMoments(NamedTuple):
    """Moments of pairs (a, b): base and head values of the same case."""

    n: int
    mean_a: float
    mean_b: float
    var_a: float
    var_b: float
    cov: float

    @classmethod
    def of(cls, a: Sequence[float], b: Sequence[float]) -> PairMoments:
        """Compute them from two columns of equal length."""
        first, second = Moments.of(a), Moments.of(b)
        cov = 0.0
        if len(a) > 1:
            products = ((x - first.mean) * (y - second.mean) for x, y in zip(a, b, strict=True))
            cov = math.fsum(products) / (len(a) - 1)
        return cls(len(a), first.mean, second.mean, first.var, second.var, cov)


class PairCounts(NamedTuple):
    """How many pairs of 0/1 values are (1,1), (1,0), (0,1) and (0,0)."""

    both: int
    lost: int
    gained: int
    neither: int

    @property
    def n(self) -> int:
        """How many pairs consist of zeros and ones."""
        return self.both + self.lost + self.gained + self.neither


class Pairs(NamedTuple):
    """The values of one metric for the cases that both versions ran."""

    linear: PairMoments
    log: PairMoments
    counts: PairCounts

    @property
    def n(self) -> int:
        """How many cases have a finite value on both sides."""
        return self.linear.n

    @property
    def is_binary(self) -> bool:
        """Whether every value is exactly 0 or 1."""
        return self.n > 0 and self.counts.n == self.n

    def complement(self) -> Pairs:
        """Return the pairs of 1 - x: failures from successes."""
        m, c = self.linear, self.counts
        linear = PairMoments(m.n, 1.0 - m.mean_a, 1.0 - m.mean_b, m.var_a, m.var_b, m.cov)
        return Pairs(
            linear,
            PairMoments(0, 0.0, 0.0, 0.0, 0.0, 0.0),
            PairCounts(c.neither, c.gained, c.lost, c.both),
        )

    @classmethod
    def of(cls, pairs: Iterable[tuple[float | None, float | None]]) -> Pairs:
        """Summarise pairs; a pair with an absent or non-finite value does not count."""
        finite = [(a, b) for a, b in pairs if is_measurement(a) and is_measurement(b)]
        positive = [(math.log(a), math.log(b)) for a, b in finite if a > 0.0 and b > 0.0]
        return cls(
            PairMoments.of([a for a, _ in finite], [b for _, b in finite]),
            PairMoments.of([a for a, _ in positive], [b for _, b in positive]),
            PairCounts(
                both=finite.count((1.0, 1.0)),
                lost=finite.count((1.0, 0.0)),
                gained=finite.count((0.0, 1.0)),
                neither=finite.count((0.0, 0.0)),
            ),
        )


def is_measurement(value: float | None) -> TypeGuard[float]:
    """Tell whether a value is there and finite, its square as well."""
    return value is not None and abs(value) < GREATEST


def tail_probabilities(n: int) -> tuple[float, float, float]:
    """Return the probabilities of the p95 and its two neighbours for n values."""
    half = TAIL_Z * math.sqrt(TAIL_PROBABILITY * (1.0 - TAIL_PROBABILITY) / n)
    return TAIL_PROBABILITY, max(0.0, TAIL_PROBABILITY - half), min(1.0, TAIL_PROBABILITY + half)


def _tail(ordered: Sequence[float]) -> Tail:
    value, low, high = (_quantile(ordered, p) for p in tail_probabilities(len(ordered)))
    return Tail(value, low, high)


def _quantile(ordered: Sequence[float], p: float) -> float:
    # Linear interpolation, the definition of DuckDB's quantile_cont.
    position = p * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
