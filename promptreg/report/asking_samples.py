"""What the store is asked about the samples that versions are judged by, as the gate takes them.

Rows of one case or unit are one observation. Where a suite ran cases their values are asked for one
by one as well, so that any two versions can be compared case by case.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.gate.sql import measured
from promptreg.gate.tails import tails_query
from promptreg.report.answers import Columns, SampleAnswers, ask_columns
from promptreg.stats.samples import TAIL_MINIMUM
from promptreg.storage.columns import as_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from promptreg.storage.engines import Kept

__all__ = ["LOGGED", "REPEATED", "ask_samples"]

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
    "(SELECT number, unit, is_case, e.key AS name, e.value AS v_score FROM "
    "(SELECT number, unit, is_case, unnest(map_entries(scores)) AS e FROM picked "
    f"WHERE scores IS NOT NULL) WHERE {measured('e.value')})"
)


def ask_samples(
    rows: Kept, names: Collection[str], most_calls: int, *, has_scores: bool
) -> SampleAnswers:
    """Ask for the samples of each group and for its cases.

    Args:
        rows: Where the rows in scope are kept.
        names: The metrics, whose columns are called ``v_NAME``.
        most_calls: How many rows the largest group has.
        has_scores: Whether any row has scores.
    """
    columns = _columns(names)
    asked = {"": (_number_if("is_case"), "count(*)"), **{name: _moments(name) for name in names}}
    observations = f"({_observed('picked', columns)}) o GROUP BY number"
    moments = ask_columns(rows, ("number",), asked, observations)
    observed = moments.pop("")
    nothing = Columns(())
    scores = _ask_scores(rows) if has_scores else nothing
    tails = nothing
    if most_calls >= TAIL_MINIMUM:
        latencies = _observed("picked", {"v_latency": "s.v_latency"})
        query = tails_query(f"({latencies}) o", "number", "v_latency")
        tails = Columns(as_columns(rows.arrow(query)))
    has_cases = any(observed.column(1))
    cases = _ask_cases(rows, columns) if has_cases else nothing
    case_scores = _ask_case_scores(rows) if has_cases and has_scores else nothing
    return SampleAnswers(observed, moments, scores, tails, cases, case_scores)


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


def _moments(name: str) -> list[str]:
    """Return the sufficient statistics of a metric as aggregates, logarithms where it has any."""
    value, log = f"v_{name}", f"l_{name}"
    ones, zeros = _number_if(f"{value} = 1"), _number_if(f"{value} = 0")
    of_value = [*_first_moments(value), f"min({value})", f"max({value})", ones, zeros]
    return [*of_value, *(_first_moments(log) if name in LOGGED else ())]


def _first_moments(value: str) -> list[str]:
    return [f"count({value})", f"coalesce(avg({value}), 0)", f"coalesce(var_samp({value}), 0)"]


def _number_if(condition: str) -> str:
    # A FILTER takes DuckDB twice as long.
    return f"count(CASE WHEN {condition} THEN 1 END)"


def _ask_scores(rows: Kept) -> Columns:
    observed = _observed(_SCORED, _columns(["score"]), ("s.name",))
    asked = {"score": ("count(*)", *_moments("score"))}
    source = f"({observed}) o GROUP BY number, name"
    return ask_columns(rows, ("number", "name"), asked, source)["score"]


def _ask_cases(rows: Kept, columns: Mapping[str, str]) -> Columns:
    averages = {"": [f"avg({sql})" for sql in columns.values()]}
    source = f"picked s WHERE {_OF_SUITES} GROUP BY number, unit"
    return ask_columns(rows, ("number", "unit"), averages, source)[""]


def _ask_case_scores(rows: Kept) -> Columns:
    source = f"{_SCORED} s WHERE {_OF_SUITES} GROUP BY number, unit, name"
    return ask_columns(rows, ("number", "unit", "name"), {"": ("avg(v_score)",)}, source)[""]
