"""Two contents side by side: what others judge with is what the gate judges with."""

from __future__ import annotations

import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from promptreg.config import Config
from promptreg.gate import Joined, Side, gate_thresholds, judge, judge_pair
from promptreg.gate.collect import groups_of, joined_cases, observe_context, sides_of
from promptreg.gate.model import Context
from promptreg.gate.tails import tails_query
from promptreg.metrics.facade import Metrics
from promptreg.stats.gate import Judgement
from promptreg.stats.metrics import metric_named
from promptreg.stats.samples import Sample
from tests.gate.worlds import BASE, CHANGE, HEAD, SUITE, calls, store_of

METRICS = [
    metric_named(name) for name in ("quality", "cost", "latency", "error_rate", "success_rate")
]


def _by_hand(store: Metrics) -> list[tuple[Judgement, ...]]:
    """Judge all contexts from sides that are read apart, as the report has them."""
    groups = groups_of(store, CHANGE)
    contexts = list(dict.fromkeys(group.context for group in groups))

    def sides(context: Context) -> tuple[Side | None, Side]:
        with observe_context(store, CHANGE, context, groups, METRICS) as observed:
            return sides_of(observed, CHANGE, context, groups)

    read = {context: sides(context) for context in contexts}
    base = {context: side[0] for context, side in read.items() if side[0] and side[0].calls}
    head = {context: side[1] for context, side in read.items() if side[1].calls}

    def join(context: Context) -> Joined:
        with observe_context(store, CHANGE, context, groups, METRICS) as observed:
            return joined_cases(observed)

    thresholds = gate_thresholds(Config(), CHANGE.prompt)
    return [found.judgements for found in judge_pair(base, head, thresholds, join)]


def _exact(judgement: Judgement) -> Judgement:
    return judgement._replace(
        base=None, head=None, change=None, interval=None, p_harm=0.0, p_within=0.0
    )


def _figures(judgement: Judgement) -> list[float | None]:
    found = [judgement.base, judgement.head, judgement.change, judgement.p_harm, judgement.p_within]
    return [*found, *(judgement.interval or ())]


@pytest.mark.parametrize("head", [{}, {"quality": 0.8}, {"latency": 1.7}, {"errors": 0.2}])
@pytest.mark.parametrize("columns", [{}, {"model": "m"}, SUITE])
def test_a_pair_is_judged_as_by_the_gate(
    tmp_path: Path, head: dict[str, float], columns: dict[str, Any]
) -> None:
    """Judging a pair gives what `check --metrics` gives, p95 and paired cases too."""
    groups = [calls(BASE, 120, seed=1, **columns), calls(HEAD, 120, seed=2, **head, **columns)]
    for row in groups[1][::10]:
        row["latency_ms"] *= 6
    store = store_of(tmp_path, *groups, calls(BASE, 50, seed=3, environment="staging"))
    report = judge(store, [CHANGE], Config())
    from_gate = [[row.judgement for row in c.rows] for c in report.comparisons]
    by_hand = _by_hand(store)
    assert [len(found) for found in by_hand] == [len(found) for found in from_gate]
    for ours, theirs in zip(chain(*by_hand), chain(*from_gate), strict=True):
        # DuckDB adds up in the order in which its threads come, so the last digit may differ.
        assert _exact(ours) == _exact(theirs)
        assert _figures(ours) == pytest.approx(_figures(theirs), rel=1e-9)


def test_rows_that_cannot_be_compared_have_no_verdict(tmp_path: Path) -> None:
    """A pair without a common context gets no verdict at all."""
    suite: dict[str, Any] = SUITE
    other = {**suite, "environment": "laptop"}
    store = store_of(tmp_path, calls(BASE, 60, seed=1, **suite), calls(HEAD, 60, seed=2, **other))
    assert _by_hand(store) == []


def test_a_side_turns_successes_into_failures() -> None:
    """One of error rate and success rate is enough to judge the other."""
    side = Side({"m": 4}, samples={("m", "success_rate"): Sample.of([1.0, 1.0, 1.0, 0.0])})
    assert side.sample("m", "error_rate").mean == 0.25
    assert side.sample("m", "success_rate").mean == 0.75
    assert side.sample("m", "cost").n == 0


@pytest.mark.parametrize("columns", [{}, SUITE], ids=["calls", "cases"])
def test_each_model_of_each_side_has_its_own_p95(tmp_path: Path, columns: dict[str, Any]) -> None:
    """The p95 and its neighbours lie where the size of the own group puts them.

    A group that grows while it is asked about has none, rather than another group's.
    """
    wanted = {
        (BASE, "a"): 79,
        (BASE, "b"): 80,
        (HEAD, "a"): 400,
        (HEAD, "b"): 137,
    }
    groups = {
        (digest, model): calls(digest, n, seed=n, errors=0.0, **{**columns, "model": model})
        for (digest, model), n in wanted.items()
    }
    store = store_of(tmp_path, *groups.values())
    counted = groups_of(store, CHANGE)
    (context,) = {group.context for group in counted}
    store.log_many(calls(HEAD, 100, seed=9, **{**columns, "model": "new"}))
    with observe_context(store, CHANGE, context, counted, METRICS) as observed:
        found = observed.samples()
    for (digest, model), rows in groups.items():
        tail = Sample.of([row["latency_ms"] for row in rows]).tail
        said = found[digest == HEAD, model, "latency"].tail
        assert (said is None) == (tail is None) == (wanted[digest, model] < 80)
        assert said is None or tail is None or [*said] == [pytest.approx(x) for x in tail]
    assert (found[True, "new", "latency"].tail is None) is (not columns)


@pytest.mark.parametrize("n", [79, 80, 81, 100, 137, 1000, 4321])
def test_tails_of_many_groups_equal_those_of_each(n: int) -> None:
    """The query over groups of any size gives the p95 and the neighbours of each, ties too."""
    duckdb = pytest.importorskip("duckdb")
    source = random.Random(n)
    groups: dict[str | None, list[float]] = {
        "spread": [source.lognormvariate(6, 1) for _ in range(n)],
        "ties": [float(source.randrange(4)) for _ in range(n)],
        None: [7.0] * (2 * n),
    }
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (name VARCHAR, x DOUBLE)")
    rows = [(name, value) for name, values in groups.items() for value in values]
    columns = [list(column) for column in zip(*rows, ("spread", None), strict=True)]
    connection.execute("INSERT INTO t SELECT unnest(?), unnest(?)", columns)
    found = {row[0]: row[1:] for row in connection.sql(tails_query("t", "name", "x")).fetchall()}
    for name, values in groups.items():
        tail = Sample.of(values).tail
        if tail is None:
            assert name not in found
        else:
            assert found[name] == tuple(map(pytest.approx, tail))
