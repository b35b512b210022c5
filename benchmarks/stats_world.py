"""The simulated world of the statistics benchmark, and its samples.

Quality is Beta with mean .8 and ten pseudo-observations, latency lognormal with sigma .75, cost the
price of lognormal numbers of tokens, and 2 % of the calls fail; a paired case shares its difficulty
and its input between both versions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from promptreg.stats.evidence import Stratum
from promptreg.stats.samples import (
    TAIL_MINIMUM,
    Moments,
    PairCounts,
    PairMoments,
    Pairs,
    Sample,
    Tail,
    tail_probabilities,
)

Array = np.ndarray
METRICS = ("quality", "cost", "latency", "error_rate")
_LATENCY_SIGMA = 0.75
_INPUT_SIGMA, _OUTPUT_SIGMA = 0.7, 0.6
_INPUT_PRICE, _OUTPUT_PRICE = 2.5e-6, 1e-5
_ERRORS = 0.02
_MEAN_QUALITY, _CONCENTRATION = 0.8, 10.0


@dataclass(frozen=True)
class Factors:
    """How a version differs from the usual one."""

    quality: float = 1.0
    cost: float = 1.0
    latency: float = 1.0
    errors: float = 0.0


USUAL = Factors()


@dataclass(frozen=True)
class Side:
    """The calls of one version as columns."""

    quality: Array
    cost: Array
    latency: Array
    error_rate: Array
    input_tokens: Array
    output_tokens: Array

    def values(self, metric: str) -> Array:
        """Return a metric's values; a failed call has no latency that counts."""
        if metric == "latency":
            return np.where(self.error_rate > 0, np.nan, self.latency)
        return getattr(self, metric)


def draw(rng: np.random.Generator, n: int, factors: Factors = USUAL, *, dear: float = 1.0) -> Side:
    """Draw n independent calls; `dear` multiplies the prices of the model."""
    tokens_in = rng.lognormal(math.log(800), _INPUT_SIGMA, n)
    tokens_out = rng.lognormal(math.log(200), _OUTPUT_SIGMA, n)
    return _side(rng, factors, tokens_in, tokens_out, rng.lognormal(6.5, _LATENCY_SIGMA, n), dear)


def draw_pairs(rng: np.random.Generator, n: int, factors: Factors) -> tuple[Side, Side]:
    """Draw n cases run by both versions."""
    tokens_in = rng.lognormal(math.log(800), _INPUT_SIGMA, n)
    difficulty = rng.normal(6.5, 0.62, n)
    ability = rng.beta(16, 4, n)
    sides = []
    for own in (USUAL, factors):
        tokens_out = rng.lognormal(math.log(200), _OUTPUT_SIGMA, n)
        # .62^2 + .42^2 = .75^2: the spread of one version is that of the unpaired world.
        latency = np.exp(difficulty + rng.normal(0, 0.42, n))
        side = _side(rng, own, tokens_in, tokens_out, latency, 1.0)
        noisy = np.clip(ability + rng.normal(0, 0.08, n), 0.0, 1.0) * own.quality
        sides.append(replace(side, quality=noisy))
    return sides[0], sides[1]


def sample(values: Array) -> Sample:
    """Return the sufficient statistics of a column."""
    finite = values[np.isfinite(values)]
    positive = np.log(finite[finite > 0])
    tail = None
    if len(finite) >= TAIL_MINIMUM:
        tail = Tail(*np.quantile(finite, tail_probabilities(len(finite))).tolist())
    return Sample(
        moments(finite),
        moments(positive),
        float(finite.min(initial=math.inf)) if len(finite) else 0.0,
        float(finite.max(initial=-math.inf)) if len(finite) else 0.0,
        ones=int((finite == 1).sum()),
        zeros=int((finite == 0).sum()),
        tail=tail,
    )


def moments(values: Array) -> Moments:
    """Return number, mean and variance of a column."""
    n = len(values)
    var = float(values.var(ddof=1)) if n > 1 else 0.0
    return Moments(n, float(values.mean()) if n else 0.0, var)


def strata(
    base: Side, head: Side, label: str = "", *, paired: bool = False
) -> dict[str, list[Stratum]]:
    """Return the gate's input for one model."""
    result = {}
    for metric in METRICS:
        a, b = base.values(metric), head.values(metric)
        pairs = _pairs(a, b) if paired else None
        result[metric] = [Stratum(label, sample(a), sample(b), pairs)]
    return result


def _side(
    rng: np.random.Generator,
    factors: Factors,
    tokens_in: Array,
    tokens_out: Array,
    latency: Array,
    dear: float,
) -> Side:
    n = len(latency)
    price = _INPUT_PRICE * tokens_in + _OUTPUT_PRICE * tokens_out
    return Side(
        quality=_quality(rng, n, factors.quality),
        cost=price * dear * factors.cost,
        latency=latency * factors.latency,
        error_rate=(rng.random(n) < _ERRORS + factors.errors).astype(float),
        input_tokens=tokens_in,
        output_tokens=tokens_out,
    )


def _quality(rng: np.random.Generator, n: int, factor: float) -> Array:
    # The mean moves, not each score: a score above 1 does not exist.
    mean = _MEAN_QUALITY * factor
    return rng.beta(_CONCENTRATION * mean, _CONCENTRATION * (1.0 - mean), n)


def _pairs(a: Array, b: Array) -> Pairs:
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    positive = (a > 0) & (b > 0)
    cells = [int(((a == x) & (b == y)).sum()) for x, y in ((1, 1), (1, 0), (0, 1), (0, 0))]
    return Pairs(_joint(a, b), _joint(np.log(a[positive]), np.log(b[positive])), PairCounts(*cells))


def _joint(a: Array, b: Array) -> PairMoments:
    if len(a) < 2:
        return PairMoments(len(a), 0.0, 0.0, 0.0, 0.0, 0.0)
    (var_a, cov), (_, var_b) = np.cov(a, b)
    values = (a.mean(), b.mean(), var_a, var_b, cov)
    return PairMoments(len(a), *(float(value) for value in values))
