"""What the calls of each version came to: a few DuckDB queries over a group of prompts.

A row belongs to the version whose digest it carries, or, without a digest, to the version it names.
Rows of one case or unit are one observation where versions are judged, as in the gate.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from promptreg.metrics.renamed import name_now, of_prompts
from promptreg.report.model import MetricSummary, Point
from promptreg.report.sampling import SampleAnswers, add_samples, ask_samples
from promptreg.report.spread import histogram_of, interval_of, share_interval, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from promptreg.gate.model import Context
    from promptreg.gate.pairing import Side
    from promptreg.metrics.summary import Rename

__all__ = [
    "Answers",
    "CaseValues",
    "ModelMeasures",
    "Query",
    "Rows",
    "Scope",
    "VersionMeasures",
    "ask",
    "measure",
    "measures_of",
]

QUANTILES = 41
"""How many evenly spread quantiles stand for a distribution."""
_GRID = [n / (QUANTILES - 1) for n in range(QUANTILES)]
SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)
_PLACES = tuple(round(q * (QUANTILES - 1)) for q in SHOWN)
WEEKLY_FROM_DAYS = 120
# A day of a version that has fewer calls than this on average says little by itself.
SELDOM_CALLS = 5
SELDOM_FROM_DAYS = 28

Row = tuple[Any, ...]

CaseValues = dict[str, tuple[float | None, float | None]]
"""By metric the mean of a case's values and of their logarithms, over its repeats."""


class Rows(Protocol):
    """What the report asks of the metrics store."""

    def sql(self, query: str, parameters: Sequence[Any] = ...) -> list[tuple[Any, ...]]:
        """Answer a query on the table `calls`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows to look at.

    Attributes:
        prompts: The prompts' names.
        since: The earliest time, naive UTC; None is all time.
        currency: Costs in another currency are left out.
        aliases: Prompt, version and digest for rows that name a version and no digest.
        shared: Prompt and digest of contents that several versions have; these rows go by version.
        renames: Names under which prompts were logged before.
    """

    prompts: tuple[str, ...]
    since: datetime | None = None
    currency: str = "USD"
    aliases: tuple[tuple[str, str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    renames: tuple[Rename, ...] = ()


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


_LATENCY = "CASE WHEN isfinite(latency_ms) AND success IS DISTINCT FROM false THEN latency_ms END"
# Latency is that of calls that succeeded: a call that fails at once is not fast.
VALUES: Mapping[str, str] = {
    "quality": "CASE WHEN isfinite(quality_score) THEN quality_score END",
    "accuracy": "CASE WHEN isfinite(accuracy) THEN accuracy END",
    "latency": _LATENCY,
    "cost": "CASE WHEN isfinite(cost) AND (currency IS NULL OR currency = $currency) THEN cost END",
    "input_tokens": "CAST(input_tokens AS DOUBLE)",
    "output_tokens": "CAST(output_tokens AS DOUBLE)",
    "success_rate": "CAST(success AS DOUBLE)",
}
_KEYS = "prompt, key"


class Answers(NamedTuple):
    """What the store answered about some prompts; the first column of each row is the prompt.

    Attributes:
        totals: A row for each version.
        summaries: The metrics of each version.
        models: The metrics of each version's models.
        scores: The further metrics of each version, a row each.
        days: The course of the prompts that have one by day.
        weeks: The course of the others.
        samples: What versions are judged by.
    """

    totals: list[Row]
    summaries: list[Row]
    models: list[Row]
    scores: list[Row]
    days: list[Row]
    weeks: list[Row]
    samples: SampleAnswers

    def by_prompt(self) -> dict[str, Answers]:
        """Return the answers about each prompt that has rows."""
        parts = [_split(rows) for rows in (*self[:-1], *self.samples)]
        own = len(self) - 1
        found = {}
        for prompt in parts[0]:
            mine = [part.get(prompt, []) for part in parts]
            found[prompt] = Answers._make([*mine[:own], SampleAnswers._make(mine[own:])])
        return found


def _split(rows: list[Row]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row[0], []).append(row)
    return parts


def measure(rows: Rows, scope: Scope) -> dict[str, dict[str, VersionMeasures]]:
    """Return the measures of each prompt's versions by digest, or by version without a digest.

    Args:
        rows: Where the rows are.
        scope: Which of them.
    """
    return {prompt: measures_of(own) for prompt, own in ask(rows, scope).by_prompt().items()}


def ask(rows: Rows, scope: Scope) -> Answers:
    """Ask the store all there is to know about some prompts.

    Args:
        rows: Where the rows are.
        scope: Which of them.
    """
    totals = _ask_totals(rows, scope)
    if not totals:
        return Answers([], [], [], [], [], [], SampleAnswers([], [], [], [], [], []))
    summaries, models = (_ask_summaries(rows, scope, with_model=apart) for apart in (False, True))
    scores = _ask_scores(rows, scope)
    samples = ask_samples(rows, _picked(scope), VALUES)
    days, weeks = _ask_courses(rows, scope)
    return Answers(totals, summaries, models, scores, days, weeks, samples)


def measures_of(answers: Answers) -> dict[str, VersionMeasures]:
    """Return the measures of one prompt's versions by digest, or by version without a digest.

    Args:
        answers: What the store answered about the prompt.
    """
    found: dict[str, VersionMeasures] = {}
    for _, key, version, calls, cost, tokens, last in answers.totals:
        whole = None if tokens is None else int(tokens)
        found[key] = VersionMeasures(version, calls, _steady(cost), whole, last)
    _add_summaries(answers, found)
    add_samples(answers.samples, VALUES, found)
    _add_courses(answers, found)
    return found


class Query(NamedTuple):
    """Common tables that begin with ``WITH picked``, and their parameters."""

    text: str
    parameters: list[Any]


def _picked(scope: Scope) -> Query:
    """Return a common table of the rows in scope with their key and values."""
    values = ", ".join(f"{value} AS v_{name}" for name, value in VALUES.items())
    key, join = "coalesce(nullif(c.digest, ''), c.version)", ""
    name = name_now(scope.renames, "c.prompt", "c.version")
    parameters: list[Any] = []
    if scope.aliases:
        key = "coalesce(nullif(c.digest, ''), a.digest, c.version)"
        rows = ", ".join("(?, ?, ?)" for _ in scope.aliases)
        join = f" LEFT JOIN (VALUES {rows}) a(prompt, version, digest) USING (prompt, version)"
    if scope.shared:
        pairs = ", ".join("(?, ?)" for _ in scope.shared)
        key = f"CASE WHEN ({name}, c.digest) IN ({pairs}) THEN c.version ELSE {key} END"
        parameters += itertools.chain.from_iterable(scope.shared)
    parameters.append(scope.currency)
    parameters += itertools.chain.from_iterable(scope.aliases)
    parameters += scope.prompts
    condition = of_prompts(scope.renames, scope.prompts, "c.prompt", "c.version")
    if scope.since is not None:
        condition += " AND c.ts >= ?"
        parameters.append(scope.since)
    text = (
        f"WITH picked AS (SELECT {name} AS prompt, {key} AS key, c.version, "
        "coalesce(c.model, '') AS model, c.suite, c.dataset_digest, c.environment, c.case_id, "
        "CASE WHEN c.case_id IS NULL THEN c.unit END AS unit, c.ts, c.scores, "
        f"{values.replace('$currency', '?')} FROM calls c{join} WHERE {condition})\n"
    )
    return Query(text, parameters)


_TOKENS = "sum(coalesce(v_input_tokens, 0) + coalesce(v_output_tokens, 0))"
_HAS_TOKENS = "count(v_input_tokens) + count(v_output_tokens)"


def _ask_totals(rows: Rows, scope: Scope) -> list[Row]:
    head, parameters = _picked(scope)
    query = (
        f"{head}SELECT {_KEYS}, max(version), count(*), sum(v_cost), "
        f"CASE WHEN {_HAS_TOKENS} > 0 THEN {_TOKENS} END, max(ts) FROM picked GROUP BY {_KEYS} "
        f"ORDER BY {_KEYS}"
    )
    return rows.sql(query, parameters)


def _ask_summaries(rows: Rows, scope: Scope, *, with_model: bool) -> list[Row]:
    head, parameters = _picked(scope)
    # A model's line in a table needs no histogram, which takes most of the time.
    grid = SHOWN if with_model else _GRID
    columns = ", ".join(
        _summary_columns(f"v_{name}", () if name == "success_rate" else grid) for name in VALUES
    )
    keys = f"{_KEYS}, model" if with_model else _KEYS
    query = f"{head}SELECT {keys}, count(*), {columns} FROM picked GROUP BY {keys} ORDER BY {keys}"
    return rows.sql(query, parameters)


def _ask_scores(rows: Rows, scope: Scope) -> list[Row]:
    head, parameters = _picked(scope)
    query = (
        f"{head}SELECT {_KEYS}, e.key AS name, {_summary_columns('e.value', _GRID)} "
        f"FROM (SELECT {_KEYS}, unnest(map_entries(scores)) AS e FROM picked "
        "WHERE scores IS NOT NULL) WHERE isfinite(e.value) "
        f"GROUP BY {_KEYS}, name ORDER BY {_KEYS}, name"
    )
    return rows.sql(query, parameters)


def _add_summaries(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    for row in answers.summaries:
        found[row[1]].metrics = list(_summaries(row[3:]))
    for row in answers.models:
        found[row[1]].models[row[2]] = ModelMeasures(row[3], list(_summaries(row[4:])))
    for _, key, name, *values in answers.scores:
        if (summary := _summary(name, values)) is not None:
            found[key].metrics.append(summary)


def _summary_columns(value: str, grid: Sequence[float]) -> str:
    spread = f"quantile_cont({value}, {list(grid)})" if grid else "NULL"
    return f"count({value}), avg({value}), stddev_samp({value}), {spread}"


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


def _ask_courses(rows: Rows, scope: Scope) -> tuple[list[Row], list[Row]]:
    """Return the courses by day, and by week of prompts that are called for longer or seldom."""
    head, parameters = _picked(scope)
    spans = (
        f"{head}SELECT prompt, date_diff('day', min(earliest), max(latest)), avg(calls) FROM ("
        f"SELECT {_KEYS}, date_trunc('day', ts) AS day, min(ts) AS earliest, max(ts) AS latest, "
        f"count(*) AS calls FROM picked GROUP BY {_KEYS}, day) days GROUP BY prompt"
    )
    weekly = {
        prompt
        for prompt, days, calls in rows.sql(spans, parameters)
        if days >= WEEKLY_FROM_DAYS or (days >= SELDOM_FROM_DAYS and calls < SELDOM_CALLS)
    }
    daily = [prompt for prompt in scope.prompts if prompt not in weekly]
    parts = {"day": daily, "week": [prompt for prompt in scope.prompts if prompt in weekly]}
    days, weeks = (
        _ask_course(rows, replace(scope, prompts=tuple(prompts)), bucket) if prompts else []
        for bucket, prompts in parts.items()
    )
    return days, weeks


def _ask_course(rows: Rows, scope: Scope, bucket: str) -> list[Row]:
    head, parameters = _picked(scope)
    query = (
        f"{head}SELECT {_KEYS}, date_trunc('{bucket}', ts) AS day, count(*), sum(v_cost), "
        f"CASE WHEN {_HAS_TOKENS} > 0 THEN {_TOKENS} END, quantile_cont(v_latency, [0.5, 0.95]), "
        "avg(v_quality), avg(v_success_rate) "
        f"FROM picked GROUP BY {_KEYS}, day ORDER BY {_KEYS}, day"
    )
    return rows.sql(query, parameters)


def _add_courses(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    for bucket, course in (("day", answers.days), ("week", answers.weeks)):
        for _, key, day, calls, cost, tokens, latency, quality, success in course:
            one = found[key]
            one.bucket = bucket
            p50, p95 = latency or (None, None)
            total = None if tokens is None else int(tokens)
            date = day.isoformat()[:10]
            means = (_steady(quality), _steady(success))
            one.points.append(Point(date, calls, _steady(cost), total, p50, p95, *means))


def _steady(value: float | None) -> float | None:
    return None if value is None else steady(value)
