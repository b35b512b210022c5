"""The samples that versions are judged by, as the gate takes them; a few queries for many versions.

Rows of one case or unit are one observation. Where a suite ran cases their values are kept apart
as well, so that any two versions can be compared case by case.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.gate.model import Context
from promptreg.gate.pairing import Joined, Side
from promptreg.gate.tails import tails_query
from promptreg.report.spread import steady
from promptreg.stats.samples import Moments, PairCounts, PairMoments, Pairs, Sample, Tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptreg.report.measures import CaseValues, Query, Rows, VersionMeasures

__all__ = ["SampleAnswers", "add_samples", "ask_samples", "join_cases"]

_LOGGED = frozenset({"latency", "cost", "input_tokens", "output_tokens"})
_GROUPS = ("prompt", "key", "model", "suite", "dataset_digest", "environment")
_KEYS = ", ".join(_GROUPS)
_WIDTH = 11

Row = tuple[Any, ...]
_Place = tuple[str, Context]


class SampleAnswers(NamedTuple):
    """What the store answered about the samples of some prompts' versions.

    Attributes:
        sizes: Rows and distinct cases of each version, context and model.
        moments: Their sufficient statistics.
        scores: The same of each score.
        tails: The p95 of their latencies.
        cases: The values of each case of a suite.
        case_scores: Its scores.
    """

    sizes: list[Row]
    moments: list[Row]
    scores: list[Row]
    tails: list[Row]
    cases: list[Row]
    case_scores: list[Row]


def ask_samples(rows: Rows, picked: Query, values: Mapping[str, str]) -> SampleAnswers:
    """Ask for the samples and cases of each version.

    Args:
        rows: Where the rows are.
        picked: The rows in scope with their key and values.
        values: The metrics, whose columns are called ``v_NAME``.
    """
    head, parameters = picked
    columns = {name: f"v_{name}" for name in values}
    observed = f"{head}, {_observed(columns)}"
    tails = rows.sql(f"{observed}{tails_query('observed', _GROUPS, 'v_latency')}", parameters)
    moments = rows.sql(
        f"{observed}SELECT {_KEYS}, {_moment_columns(columns)} "
        f"FROM observed GROUP BY {_KEYS} ORDER BY {_KEYS}",
        parameters,
    )
    scores = rows.sql(_scores_query(head), parameters)
    sizes = rows.sql(
        f"{head}SELECT {_KEYS}, count(*), count(DISTINCT case_id) "
        f"FROM picked GROUP BY {_KEYS} ORDER BY {_KEYS}",
        parameters,
    )
    cases: tuple[list[Row], list[Row]] = ([], [])
    if any(row[7] for row in sizes):
        cases = _ask_cases(rows, picked, columns)
    return SampleAnswers(sizes, moments, scores, tails, *cases)


def add_samples(
    answers: SampleAnswers, values: Mapping[str, str], found: Mapping[str, VersionMeasures]
) -> None:
    """Add the sides and cases of each version of a prompt.

    Args:
        answers: What the store answered about the prompt.
        values: The metrics in the order they were asked for.
        found: Takes them, by key.
    """
    samples: dict[_Place, dict[tuple[str, str], Sample]] = defaultdict(dict)
    tails = {row[1:6]: Tail(*row[7:]) for row in answers.tails}
    for row in answers.moments:
        samples[_place(row)].update(_samples_of(row, list(values), tails.get(row[1:6])))
    for row in answers.scores:
        samples[_place(row)].update(_samples_of((*row[:6], *row[7:]), [row[6]], None))
    calls: dict[_Place, dict[str, int]] = defaultdict(dict)
    cases: dict[_Place, dict[str, int]] = defaultdict(dict)
    for row in answers.sizes:
        place = _place(row)
        calls[place][row[2]] = row[6]
        cases[place][row[2]] = row[7]
    for place, own in calls.items():
        key, context = place
        found[key].sides[context] = Side(own, cases[place], samples[place])
    _add_cases(answers, values, found)


def _place(row: Row) -> _Place:
    _, key, _, suite, dataset, environment = row[:6]
    return key, Context(suite, dataset, environment)


def _scores_query(head: str) -> str:
    keys = f"{_KEYS}, name"
    return (
        f"{head}, {_scored()}{_observed({'score': 'v_score'}, keys, source='scored')}"
        f"SELECT {keys}, {_moment_columns({'score': 'v_score'})} "
        f"FROM observed GROUP BY {keys} ORDER BY {keys}"
    )


def _scored() -> str:
    return (
        f"scored AS (SELECT {_KEYS}, case_id, unit, e.key AS name, e.value AS v_score "
        "FROM (SELECT *, unnest(map_entries(scores)) AS e FROM picked WHERE scores IS NOT NULL) "
        "WHERE isfinite(e.value)), "
    )


def _observed(values: Mapping[str, str], groups: str = _KEYS, source: str = "picked") -> str:
    """Return common tables with one row per row, and with one row per observation."""
    named = [*values.values(), *(f"l_{name}" for name in values if name in _LOGGED)]
    return (
        f"{_logged(values, groups, source)}, observed AS ("
        f"SELECT {groups}, {_averages(named)} FROM logged "
        f"WHERE case_id IS NOT NULL OR unit IS NOT NULL GROUP BY {groups}, case_id, unit "
        f"UNION ALL SELECT {groups}, {', '.join(named)} FROM logged "
        "WHERE case_id IS NULL AND unit IS NULL)\n"
    )


def _logged(values: Mapping[str, str], groups: str, source: str) -> str:
    columns = [*values.values()]
    columns += [
        f"CASE WHEN {value} > 0 THEN ln({value}) END AS l_{name}"
        for name, value in values.items()
        if name in _LOGGED
    ]
    return f"logged AS (SELECT {groups}, case_id, unit, {', '.join(columns)} FROM {source})"


def _averages(columns: Iterable[str]) -> str:
    return ", ".join(f"avg({column}) AS {column}" for column in columns)


def _moment_columns(values: Mapping[str, str]) -> str:
    columns = []
    for name, value in values.items():
        log = f"l_{name}"
        logs = f"count({log}), avg({log}), var_samp({log})" if name in _LOGGED else "0, 0, 0"
        columns.append(
            f"count({value}), avg({value}), var_samp({value}), min({value}), max({value}), "
            f"count(*) FILTER ({value} = 1), count(*) FILTER ({value} = 0), "
            f"count(*) - count({value}), {logs}"
        )
    return ", ".join(columns)


def _samples_of(
    row: Sequence[Any], names: Sequence[str], tail: Tail | None
) -> dict[tuple[str, str], Sample]:
    """Read one group's moments; success is kept as ``error_rate``."""
    model, values = row[2], row[6:]
    samples = {}
    for number, name in enumerate(names):
        n, mean, var, least, most, ones, zeros, missing, *logs = values[
            _WIDTH * number : _WIDTH * (number + 1)
        ]
        if not n:
            continue
        sample = Sample(
            Moments(n, steady(mean), steady(var or 0.0)),
            Moments(logs[0], steady(logs[1] or 0.0), steady(logs[2] or 0.0)),
            least,
            most,
            ones,
            zeros,
            missing,
            tail if name == "latency" else None,
        )
        if name == "success_rate":
            samples[model, "error_rate"] = sample.complement()
        else:
            samples[model, name] = sample
    return samples


def _ask_cases(rows: Rows, picked: Query, values: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """Ask for the values of each case of a suite, and for its scores."""
    head, parameters = picked
    whole = "case_id IS NOT NULL AND suite IS NOT NULL"
    named = [*values.values(), *(f"l_{name}" for name in values if name in _LOGGED)]
    query = (
        f"{head}, {_logged(values, _KEYS, 'picked')}\nSELECT {_KEYS}, case_id, {_averages(named)} "
        f"FROM logged WHERE {whole} GROUP BY {_KEYS}, case_id ORDER BY {_KEYS}, case_id"
    )
    scores = (
        f"{head}, {_scored().removesuffix(', ')}\nSELECT {_KEYS}, case_id, name, avg(v_score) "
        f"FROM scored WHERE {whole} GROUP BY {_KEYS}, case_id, name ORDER BY {_KEYS}, case_id, name"
    )
    return rows.sql(query, parameters), rows.sql(scores, parameters)


def _add_cases(
    answers: SampleAnswers, values: Mapping[str, str], found: Mapping[str, VersionMeasures]
) -> None:
    """Keep the values of each case of a suite; its scores are further metrics."""
    logs = [name for name in values if name in _LOGGED]
    for row in answers.cases:
        means = [None if mean is None else steady(mean) for mean in row[7:]]
        own = dict(zip(values, means, strict=False))
        logged = dict(zip(logs, means[len(values) :], strict=True))
        _case(found, row).update({name: (own[name], logged.get(name)) for name in values})
    for row in answers.case_scores:
        _case(found, row)[row[7]] = (steady(row[8]), None)


def _case(found: Mapping[str, VersionMeasures], row: Row) -> CaseValues:
    key, context = _place(row)
    models = found[key].cases.setdefault(context, {})
    values: CaseValues = models.setdefault(row[2], {}).setdefault(row[6], {})
    return values


def join_cases(base: VersionMeasures, head: VersionMeasures, context: Context) -> Joined:
    """Join the cases that two versions ran in a context; success is that, not ``error_rate``."""
    matched = {}
    pairs = {}
    ours, theirs = base.cases.get(context, {}), head.cases.get(context, {})
    for model in ours.keys() & theirs.keys():
        before, after = ours[model], theirs[model]
        cases = sorted(before.keys() & after.keys())
        matched[model] = len(cases)
        names = dict.fromkeys(itertools.chain.from_iterable(before[case] for case in cases))
        for name in names:
            joined = [(before[c].get(name), after[c].get(name)) for c in cases]
            both = [(a, b) for a, b in joined if a is not None and b is not None]
            pairs[model, name] = _pairs(both)
    return Joined(matched, pairs)


def _pairs(values: Sequence[tuple[tuple[Any, Any], tuple[Any, Any]]]) -> Pairs:
    linear = [(a[0], b[0]) for a, b in values if a[0] is not None and b[0] is not None]
    logs = [(a[1], b[1]) for a, b in values if a[1] is not None and b[1] is not None]
    return Pairs(
        PairMoments.of([a for a, _ in linear], [b for _, b in linear]),
        PairMoments.of([a for a, _ in logs], [b for _, b in logs]),
        PairCounts(*(linear.count(cell) for cell in ((1, 1), (1, 0), (0, 1), (0, 0)))),
    )
