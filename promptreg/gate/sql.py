"""The gate's SQL: from rows to sufficient statistics in one pass; pure.

Only texts of ours and validated metric names are put together here; every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptreg.stats.metrics import Kind, Metric, Scale, gate_scale
from promptreg.stats.samples import GREATEST, tail_probabilities

__all__ = ["CONTEXTS", "GroupSize", "pairs_query", "samples_query"]

CONTEXTS = """
SELECT digest, suite, dataset_digest, environment, coalesce(model, '') AS model,
       count(*) AS calls,
       count(DISTINCT case_id) AS cases,
       count(case_id) + count(unit) > 0 AS has_keys,
       count(latency_ms) FILTER (success IS DISTINCT FROM false AND case_id IS NULL
           AND unit IS NULL)
       + count(DISTINCT coalesce(case_id, unit)) FILTER (success IS DISTINCT FROM false
           AND latency_ms IS NOT NULL) AS latencies
FROM calls
WHERE prompt = ? AND digest IN (?, ?)
GROUP BY ALL
ORDER BY ALL
"""
"""Which comparable groups of rows there are; parameters: prompt, base digest, head digest."""

_COLUMNS = {
    "quality": "quality_score",
    "accuracy": "accuracy",
    "cost": "cost",
    "latency": "latency_ms",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "error_rate": "success",
    "success_rate": "success",
}


@dataclass(frozen=True, slots=True)
class GroupSize:
    """How many latencies one side has for one model, which places the neighbours of its p95."""

    is_head: bool
    model: str
    latencies: int


def samples_query(metrics: Sequence[Metric], sizes: Sequence[GroupSize], *, has_keys: bool) -> str:
    """Return the query for the moments of each side and model.

    Its columns: is_head, model, then per metric count, mean, variance, ones, zeros, least,
    greatest, missing and count, mean, variance of logarithms; last the three tail quantiles of
    the row's own group. Its parameters: head digest, prompt, both digests, suite, dataset
    digest, environment, then the models of `sizes`.

    Args:
        metrics: Which metrics to summarise.
        sizes: The groups that are large enough for a p95.
        has_keys: Whether rows name a case or a unit: rows of one case, user or retry are then one
            observation, averaged first.
    """
    columns = [_moments(f"v{i}", f"l{i}", metric) for i, metric in enumerate(metrics)]
    columns.append(_tails(metrics, sizes))
    return (
        f"WITH {_observations(metrics, has_keys=has_keys)}\n"
        f"SELECT is_head, model, {', '.join(columns)}\n"
        "FROM observed GROUP BY is_head, model ORDER BY is_head, model"
    )


def pairs_query(metrics: Sequence[Metric]) -> str:
    """Return the query for the joint moments of the cases that both sides ran.

    Its columns: model, cases, then per metric count, two means, two variances, covariance, the
    four cells of 0/1 values, and the first six again for logarithms. Its parameters are the
    first seven of `samples_query`.
    """
    columns = []
    for i, metric in enumerate(metrics):
        columns.append(_joint(f"a.v{i}", f"b.v{i}"))
        columns.append(_cells(f"a.v{i}", f"b.v{i}"))
        logarithmic = gate_scale(metric) is Scale.LOG
        columns.append(_joint(f"a.l{i}", f"b.l{i}") if logarithmic else "0, 0, 0, 0, 0, 0")
    return (
        f"WITH {_observations(metrics, has_keys=True)}\n"
        f"SELECT a.model, count(*), {', '.join(columns)}\n"
        "FROM observed a JOIN observed b ON a.model = b.model AND a.case_id = b.case_id\n"
        "WHERE NOT a.is_head AND b.is_head GROUP BY a.model ORDER BY a.model"
    )


def _observations(metrics: Sequence[Metric], *, has_keys: bool) -> str:
    values, averages = [], []
    for i, metric in enumerate(metrics):
        value = _value(metric)
        values.append(f"{value} AS v{i}")
        averages.append(f"avg(v{i}) AS v{i}")
        if gate_scale(metric) is Scale.LOG:
            values.append(f"CASE WHEN {value} > 0 THEN ln({value}) END AS l{i}")
            averages.append(f"avg(l{i}) AS l{i}")
    keys = "case_id, CASE WHEN case_id IS NULL THEN unit END AS unit, " if has_keys else ""
    picked = (
        f"SELECT digest = ? AS is_head, coalesce(model, '') AS model, {keys}"  # noqa: S608
        f"{', '.join(values)} FROM calls "
        "WHERE prompt = ? AND digest IN (?, ?) AND suite IS NOT DISTINCT FROM ? "
        "AND dataset_digest IS NOT DISTINCT FROM ? AND environment IS NOT DISTINCT FROM ?"
    )
    if not has_keys:
        return f"observed AS ({picked})"
    return (
        f"picked AS ({picked}), observed AS ("  # noqa: S608
        f"SELECT is_head, model, case_id, unit, {', '.join(averages)} FROM picked "
        "WHERE case_id IS NOT NULL OR unit IS NOT NULL GROUP BY is_head, model, case_id, unit "
        "UNION ALL SELECT * FROM picked WHERE case_id IS NULL AND unit IS NULL)"
    )


def _value(metric: Metric) -> str:
    column = _COLUMNS.get(metric.name)
    if column is None:
        # metric_named lets only letters, digits, _ and - through.
        column = f"scores['{metric.name}']"
    if metric.name == "error_rate":
        return "CAST(NOT success AS DOUBLE)"
    if metric.name == "success_rate":
        return "CAST(success AS DOUBLE)"
    # One NaN would poison every average it is part of, a square that overflows is an error; and
    # NaN is greater than everything to DuckDB.
    finite = f"abs(CAST({column} AS DOUBLE)) < {GREATEST}"
    if metric.kind is Kind.LATENCY:
        finite += " AND success IS DISTINCT FROM false"
    return f"CASE WHEN {finite} THEN CAST({column} AS DOUBLE) END"


def _moments(value: str, logarithm: str, metric: Metric) -> str:
    logs = "0, 0, 0"
    if gate_scale(metric) is Scale.LOG:
        logs = f"count({logarithm}), avg({logarithm}), var_samp({logarithm})"
    return (
        f"count({value}), avg({value}), var_samp({value}), "
        f"count(*) FILTER ({value} = 1), count(*) FILTER ({value} = 0), "
        f"min({value}), max({value}), count(*) - count({value}), {logs}"
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
