"""Whatever is asked of DuckDB can be asked of Spark, and both say the same."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from promptreg.abtest import ABTest
from promptreg.abtest.source import StoredArms, models_of
from promptreg.config import Config
from promptreg.gate import PromptChange, judge
from promptreg.metrics import Metrics
from promptreg.metrics.summary import GROUPS, Rename
from promptreg.monitor import PerformanceMonitor
from promptreg.monitor.looking import cost_since, prompts_with_rows
from promptreg.report.asking import Scope
from promptreg.report.figures import read_totals
from promptreg.report.measures import measure
from promptreg.stats.metrics import metric_named
from tests.spark.same import differences
from tests.spark.world import BASE, HEAD, NOW, START

SINCE = START + timedelta(days=30)
ALL = ("latency_ms", "cost", "quality_score", "input_tokens")
CHANGE = PromptChange("summarizer", "1.0.0", BASE, "1.1.0", HEAD, "prompts/summarizer.yaml")


def test_the_store_has_all_kinds_of_rows(duck: Metrics) -> None:
    """The world is no easy one: compacted and later files, and rows that are in no file yet."""
    files, tail = duck.store.snapshot()
    assert len(files) == 3
    assert tail is not None
    assert tail.num_rows == 240


def test_every_value_of_every_row(duck: Metrics, spark: Metrics) -> None:
    """Texts, times to the microsecond, numbers, maps and nulls come through unchanged."""
    rows = duck.rows()
    assert len(rows) == 1320
    key = repr
    assert sorted(map(key, spark.rows())) == sorted(map(key, rows))


@pytest.mark.parametrize(
    "by",
    [
        ("prompt", "version"),
        ("day", "model"),
        ("hour", "week", "month"),
        (),
        tuple(sorted(GROUPS - {"case_id", "hour", "day", "week", "month"})),
        ("case_id",),
    ],
    ids=lambda by: "+".join(by)[:40] or "all",
)
def test_summaries(duck: Metrics, spark: Metrics, by: tuple[str, ...]) -> None:
    """Counts, means, sums and exact percentiles agree in every grouping, and in their order."""
    options: dict[str, Any] = {"by": by, "scores": True, "percentiles": ALL}
    expected = duck.summary(**options)
    assert expected
    assert differences(expected, spark.summary(**options)) == []


@pytest.mark.parametrize(
    "chosen",
    [
        {"prompt": "summarizer", "since": SINCE, "until": SINCE + timedelta(days=60)},
        {"evaluations": True},
        {"evaluations": False, "model": "claude-über"},
        {"unit": "użytkownik-7", "variant": "warm"},
        {"prompt": "nobody's \\ 'prompt'"},
    ],
    ids=repr,
)
def test_filters(duck: Metrics, spark: Metrics, chosen: dict[str, Any]) -> None:
    """A time, a text with quotes, a null: each parameter means the same."""
    expected = duck.summary(**chosen)
    assert differences(expected, spark.summary(**chosen)) == []
    assert bool(expected) == ("nobody" not in chosen.get("prompt", ""))


def test_models_are_compared(duck: Metrics, spark: Metrics) -> None:
    """Fastest, cheapest, best and most reliable are the same models with the same figures."""
    expected = duck.compare_models("summarizer")
    assert differences(expected, spark.compare_models("summarizer")) == []


def test_the_newest_rows(duck: Metrics, spark: Metrics) -> None:
    """A limit is a parameter too."""
    expected = duck.rows("router", limit=5)
    assert len(expected) == 5
    assert spark.rows("router", limit=5) == expected


@pytest.mark.parametrize(
    "thresholds",
    [(), ("tone:-10%", "error_rate:+5%", "latency.p95:<=2s", "quality:>=0.5")],
    ids=["defaults", "chosen"],
)
def test_the_gate(duck: Metrics, spark: Metrics, thresholds: tuple[str, ...]) -> None:
    """Paired cases give the same verdicts, intervals and p values to the ninth digit."""
    today = date(2026, 7, 1)
    expected = judge(duck, [CHANGE], Config(), overrides=thresholds, today=today)
    assert expected.comparisons[0].n_base == 180
    found = judge(spark, [CHANGE], Config(), overrides=thresholds, today=today)
    assert differences(expected, found) == []


@pytest.mark.parametrize("options", [{}, {"experiment": "tone"}, {"suite": "nightly"}], ids=repr)
def test_ab_tests(duck: Metrics, spark: Metrics, options: dict[str, Any]) -> None:
    """Decision, interval, guardrails and histograms of a test agree, units and cases merged."""
    arms = ("cold", "warm") if "experiment" in options else ("1.0.0", "1.1.0")

    def result(store: Metrics) -> tuple[Any, ...]:
        test = ABTest("summarizer", *arms, store=store, **options)
        own = StoredArms(store, "summarizer", arms, **options)
        latency = metric_named("latency")
        return (
            test.get_result(),
            models_of(own),
            own.observations(latency, 100),
            own.histograms(latency),
            test.get_sample_counts(),
        )

    expected = result(duck)
    assert sum(arm.n for arm in expected[0].arms) > 100
    assert differences(expected, result(spark)) == []


def test_the_monitor(duck: Metrics, spark: Metrics) -> None:
    """Regressions, anomalies, budgets: the same alerts with the same evidence."""

    def result(store: Metrics) -> tuple[Any, ...]:
        monitor = PerformanceMonitor(store, Config(gate={"": {"cost": "<=0.01/day"}}))
        names = prompts_with_rows(store, "production")
        alerts = [monitor.check(name, now=NOW) for name in names]
        return names, alerts, cost_since(store, "summarizer", "production", SINCE)

    expected = result(duck)
    assert expected[0] == ["router", "summarizer"]
    assert differences(expected, result(spark)) == []


@pytest.mark.parametrize("since", [None, START + timedelta(days=9)], ids=["all", "since"])
def test_the_report(duck: Metrics, spark: Metrics, since: datetime | None) -> None:
    """What the report shows of versions, models, days, weeks and scores agrees."""
    names = ("summarizer", "router")
    scope = Scope(
        names,
        since,
        aliases=(("router", "2.0.0", "e" * 64),),
        shared=(("summarizer", HEAD), ("other", BASE)),
        renames=(Rename("router", "former"),),
    )
    expected = measure(duck, scope)
    assert {"summarizer", "router"} == set(expected)
    assert {v.bucket for versions in expected.values() for v in versions.values()} == {
        "day",
        "week",
    }
    assert differences(expected, measure(spark, scope)) == []
    totals = read_totals(duck, names, since, ())
    assert totals.notes
    assert differences(totals, read_totals(spark, names, since, ())) == []
