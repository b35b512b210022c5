"""Tests that may be looked at while the data grows; pure.

`anytime` needs no plan: its error rate holds however often and whenever one looks. `Boundaries`
needs the greatest number of samples beforehand and finds effects earlier in return.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import normal_ppf, normal_sf, t_sf

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast

__all__ = ["Boundaries", "Look", "anytime", "normal_score", "planned"]

_TUNED_FOR = 100
_NODES = 48
_FAR = 8.0
_FLOOR = 1e-12


class Look(NamedTuple):
    """What a look at the data says.

    Attributes:
        p: Two-sided p-value that stays valid over all looks.
        half_width: Of the interval around the difference, at the level of the test; infinite
            while nothing can be excluded.
    """

    p: float
    half_width: float


def anytime(contrast: Contrast, n_a: int, n_b: int, alpha: float = 0.05) -> Look:
    """Look at a difference of means by the anytime-valid t-test.

    Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589, with the mixture tuned to be narrowest
    near 100 samples an arm.

    Args:
        contrast: The difference of means.
        n_a: Samples of the first arm.
        n_b: Samples of the second arm.
        alpha: Two-sided error rate of the interval.
    """
    if contrast.is_exact:
        moved = min(contrast.p_above(), contrast.p_below())
        return Look(moved, 0.0)
    precision = n_a * n_b / (n_a + n_b)
    phi = _mixture(alpha)
    r = phi / (phi + precision)
    power = contrast.df + 1.0
    q = (contrast.difference / contrast.error) ** 2 / contrast.df
    log_e = 0.5 * math.log(r) - 0.5 * power * (math.log1p(r * q) - math.log1p(q))
    # (1 + rq) / (1 + q) at the boundary.
    edge = math.exp((2.0 * math.log(alpha) + math.log(r)) / power)
    if edge <= r:
        return Look(min(1.0, math.exp(-log_e)), math.inf)
    half = math.sqrt((1.0 - edge) / (edge - r) * contrast.df) * contrast.error
    return Look(min(1.0, math.exp(min(0.0, -log_e))), half)


def normal_score(contrast: Contrast) -> float:
    """Return the statistic of a contrast as if it were normal, equal in its p-value."""
    if contrast.is_exact:
        if contrast.p_above() < 1.0:
            return math.inf
        return -math.inf if contrast.p_below() < 1.0 else 0.0
    t = contrast.difference / contrast.error
    p = t_sf(abs(t), contrast.df)
    return math.copysign(-normal_ppf(p) if p > 0.0 else abs(t), t)


def planned(score: float, look: int, fractions: tuple[float, ...]) -> float:
    """Return the repeated two-sided p-value of a planned look.

    The least error rate at which this look's boundary is crossed.

    Args:
        score: The statistic of the look, as a normal score.
        look: Its number, from 0.
        fractions: The information of each look of the plan, rising to 1.
    """
    if abs(score) >= _FAR:
        return 0.0
    low, high = _FLOOR, 1.0 - 1e-9
    if Boundaries(high, fractions).scores[look] > abs(score):
        return 1.0
    for _ in range(40):
        middle = math.sqrt(low * high)
        if Boundaries(middle, fractions).scores[look] > abs(score):
            low = middle
        else:
            high = middle
        if high / low < 1.0 + 1e-6:
            break
    return high


class Boundaries(NamedTuple):
    """Two-sided group-sequential boundaries, Lan and DeMets' spending like O'Brien and Fleming.

    ``alpha(t) = 4 (1 - Phi(z(1 - alpha/4) / sqrt(t)))`` for both sides together, each side spending
    half; Lan and DeMets, Biometrika 70 (1983) 659-663. The recursive integration is Armitage,
    McPherson and Rowe's.

    Attributes:
        alpha: Two-sided error rate.
        fractions: The information of each look, rising to 1.
    """

    alpha: float
    fractions: tuple[float, ...]

    @property
    def scores(self) -> tuple[float, ...]:
        """The normal score that each look must reach."""
        return _boundaries(self.alpha, self.fractions)


def _spent(alpha: float, fraction: float) -> float:
    """Return the error rate one side has spent at a share of the information."""
    return 2.0 * normal_sf(-normal_ppf(alpha / 4.0) / math.sqrt(fraction))


@lru_cache(maxsize=512)
def _boundaries(alpha: float, fractions: tuple[float, ...]) -> tuple[float, ...]:
    scores: list[float] = []
    # The density of the score times sqrt(information) where no boundary has been crossed yet.
    points: Sequence[float] = ()
    masses: Sequence[float] = ()
    spent = previous = 0.0
    for fraction in fractions:
        target = _spent(alpha, fraction) - spent
        step = math.sqrt(fraction - previous)
        edge = _edge(points, masses, step, target)
        scores.append(edge / math.sqrt(fraction))
        points, masses = _carry_on(points, masses, step, edge)
        spent, previous = spent + target, fraction
    return tuple(scores)


def _edge(points: Sequence[float], masses: Sequence[float], step: float, target: float) -> float:
    """Find the boundary that the walk crosses upwards with probability `target`."""
    if not points:
        return -normal_ppf(max(target, 1e-300)) * step
    low, high = 0.0, _FAR + 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        crossing = math.fsum(
            mass * normal_sf((middle - point) / step)
            for point, mass in zip(points, masses, strict=True)
        )
        if crossing > target:
            low = middle
        else:
            high = middle
        if high - low < 1e-10:  # noqa: PLR2004 - far below any use
            break
    return 0.5 * (low + high)


def _carry_on(
    points: Sequence[float], masses: Sequence[float], step: float, edge: float
) -> tuple[list[float], list[float]]:
    """Return the walk's masses inside the boundary after one more step."""
    # Beyond eight standard deviations there is nothing to integrate.
    reach = min(edge, _FAR)
    nodes = [(reach * x, reach * w) for x, w in _legendre(_NODES)]
    scale = 1.0 / (step * math.sqrt(2.0 * math.pi))
    sources = list(zip(points, masses, strict=True)) if points else [(0.0, 1.0)]
    next_masses = []
    for node, weight in nodes:
        density = sum(
            mass * math.exp(-0.5 * ((node - point) / step) ** 2) for point, mass in sources
        )
        next_masses.append(weight * scale * density)
    return [node for node, _ in nodes], next_masses


@lru_cache(maxsize=4)
def _legendre(n: int) -> tuple[tuple[float, float], ...]:
    """Return nodes and weights of Gauss and Legendre's rule on [-1, 1]."""
    rule = []
    for i in range(n):
        x = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        slope = 1.0
        for _ in range(100):
            below, value = 1.0, x
            for k in range(2, n + 1):
                below, value = value, ((2 * k - 1) * x * value - (k - 1) * below) / k
            slope = n * (x * value - below) / (x * x - 1.0)
            move = value / slope
            x -= move
            if abs(move) < 1e-15:  # noqa: PLR2004 - the last digit
                break
        rule.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(rule)


@lru_cache(maxsize=64)
def _mixture(alpha: float) -> float:
    """Return the mixture's precision that makes the interval narrowest at the tuned size."""
    target = 1.0 + 2.0 * math.log(1.0 / alpha)
    # x - ln x = target has its greater root above 1; Newton from the right converges.
    x = 2.0 * target
    for _ in range(100):
        move = (x - math.log(x) - target) / (1.0 - 1.0 / x)
        x -= move
        if abs(move) < 1e-14 * x:
            break
    return (_TUNED_FOR / 2.0) / (x - 1.0)
