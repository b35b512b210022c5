"""What is read from the answers of the store."""

from __future__ import annotations

import random
from datetime import date, datetime
from pathlib import Path

from promptreg.metrics import Metrics
from promptreg.metrics.checks import MAX_INT
from promptreg.report.asking import Scope
from promptreg.report.figures import figures_of, read_totals
from promptreg.report.measures import measure

ONE, TWO = "1" * 64, "2" * 64


def test_a_models_numbers_do_not_depend_on_how_many_models_there_are(tmp_path: Path) -> None:
    """The only model of a version has what is known of the version, one of two its own rows'."""
    chance = random.Random(1)
    metrics = Metrics(tmp_path / "store")
    values = [(chance.lognormvariate(6, 1), chance.random(), n % 9 != 0) for n in range(90)]
    rows = [
        {
            "prompt": "summarizer",
            "version": "1.0.0",
            "model": "small",
            "ts": f"2026-01-01 00:{n // 60:02}:{n % 60:02}",
            "latency_ms": latency,
            "quality_score": quality,
            "input_tokens": 100 + n,
            "success": success,
            "scores": {"tone": quality},
        }
        for n, (latency, quality, success) in enumerate(values)
    ]
    metrics.log_many({**row, "digest": ONE} for row in rows)
    metrics.log_many({**row, "digest": TWO} for row in rows)
    metrics.log_many({**row, "digest": TWO, "model": "large"} for row in rows[:20])
    found = measure(metrics, Scope(("summarizer",)))["summarizer"]
    one, two = found[ONE], found[TWO]
    assert {model: each.calls for model, each in two.models.items()} == {"small": 90, "large": 20}
    plain = [m._replace(histogram=None) for m in one.metrics if m.metric != "tone"]
    assert one.models["small"].metrics == two.models["small"].metrics == plain
    assert all(m.histogram for m in one.metrics if m.metric in {"latency", "quality", "tone"})
    assert [m.n for m in two.models["large"].metrics] == [20, 17, 20, 20]
    # A page shows no quantiles of a model but those of its latency, and everything else alike.
    brief = measure(metrics, Scope(("summarizer",), for_page=True))["summarizer"]
    for model, whole in two.models.items():
        assert brief[TWO].models[model].metrics == [
            m if m.metric == "latency" else m._replace(quantiles=()) for m in whole.metrics
        ]
    assert (brief[TWO].metrics, brief[TWO].sides) == (two.metrics, two.sides)
    metrics.close()


def test_rows_of_one_unit_are_one_observation(tmp_path: Path) -> None:
    """A user who calls often counts once, beside users and rows without one that count as rows."""
    metrics = Metrics(tmp_path / "store")
    units = ["ada", "ada", "ada", "bob", None, None]
    metrics.log_many(
        {"prompt": "p", "version": "1.0.0", "digest": ONE, "unit": unit, "latency_ms": latency}
        for unit, latency in zip(units, (10.0, 20.0, 60.0, 50.0, 70.0, 90.0), strict=True)
    )
    # A case stands for its rows whatever unit they name, and is no unit of the same name.
    metrics.log_many(
        {"prompt": "p", "version": "1.0.0", "digest": ONE, "case_id": "ada", "latency_ms": latency}
        for latency in (100.0, 200.0)
    )
    (side,) = measure(metrics, Scope(("p",)))["p"][ONE].sides.values()
    sample = side.sample("", "latency")
    assert (side.calls, side.cases) == ({"": 8}, {"": 1})
    assert (sample.n, sample.minimum, sample.maximum) == (5, 30.0, 150.0)
    assert sample.mean == 78.0
    metrics.close()


def test_numbers_without_a_square_are_no_measurements(tmp_path: Path) -> None:
    """What the gate leaves out is left out, so that every figure is one that JSON can say."""
    metrics = Metrics(tmp_path / "store")
    metrics.log_many(
        {
            "prompt": "p",
            "version": "1.0.0",
            "digest": ONE,
            "ts": f"2026-01-01 00:00:{n:02}",
            "latency_ms": 1e200 if n else 5.0,
            "cost": 1.7e308 if n else 0.25,
            "quality_score": 0.5,
            "scores": {"wide": -1.7e308, "tone": 1.0},
            "input_tokens": MAX_INT,
            "output_tokens": MAX_INT,
        }
        for n in range(30)
    )
    totals = read_totals(metrics, ("p",), None, ())
    one = measure(metrics, Scope(("p",)))["p"][ONE]
    metrics.close()
    counts = {m.metric: (m.n, m.mean) for m in one.metrics}
    assert (counts["latency"], counts["cost"]) == ((1, 5.0), (1, 0.25))
    assert "wide" not in counts
    assert one.cost == 0.25
    assert [(day.calls, day.cost, day.tokens) for day in totals.by_day] == [
        (30, 0.25, 60 * MAX_INT)
    ]


def test_a_day_that_was_not_over_is_in_no_week(tmp_path: Path) -> None:
    """A week is compared with the one before by whole days, and the course begins where rows do."""
    metrics = Metrics(tmp_path / "store")
    row = {"prompt": "p", "version": "1.0.0", "digest": ONE}
    evenings = [f"2026-01-{day:02} 23:45:00" for day in range(1, 16)]
    metrics.log_many(row | {"ts": evening} for evening in evenings * 10)
    whole = read_totals(metrics, ("p",), None, ())
    metrics.log_many([row | {"ts": "2026-01-16 09:00:00"}])
    begun = read_totals(metrics, ("p",), None, ())
    later = read_totals(metrics, ("p",), datetime(2026, 2, 1), ())  # noqa: DTZ001 - as rows are
    metrics.close()
    assert later.notes == ("no call is as new as 2026-02-01",)
    for totals, calls in ((whole, 150), (begun, 151)):
        figure = next(one for one in figures_of(totals, 1, 1) if one.name == "calls")
        assert (figure.value, figure.recent, figure.previous) == (calls, 70, 70)
        assert totals.first == date(2026, 1, 1)
