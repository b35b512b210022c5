"""How much a metric changed: estimate, one-sided p against any change, interval; pure.

Each effect is made of one or more strata (models) whose contrasts are combined. The interval is
found by inverting the test itself, so an interval and a verdict never disagree.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast

__all__ = ["Effect", "Interval"]

_STEPS = 60
_QUICK_STEPS = 8
_PRECISION = 1e-11
# The next place is off by less than the product of what the last three were.
_QUICK_PRECISION = 1e-12
_FINEST = 1e-15
_FURTHEST = 1e6
_MOST = 20.0


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
        estimate: The observed change; not a number where it would be a share of 0.
        exact_when_constant: Whether values that do not vary leave no doubt; shares that are all
            0 or 1 do.
    """

    exact_when_constant = True

    def __init__(self, *, base: float, head: float, relative: bool = True) -> None:
        self.base = base
        self.head = head
        self.relative = relative
        if not relative:
            self.estimate = head - base
        else:
            self.estimate = head / base - 1.0 if base else math.nan

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

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval at level 1 - alpha: all changes the two-sided test keeps."""
        start = self.estimate
        here, shift = self.contrast(start)
        if self.exact_when_constant and here.is_exact:
            return Interval(start, start)
        unit = abs(self.base) if self.relative else 1.0
        error, half = here.error / unit or 1e-3, here.half_width(alpha) / unit or 1e-3

        def end(sign: float, guess: float, bound: float) -> float:
            def margin(change: float) -> float:
                contrast, shift = self.contrast(change)
                return _margin(contrast, sign * (contrast.difference - shift), alpha)

            first = _margin(here, sign * (here.difference - shift), alpha)
            if first <= 0.0:
                return start
            found = _by_interpolation(margin, (start, first), sign * half, guess, bound)
            if found is None:
                found = _by_bracket(margin, (start, first), start - sign * 2.0 * error, bound)
            return found

        floor, ceiling = self.bounds()
        low = end(1.0, start - half, floor)
        # Both ends lie off the straight line to the same side, as a rule by nearly as much.
        high = end(-1.0, max(low + 2.0 * half, start + 0.5 * half), ceiling)
        return Interval(low, high)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change that is possible at all."""
        return (-1.0, math.inf) if self.relative else (-math.inf, math.inf)


def _margin(contrast: Contrast, beyond: float, alpha: float) -> float:
    """Return by how much a one-sided test keeps a change, in half-widths of its interval.

    That is 0 at an end of the interval, 1 at the estimate, and nearly straight in between.

    Args:
        contrast: What is tested.
        beyond: How far its difference lies beyond that of the change.
        alpha: The level of the interval.
    """
    half = contrast.half_width(alpha)
    if not half:
        return -_MOST if beyond > contrast.rounding else 1.0
    margin = 1.0 - beyond / half
    return margin if -_MOST < margin < _MOST else math.copysign(_MOST, margin)


_Point = tuple[float, float]
"""A change and its margin."""


def _by_interpolation(
    margin: Callable[[float], float], start: _Point, slope: float, guess: float, bound: float
) -> float | None:
    """Find where a margin is zero, by four of them as a rule; None where it is not nearly straight.

    Args:
        margin: Of a change.
        start: Where it is above zero.
        slope: About how much the change there moves with the margin.
        guess: Where the end is likely.
        bound: Beyond it there is no end.
    """
    lowest, highest = (bound, start[0]) if guess < start[0] else (start[0], bound)
    outwards = guess - start[0]
    old, old_value = start
    older_value, place = old_value, guess
    for _ in range(_QUICK_STEPS):
        if not lowest <= place <= highest or abs(place) > _FURTHEST:
            return None
        value = margin(place)
        # A margin that rises again on the way has an end before this one.
        if value == older_value or not (value - old_value) * (place - old) * outwards < 0.0:
            return None
        chord = (place - old) / (value - old_value)
        # On a parabola that lies on its side, through the last three places.
        bend = (chord - slope) / (value - older_value)
        following = place - value * (chord - bend * old_value)
        if abs(value * old_value * older_value) <= _QUICK_PRECISION:
            return min(highest, max(lowest, following))
        older_value, slope = old_value, chord
        old, old_value, place = place, value, following
    return None


def _by_bracket(margin: Callable[[float], float], start: _Point, far: float, bound: float) -> float:
    """Find where a margin is zero: bracket it, then the false position.

    Args:
        margin: Of a change.
        start: Where it is above zero.
        far: The first place to try; each step is twice as long as the one before.
        bound: Returned where there is no end up to it; far beyond everything it is infinity.
    """
    near, near_margin = start
    if far == near:
        # No float lies between: of a mean that all but vanished against the base's.
        return near
    clip = max if far < near else min
    while True:
        far = clip(bound, far)
        far_margin = margin(far)
        if far_margin <= 0.0:
            break
        if far == bound:
            return bound
        if abs(far) > _FURTHEST:
            return math.copysign(math.inf, far)
        near, near_margin, far = far, far_margin, start[0] + 2.0 * (far - start[0])
    for _ in range(_STEPS):
        middle = far - far_margin * (far - near) / (far_margin - near_margin)
        value = margin(middle)
        if value * far_margin < 0.0:
            near, near_margin = far, far_margin
        else:
            # Anderson and Bjorck's factor brings the kept end along faster than a half.
            factor = 1.0 - value / far_margin if far_margin else 0.5
            near_margin *= factor if factor > 0.0 else 0.5
        far, far_margin = middle, value
        if abs(value) <= _PRECISION or abs(far - near) <= _FINEST * max(1.0, abs(far)):
            break
    return far
