"""Sealing: each acknowledged row is in every answer exactly once, before, while and after."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from promptreg.errors import MetricsError
from promptreg.pricing import Pricer
from promptreg.storage import store as store_module
from promptreg.storage.segments import claim, list_segments
from promptreg.storage.table import Table
from tests.kit import forked
from tests.metrics.conftest import row

if TYPE_CHECKING:
    from promptreg.metrics import Metrics


def count(metrics: Metrics) -> tuple[int, int]:
    """Return the rows, and how many different ones they are."""
    ((rows, units),) = metrics.sql("SELECT count(*), count(DISTINCT unit) FROM calls")
    return rows, units


def fill(metrics: Metrics, rows: int, *, name: str = "r") -> None:
    """Log so many different rows and give up the segment."""
    metrics.log_many(row(unit=f"{name}{number}") for number in range(rows))
    metrics.close()


def test_tails_are_read_at_once(metrics: Metrics) -> None:
    """A row is in the answer to the next question, sealed or not, and grows the same segment."""
    for number in range(5):
        metrics.log(**row(unit=str(number)))
        assert count(metrics) == (number + 1, number + 1)
    assert metrics.status().live_segments == 1


def test_sealing_changes_no_answer(metrics: Metrics) -> None:
    """Live, closed and sealed rows give the same answer."""
    fill(metrics, 50, name="a")
    before = metrics.summary()
    report = metrics.store.seal()
    assert (report.segments, report.rows, report.live) == (1, 50, 0)
    assert metrics.summary() == before
    fill(metrics, 30, name="b")
    metrics.log(**row(unit="live"))
    assert metrics.store.seal().live == 1
    assert count(metrics) == (81, 81)
    assert [s.size > 0 for s in list_segments(metrics.wal)] == [True]


def test_more_segments_than_files_may_be_open(
    make: Callable[..., Metrics], metrics: Metrics
) -> None:
    """As many segments as there were processes, and nobody to ask, are sealed all the same."""
    for number in range(200):
        metrics.log(**row(unit=str(number)))
        metrics.close()
    free = os.dup(2)
    os.close(free)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 150, limits[1]))
    try:
        report = metrics.store.seal()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (report.segments, report.rows) == (200, 200)
    assert count(make()) == (200, 200)


def test_a_table_is_made_by_many_at_once(folder: Path) -> None:
    """Who looked for a table a moment before another one made it takes that one."""
    for attempt in range(8):
        tables = [Table(str(folder / str(attempt) / "calls")) for _ in range(8)]
        together = Barrier(len(tables))

        def make_it(table: Table, together: Barrier = together) -> int:
            together.wait()
            table.require()
            return table.version

        with ThreadPoolExecutor(len(tables)) as pool:
            assert list(pool.map(make_it, tables)) == [0] * len(tables)


def test_another_reader_sees_the_same(metrics: Metrics, make: Callable[..., Metrics]) -> None:
    """A reader that was open before a sealing never counts a row twice or not at all."""
    other = make()
    for number in range(6):
        fill(metrics, 10, name=f"{number}-")
        assert count(other) == (10 * (number + 1),) * 2
        metrics.store.seal()
        assert count(other) == (10 * (number + 1),) * 2


def test_a_crash_between_commit_and_deletion(metrics: Metrics, folder: Path) -> None:
    """A segment that was committed but not deleted is deleted by the next sealer, not counted."""
    fill(metrics, 20)
    (segment,) = list_segments(folder / "wal")
    content = segment.path.read_bytes()
    metrics.store.seal()
    segment.path.write_bytes(content)
    assert count(metrics) == (20, 20)
    assert metrics.store.seal().rows == 0
    assert list_segments(folder / "wal") == []
    assert count(metrics) == (20, 20)


def test_a_forgotten_segment(
    metrics: Metrics, make: Callable[..., Metrics], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When even the table has forgotten the transaction, old rows are recognised by content."""
    fill(metrics, 20)
    (segment,) = list_segments(folder / "wal")
    content = segment.path.read_bytes()
    metrics.store.seal()
    other = make()
    monkeypatch.setattr(other.store.table, "holds", lambda _: False)
    segment.path.write_bytes(content)
    old = time.time() - 100 * 24 * 3600
    os.utime(segment.path, (old, old))
    other.store.seal()
    assert count(metrics) == (20, 20)


def test_a_live_segment_is_left_alone(metrics: Metrics, make: Callable[..., Metrics]) -> None:
    """While its owner holds the lock a segment is neither sealed nor deleted by anybody."""
    metrics.log(**row(unit="1"))
    report = make().store.seal()
    assert (report.rows, report.live) == (0, 1)
    metrics.log(**row(unit="2"))
    assert count(metrics) == (2, 2)


def test_two_sealers_share(metrics: Metrics, make: Callable[..., Metrics]) -> None:
    """A segment that another sealer holds is left to it."""
    fill(metrics, 5, name="a")
    fill(metrics, 5, name="b")
    first, second = list_segments(metrics.wal)
    with claim(first) as held:
        assert held is not None
        report = make().store.seal()
    assert (report.segments, report.rows, report.live) == (1, 5, 1)
    assert not second.path.exists()
    assert count(metrics) == (10, 10)


def test_bad_lines_are_set_aside(metrics: Metrics, folder: Path) -> None:
    """Each complete line is a row or in quarantine with its reason; a torn end is neither."""
    fill(metrics, 3)
    (segment,) = list_segments(folder / "wal")
    good = segment.path.read_bytes().splitlines(keepends=True)
    bad = [
        b"not json\n",
        b"\n",
        b"[]\n",
        b"\x00\x00\x00\n",
        b"\xff\xfe\n",
        good[0].replace(b'"latency_ms":812.5', b'"latency_ms":-1'),
        good[0].replace(b'"latency_ms":812.5', b'"latency_ms":1e400'),
        good[0].replace(b'"latency_ms":812.5', b'"latency_ms":NaN'),
        good[0].replace(b'"latency_ms":812.5', b'"latency_ms":"1"'),
        good[0].replace(b'"success":true', b'"success":1'),
        good[0].replace(b'"prompt":"summarizer",', b""),
        good[0].replace(b'"latency_ms"', b'"a_newer_column"'),
        good[0].replace(b'"summarizer"', b'"../x"'),
        good[0].replace(b'"r0"', b'"\\ud800"'),
    ]
    segment.path.write_bytes(b"".join([good[0], *bad, *good[1:]]) + b'{"ts":"2026')
    assert count(metrics) == (3, 3)
    report = metrics.store.seal()
    assert (report.rows, report.quarantined, report.torn) == (3, len(bad), 1)
    lines = (folder / "quarantine" / segment.name).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["line"] for record in records] == [*range(2, len(bad) + 2), len(bad) + 4]
    assert records[0]["text"] == "not json"
    assert "torn" in records[-1]["reason"]
    assert count(metrics) == (3, 3)
    assert metrics.status().quarantined == len(bad) + 1


def test_a_segment_of_bad_lines_alone(metrics: Metrics, folder: Path) -> None:
    """A file of rubbish goes to quarantine and does not come back."""
    (folder / "wal").mkdir(parents=True)
    (folder / "wal" / "x.jsonl").write_bytes(b"rubbish\n" * 10)
    assert metrics.store.seal().quarantined == 10
    assert metrics.store.seal().quarantined == 0
    assert count(metrics) == (0, 0)


def test_an_empty_store(metrics: Metrics, folder: Path) -> None:
    """Questions to a store that nobody wrote to are answered, and create nothing."""
    assert count(metrics) == (0, 0)
    assert metrics.summary() == []
    assert metrics.rows() == []
    assert metrics.status().rows == 0
    assert not folder.exists()


def test_a_reader_seals_when_much_has_piled_up(
    metrics: Metrics, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many closed segments are sealed by the next reader, so that no reader parses them again."""
    monkeypatch.setattr(store_module, "_SEAL_COUNT", 5)
    for number in range(5):
        fill(metrics, 2, name=f"{number}-")
    assert count(metrics) == (10, 10)
    assert list_segments(folder / "wal") == []


def test_a_read_only_store(metrics: Metrics, folder: Path, make: Callable[..., Metrics]) -> None:
    """A reader that may not write gets the same answers and changes nothing."""
    fill(metrics, 10, name="sealed")
    metrics.store.seal()
    fill(metrics, 7, name="closed")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        reader = make()
        assert count(reader) == (17, 17)
        assert len(list_segments(folder / "wal")) == 1
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_costs_are_filled_with_the_prices_of_the_day(make: Callable[..., Metrics]) -> None:
    """Known models get a cost from tokens, cached ones included; others keep none, never 0."""
    metrics = make(prices={"mine": {"input": 2.0, "output": 10.0, "cached-input": 0.5}})
    tokens = {"input_tokens": 1_000_000, "output_tokens": 100_000}
    metrics.log(**row(model="mine", provider=None, unit="own", **tokens))
    metrics.log(**row(model="mine", unit="cached", cached_input_tokens=400_000, **tokens))
    metrics.log(**row(model="gpt-4o", unit="list", **tokens))
    metrics.log(**row(model="nobody-knows", provider=None, unit="unknown", **tokens))
    metrics.log(**row(model="gpt-4o", unit="given", cost=0.5, **tokens))
    metrics.log(**row(model=None, provider=None, unit="no model", **tokens))
    costs = dict(metrics.sql("SELECT unit, cost FROM calls"))
    assert costs["own"] == pytest.approx(3.0)
    assert costs["cached"] == pytest.approx(2.4)
    assert costs["list"] == pytest.approx(3.5)
    assert costs["unknown"] is None
    assert costs["given"] == 0.5
    assert costs["no model"] is None
    metrics.close()
    metrics.store.seal()
    assert dict(metrics.sql("SELECT unit, cost FROM calls")) == costs
    pricer = metrics.store.pricer
    assert isinstance(pricer, Pricer)
    assert pricer.unknown_models == ("nobody-knows",)


def test_a_fork_after_reading(metrics: Metrics) -> None:
    """A child of a process that has read can log, and is told in words that it cannot read."""
    metrics.log(**row(unit="parent"))
    assert count(metrics) == (1, 1)

    def work() -> bool:
        metrics.log(**row(unit="child"))
        metrics.close()
        with pytest.raises(MetricsError, match="forked"):
            count(metrics)
        return True

    with forked(work):
        pass
    assert count(metrics) == (2, 2)
