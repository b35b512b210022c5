"""From the samples of a metric to the effect that judges it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.means import LinearEffect, LogEffect, TailEffect
from promptreg.stats.metrics import Kind, Metric, Scale, gate_scale
from promptreg.stats.proportions import Table
from promptreg.stats.samples import TAIL_MINIMUM, Pairs, Sample
from promptreg.stats.shares import BinaryEffect, PairedBinaryEffect
from promptreg.stats.thresholds import Form, Threshold

if TYPE_CHECKING:
    from promptreg.stats.effects import Effect

__all__ = [
    "MINIMUM",
    "Stratum",
    "change_effect",
    "obstacle",
    "sizes_of",
    "tail_effect",
    "usable",
]

MINIMUM = 10
"""Below this many values on a side nothing is judged."""


class Stratum(NamedTuple):
    """The values of one metric for one model.

    Attributes:
        label: The model.
        base: The base's values.
        head: The head's values.
        pairs: The values joined by case, when both versions ran the same cases.
    """

    label: str
    base: Sample
    head: Sample
    pairs: Pairs | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many observations of base and head the comparison uses."""
        if self.pairs is not None:
            return self.pairs.n, self.pairs.n
        return self.base.n, self.head.n


def usable(strata: Sequence[Stratum], metric: Metric) -> list[Stratum]:
    """Return the strata that have at least two values on both sides to compare."""
    if gate_scale(metric) is Scale.LOG:
        return [stratum for stratum in strata if min(_log_sizes(stratum)) > 1]
    return [stratum for stratum in strata if min(stratum.sizes) > 1]


def sizes_of(strata: Sequence[Stratum]) -> tuple[int, int]:
    """Return how many observations of base and head a comparison over all strata uses."""
    n_base = n_head = 0
    for stratum in strata:
        base, head = stratum.sizes
        n_base += base
        n_head += head
    return n_base, n_head


def obstacle(
    strata: Sequence[Stratum],
    kept: Sequence[Stratum],
    sizes: tuple[int, int],
    threshold: Threshold,
) -> str:
    """Say why a change cannot be judged, or nothing when it can.

    Args:
        strata: All there are.
        kept: Those that are usable.
        sizes: How many observations of base and head these have.
        threshold: What is allowed.
    """
    if not kept:
        name = threshold.metric.name
        base = any(stratum.base.n for stratum in strata)
        head = any(stratum.head.n for stratum in strata)
        if not base and not head:
            return f"no {name} on either side"
        if not base or not head:
            return f"no {name} on the {'head' if base else 'base'} side"
        return f"too few comparable {name} values"
    if min(sizes) < MINIMUM:
        return f"fewer than {MINIMUM} values"
    if threshold.form is Form.RELATIVE and not _has_base(kept):
        return "the base is zero"
    return ""


def change_effect(strata: Sequence[Stratum], threshold: Threshold) -> Effect:
    """Return the effect on the scale that fits the metric's kind and values.

    Args:
        strata: At least one stratum, each with two values a side or more.
        threshold: Says which metric, and whether changes are relative.
    """
    metric, relative = threshold.metric, threshold.form is Form.RELATIVE
    pairs = [stratum.pairs for stratum in strata if stratum.pairs is not None]
    paired = len(pairs) == len(strata)
    if metric.kind is Kind.LATENCY and relative:
        if paired:
            return LogEffect.of([pair.log for pair in pairs])
        return LogEffect.of([(stratum.base.log, stratum.head.log) for stratum in strata])
    if paired:
        if all(pair.is_binary for pair in pairs):
            return PairedBinaryEffect.of([pair.counts for pair in pairs], relative=relative)
        return LinearEffect.of([pair.linear for pair in pairs], relative=relative)
    if all(stratum.base.is_binary and stratum.head.is_binary for stratum in strata):
        return BinaryEffect.of([_table(stratum) for stratum in strata], relative=relative)
    moments = [(stratum.base.linear, stratum.head.linear) for stratum in strata]
    return LinearEffect.of(moments, relative=relative)


def tail_effect(strata: Sequence[Stratum]) -> TailEffect | None:
    """Return the effect on the p95, or None unless each side has 80 values in some stratum."""
    parts = []
    for stratum in strata:
        a, b = stratum.base, stratum.head
        if a.tail is None or b.tail is None or min(a.n, b.n) < TAIL_MINIMUM:
            continue
        if a.tail.low > 0.0 and b.tail.low > 0.0:
            parts.append((a.n * b.n / (a.n + b.n), a.tail, b.tail))
    return TailEffect.of(parts) if parts else None


def _log_sizes(stratum: Stratum) -> tuple[int, int]:
    if stratum.pairs is not None:
        return stratum.pairs.log.n, stratum.pairs.log.n
    return stratum.base.log.n, stratum.head.log.n


def _has_base(strata: Sequence[Stratum]) -> bool:
    """Tell whether a share of the base means anything; nothing at all on both sides is equal."""
    if all(s.base.minimum == s.base.maximum == s.head.minimum == s.head.maximum for s in strata):
        return True
    return sum(s.base.mean * s.base.n for s in strata) > 0.0


def _table(stratum: Stratum) -> Table:
    return Table(stratum.base.ones, stratum.base.n, stratum.head.ones, stratum.head.n)
