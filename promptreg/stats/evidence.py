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


def usable(strata: Sequence[Stratum], metric: Metric) -> list[Stratum]:
    """Return the strata that have at least two values on both sides to compare."""
    logged = gate_scale(metric) is Scale.LOG
    kept = []
    for stratum in strata:
        _, base, head, pairs = stratum
        if pairs is not None:
            fewest = pairs.log.n if logged else pairs.linear.n
        elif logged:
            fewest = min(base.log.n, head.log.n)
        else:
            fewest = min(base.linear.n, head.linear.n)
        if fewest > 1:
            kept.append(stratum)
    return kept


def sizes_of(strata: Sequence[Stratum]) -> tuple[int, int]:
    """Return how many observations of base and head a comparison over all strata uses."""
    n_base = n_head = 0
    for _, base, head, pairs in strata:
        n_base += base.linear.n if pairs is None else pairs.linear.n
        n_head += head.linear.n if pairs is None else pairs.linear.n
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
    logged = metric.kind is Kind.LATENCY and relative
    pairs = [stratum.pairs for stratum in strata if stratum.pairs is not None]
    if len(pairs) == len(strata):
        if logged:
            return LogEffect.of([pair.log for pair in pairs])
        if all(pair.is_binary for pair in pairs):
            return PairedBinaryEffect.of([pair.counts for pair in pairs], relative=relative)
        return LinearEffect.of([pair.linear for pair in pairs], relative=relative)
    if logged:
        return LogEffect.of([(base.log, head.log) for _, base, head, _ in strata])
    if _is_binary(strata):
        return BinaryEffect.of([_table(stratum) for stratum in strata], relative=relative)
    moments = [(base.linear, head.linear) for _, base, head, _ in strata]
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


def _has_base(strata: Sequence[Stratum]) -> bool:
    """Tell whether a share of the base means anything; nothing at all on both sides is equal."""
    total = 0.0
    for stratum in strata:
        n, mean, _ = stratum.base.linear
        total += n * mean
    return total > 0.0 or all(
        s.base.minimum == s.base.maximum == s.head.minimum == s.head.maximum for s in strata
    )


def _is_binary(strata: Sequence[Stratum]) -> bool:
    """Tell whether every value is exactly 0 or 1."""
    for _, base, head, _ in strata:
        if base.ones + base.zeros < base.linear.n or head.ones + head.zeros < head.linear.n:
            return False
    return True


def _table(stratum: Stratum) -> Table:
    base, head = stratum.base, stratum.head
    return Table(base.ones, base.linear.n, head.ones, head.linear.n)
