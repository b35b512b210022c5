"""What the calls of each version came to, read from the answers of the store; pure but `measure`.

Rows of one case or unit are one observation where versions are judged, as in the gate.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptreg.report.asking import QUANTILES, SHOWN, VALUES, ask
from promptreg.report.model import MetricSummary, Point
from promptreg.report.sampling import add_samples
from promptreg.report.spread import histogram_of, interval_of, share_interval, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from promptreg.gate.model import Context
    from promptreg.gate.pairing import Side
    from promptreg.report.asking import Answers, Scope
    from promptreg.storage.engines import Rows

__all__ = ["CaseValues", "ModelMeasures", "VersionMeasures", "measure", "measures_of"]

_PLACES = tuple(round(q * (QUANTILES - 1)) for q in SHOWN)

CaseValues = dict[str, tuple[float | None, float | None]]
"""By metric the mean of a case's values and of their logarithms, over its repeats."""


@dataclass(slots=True)
class ModelMeasures:
    """One version's rows on one model."""

    calls: int = 0
    metrics: list[MetricSummary] = field(default_factory=list)


@dataclass(slots=True)
class VersionMeasures:
    """One version's rows.

    Attributes:
        sides: The sufficient statistics per context.
        cases: Context, model and case to the values of the case, where a suite ran cases.
        points: The course, by day or week.
    """

    version: str = ""
    calls: int = 0
    cost: float | None = None
    tokens: int | None = None
    last: datetime | None = None
    metrics: list[MetricSummary] = field(default_factory=list)
    models: dict[str, ModelMeasures] = field(default_factory=lambda: defaultdict(ModelMeasures))
    sides: dict[Context, Side] = field(default_factory=dict)
    cases: dict[Context, dict[str, dict[str, CaseValues]]] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    bucket: str = "day"


def measure(rows: Rows, scope: Scope) -> dict[str, dict[str, VersionMeasures]]:
    """Return the measures of each prompt's versions by digest, or by version without a digest.

    Args:
        rows: Where the rows are.
        scope: Which of them.
    """
    return {prompt: measures_of(own) for prompt, own in ask(rows, scope).by_prompt().items()}


def measures_of(answers: Answers) -> dict[str, VersionMeasures]:
    """Return the measures of one prompt's versions by digest, or by version without a digest.

    Args:
        answers: What the store answered about the prompt.
    """
    found: dict[str, VersionMeasures] = {}
    for group in answers.groups:
        whole = found.setdefault(group.key, VersionMeasures(group.version, last=group.latest))
        whole.version = max(whole.version, group.version)
        whole.last = max(whole.last or group.latest, group.latest)
        whole.calls += group.calls
        whole.models[group.model].calls += group.calls
    _add_summaries(answers, found)
    add_samples(answers, found)
    _add_courses(answers, found)
    return found


def _add_summaries(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    keys = {group.of_version: group.key for group in answers.groups}
    for number, cost, tokens, *values in answers.versions:
        version = found[keys[number]]
        version.cost, version.tokens = _steady(cost), _whole(tokens)
        version.metrics = list(_summaries(values))
    models = {group.of_model: found[group.key].models[group.model] for group in answers.groups}
    for number, *values in answers.models:
        models[number].metrics = list(_summaries(values))
    for version in found.values():
        if len(version.models) == 1:
            (only,) = version.models.values()
            only.metrics = [metric._replace(histogram=None) for metric in version.metrics]
    for number, name, *values in answers.scores:
        if (summary := _summary(name, values)) is not None:
            found[keys[number]].metrics.append(summary)


def _summaries(values: Sequence[Any]) -> Iterator[MetricSummary]:
    for number, name in enumerate(VALUES):
        if (summary := _summary(name, values[4 * number : 4 * number + 4])) is not None:
            yield summary


def _summary(name: str, values: Sequence[Any]) -> MetricSummary | None:
    n, mean, sd, grid = values
    if not n:
        return None
    mean, sd = steady(mean), None if sd is None else steady(sd)
    if name == "success_rate":
        low, high = share_interval(round(mean * n), n)
        return MetricSummary(name, n, mean, sd, low, high)
    ends: tuple[float | None, float | None] = interval_of(n, mean, sd) or (None, None)
    if len(grid) == len(SHOWN):
        return MetricSummary(name, n, mean, sd, ends[0], ends[1], tuple(grid))
    shown = tuple(grid[place] for place in _PLACES)
    return MetricSummary(name, n, mean, sd, ends[0], ends[1], shown, histogram_of(grid, n))


def _add_courses(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    keys = {group.of_version: group.key for group in answers.groups}
    for bucket, course in (("day", answers.days), ("week", answers.weeks)):
        for number, day, calls, cost, tokens, latency, quality, success in course:
            one = found[keys[number]]
            one.bucket = bucket
            p50, p95 = latency or (None, None)
            date = day.isoformat()[:10]
            means = (_steady(quality), _steady(success))
            one.points.append(Point(date, calls, _steady(cost), _whole(tokens), p50, p95, *means))


def _steady(value: float | None) -> float | None:
    return None if value is None else steady(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
