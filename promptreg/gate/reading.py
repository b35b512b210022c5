"""From the rows that the gate's SQL answers with to samples and pairs; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from promptreg.stats.samples import (
    TAIL_MINIMUM,
    Moments,
    PairCounts,
    PairMoments,
    Pairs,
    Sample,
    Tail,
)

if TYPE_CHECKING:
    from promptreg.stats.metrics import Metric

__all__ = ["read_pairs", "read_samples"]


def read_samples(
    rows: Sequence[tuple[Any, ...]], metrics: Sequence[Metric]
) -> dict[tuple[bool, str, str], Sample]:
    """Read the answer of `samples_query`."""
    result = {}
    width = 11
    for is_head, model, *values in rows:
        tail = values[-1]
        for i, metric in enumerate(metrics):
            n, mean, var, ones, zeros, least, most, missing, *logs = values[
                i * width : (i + 1) * width
            ]
            is_latency = metric.name == "latency"
            result[is_head, model, metric.name] = Sample(
                Moments(n, mean or 0.0, var or 0.0),
                Moments(logs[0], logs[1] or 0.0, logs[2] or 0.0),
                least or 0.0,
                most or 0.0,
                ones,
                zeros,
                missing,
                Tail(*tail) if is_latency and tail is not None and n >= TAIL_MINIMUM else None,
            )
    return result


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
