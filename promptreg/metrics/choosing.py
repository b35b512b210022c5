"""Small pure helpers of the facade: which rows, and which model leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from promptreg.errors import MetricsError
from promptreg.metrics.summary import Filter, ModelPick, ModelRanking, Summary
from promptreg.values import replace

__all__ = ["choose_rows", "rank_models"]


def choose_rows(prompt: str | None, version: str | None, chosen: dict[str, Any]) -> Filter:
    """Return a filter from keyword arguments; times of any zone become naive UTC.

    Raises:
        MetricsError: Rows cannot be chosen so.
    """
    try:
        found = Filter(prompt=prompt, version=version, **chosen)
    except TypeError:
        known = set(Filter.__dataclass_fields__)
        wrong = sorted(set(chosen) - known)
        raise MetricsError(f"rows cannot be chosen by {', '.join(wrong)}") from None
    return replace(found, since=_naive(found.since), until=_naive(found.until))


def _naive(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def rank_models(found: Iterable[Summary]) -> ModelRanking:
    """Say which model leads in what.

    Args:
        found: Summaries grouped by model alone.
    """
    models = tuple(summary for summary in found if summary.model is not None)
    return ModelRanking(
        fastest=_pick(models, lambda s: (s.latency.p50, s.latency.n), min),
        cheapest=_pick(models, lambda s: (s.cost.mean, s.cost.n), min),
        best=_pick(models, lambda s: (s.quality.mean, s.quality.n), max),
        most_reliable=_pick(models, lambda s: (s.success_rate, s.judged), max),
        models=models,
    )


def _pick(
    models: Sequence[Summary],
    measure: Callable[[Summary], tuple[float | None, int]],
    choose: Callable[..., tuple[float, int, str]],
) -> ModelPick | None:
    known = [
        (value, n, str(summary.model))
        for summary in models
        for value, n in [measure(summary)]
        if value is not None
    ]
    if not known:
        return None
    value, n, model = choose(known, key=lambda item: item[0])
    return ModelPick(model, value, n)
