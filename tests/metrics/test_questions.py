"""Summaries, rows and read-only SQL."""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from promptreg.errors import MetricsError
from promptreg.metrics import MetricRow, Metrics
from tests.metrics.conftest import row

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def filled(metrics: Metrics) -> Metrics:
    """A store with two versions, two models, half of it sealed."""
    return fill(metrics)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    """The same store for all tests that only ask, and would notice if anything were changed."""
    metrics = fill(Metrics(tmp_path_factory.mktemp("asked") / "metrics"))
    yield metrics
    metrics.close()


def fill(metrics: Metrics) -> Metrics:
    """Log calls of two versions and two models, half of which are sealed."""
    dice = random.Random(7)
    rows = [
        row(
            version=f"1.{number % 2}.0",
            model=("gpt-4o", "gpt-4o-mini")[number % 3 == 0],
            ts=START + timedelta(hours=number),
            latency_ms=dice.lognormvariate(6, 0.5),
            quality_score=dice.random() if number % 5 else None,
            success=number % 10 != 0 if number % 4 else None,
            scores={"tone": number / 10, "length": 3.0} if number % 2 else None,
            unit=f"u{number % 7}",
            metadata={"n": number},
        )
        for number in range(200)
    ]
    metrics.log_many(rows[:100])
    metrics.close()
    metrics.store.seal()
    metrics.log_many(rows[100:])
    return metrics


def inclusive(values: list[float], share: float) -> float:
    """Return a percentile with linear interpolation."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def test_summary_against_plain_python(filled: Metrics) -> None:
    """Every figure of a summary is what plain Python computes from the rows."""
    for found in filled.summary():
        rows = [r for r in filled.rows() if r.version == found.version]
        latencies = [r.latency_ms for r in rows if r.latency_ms is not None]
        qualities = [r.quality_score for r in rows if r.quality_score is not None]
        judged = [r.success for r in rows if r.success is not None]
        assert found.calls == len(rows) == 100
        assert found.latency.n == 100
        assert found.latency.mean == pytest.approx(statistics.fmean(latencies))
        assert found.latency.p50 == pytest.approx(inclusive(latencies, 0.5))
        assert found.latency.p95 == pytest.approx(inclusive(latencies, 0.95))
        assert (found.latency.min, found.latency.max) == (min(latencies), max(latencies))
        assert found.quality.n == len(qualities) < 100
        assert found.quality.mean == pytest.approx(statistics.fmean(qualities))
        assert (found.judged, found.succeeded) == (len(judged), sum(judged))
        assert found.error_rate == pytest.approx(1 - sum(judged) / len(judged))
        assert found.cost.total == pytest.approx(sum(r.cost or 0 for r in rows))
        assert found.input_tokens.total == 350 * 100
        assert found.accuracy.n == 0
        assert found.accuracy.mean is None


def test_groups(filled: Metrics) -> None:
    """Rows group by columns and by times in UTC."""
    assert {s.group["model"] for s in filled.summary(by=("model",))} == {"gpt-4o", "gpt-4o-mini"}
    days = filled.summary(by=("day", "version"))
    assert sum(s.calls for s in days) == 200
    assert days[0].group["day"] == START.replace(tzinfo=None)
    assert [s.calls for s in filled.summary(by=())] == [200]
    assert len(filled.summary(by=("hour",))) == 200
    with pytest.raises(MetricsError, match="cannot group by metadata"):
        filled.summary(by=("metadata",))


def test_filters(filled: Metrics) -> None:
    """Rows are chosen by columns and by times of any zone."""
    assert filled.summary("summarizer", "1.1.0")[0].calls == 100
    assert filled.summary("nothing") == []
    since = datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=1)))
    assert sum(s.calls for s in filled.summary(since=since)) == 176
    assert sum(s.calls for s in filled.summary(until=since)) == 24
    assert len(filled.rows(unit="u3", limit=5)) == 5
    with pytest.raises(MetricsError, match="cannot be chosen by user"):
        filled.summary(user="x")


def test_scores(filled: Metrics) -> None:
    """Custom scores are summarised by name."""
    found = {s.version: s.scores for s in filled.summary(scores=True)}
    assert found["1.0.0"] == {}
    assert found["1.1.0"]["length"].mean == 3.0
    assert found["1.1.0"]["tone"].n == 100
    assert found["1.1.0"]["tone"].p50 == pytest.approx(10.0)


def test_rows_round_trip(filled: Metrics) -> None:
    """Rows come back as they were logged, the newest first, and can be logged again."""
    rows = filled.rows(limit=3)
    assert [r.ts.hour for r in rows] == [7, 6, 5]
    assert rows[0].scores == {"length": 3.0, "tone": 19.9}
    assert rows[0].metadata == '{"n": 199}'
    assert isinstance(rows[0], MetricRow)
    assert filled.log_many(rows) == 3
    assert len(filled.rows(since=rows[2].ts)) == 6


def test_model_ranking(filled: Metrics) -> None:
    """Each pick names the model with the best figure, and its n."""
    ranking = filled.compare_models("summarizer")
    assert ranking.cheapest is not None
    assert (ranking.cheapest.model, ranking.cheapest.n) == ("gpt-4o-mini", 67)
    assert ranking.fastest is not None
    assert ranking.fastest.value == min(m.latency.p50 or 0 for m in ranking.models)
    assert filled.compare_models("nothing").best is None


def test_mixed_currencies_are_not_added(metrics: Metrics) -> None:
    """A group with two currencies has no cost figures and says so."""
    metrics.log(**row(cost=1.0))
    metrics.log(**row(cost=1.0, currency="EUR"))
    (found,) = metrics.summary()
    assert (found.currency, found.cost.n, found.cost.total) == ("mixed", 2, None)


def test_query(filled: Metrics) -> None:
    """A SELECT answers with names, tuples, mappings, Arrow and pandas."""
    result = filled.query("SELECT version, count(*) AS n FROM calls GROUP BY ALL ORDER BY ALL")
    assert result.columns == ("version", "n")
    assert result.rows == [("1.0.0", 100), ("1.1.0", 100)]
    assert result.arrow().num_rows == 2
    assert list(result.pandas()["n"]) == [100, 100]
    (record,) = filled.query("SELECT scores FROM calls ORDER BY ts DESC LIMIT 1").records()
    assert record == {"scores": {"tone": 19.9, "length": 3.0}}


@pytest.mark.parametrize(
    "sql",
    [
        "COPY calls TO '{out}'",
        "COPY (SELECT 1) TO '{out}' (FORMAT csv)",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO calls SELECT * FROM calls",
        "DELETE FROM calls",
        "DROP VIEW calls",
        "SET enable_external_access = true",
        "PRAGMA version",
        "EXPORT DATABASE '{out}'",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW calls",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM read_parquet('{folder}/*.parquet')",
        "SELECT * FROM asked",
        "SELECT * FROM metrics",
        "",
        "SELEC 1",
        "SELECT nothing FROM calls",
    ],
)
def test_query_refuses(asked: Metrics, sql: str, tmp_path: Path) -> None:
    """What writes, attaches, configures or reads other files is refused and leaves no file."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    out = tmp_path / "out"
    with pytest.raises(MetricsError):
        asked.query(sql.format(out=out, secret=secret, folder=tmp_path))
    assert not out.exists()
    assert asked.query("SELECT count(*) FROM calls").rows == [(200,)]


def test_sql_errors_are_one_line(filled: Metrics) -> None:
    """A wrong query is an error of ours in one line."""
    with pytest.raises(MetricsError, match="the query failed") as caught:
        filled.sql("SELECT nothing FROM calls")
    assert "\n" not in str(caught.value)


def test_threads_ask_at_once(filled: Metrics, make: Callable[..., Metrics]) -> None:
    """One store answers many threads while rows arrive."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        counts = list(
            pool.map(
                lambda n: (filled.log(**row(unit=f"t{n}")), filled.summary(by=())[0].calls)[1],
                range(40),
            )
        )
    assert max(counts) == 240
    assert min(counts) > 200
    assert make().summary(by=())[0].calls == 240


def test_an_answer_is_kept_for_a_block(filled: Metrics) -> None:
    """Queries of a block select from a kept answer, of one snapshot, and nobody does afterwards."""
    query = "SELECT version, latency_ms FROM calls WHERE model = ?"
    with filled.keep("own", query, ["gpt-4o-mini"]) as outer:
        before = outer.sql("SELECT count(*) FROM calls")
        filled.log(**row(version="1.0.0", model="gpt-4o-mini"))
        named = "SELECT version, count(*) AS n FROM own WHERE latency_ms > ? GROUP BY version"
        with outer.keep("counted", named, [0.0]) as inner:
            assert inner.sql("SELECT sum(n) FROM counted") == [(67,)]
        assert outer.sql("SELECT count(*) FROM calls") == before
        with pytest.raises(MetricsError, match="counted"):
            outer.sql("SELECT * FROM counted")
    with pytest.raises(MetricsError, match="own"):
        filled.sql("SELECT * FROM own")
    assert filled.sql("SELECT count(*) FROM calls") == [(201,)]


def test_pin_keeps_one_snapshot(filled: Metrics) -> None:
    """Inside `pin` rows that arrive meanwhile stay out of every answer."""
    with filled.store.pin() as store:
        before = store.sql("SELECT count(*) FROM calls")
        filled.log(**row())
        assert store.sql("SELECT count(*) FROM calls") == before == [(200,)]
    assert filled.sql("SELECT count(*) FROM calls") == [(201,)]


def test_ctrl_c_ends_a_long_query(tmp_path: Path) -> None:
    """An interrupt while DuckDB works comes out as one, not as a fault of the query."""
    metrics = Metrics(tmp_path / "store")
    endless = "SELECT sum(a.range + b.range) FROM range(10000000) a, range(10000000) b"
    assert metrics.sql("SELECT 1") == [(1,)]  # what is imported for it is not what is interrupted
    ended = threading.Event()

    def press() -> None:
        # As a person does: again where the first one went to code that cannot raise it, but not so
        # soon that a slow machine is still at work on the first.
        pause = 0.5
        while not ended.wait(pause):
            os.kill(os.getpid(), signal.SIGINT)
            pause = 20.0

    def ask() -> None:
        try:
            metrics.sql(endless)
        finally:
            ended.set()
            finger.join()

    # Whoever used this process before may have left another handler.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    finger = threading.Thread(target=press)
    finger.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            ask()
    finally:
        signal.signal(signal.SIGINT, before)
