"""What the report says of two versions: the gate's verdicts, and each model's A/B test."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from promptreg.config import Config
from promptreg.gate import gate_thresholds, judge
from promptreg.metrics.facade import Metrics
from promptreg.report.asking import Scope
from promptreg.report.measures import measure
from promptreg.report.model import Comparison
from promptreg.report.verdicts import compare_versions
from tests.gate.worlds import BASE, CHANGE, HEAD, SUITE, calls, store_of


def _compared(store: Metrics, *, config: Config | None = None) -> list[Comparison]:
    found = measure(store, Scope((CHANGE.prompt,)))[CHANGE.prompt]
    thresholds = gate_thresholds(config or Config(), CHANGE.prompt)
    return compare_versions(("1.0.0", found[BASE]), ("1.1.0", found[HEAD]), thresholds)


@pytest.mark.parametrize(
    "head", [{}, {"quality": 0.8}, {"latency": 1.7}, {"cost": 1.4}, {"errors": 0.2}]
)
@pytest.mark.parametrize("columns", [{}, {"model": "m"}, SUITE])
def test_the_report_judges_as_check_does(
    tmp_path: Path, head: dict[str, float], columns: dict[str, Any]
) -> None:
    """Every figure and verdict of a pair is the gate's, p95 and paired cases too."""
    after = calls(HEAD, 120, seed=2, **head, **columns)
    for row in after[::10]:
        row["latency_ms"] *= 6
    store = store_of(tmp_path, calls(BASE, 120, seed=1, **columns), after)
    (gate,) = judge(store, [CHANGE], Config()).comparisons
    (report,) = _compared(store)
    verdicts = {"pass": {"ok", "better"}, "fail": {"regression"}, "inconclusive": {"cannot tell"}}
    rows = {row.metric: row for row in report.metrics if row.verdict != "no verdict"}
    assert rows.keys() == {row.name for row in gate.rows}
    for row in gate.rows:
        ours, judged = rows[row.name], row.judgement
        assert judged.interval
        # Where rows have cases the gate estimates how many, which places a p95's neighbours.
        digits = 0.02 if columns is SUITE and row.name.endswith("p95") else 1e-9
        assert (ours.effect, ours.low, ours.high, ours.base_n) == pytest.approx(
            (judged.change, *judged.interval, judged.n_base), rel=digits
        )
        assert ours.verdict in verdicts[judged.verdict]
        assert ours.needed == judged.needed
    assert ("paired cases" in report.basis) == gate.paired


def test_each_kind_of_rows_is_compared_for_itself(tmp_path: Path) -> None:
    """Ordinary calls come first, an evaluation beside them, and none is mixed with another."""
    suite: dict[str, Any] = SUITE
    store = store_of(
        tmp_path,
        calls(BASE, 90, seed=1, environment="production"),
        calls(HEAD, 90, seed=2, environment="production"),
        calls(BASE, 60, seed=3, **suite),
        calls(HEAD, 60, seed=4, quality=0.7, **suite),
    )
    production, evaluated = _compared(store)
    assert production.basis.startswith("production calls")
    assert evaluated.basis.startswith("suite ")
    verdicts = [
        next(m.verdict for m in found.metrics if m.metric == "quality")
        for found in (production, evaluated)
    ]
    assert verdicts[0] != "regression"
    assert verdicts[1] == "regression"


def test_a_better_mix_of_models_wins_nothing(tmp_path: Path) -> None:
    """A version called more often with the better model is no winner; each model tells why."""
    rng = random.Random(8)

    def rows(digest: str, good: int, bad: int) -> list[dict[str, Any]]:
        made = calls(digest, good, seed=rng.randrange(99), model="good")
        made += calls(digest, bad, seed=rng.randrange(99), model="bad")
        for row in made:
            row["quality_score"] = min(1.0, rng.gauss(0.8 if row["model"] == "good" else 0.5, 0.03))
        return made

    store = store_of(tmp_path, rows(BASE, 30, 170), rows(HEAD, 170, 30))
    (found,) = _compared(store)
    quality = next(m for m in found.metrics if m.metric == "quality")
    assert quality.base is not None
    assert quality.head is not None
    assert quality.winner is None
    assert [test.model for test in quality.tests] == ["bad", "good"]
    assert all(test.winner is None and test.state == "running" for test in quality.tests)
    assert [test.base_n for test in quality.tests] == [170, 30]


def test_a_limit_is_judged_beside_the_change(tmp_path: Path) -> None:
    """A limit of the configuration has a row of its own, with the head's value and no change."""
    config = Config(gate={"": {"latency.p95": "<=10ms"}})
    store = store_of(tmp_path, calls(BASE, 100, seed=1), calls(HEAD, 100, seed=2))
    (found,) = _compared(store, config=config)
    limit = next(m for m in found.metrics if m.limit == "<=10ms")
    assert (limit.metric, limit.verdict, limit.effect) == ("latency.p95", "regression", None)
    assert limit.head is not None
    assert limit.head > 10
