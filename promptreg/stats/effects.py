"""How much a metric changed: estimate, one-sided p against any change, interval; pure.

Each effect is made of one or more strata (models) whose contrasts are combined. The interval is
found by inverting the test itself, so an interval and a verdict never disagree.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import normal_ppf, t_score

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast

__all__ = ["Effect", "Interval"]

_STEPS = 60
_PRECISION = 1e-9
_NEARLY = 1e-5
_POLISHES = 4
# With fewer degrees of freedom the quick score is too far off to be a start.
_LEAST_FOR_SCORES = 4.0
# The normal score of 1e-300.
_LEAST_SCORE = -37.0471
_FINEST = 1e-15
_FURTHEST = 1e6


class Interval(NamedTuple):
    """A two-sided confidence interval of a change; a side may be infinite."""

    low: float
    high: float


class Effect(ABC):
    """A change from base to head: relative (0.1 is +10 %) or absolute in the metric's unit.

    Attributes:
        relative: Whether changes are shares of the base.
        base: The base's value, combined over the strata.
        head: The head's value, combined with the same weights.
        exact_when_constant: Whether values that do not vary leave no doubt; shares that are all
            0 or 1 do.
    """

    exact_when_constant = True

    def __init__(self, *, base: float, head: float, relative: bool = True) -> None:
        self.base = base
        self.head = head
        self.relative = relative

    @property
    def estimate(self) -> float:
        """The observed change."""
        return self.head / self.base - 1.0 if self.relative else self.head - self.base

    @abstractmethod
    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast that tests a change, and the shift it is tested at."""

    def p_above(self, change: float) -> float:
        """Return the one-sided p against "the true change is at most `change`"."""
        contrast, shift = self.contrast(change)
        return contrast.p_above(shift)

    def p_below(self, change: float) -> float:
        """Return the one-sided p against "the true change is at least `change`"."""
        contrast, shift = self.contrast(change)
        return contrast.p_below(shift)

    def p_increase(self) -> float:
        """Return the one-sided p against "no increase"."""
        return self.p_above(0.0)

    def p_decrease(self) -> float:
        """Return the one-sided p against "no decrease"."""
        return self.p_below(0.0)

    def error(self) -> float:
        """Return the standard error of the change where it is estimated to be."""
        contrast, _ = self.contrast(self.estimate)
        return contrast.error / abs(self.base) if self.relative else contrast.error

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval at level 1 - alpha: all changes the two-sided test keeps."""
        floor, ceiling = self.bounds()
        if self.exact_when_constant and self.contrast(self.estimate)[0].is_exact:
            return Interval(self.estimate, self.estimate)
        step = self.error() or 1e-3
        target = alpha / 2.0
        low = _invert(_Side(self, target, above=True), self.estimate, -step, floor)
        high = _invert(_Side(self, target, above=False), self.estimate, step, ceiling)
        return Interval(low, high)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change that is possible at all."""
        return (-1.0, math.inf) if self.relative else (-math.inf, math.inf)


class _Side:
    """A one-sided test at every change, as the normal score of its p against that of a target."""

    def __init__(self, effect: Effect, target: float, *, above: bool) -> None:
        self._effect = effect
        self._above = above
        self._goal = normal_ppf(target)

    def exact(self, change: float) -> float:
        """Return the score of the p above the target's."""
        p = self._effect.p_above(change) if self._above else self._effect.p_below(change)
        # 1e-300 keeps the score finite where a p has underflowed.
        return normal_ppf(max(1e-300, min(1.0 - 1e-16, p))) - self._goal

    def quick(self, change: float) -> float:
        """Return about the same without computing a p, which takes most of the time."""
        contrast, shift = self._effect.contrast(change)
        if contrast.is_exact or contrast.df < _LEAST_FOR_SCORES:
            return self.exact(change)
        beyond = contrast.difference - shift if self._above else shift - contrast.difference
        score = -t_score(beyond / contrast.error, contrast.df)
        return max(_LEAST_SCORE, min(-_LEAST_SCORE, score)) - self._goal


def _invert(side: _Side, start: float, step: float, bound: float) -> float:
    """Find the change at which a one-sided p falls to its target, walking from `start` by `step`.

    The scores that cost little find the place, the exact ones make sure of it.
    """
    near = _root(side.quick, start, step, bound, _NEARLY)
    if near.slope:
        place, slope, last = near.place, near.slope, math.inf
        for _ in range(_POLISHES):
            value = side.exact(place)
            if abs(value) <= _PRECISION:
                return place
            if not abs(value) < 0.5 * last:
                break
            last = abs(value)
            place -= value / slope
    return _root(side.exact, start, step, bound, _PRECISION).place


class _Root(NamedTuple):
    """Where a function is nearly zero, and how steep it is there; 0 where it has no root."""

    place: float
    slope: float


def _root(
    score: Callable[[float], float], start: float, step: float, bound: float, precision: float
) -> _Root:
    """Bracket, then the false position on normal scores, on which a p is nearly straight."""
    near, far = start, start + 2.0 * step
    near_score = score(near)
    if near_score <= 0.0:
        return _Root(start, 0.0)
    while True:
        far = max(bound, far) if step < 0 else min(bound, far)
        far_score = score(far)
        if far_score <= 0.0:
            break
        if far == bound:
            return _Root(bound, 0.0)
        if abs(far) > _FURTHEST:
            return _Root(math.copysign(math.inf, step), 0.0)
        near, near_score, far = far, far_score, start + 2.0 * (far - start)
    slope = (far_score - near_score) / (far - near)
    for _ in range(_STEPS):
        middle = far - far_score * (far - near) / (far_score - near_score)
        value = score(middle)
        if middle != far:
            slope = (value - far_score) / (middle - far)
        if value * far_score < 0.0:
            near, near_score = far, far_score
        else:
            # Anderson and Bjorck's factor brings the kept end along faster than a half.
            factor = 1.0 - value / far_score if far_score else 0.5
            near_score *= factor if factor > 0.0 else 0.5
        far, far_score = middle, value
        if abs(value) <= precision or abs(far - near) <= _FINEST * max(1.0, abs(far)):
            break
    return _Root(far, slope)
