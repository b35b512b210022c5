"""How much a metric changed: estimate, one-sided p against any change, interval; pure.

Each effect is made of one or more strata (models) whose contrasts are combined. The interval is
found by inverting the test itself, so an interval and a verdict never disagree.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import normal_ppf

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast

__all__ = ["Effect", "Interval"]

_STEPS = 60
_PRECISION = 1e-9
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
        low = _invert(self.p_above, self.estimate, -step, floor, alpha / 2.0)
        high = _invert(self.p_below, self.estimate, step, ceiling, alpha / 2.0)
        return Interval(low, high)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change that is possible at all."""
        return (-1.0, math.inf) if self.relative else (-math.inf, math.inf)


def _invert(
    p: Callable[[float], float], start: float, step: float, bound: float, target: float
) -> float:
    """Find the change at which a one-sided p falls to `target`, walking from `start` by `step`.

    Bracket, then the Illinois method on normal scores, on which a p is nearly straight.
    """
    goal = normal_ppf(target)

    def score(change: float) -> float:
        # 1e-300 keeps the score finite where a p has underflowed.
        return normal_ppf(max(1e-300, min(1.0 - 1e-16, p(change)))) - goal

    near, far = start, start + 2.0 * step
    near_score = score(near)
    if near_score <= 0.0:
        return start
    while True:
        far = max(bound, far) if step < 0 else min(bound, far)
        far_score = score(far)
        if far_score <= 0.0:
            break
        if far == bound:
            return bound
        if abs(far) > _FURTHEST:
            return math.copysign(math.inf, step)
        near, near_score, far = far, far_score, start + 2.0 * (far - start)
    for _ in range(_STEPS):
        middle = far - far_score * (far - near) / (far_score - near_score)
        value = score(middle)
        if value * far_score < 0.0:
            near, near_score = far, far_score
        else:
            near_score *= 0.5
        far, far_score = middle, value
        if abs(value) <= _PRECISION or abs(far - near) <= _FINEST * max(1.0, abs(far)):
            break
    return far
