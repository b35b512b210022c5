"""Changes of means and of the p95; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from promptreg.stats.effects import Effect, Interval
from promptreg.stats.kernel import Contrast, combine, compare_means, compare_pairs
from promptreg.stats.samples import Moments, PairMoments, Tail

__all__ = ["LinearEffect", "LogEffect", "MeanStratum", "TailEffect"]

MeanStratum = tuple[Moments, Moments] | PairMoments
"""Base and head apart, or joined by case."""


class LinearEffect(Effect):
    """A change of arithmetic means; relative changes by a margin on the ratio (Fieller)."""

    def __init__(
        self, strata: Sequence[MeanStratum], *, base: float, head: float, relative: bool = True
    ) -> None:
        super().__init__(base=base, head=head, relative=relative)
        self.strata = strata

    @classmethod
    def of(cls, strata: Sequence[MeanStratum], *, relative: bool) -> LinearEffect:
        """Combine strata with weights na nb / (na + nb), or n where they are paired."""
        base, head = _weighted_means(strata)
        return cls(strata, base=base, head=head, relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast of means at this ratio or difference."""
        if not self.relative:
            return _contrast(self.strata, 1.0), change
        return _contrast(self.strata, 1.0 + change), 0.0

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval, in closed form for differences."""
        if self.relative:
            return Effect.interval(self, alpha)
        half = _contrast(self.strata, 1.0).half_width(alpha)
        return Interval(self.estimate - half, self.estimate + half)


class LogEffect(Effect):
    """A relative change of geometric means, from moments of logarithms."""

    def __init__(
        self, strata: Sequence[MeanStratum], *, base: float, head: float, relative: bool = True
    ) -> None:
        super().__init__(base=base, head=head, relative=relative)
        self.strata = strata

    @classmethod
    def of(cls, strata: Sequence[MeanStratum]) -> LogEffect:
        """Combine strata of logarithms with weights na nb / (na + nb), or n where paired."""
        base, head = _weighted_means(strata)
        return cls(strata, base=math.exp(base), head=math.exp(head))

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast of the means of logarithms."""
        shift = math.log1p(change) if change > -1.0 else -math.inf
        return _contrast(self.strata, 1.0), shift

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval in closed form."""
        contrast = _contrast(self.strata, 1.0)
        half = contrast.half_width(alpha)
        return Interval(math.expm1(contrast.difference - half), _expm1(contrast.difference + half))


class TailEffect(Effect):
    """A relative change of the p95, from the order statistics around it."""

    def __init__(
        self,
        strata: Sequence[tuple[float, Tail, Tail]],
        *,
        base: float,
        head: float,
        relative: bool = True,
    ) -> None:
        super().__init__(base=base, head=head, relative=relative)
        self.strata = strata

    @classmethod
    def of(cls, strata: Sequence[tuple[float, Tail, Tail]]) -> TailEffect:
        """Combine strata of (weight, base tail, head tail), p95 above 0."""
        total = math.fsum(weight for weight, _, _ in strata)
        base = math.fsum(weight * math.log(a.value) for weight, a, _ in strata) / total
        head = math.fsum(weight * math.log(b.value) for weight, _, b in strata) / total
        return cls(strata, base=math.exp(base), head=math.exp(head))

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast of the logarithms of the p95."""
        shift = math.log1p(change) if change > -1.0 else -math.inf
        parts = [
            (
                weight,
                Contrast(
                    math.log(b.value / a.value),
                    math.hypot(a.log_error, b.log_error),
                    math.inf,
                ),
            )
            for weight, a, b in self.strata
        ]
        return combine(parts), shift

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval in closed form."""
        contrast, _ = self.contrast(0.0)
        half = contrast.half_width(alpha)
        return Interval(math.expm1(contrast.difference - half), _expm1(contrast.difference + half))


def _weight(stratum: MeanStratum) -> float:
    if isinstance(stratum, PairMoments):
        return float(stratum.n)
    a, b = stratum
    return a.n * b.n / (a.n + b.n)


def _contrast(strata: Sequence[MeanStratum], ratio: float) -> Contrast:
    return combine(
        [
            (
                _weight(stratum),
                compare_pairs(stratum, ratio)
                if isinstance(stratum, PairMoments)
                else compare_means(stratum[0], stratum[1], ratio),
            )
            for stratum in strata
        ]
    )


def _weighted_means(strata: Sequence[MeanStratum]) -> tuple[float, float]:
    base = head = total = 0.0
    for stratum in strata:
        weight = _weight(stratum)
        if isinstance(stratum, PairMoments):
            a, b = stratum.mean_a, stratum.mean_b
        else:
            a, b = stratum[0].mean, stratum[1].mean
        base, head, total = base + weight * a, head + weight * b, total + weight
    return base / total, head / total


def _expm1(value: float) -> float:
    # The greatest double is about exp(709.78).
    return math.expm1(value) if value < 709.0 else math.inf  # noqa: PLR2004
