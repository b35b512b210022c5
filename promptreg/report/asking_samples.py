"""What the store is asked about the samples that versions are judged by, as the gate takes them.

Rows of one case or unit are one observation. Where a suite ran cases their values are asked for one
by one as well, so that any two versions can be compared case by case.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.gate.tails import tails_query
from promptreg.stats.samples import TAIL_MINIMUM

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from promptreg.storage.engines import Rows

__all__ = ["LOGGED", "REPEATED", "SampleAnswers", "ask_samples"]

LOGGED = ("latency", "cost", "input_tokens", "output_tokens")
"""The metrics whose logarithms are averaged as well."""

REPEATED = (
    "SELECT number, unit, is_case FROM picked WHERE unit IS NOT NULL "
    "GROUP BY number, unit, is_case HAVING count(*) > 1"
)
"""Observations of several rows. There are few of them, and only their rows need to be averaged."""
_SAME = "r.number = s.number AND r.unit = s.unit AND r.is_case = s.is_case"
_OF_SUITES = "is_case AND number IN (SELECT number FROM grouped WHERE suite IS NOT NULL)"
_SCORED = (
    "WITH scored AS (SELECT number, unit, is_case, e.key AS name, e.value AS v_score FROM "
    "(SELECT number, unit, is_case, unnest(map_entries(scores)) AS e FROM picked "
    "WHERE scores IS NOT NULL) WHERE isfinite(e.value)) "
)

Row = tuple[Any, ...]


class SampleAnswers(NamedTuple):
    """What the store answered about samples; rows begin with the number of their group.

    Attributes:
        moments: How many cases each group has, and the sufficient statistics of its metrics.
        scores: The same of each score.
        tails: The p95 of its latencies.
        cases: The values of each case of a suite.
        case_scores: Its scores.
    """

    moments: list[Row]
    scores: list[Row]
    tails: list[Row]
    cases: list[Row]
    case_scores: list[Row]


def ask_samples(
    rows: Rows, names: Collection[str], most_calls: int, *, has_scores: bool
) -> SampleAnswers:
    """Ask for the samples of each group and for its cases.

    Args:
        rows: Where the rows in scope are kept.
        names: The metrics, whose columns are called ``v_NAME``.
        most_calls: How many rows the largest group has.
        has_scores: Whether any row has scores.
    """
    columns = _columns(names)
    moments = rows.sql(
        f"SELECT number, count(*) FILTER (is_case), {_moments(names)} "
        f"FROM ({_observed('picked', columns)}) o GROUP BY number ORDER BY number"
    )
    scores = _ask_scores(rows) if has_scores else []
    tails = []
    if most_calls >= TAIL_MINIMUM:
        latencies = _observed("picked", {"v_latency": "s.v_latency"})
        tails = rows.sql(tails_query(f"({latencies}) o", "number", "v_latency"))
    has_cases = any(row[1] for row in moments)
    cases = _ask_cases(rows, columns) if has_cases else []
    case_scores = _ask_case_scores(rows) if has_cases and has_scores else []
    return SampleAnswers(moments, scores, tails, cases, case_scores)


def _columns(names: Collection[str]) -> dict[str, str]:
    """Return the columns of metrics and of their logarithms, as SQL on a relation called s."""
    logs = {f"l_{name}": f"CASE WHEN s.v_{name} > 0 THEN ln(s.v_{name}) END" for name in LOGGED}
    values = {f"v_{name}": f"s.v_{name}" for name in names}
    return values | {log: sql for log, sql in logs.items() if log.removeprefix("l_") in names}


def _observed(source: str, columns: Mapping[str, str], names: Sequence[str] = ()) -> str:
    """Return a query with a row for each observation.

    Most observations are one row. To tell which are not takes a third of the time in which all
    would be averaged.

    Args:
        source: A relation with what tells observations apart.
        columns: Column to SQL on the relation, called s.
        names: Further columns to group by.
    """
    keys = ", ".join(("s.number", "s.is_case", *names))
    single = ", ".join(f"{sql} AS {column}" for column, sql in columns.items())
    averages = ", ".join(f"avg({sql}) AS {column}" for column, sql in columns.items())
    return (
        f"SELECT {keys}, {single} FROM {source} s "
        f"WHERE NOT EXISTS (SELECT 1 FROM repeated r WHERE {_SAME}) "
        f"UNION ALL SELECT {keys}, {averages} FROM {source} s JOIN repeated r ON {_SAME} "
        f"GROUP BY {keys}, s.unit"
    )


def _moments(names: Collection[str]) -> str:
    columns = []
    for name in names:
        value, log = f"v_{name}", f"l_{name}"
        logs = f"count({log}), avg({log}), var_samp({log})" if name in LOGGED else "0, 0, 0"
        columns.append(
            f"count({value}), avg({value}), var_samp({value}), min({value}), max({value}), "
            f"count(*) FILTER ({value} = 1), count(*) FILTER ({value} = 0), "
            f"count(*) - count({value}), {logs}"
        )
    return ", ".join(columns)


def _ask_scores(rows: Rows) -> list[Row]:
    observed = _observed("scored", _columns(["score"]), ("s.name",))
    return rows.sql(
        f"{_SCORED}SELECT number, name, {_moments(['score'])} "
        f"FROM ({observed}) o GROUP BY number, name ORDER BY number, name"
    )


def _ask_cases(rows: Rows, columns: Mapping[str, str]) -> list[Row]:
    averages = ", ".join(f"avg({sql})" for sql in columns.values())
    return rows.sql(
        f"SELECT number, unit, {averages} FROM picked s WHERE {_OF_SUITES} "
        "GROUP BY number, unit ORDER BY number, unit"
    )


def _ask_case_scores(rows: Rows) -> list[Row]:
    return rows.sql(
        f"{_SCORED}SELECT number, unit, name, avg(v_score) FROM scored WHERE {_OF_SUITES} "
        "GROUP BY number, unit, name ORDER BY number, unit, name"
    )
