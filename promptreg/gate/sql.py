"""From rows to sufficient statistics in one pass of SQL; pure.

Only texts of ours and validated metric names are put together here; every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

from promptreg.stats.metrics import Kind, Metric, Scale, gate_scale
from promptreg.stats.samples import GREATEST, tail_probabilities
from promptreg.values import dataclass

__all__ = [
    "CURRENCIES",
    "LEAST_TAIL_ESTIMATE",
    "OBSERVATION_UNIT",
    "GroupSize",
    "Selection",
    "contexts_query",
    "gate_selection",
    "latencies_query",
    "metric_value",
    "pairs_query",
    "samples_query",
]

LEAST_TAIL_ESTIMATE = 70
"""From this estimate on a group's p95 is asked for; whether it has 80 values is seen then."""

OBSERVATION_UNIT = "CASE WHEN case_id IS NULL THEN unit END"
"""Who an observation belongs to when it has no case: rows of one user or retry are one."""

_SUCCESSFUL = "success IS DISTINCT FROM false"

_MONEY = "CASE WHEN cost IS NOT NULL THEN coalesce(currency, 'USD') END"

CURRENCIES = f"min({_MONEY}), max({_MONEY})"
"""The least and the greatest currency of the costs; they differ where costs are no sums."""

_GROUP = "coalesce(model, '') AS model"

_PLAIN_LATENCIES = f"count(latency_ms) FILTER ({_SUCCESSFUL})"

# An estimate places the neighbours of a p95 well enough, and counting a million keys takes longer
# than all the rest.
_KEYED_LATENCIES = (
    f"count(latency_ms) FILTER ({_SUCCESSFUL} AND case_id IS NULL AND unit IS NULL) "
    "+ approx_count_distinct(CASE WHEN latency_ms IS NOT NULL "
    f"AND {_SUCCESSFUL} THEN coalesce(case_id, unit) END)"
)


def latencies_query(selection: Selection, *, has_keys: bool) -> str:
    """Return the query for the number of observations of each side and model.

    Its columns: is_head, model, whether rows name a case or a unit, observations with a latency,
    least and greatest currency of the costs. Its parameters are those of the selection.
    """
    counted = _KEYED_LATENCIES if has_keys else _PLAIN_LATENCIES
    return (
        f"SELECT {selection.is_head} AS is_head, {_GROUP}, "  # noqa: S608
        f"count(case_id) + count(unit) > 0, {counted}, {CURRENCIES} FROM calls "
        f"WHERE {selection.where} GROUP BY ALL ORDER BY ALL"
    )


_CONTEXT = """
SELECT digest, suite, dataset_digest, environment, coalesce(model, '') AS model, count(*),
       {cases}, count(case_id) + count(unit) > 0, {latencies}, {currencies}
FROM calls
WHERE {of_prompt} AND digest IN (?, ?)
GROUP BY digest, suite, dataset_digest, environment, coalesce(model, '')
ORDER BY ALL
"""


def contexts_query(of_prompt: str, *, has_keys: bool) -> str:
    """Return the query for the comparable groups of rows.

    Its columns: digest, suite, dataset digest, environment, model, calls, cases, whether rows name
    a case or a unit, observations with a latency, least and greatest currency of the costs. Its
    parameters: prompt, base digest, head digest.

    Args:
        of_prompt: The condition for the prompt's rows, whose only parameter is its name.
        has_keys: Whether rows name a case or a unit.
    """
    return _CONTEXT.format(
        cases="count(DISTINCT case_id)" if has_keys else "0",
        latencies=_KEYED_LATENCIES if has_keys else _PLAIN_LATENCIES,
        currencies=CURRENCIES,
        of_prompt=of_prompt,
    )


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
    """How many latencies one side has for one model, which places the neighbours of its p95."""

    is_head: bool
    model: str
    latencies: int


def samples_query(
    metrics: Sequence[Metric],
    sizes: Sequence[GroupSize],
    *,
    has_keys: bool,
    selection: Selection,
    all_logs: bool = False,
) -> str:
    """Return the query for the moments of each side and model.

    Its columns: is_head, model, then per metric count, mean, variance, ones, zeros, least,
    greatest, missing and count, mean, variance of logarithms; last the three tail quantiles of
    the row's own group. Its parameters: those of the selection, then the models of `sizes`.

    Args:
        metrics: Which metrics to summarise.
        sizes: The groups that are large enough for a p95.
        has_keys: Whether rows name a case or a unit: rows of one case, user or retry are then one
            observation, averaged first.
        selection: Which rows, and which of them are the head's.
        all_logs: Take logarithms of every metric, not only where the gate needs them.
    """
    logs = _logarithmic(metrics, all_logs=all_logs)
    columns = [_moments(i, metric, logs[i]) for i, metric in enumerate(metrics)]
    columns.append(_tails(metrics, sizes))
    observed = _observations(metrics, logs, selection, has_keys=has_keys)
    return (
        f"WITH {observed}\n"
        f"SELECT is_head, model, {', '.join(columns)}\n"
        "FROM observed GROUP BY is_head, model ORDER BY is_head, model"
    )


def pairs_query(metrics: Sequence[Metric], selection: Selection) -> str:
    """Return the query for the joint moments of the cases that both sides ran.

    Its columns: model, cases, then per metric count, two means, two variances, covariance, the
    four cells of 0/1 values, and the first six again for logarithms. Its parameters are those of
    the selection.
    """
    logs = _logarithmic(metrics, all_logs=False)
    columns = []
    for i, with_log in enumerate(logs):
        columns.append(_joint(f"a.v{i}", f"b.v{i}"))
        columns.append(_cells(f"a.v{i}", f"b.v{i}"))
        columns.append(_joint(f"a.l{i}", f"b.l{i}") if with_log else "0, 0, 0, 0, 0, 0")
    return (
        f"WITH {_observations(metrics, logs, selection, has_keys=True)}\n"
        f"SELECT a.model, count(*), {', '.join(columns)}\n"
        "FROM observed a JOIN observed b ON a.model = b.model AND a.case_id = b.case_id\n"
        "WHERE NOT a.is_head AND b.is_head GROUP BY a.model ORDER BY a.model"
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
    # One NaN would poison every average it is part of, a square that overflows is an error; and
    # NaN is greater than everything to DuckDB.
    condition = f"abs({column}) < {GREATEST}"
    if metric.kind is Kind.LATENCY:
        condition += f" AND {_SUCCESSFUL}"
    return f"CASE WHEN {condition} THEN {column} END"


def _logarithmic(metrics: Sequence[Metric], *, all_logs: bool) -> list[bool]:
    return [all_logs or gate_scale(metric) is Scale.LOG for metric in metrics]


def _observations(
    metrics: Sequence[Metric], logs: Sequence[bool], selection: Selection, *, has_keys: bool
) -> str:
    values, averages = [], []
    for i, (metric, with_log) in enumerate(zip(metrics, logs, strict=True)):
        value = metric_value(metric)
        values.append(f"{value} AS v{i}")
        averages.append(f"avg(v{i}) AS v{i}")
        if with_log:
            values.append(f"CASE WHEN {value} > 0 THEN ln({value}) END AS l{i}")
            averages.append(f"avg(l{i}) AS l{i}")
    keys = f"case_id, {OBSERVATION_UNIT} AS unit, " if has_keys else ""
    picked = (
        f"SELECT {selection.is_head} AS is_head, coalesce(model, '') AS model, "  # noqa: S608
        f"{keys}{', '.join(values)} FROM calls WHERE {selection.where}"
    )
    if not has_keys:
        return f"observed AS ({picked})"
    return (
        f"picked AS ({picked}), observed AS ("  # noqa: S608
        f"SELECT is_head, model, case_id, unit, {', '.join(averages)} FROM picked "
        "WHERE case_id IS NOT NULL OR unit IS NOT NULL GROUP BY is_head, model, case_id, unit "
        "UNION ALL SELECT * FROM picked WHERE case_id IS NULL AND unit IS NULL)"
    )


def _moments(index: int, metric: Metric, with_log: bool) -> str:  # noqa: FBT001 - a private flag
    value, logarithm = f"v{index}", f"l{index}"
    cells = logs = ""
    if metric.kind in {Kind.SCORE, Kind.RATE}:
        cells = f"count(*) FILTER ({value} = 1), count(*) FILTER ({value} = 0)"
    if with_log:
        logs = f"count({logarithm}), avg({logarithm}), var_samp({logarithm})"
    return (
        f"count({value}), avg({value}), var_samp({value}), {cells or '0, 0'}, "
        f"min({value}), max({value}), count(*) - count({value}), {logs or '0, 0, 0'}"
    )


def _tails(metrics: Sequence[Metric], sizes: Sequence[GroupSize]) -> str:
    index = next((i for i, m in enumerate(metrics) if m.kind is Kind.LATENCY), None)
    if index is None or not sizes:
        return "NULL"
    # The neighbours' places depend on the size of the group, and DuckDB wants them constant.
    parts = [
        f"quantile_cont(v{index}, [{', '.join(map(repr, tail_probabilities(size.latencies)))}]) "
        f"FILTER ({'' if size.is_head else 'NOT '}is_head AND model = ?)"
        for size in sizes
    ]
    return f"coalesce({', '.join(parts)})"


def _joint(a: str, b: str) -> str:
    both = f"FILTER ({a} IS NOT NULL AND {b} IS NOT NULL)"
    return (
        f"count(*) {both}, avg({a}) {both}, avg({b}) {both}, "
        f"var_samp({a}) {both}, var_samp({b}) {both}, covar_samp({a}, {b}) {both}"
    )


def _cells(a: str, b: str) -> str:
    return ", ".join(
        f"count(*) FILTER ({a} = {x} AND {b} = {y})" for x, y in ((1, 1), (1, 0), (0, 1), (0, 0))
    )
