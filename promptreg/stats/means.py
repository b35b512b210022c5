"""Changes of means and of the p95; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, cast

from promptreg.stats.effects import Effect, Interval
from promptreg.stats.kernel import Contrast, StratifiedMeans, combine, compare_pairs
from promptreg.stats.samples import Moments, PairMoments, Tail

__all__ = ["LinearEffect", "LogEffect", "MeanStrata", "TailEffect"]

MeanStrata = Sequence[tuple[Moments, Moments]] | Sequence[PairMoments]
"""Base and head apart, or joined by case."""


class _Contrasts(Protocol):
    """What `StratifiedMeans` offers."""

    base: float
    head: float

    def contrast(self, ratio: float = 1.0) -> Contrast:
        """Return the contrast mean(b) - ratio * mean(a)."""

    def ratio_ends(self, alpha: float) -> tuple[float, float] | None:
        """Return the interval of the ratio, or None to leave it to the search."""


class LinearEffect(Effect):
    """A change of arithmetic means; relative changes by a margin on the ratio (Fieller)."""

    def __init__(self, means: _Contrasts, *, relative: bool) -> None:
        super().__init__(base=means.base, head=means.head, relative=relative)
        self._means = means
        self._unscaled = means.contrast()

    @classmethod
    def of(cls, strata: MeanStrata, *, relative: bool) -> LinearEffect:
        """Combine strata with weights na nb / (na + nb), or n where they are paired."""
        return cls(_contrasts(strata), relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast of means at this ratio or difference."""
        if not self.relative:
            return self._unscaled, change
        return self._means.contrast(1.0 + change) if change else self._unscaled, 0.0

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval, in closed form for differences and nearly so for ratios."""
        if self.relative:
            ends = self._means.ratio_ends(alpha)
            return Interval(ends[0] - 1.0, ends[1] - 1.0) if ends else Effect.interval(self, alpha)
        half = self._unscaled.half_width(alpha)
        return Interval(self.estimate - half, self.estimate + half)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change: a mean below 0 lost more than all of the base's."""
        least, greatest = super().bounds()
        return (-math.inf if self.head < 0.0 else least), greatest


class _LogChange(Effect):
    """A relative change from the contrast of two logarithms.

    Args:
        base: The base's logarithm.
        head: The head's.
        contrast: Their difference.
    """

    def __init__(self, base: float, head: float, contrast: Contrast) -> None:
        super().__init__(base=math.exp(base), head=math.exp(head))
        self._contrast = contrast

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the contrast of the logarithms."""
        return self._contrast, math.log1p(change) if change > -1.0 else -math.inf

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval in closed form."""
        difference, half = self._contrast.difference, self._contrast.half_width(alpha)
        return Interval(_expm1(difference - half), _expm1(difference + half))


class LogEffect(_LogChange):
    """A relative change of geometric means, from moments of logarithms."""

    @classmethod
    def of(cls, strata: MeanStrata) -> LogEffect:
        """Combine strata of logarithms with weights na nb / (na + nb), or n where paired."""
        means = _contrasts(strata)
        return cls(means.base, means.head, means.contrast())


class TailEffect(_LogChange):
    """A relative change of the p95, from the order statistics around it."""

    @classmethod
    def of(cls, strata: Sequence[tuple[float, Tail, Tail]]) -> TailEffect:
        """Combine strata of (weight, base tail, head tail), p95 above 0."""
        total = math.fsum(weight for weight, _, _ in strata)
        base = math.fsum(weight * math.log(a.value) for weight, a, _ in strata) / total
        head = math.fsum(weight * math.log(b.value) for weight, _, b in strata) / total
        parts = [(weight, _tail_contrast(a, b)) for weight, a, b in strata]
        return cls(base, head, combine(parts))


def _tail_contrast(a: Tail, b: Tail) -> Contrast:
    error = math.hypot(a.log_error, b.log_error)
    return Contrast(math.log(b.value / a.value), error, math.inf)


class _PairedMeans:
    """What `StratifiedMeans` is for samples of their own, for pairs."""

    def __init__(self, strata: Sequence[PairMoments]) -> None:
        total = sum(pairs.n for pairs in strata)
        self.base = sum(pairs.n * pairs.mean_a for pairs in strata) / total
        self.head = sum(pairs.n * pairs.mean_b for pairs in strata) / total
        self._strata = strata

    def contrast(self, ratio: float = 1.0) -> Contrast:
        """Return the contrast mean(b - ratio * a)."""
        return combine([(pairs.n, compare_pairs(pairs, ratio)) for pairs in self._strata])

    def ratio_ends(self, alpha: float) -> tuple[float, float] | None:  # noqa: ARG002
        """Leave the interval to the search."""
        return None


def _contrasts(strata: MeanStrata) -> _Contrasts:
    if isinstance(strata[0], PairMoments):
        return _PairedMeans(cast("Sequence[PairMoments]", strata))
    return StratifiedMeans(cast("Sequence[tuple[Moments, Moments]]", strata))


def _expm1(value: float) -> float:
    # The greatest double is about exp(709.78).
    return math.expm1(value) if value < 709.0 else math.inf  # noqa: PLR2004
