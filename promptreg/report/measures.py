"""What the calls of each version came to, read from the answers of the store; pure but `measure`.

Rows of one case or unit are one observation where versions are judged, as in the gate.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from math import isnan
from typing import TYPE_CHECKING, Any

from promptreg.report.asking import VALUES, ask
from promptreg.report.asking_figures import SHOWN
from promptreg.report.model import MetricSummary, Point
from promptreg.report.sampling import add_samples
from promptreg.report.spread import histogram_of, interval_of, share_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from promptreg.gate.model import Context
    from promptreg.gate.pairing import Side
    from promptreg.report.answers import Answers
    from promptreg.report.asking import Scope
    from promptreg.storage.engines import Rows

__all__ = ["CaseValues", "ModelMeasures", "VersionMeasures", "measure", "measures_of"]

_EPOCH = date(1970, 1, 1).toordinal()

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
    versions = {group.of_version: found[group.key] for group in answers.groups}
    models = {group.of_model: found[group.key].models[group.model] for group in answers.groups}
    for number, cost, tokens in answers.spent.rows():
        versions[number].cost = _known(cost)
        versions[number].tokens = None if isnan(tokens) else int(tokens)
    for name in VALUES:
        for targets, answered in ((versions, answers.versions), (models, answers.models)):
            for number, summary in _summaries(name, answered[name].columns):
                targets[number].metrics.append(summary)
    for version in found.values():
        if len(version.models) == 1:
            (only,) = version.models.values()
            only.metrics = [metric._replace(histogram=None) for metric in version.metrics]
    if answers.scores.columns:
        numbers, names, *figures = answers.scores.columns
        for name, (number, summary) in zip(names, _summaries("", (numbers, *figures)), strict=True):
            versions[number].metrics.append(summary._replace(metric=name))


def _summaries(name: str, columns: Sequence[Sequence[Any]]) -> Iterator[tuple[int, MetricSummary]]:
    """Yield what is shown of a metric, after the number of what it is about.

    Args:
        name: The metric.
        columns: As `promptreg.report.asking_figures` asks for them.
    """
    numbers, counts, means, deviations, *spread = columns
    shown, bins = spread[: len(SHOWN)], spread[len(SHOWN) :]
    quantiles = zip(*shown, strict=True) if shown else itertools.repeat(())
    histograms = map(histogram_of, counts, *bins) if bins else itertools.repeat(None)
    each = zip(numbers, counts, means, deviations, quantiles, histograms, strict=False)
    for number, n, mean, deviation, own, histogram in each:
        if not n:
            continue
        sd = deviation if n > 1 else None
        if name == "success_rate":
            ends: tuple[float | None, float | None] = share_interval(round(mean * n), n)
        else:
            ends = interval_of(n, mean, sd) or (None, None)
        yield number, MetricSummary(name, n, mean, sd, *ends, own, histogram)


def _add_courses(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    versions = {group.of_version: found[group.key] for group in answers.groups}
    for bucket, course in (("day", answers.days), ("week", answers.weeks)):
        dates = {day: date.fromordinal(_EPOCH + day).isoformat() for day in {*course.column(1)}}
        for number, day, calls, cost, tokens, *figures in course.rows():
            one = versions[number]
            one.bucket = bucket
            spent = _known(cost), None if isnan(tokens) else int(tokens)
            one.points.append(Point(dates[day], calls, *spent, *map(_known, figures)))


def _known(value: float) -> float | None:
    return None if isnan(value) else value
