"""From the rows that the gate's SQL answers with to samples and pairs; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from promptreg.gate.sql import tail_places
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

if TYPE_CHECKING:
    from promptreg.gate.sql import GroupSize
    from promptreg.stats.metrics import Metric

__all__ = ["read_pairs", "read_samples"]


def read_samples(
    rows: Sequence[tuple[Any, ...]], metrics: Sequence[Metric], sizes: Sequence[GroupSize]
) -> dict[tuple[bool, str, str], Sample]:
    """Read the answer of `samples_query` for the same metrics and sizes."""
    result = {}
    width = 11
    tails = _Tails(sizes)
    for is_head, model, *values in rows:
        for i, metric in enumerate(metrics):
            n, mean, var, ones, zeros, least, most, missing, *logs = values[
                i * width : (i + 1) * width
            ]
            has_tail = metric.name == "latency" and n >= TAIL_MINIMUM
            result[is_head, model, metric.name] = Sample(
                Moments(n, mean or 0.0, var or 0.0),
                Moments(logs[0], logs[1] or 0.0, logs[2] or 0.0),
                least or 0.0,
                most or 0.0,
                ones,
                zeros,
                missing,
                tails.of(is_head, model, values[-1]) if has_tail else None,
            )
    return result


class _Tails:
    """Finds the p95 of a group, and its neighbours, among the quantiles of all groups."""

    def __init__(self, sizes: Sequence[GroupSize]) -> None:
        self._latencies = {(size.is_head, size.model): size.latencies for size in sizes}
        self._index = {place: i for i, place in enumerate(tail_places(sizes))}

    def of(self, is_head: bool, model: str, quantiles: Sequence[float]) -> Tail | None:  # noqa: FBT001
        """Return the tail; None where a group became large only after it was counted."""
        n = self._latencies.get((is_head, model), 0)
        if n < TAIL_MINIMUM:
            return None
        return Tail(*(quantiles[self._index[place]] for place in tail_probabilities(n)))


def read_pairs(
    rows: Sequence[tuple[Any, ...]], metrics: Sequence[Metric]
) -> dict[tuple[str, str], Pairs]:
    """Read the answer of `pairs_query`."""
    result = {}
    width = 16
    for model, _, *values in rows:
        for i, metric in enumerate(metrics):
            own = values[i * width : (i + 1) * width]
            result[model, metric.name] = Pairs(
                _joint(own[:6]), _joint(own[10:]), PairCounts(*own[6:10])
            )
    return result


def _joint(values: Sequence[Any]) -> PairMoments:
    n, *moments = values
    return PairMoments(n, *(moment or 0.0 for moment in moments))
