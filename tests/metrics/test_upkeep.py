"""Compaction, purging and the doctor."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptreg.errors import ConflictError, MetricsError
from promptreg.metrics import Filter, Metrics
from promptreg.storage.compact import choose_parts, compact
from promptreg.storage.doctor import diagnose, set_aside, settle
from promptreg.storage.purge import purge
from promptreg.storage.rewrite import exclusive, write_part
from promptreg.storage.table import Part
from tests.metrics.conftest import row

if TYPE_CHECKING:
    from promptreg.storage.doctor import Complaint

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def parts(metrics: Metrics) -> Metrics:
    """A store of six sealed files, rows of three prompts mixed."""
    dice = random.Random(3)
    for part in range(6):
        metrics.log_many(
            row(
                prompt=dice.choice(["a", "b", "c"]),
                unit=f"{part}-{number}",
                ts=START + timedelta(days=part, minutes=dice.randrange(1000)),
            )
            for number in range(50)
        )
        metrics.close()
        metrics.store.seal()
    return metrics


def everything(metrics: Metrics) -> list[tuple[object, ...]]:
    """Return all rows, ordered."""
    return metrics.sql("SELECT * FROM calls ORDER BY ALL")


def kinds(complaints: list[Complaint]) -> list[str]:
    """Return what the doctor complains about."""
    return [complaint.kind for complaint in complaints]


def test_compaction_changes_no_answer(parts: Metrics) -> None:
    """Six files become one, sorted, with the same rows; a second time there is nothing to do."""
    before = everything(parts)
    report = parts.compact()
    assert (report.merged, report.rows) == (6, 300)
    assert parts.status().files == 1
    assert everything(parts) == before
    order = parts.sql("SELECT prompt, version, ts FROM calls")
    assert order == sorted(order)
    assert parts.compact().merged == 0
    assert parts.compact(full=True).merged == 1
    assert everything(parts) == before


def test_dry_run_changes_nothing(parts: Metrics, folder: Path) -> None:
    """A dry run says what would be merged and touches no file."""
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    report = compact(parts.store, dry_run=True)
    assert (report.merged, report.rows) == (6, 300)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before


def test_older_than(parts: Metrics) -> None:
    """Files with younger rows are left alone."""
    age = datetime.now(UTC) - (START + timedelta(days=3))
    assert compact(parts.store, older_than=age).merged == 3
    assert parts.status().files == 4


def test_replaced_files_stay_for_readers(parts: Metrics, folder: Path) -> None:
    """An hour long nobody deletes replaced files; without grace they go at once."""
    parts.compact()
    assert len(list((folder / "calls").glob("*.parquet"))) == 7
    report = compact(parts.store, grace_hours=0)
    assert report.deleted == 6
    assert len(list((folder / "calls").glob("*.parquet"))) == 1


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([1], 0),
        ([1, 1], 2),
        ([10, 1, 1, 1], 4),
        ([100, 1, 1], 2),
        ([10**12, 1, 1], 2),
        ([1 << 29, 1 << 29], 0),
        ([], 0),
    ],
)
def test_choice_of_files(sizes: list[int], chosen: int) -> None:
    """Small files are merged together; a large one waits until it is worth it."""
    parts = [Part(str(number), size << 10, 1) for number, size in enumerate(sizes)]
    assert len(choose_parts(parts)) == chosen
    assert len(choose_parts(parts, full=True)) == len(sizes)


def test_two_compactions_of_the_same_files(parts: Metrics, make: Callable[..., Metrics]) -> None:
    """Whoever commits second is refused, also when it began before the first: no row doubles."""
    first, second = parts.store, make().store
    before = everything(parts)
    for store in (first, second):
        store.table.refresh()
    chosen = list(first.table.parts())
    one, two = write_part(first, chosen), write_part(second, chosen)
    assert one is not None
    assert two is not None
    first.table.replace(chosen, [one.action], changes_data=False)
    with pytest.raises(ConflictError, match="rewrote the same files"):
        second.table.replace(chosen, [two.action], changes_data=False)
    assert everything(parts) == before


def test_appends_during_a_compaction(parts: Metrics, make: Callable[..., Metrics]) -> None:
    """Rows that are sealed while a compaction writes are kept, and the compaction succeeds."""
    store = parts.store
    store.table.refresh()
    chosen = list(store.table.parts())
    new = write_part(store, chosen)
    assert new is not None
    other = make()
    other.log(**row(unit="meanwhile"))
    other.close()
    other.store.seal()
    store.table.replace(chosen, [new.action], changes_data=False)
    assert parts.sql("SELECT count(*) FROM calls") == [(301,)]


def test_only_one_rewrite_at_once(parts: Metrics, make: Callable[..., Metrics]) -> None:
    """While one process rewrites, another is told to wait."""
    with exclusive(parts.store), pytest.raises(ConflictError, match="another process"):
        make().compact()


def test_purge_leaves_no_trace(parts: Metrics, folder: Path) -> None:
    """Purged rows are in no answer and in no file any more, segments and quarantine included."""
    parts.log_many([row(unit="secret-person", prompt="a", metadata={"x": "secret-person"})] * 3)
    parts.close()
    parts.compact()
    parts.log(**row(unit="secret-person"))
    parts.close()
    parts.store.quarantine.mkdir()
    broken = json.dumps(
        {"segment": "s", "line": 1, "reason": "r", "text": '{"unit":"secret-person"'}
    )
    kept = json.dumps({"segment": "s", "line": 2, "reason": "r", "text": "other"})
    (parts.store.quarantine / "s.jsonl").write_text(f"{broken}\n{kept}\n")
    planned = purge(parts.store, Filter(unit="secret-person"), dry_run=True)
    assert (planned.rows + planned.held, planned.quarantined) == (4, 1)
    report = purge(parts.store, Filter(unit="secret-person"))
    assert (report.rows, report.held, report.quarantined) == (4, 0, 1)
    assert parts.sql("SELECT count(*) FROM calls") == [(300,)]
    leaks = [
        path
        for path in folder.rglob("*")
        if path.is_file() and b"secret-person" in path.read_bytes()
    ]
    assert leaks == []


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        (Filter(prompt="a"), {"b", "c"}),
        (Filter(until=(START + timedelta(days=5)).replace(tzinfo=None)), {"a", "b", "c"}),
        (Filter(model="none such"), {"a", "b", "c"}),
        (Filter(evaluations=False), set()),
    ],
)
def test_purge_by(parts: Metrics, chosen: Filter, left: set[str]) -> None:
    """A purge removes exactly the chosen rows; rows where the column is empty stay."""
    names = {
        "prompt": lambda r: r.prompt != chosen.prompt,
        "until": lambda r: chosen.until is not None and r.ts >= chosen.until,
    }
    expected = {r.unit for r in parts.rows()}
    if chosen.prompt:
        expected = {r.unit for r in parts.rows() if names["prompt"](r)}
    elif chosen.until:
        expected = {r.unit for r in parts.rows() if names["until"](r)}
    elif chosen.evaluations is False:
        expected = set()
    purge(parts.store, chosen)
    assert {r.unit for r in parts.rows()} == expected
    assert {r.prompt for r in parts.rows()} <= left


def test_purge_reports_what_running_processes_hold(parts: Metrics) -> None:
    """Rows in a live segment cannot be removed; the report counts them."""
    parts.log(**row(unit="0-0"))
    report = purge(parts.store, Filter(unit="0-0"))
    assert (report.rows, report.held) == (1, 1)
    parts.close()
    assert purge(parts.store, Filter(unit="0-0")).held == 0


def test_purge_needs_a_filter(parts: Metrics) -> None:
    """A purge of nothing in particular is refused."""
    with pytest.raises(MetricsError, match="which rows"):
        purge(parts.store, Filter())


def test_a_reader_during_a_purge(parts: Metrics, make: Callable[..., Metrics]) -> None:
    """A reader whose files a purge deleted looks again instead of failing."""
    other = make()
    assert other.sql("SELECT count(*) FROM calls") == [(300,)]
    purge(parts.store, Filter(prompt="a"))
    assert other.sql("SELECT count(*) FROM calls WHERE prompt = 'a'") == [(0,)]


def test_a_healthy_store(parts: Metrics) -> None:
    """The doctor has nothing to say about a store in order, live segments included."""
    parts.log(**row())
    assert diagnose(parts.store) == []


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "emptied", "deleted"])
def test_a_damaged_part(parts: Metrics, make: Callable[..., Metrics], damage: str) -> None:
    """A damaged file fails every question by name until the doctor sets it aside."""
    path = Path(parts.store.table.uris()[2])
    content = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(
            {
                "truncated": content[: len(content) // 2],
                "overwritten": b"\x55" * 600 + content[600:],
                "emptied": b"",
            }[damage]
        )
    victim = make()
    with pytest.raises(MetricsError, match=r"cannot be read|keeps losing") as caught:
        victim.sql("SELECT * FROM calls ORDER BY ALL")
    assert caught.value.fix == "promptreg metrics doctor"
    found = diagnose(victim.store)
    assert kinds(found) == ["missing-part" if damage == "deleted" else "damaged-part"]
    assert Path(found[0].path).name == path.name
    assert set_aside(victim.store, found) == 1
    assert victim.sql("SELECT count(*) FROM calls") == [(250,)]
    assert diagnose(victim.store) == []
    assert (victim.store.quarantine / path.name).exists() == (damage != "deleted")


def test_a_missing_commit(parts: Metrics, make: Callable[..., Metrics], folder: Path) -> None:
    """A deleted commit is an error that says so, never a shorter answer; restoring it heals."""
    log = folder / "calls" / "_delta_log" / f"{3:020}.json"
    kept = log.read_bytes()
    log.unlink()
    victim = make()
    with pytest.raises(MetricsError, match="a commit is missing"):
        victim.sql("SELECT 1 FROM calls")
    (complaint,) = diagnose(make().store)
    assert complaint.kind == "damaged-log"
    assert f"{3:020}" in complaint.path
    log.write_bytes(kept)
    assert make().sql("SELECT count(*) FROM calls") == [(300,)]
    assert parts.sql("SELECT count(*) FROM calls") == [(300,)]


def test_a_torn_commit(parts: Metrics, make: Callable[..., Metrics], folder: Path) -> None:
    """A commit that is no JSON is named."""
    (folder / "calls" / "_delta_log" / f"{4:020}.json").write_bytes(b'{"add": {"pa')
    with pytest.raises(MetricsError, match="commit log"):
        make().sql("SELECT 1 FROM calls")
    assert kinds(diagnose(make().store)) == ["damaged-log"]
    assert parts.status().files == 6


def test_foreign_files_and_leftovers(parts: Metrics, folder: Path) -> None:
    """Foreign files are named and left; what a killed process left uncommitted is set aside."""
    (folder / "wal" / "notes.txt").write_text("hello")
    (folder / "calls" / "notes.txt").write_text("hello")
    leftover = folder / "calls" / "part-left-over.zstd.parquet"
    shutil.copy(parts.store.table.uris()[0], leftover)
    assert sorted(kinds(diagnose(parts.store))) == ["foreign", "foreign"]
    old = time.time() - 7200
    os.utime(leftover, (old, old))
    found = diagnose(parts.store)
    assert sorted(kinds(found)) == ["foreign", "foreign", "orphan"]
    assert parts.sql("SELECT count(*) FROM calls") == [(300,)]
    assert settle(parts.store, found) == 1
    assert not leftover.exists()
    assert (folder / "quarantine" / leftover.name).exists()
    note = (folder / "quarantine" / "files.txt").read_text()
    assert f"{leftover.name}: in no commit; all of its 50 rows are in the store" in note
    assert parts.sql("SELECT count(*) FROM calls") == [(300,)]


def test_bad_lines_are_named(parts: Metrics, folder: Path) -> None:
    """The doctor names segments with lines that are no rows and torn ends."""
    (folder / "wal" / "other-host-1-aa.jsonl").write_bytes(b"rubbish\n{}\n{to")
    found = diagnose(parts.store)
    assert kinds(found) == ["bad-lines", "torn"]
    assert "2 of 2 lines are no rows; line 1: no JSON" in found[0].detail


def test_an_older_and_a_newer_table(
    make: Callable[..., Metrics], caplog: pytest.LogCaptureFixture
) -> None:
    """A table without one of our columns reads as empty there; unknown columns are reported."""
    import pyarrow as pa  # noqa: TID251 - plays the other release
    from deltalake import DeltaTable, write_deltalake  # noqa: TID251

    from promptreg.storage.schema import arrow_schema

    old = make()
    schema = arrow_schema()
    kept = [field for field in schema if field.name not in {"accuracy", "scores", "metadata"}]
    DeltaTable.create(old.store.table.location, schema=pa.schema(kept))
    record = {"ts": START.replace(tzinfo=None), "prompt": "a", "version": "1.0.0"}
    older = pa.Table.from_pylist([record], schema=pa.schema(kept))
    write_deltalake(old.store.table.location, older, mode="append")
    metrics = make()
    assert metrics.sql("SELECT accuracy, scores FROM calls") == [(None, None)]
    metrics.log(**row(accuracy=0.5, scores={"tone": 1.0}))
    metrics.close()
    metrics.store.seal()
    assert metrics.sql("SELECT count(*), count(accuracy) FROM calls") == [(2, 1)]
    newer = pa.schema([*kept, pa.field("from_the_future", pa.string())])
    table = pa.Table.from_pylist([record | {"from_the_future": "x"}], schema=newer)
    write_deltalake(old.store.table.location, table, mode="append", schema_mode="merge")
    metrics.log(**row(accuracy=0.5))
    metrics.close()
    metrics.store.seal()
    assert metrics.sql("SELECT count(*), count(accuracy) FROM calls") == [(4, 2)]
    assert metrics.status().unknown_columns == ("from_the_future",)
    assert caplog.text.count("a newer promptreg wrote the columns from_the_future") == 1
    assert kinds(diagnose(metrics.store)) == ["newer-release"]
    with pytest.raises(MetricsError, match="would drop the columns from_the_future"):
        metrics.compact()
    values = DeltaTable(old.store.table.location).to_pyarrow_table()["from_the_future"].to_pylist()
    assert sorted(values, key=str) == [None, None, None, "x"]
