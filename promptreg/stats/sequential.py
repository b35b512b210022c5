"""Tests that may be looked at while the data grows; pure.

`anytime` needs no plan: its error rate holds however often and whenever one looks. `Boundaries`
needs the greatest number of samples beforehand and finds effects earlier in return.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import normal_ppf, normal_sf
from promptreg.stats.student import t_sf

if TYPE_CHECKING:
    from promptreg.stats.kernel import Contrast

__all__ = ["Boundaries", "Look", "anytime", "normal_score", "planned"]

_TUNED_FOR = 100
_NODES = 48
_FAR = 8.0
_FLOOR = 1e-12
_NOTHING_NEW = 1e-6


class Look(NamedTuple):
    """What a look at the data says.

    Attributes:
        p: Two-sided p-value that stays valid over all looks.
        half_width: Of the interval around the difference, at the level of the test; infinite
            while nothing can be excluded.
    """

    p: float
    half_width: float


def anytime(contrast: Contrast, information: float, alpha: float = 0.05) -> Look:
    """Look at a difference of means by the anytime-valid t-test.

    Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589, with the mixture tuned to be narrowest
    near 100 samples an arm. Theirs is the test of one coefficient of a linear model beside any
    nuisance coefficients; here these are one level for each stratum, and what is left of the arm's
    column beside them has the squared length `information`. A stratum that appears later is a
    column that was zero before, so the guarantee holds for it too.

    Args:
        contrast: The difference of means.
        information: ``n_a n_b / (n_a + n_b)``, its sum over the strata where they are several.
        alpha: Two-sided error rate of the interval.
    """
    if contrast.is_exact:
        moved = min(contrast.p_above(), contrast.p_below())
        return Look(moved, 0.0)
    phi = _mixture(alpha)
    r = phi / (phi + information)
    log_r = math.log(r)
    difference, error, df, _ = contrast
    power = df + 1.0
    q = (difference / error) ** 2 / df
    log_e = 0.5 * log_r - 0.5 * power * (math.log1p(r * q) - math.log1p(q))
    p = math.exp(-log_e) if log_e > 0.0 else 1.0
    # (1 + rq) / (1 + q) at the boundary.
    edge = math.exp((2.0 * math.log(alpha) + log_r) / power)
    if edge <= r:
        return Look(p, math.inf)
    return Look(p, math.sqrt((1.0 - edge) / (edge - r) * df) * error)


def normal_score(contrast: Contrast) -> float:
    """Return the statistic of a contrast as if it were normal, equal in its p-value."""
    if contrast.is_exact:
        if contrast.p_above() < 1.0:
            return math.inf
        return -math.inf if contrast.p_below() < 1.0 else 0.0
    t = contrast.difference / contrast.error
    p = t_sf(abs(t), contrast.df)
    return math.copysign(-normal_ppf(p) if p > 0.0 else abs(t), t)


def planned(
    score: float, look: int, fractions: tuple[float, ...], information: tuple[float, ...] = ()
) -> float:
    """Return the repeated two-sided p-value of a planned look.

    The least error rate at which this look's boundary is crossed.

    Args:
        score: The statistic of the look, as a normal score.
        look: Its number, from 0.
        fractions: The share of the plan that each look stands for, rising to 1.
        information: See `Boundaries`.
    """
    size = abs(score)
    if size >= _FAR:
        return 0.0

    def excess(log_alpha: float) -> float:
        """Return by how much the boundary of a level lies above the score."""
        return Boundaries(math.exp(log_alpha), fractions, information).at(look) - size

    # The boundary falls as the level rises; the fixed test's p is the least it can be.
    low, high = math.log(max(_FLOOR, 2.0 * normal_sf(size))), math.log(1.0 - 1e-9)
    found = _root(excess, low, high, 1e-7)
    return 1.0 if found == high else math.exp(found)


class Boundaries(NamedTuple):
    """Two-sided group-sequential boundaries, Lan and DeMets' spending like O'Brien and Fleming.

    ``alpha(t) = 4 (1 - Phi(z(1 - alpha/4) / sqrt(t)))`` for both sides together, each side spending
    half; Lan and DeMets, Biometrika 70 (1983) 659-663. The recursive integration is Armitage,
    McPherson and Rowe's. The error rate is spent by the plan's fractions while the scores are as
    correlated as their information says, which may grow unevenly (Lan and DeMets, Statistics in
    Medicine 8 (1989) 1191-1198): so the plan also holds for strata whose mix moves.

    Attributes:
        alpha: Two-sided error rate.
        fractions: The share of the plan that each look stands for, rising to 1.
        information: That of each look so far, in any unit; as the fractions when empty.
    """

    alpha: float
    fractions: tuple[float, ...]
    information: tuple[float, ...] = ()

    @property
    def scores(self) -> tuple[float, ...]:
        """The normal score that each look must reach; infinite where it learns nothing new."""
        return _boundaries(self.alpha, self.fractions, self.information or self.fractions)

    def at(self, look: int) -> float:
        """Return the normal score that one look must reach."""
        known = self.information or self.fractions
        return _boundaries(self.alpha, self.fractions[: look + 1], known[: look + 1])[look]


def _spent(alpha: float, fraction: float) -> float:
    """Return the error rate one side has spent at a share of the information."""
    return 2.0 * normal_sf(-normal_ppf(alpha / 4.0) / math.sqrt(fraction))


@lru_cache(maxsize=512)
def _boundaries(
    alpha: float, fractions: tuple[float, ...], information: tuple[float, ...]
) -> tuple[float, ...]:
    scores: list[float] = []
    # The density of the score times sqrt(information) where no boundary has been crossed yet.
    points: Sequence[float] = ()
    masses: Sequence[float] = ()
    spent = previous = 0.0
    whole = information[-1] or 1.0
    for fraction, known in zip(fractions, (i / whole for i in information), strict=False):
        if known - previous < _NOTHING_NEW:
            scores.append(math.inf)
            continue
        target = _spent(alpha, fraction) - spent
        step = math.sqrt(known - previous)
        edge = _edge(points, masses, step, target)
        scores.append(edge / math.sqrt(known))
        points, masses = _carry_on(points, masses, step, edge)
        spent, previous = spent + target, known
    return tuple(scores)


def _edge(points: Sequence[float], masses: Sequence[float], step: float, target: float) -> float:
    """Find the boundary that the walk crosses upwards with probability `target`."""
    if not points:
        return -normal_ppf(max(target, 1e-300)) * step
    spread = math.sqrt(2.0) * step
    walk = [(mass * 0.5, point / spread) for point, mass in zip(points, masses, strict=True)]
    goal = normal_ppf(max(target, 1e-300))

    def excess(edge: float) -> float:
        # On normal scores the crossing probability is nearly straight.
        place, erfc = edge / spread, math.erfc
        crossing = math.fsum([mass * erfc(place - point) for mass, point in walk])
        return normal_ppf(min(max(crossing, 1e-300), 1.0 - 1e-16)) - goal

    return _root(excess, 0.0, _FAR + 2.0, 1e-10)


def _root(falling: Callable[[float], float], low: float, high: float, precision: float) -> float:
    """Find the zero of a falling function by the Illinois method; an end where it has none."""
    above, below = falling(low), falling(high)
    if above <= 0.0:
        return low
    if below >= 0.0:
        return high
    middle = low
    for _ in range(60):
        middle = low + above * (high - low) / (above - below)
        value = falling(middle)
        if abs(value) < precision or high - low < precision:
            break
        # The end that stays loses weight.
        if value > 0.0:
            low, above, below = middle, value, 0.5 * below
        else:
            high, below, above = middle, value, 0.5 * above
    return middle


def _carry_on(
    points: Sequence[float], masses: Sequence[float], step: float, edge: float
) -> tuple[list[float], list[float]]:
    """Return the walk's masses inside the boundary after one more step."""
    # Beyond eight standard deviations there is nothing to integrate.
    reach = min(edge, _FAR)
    nodes = [(reach * x, reach * w) for x, w in _legendre(_NODES)]
    scale = 1.0 / (step * math.sqrt(2.0 * math.pi))
    sources = list(zip(points, masses, strict=True)) if points else [(0.0, 1.0)]
    fall, exp = -0.5 / (step * step), math.exp
    next_masses = [
        weight * scale * sum([mass * exp(fall * (node - point) ** 2) for point, mass in sources])
        for node, weight in nodes
    ]
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
