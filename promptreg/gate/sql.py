"""From rows to sufficient statistics in one pass of SQL; pure.

Only texts of ours and validated metric names are put together here; every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptreg.stats.metrics import Kind, Metric, Scale, gate_scale
from promptreg.stats.samples import GREATEST, TAIL_MINIMUM, tail_probabilities
from promptreg.values import dataclass

__all__ = [
    "CURRENCIES",
    "OBSERVATION_UNIT",
    "GroupSize",
    "Selection",
    "contexts_query",
    "gate_selection",
    "latencies_query",
    "measured",
    "metric_value",
    "observations_query",
    "pairs_query",
    "samples_query",
    "sizes_query",
    "tail_places",
]

OBSERVATION_UNIT = "CASE WHEN case_id IS NULL THEN unit END"
"""Who an observation belongs to when it has no case: rows of one user or retry are one."""

_SUCCESSFUL = "success IS DISTINCT FROM false"

_MONEY = "CASE WHEN cost IS NOT NULL THEN coalesce(currency, 'USD') END"

CURRENCIES = f"min({_MONEY}), max({_MONEY})"
"""The least and the greatest currency of the costs; they differ where costs are no sums."""

_GROUP = "coalesce(model, '') AS model"

_COUNTED = f"count(case_id) + count(unit) > 0, count(latency_ms) FILTER ({_SUCCESSFUL})"


def latencies_query(selection: Selection) -> str:
    """Return the query for the number of latencies of each side and model.

    Its columns: is_head, model, whether rows name a case or a unit, rows with a latency, least
    and greatest currency of the costs. Its parameters are those of the selection.
    """
    return (
        f"SELECT {selection.is_head} AS is_head, {_GROUP}, "  # noqa: S608
        f"{_COUNTED}, {CURRENCIES} FROM calls "
        f"WHERE {selection.where} GROUP BY ALL ORDER BY ALL"
    )


# Grouped by currency as well, because to look for the least and greatest of a million texts takes
# as long as all the rest.
_CONTEXT = """
SELECT digest, suite, dataset_digest, environment, coalesce(model, '') AS model,
       {money} AS money, count(*), {counted}
FROM calls
WHERE {of_prompt} AND digest IN (?, ?)
GROUP BY digest, suite, dataset_digest, environment, coalesce(model, ''), {money}
ORDER BY ALL
"""


def contexts_query(of_prompt: str) -> str:
    """Return the query for the comparable groups of rows.

    Its columns: digest, suite, dataset digest, environment, model, currency of the costs, calls,
    whether rows name a case or a unit, rows with a latency. Its parameters: prompt, base digest,
    head digest.

    Args:
        of_prompt: The condition for the prompt's rows, whose only parameter is its name.
    """
    return _CONTEXT.format(money=_MONEY, counted=_COUNTED, of_prompt=of_prompt)


# Integers are never NaN, nor too large for their square.
_WHOLE = frozenset({"input_tokens", "output_tokens"})
_COLUMNS = {
    "quality": "quality_score",
    "accuracy": "accuracy",
    "cost": "cost",
    "latency": "latency_ms",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are compared: SQL of ours whose parameters the caller gives in this order.

    Attributes:
        is_head: Tells the head's rows from the base's.
        where: Chooses the rows of both.
    """

    is_head: str
    where: str


def gate_selection(of_prompt: str) -> Selection:
    """Return which rows the gate compares.

    Its parameters: head digest, prompt, both digests, suite, dataset digest, environment.

    Args:
        of_prompt: The condition for the prompt's rows, whose only parameter is its name.
    """
    return Selection(
        "digest = ?",
        f"{of_prompt} AND digest IN (?, ?) AND suite IS NOT DISTINCT FROM ? "
        "AND dataset_digest IS NOT DISTINCT FROM ? AND environment IS NOT DISTINCT FROM ?",
    )


@dataclass(frozen=True, slots=True)
class GroupSize:
    """How many cases and latencies one side has for one model; the latter place its p95."""

    is_head: bool
    model: str
    cases: int
    latencies: int


def observations_query(
    metrics: Sequence[Metric], selection: Selection, *, has_keys: bool, all_logs: bool = False
) -> str:
    """Return the query for what the queries below read as `observed`.

    Its columns: is_head, model, case_id and unit where rows have keys, then each metric's value
    and logarithm. Its parameters are those of the selection.

    Args:
        metrics: Which metrics to summarise.
        selection: Which rows, and which of them are the head's.
        has_keys: Whether rows name a case or a unit: rows of one case, user or retry are then one
            observation, averaged first.
        all_logs: Take logarithms of every metric, not only where the gate needs them.
    """
    values, averages = [], []
    for i, (metric, with_log) in enumerate(_logarithmic(metrics, all_logs=all_logs)):
        value = metric_value(metric)
        values.append(f"{value} AS v{i}")
        averages.append(f"avg(v{i}) AS v{i}")
        if with_log:
            values.append(f"CASE WHEN {value} > 0 THEN ln({value}) END AS l{i}")
            averages.append(f"avg(l{i}) AS l{i}")
    keys = f"case_id, {OBSERVATION_UNIT} AS unit, " if has_keys else ""
    picked = (
        f"SELECT {selection.is_head} AS is_head, {_GROUP}, "  # noqa: S608
        f"{keys}{', '.join(values)} FROM calls WHERE {selection.where}"
    )
    if not has_keys:
        return picked
    return (
        f"WITH picked AS ({picked}) "  # noqa: S608
        f"SELECT is_head, model, case_id, unit, {', '.join(averages)} FROM picked "
        "WHERE case_id IS NOT NULL OR unit IS NOT NULL GROUP BY is_head, model, case_id, unit "
        "UNION ALL SELECT * FROM picked WHERE case_id IS NULL AND unit IS NULL"
    )


def sizes_query(metrics: Sequence[Metric]) -> str:
    """Return the query for the sizes of each side and model of keyed observations.

    Its columns are those of `GroupSize`.
    """
    latency = _latency(metrics)
    latencies = "0" if latency is None else f"count(v{latency})"
    return (
        f"SELECT is_head, model, count(case_id), {latencies} "  # noqa: S608
        "FROM observed GROUP BY is_head, model ORDER BY is_head, model"
    )


def samples_query(
    metrics: Sequence[Metric], sizes: Sequence[GroupSize], *, all_logs: bool = False
) -> str:
    """Return the query for the moments of each side and model.

    Its columns: is_head, model, then per metric count, mean, variance, ones, zeros, least,
    greatest, missing and count, mean, variance of logarithms; last the quantiles of latency at
    the `tail_places` of all groups, whichever group the row is of. It has no parameters.

    Args:
        metrics: Which metrics to summarise.
        sizes: The sizes of the groups.
        all_logs: As for the observations.
    """
    logs = _logarithmic(metrics, all_logs=all_logs)
    columns = [_moments(i, metric, with_log) for i, (metric, with_log) in enumerate(logs)]
    latency, places = _latency(metrics), ", ".join(map(repr, tail_places(sizes)))
    has_tails = latency is not None and places
    columns.append(f"quantile_cont(v{latency}, [{places}])" if has_tails else "NULL")
    return (
        f"SELECT is_head, model, {', '.join(columns)}\n"
        "FROM observed GROUP BY is_head, model ORDER BY is_head, model"
    )


def tail_places(sizes: Sequence[GroupSize]) -> list[float]:
    """Return the probabilities of the p95 and its neighbours in all groups that may have one.

    They depend on the size of the group, and DuckDB wants them constant: so every group is asked
    for those of all, which takes half the time of an aggregate with a filter for each.
    """
    large = (size.latencies for size in sizes if size.latencies >= TAIL_MINIMUM)
    return sorted({place for n in large for place in tail_probabilities(n)})


def pairs_query(metrics: Sequence[Metric]) -> str:
    """Return the query for the joint moments of the cases that both sides ran.

    Its columns: model, cases, then per metric count, two means, two variances, covariance, the
    four cells of 0/1 values, and the first six again for logarithms. It has no parameters.
    """
    joined, columns = [], []
    for i, (_, with_log) in enumerate(_logarithmic(metrics, all_logs=False)):
        joined += [_both(f"v{i}"), *([_both(f"l{i}")] if with_log else [])]
        columns += [_joint(f"v{i}"), _cells(f"v{i}")]
        columns.append(_joint(f"l{i}") if with_log else "0, 0, 0, 0, 0, 0")
    return (
        f"WITH pairs AS (SELECT a.model AS model, {', '.join(joined)}\n"  # noqa: S608
        "FROM observed a JOIN observed b ON a.model = b.model AND a.case_id = b.case_id\n"
        "WHERE NOT a.is_head AND b.is_head)\n"
        f"SELECT model, count(*), {', '.join(columns)} FROM pairs GROUP BY model ORDER BY model"
    )


def metric_value(metric: Metric) -> str:
    """Return SQL for a metric's value of one row; NULL where it has no measurement."""
    if metric.name == "error_rate":
        return "CAST(NOT success AS DOUBLE)"
    if metric.name == "success_rate":
        return "CAST(success AS DOUBLE)"
    # metric_named lets only letters, digits, _ and - through.
    source = _COLUMNS.get(metric.name, f"scores['{metric.name}']")
    column = f"CAST({source} AS DOUBLE)"
    if metric.name in _WHOLE:
        return column
    condition = measured(column)
    if metric.kind is Kind.LATENCY:
        condition += f" AND {_SUCCESSFUL}"
    return f"CASE WHEN {condition} THEN {column} END"


def measured(column: str) -> str:
    """Return SQL that tells whether a double is a measurement; see `metric_value`.

    Args:
        column: SQL for the double.
    """
    # One NaN would poison every average it is part of, and a square that overflows leaves neither a
    # deviation nor an interval; NaN is greater than everything to DuckDB.
    return f"abs({column}) < {GREATEST}"


def _logarithmic(metrics: Sequence[Metric], *, all_logs: bool) -> list[tuple[Metric, bool]]:
    return [(metric, all_logs or gate_scale(metric) is Scale.LOG) for metric in metrics]


def _latency(metrics: Sequence[Metric]) -> int | None:
    return next((i for i, metric in enumerate(metrics) if metric.kind is Kind.LATENCY), None)


def _moments(index: int, metric: Metric, with_log: bool) -> str:  # noqa: FBT001 - a private flag
    value, logarithm = f"v{index}", f"l{index}"
    cells = logs = ""
    if metric.kind in {Kind.SCORE, Kind.RATE}:
        cells = f"count(CASE WHEN {value} = 1 THEN 1 END), count(CASE WHEN {value} = 0 THEN 1 END)"
    if with_log:
        logs = f"count({logarithm}), avg({logarithm}), var_samp({logarithm})"
    return (
        f"count({value}), avg({value}), var_samp({value}), {cells or '0, 0'}, "
        f"min({value}), max({value}), count(*) - count({value}), {logs or '0, 0, 0'}"
    )


def _both(name: str) -> str:
    """Return a value of both sides, where both have one.

    A filter of every aggregate would say the same and take twice the time.
    """
    return (
        f"CASE WHEN b.{name} IS NOT NULL THEN a.{name} END AS a_{name}, "
        f"CASE WHEN a.{name} IS NOT NULL THEN b.{name} END AS b_{name}"
    )


def _joint(name: str) -> str:
    a, b = f"a_{name}", f"b_{name}"
    return f"count({a}), avg({a}), avg({b}), var_samp({a}), var_samp({b}), covar_samp({a}, {b})"


def _cells(name: str) -> str:
    return ", ".join(
        f"count(CASE WHEN a_{name} = {x} AND b_{name} = {y} THEN 1 END)"
        for x, y in ((1, 1), (1, 0), (0, 1), (0, 0))
    )
