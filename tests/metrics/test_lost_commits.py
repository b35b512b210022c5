"""A newest commit that was deleted, and files that no commit names: noticed, kept, given back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from promptreg.errors import MetricsError
from promptreg.metrics import Filter, Metrics
from promptreg.storage.doctor import diagnose, settle
from promptreg.storage.purge import purge
from promptreg.storage.transfer import import_rows
from tests.metrics.conftest import row

COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"


@pytest.fixture
def sealed(metrics: Metrics) -> Metrics:
    """A store of three sealed files of ten rows."""
    for part in range(3):
        metrics.log_many(row(unit=f"{part}-{number}") for number in range(10))
        metrics.close()
        metrics.store.seal()
    return metrics


def newest(folder: Path) -> Path:
    """Return the newest commit's file."""
    return max((folder / "calls" / "_delta_log").glob("*.json"))


def age(*paths: Path) -> None:
    """Make files two hours old: a younger one may be on its way into a commit."""
    for path in paths:
        os.utime(path, (time.time() - 7200,) * 2)


def test_a_lost_newest_commit(sealed: Metrics, make: Callable[..., Metrics], folder: Path) -> None:
    """Nobody answers or seals without the newest commit; restoring its file heals everything."""
    log = newest(folder)
    kept = log.read_bytes()
    log.unlink()
    victim = make()
    victim.log(**row(unit="later"))
    for act in (lambda: victim.sql(COUNT), victim.flush, lambda: sealed.sql(COUNT)):
        with pytest.raises(MetricsError, match=f"but commit {int(log.stem)} was written"):
            act()
    (found,) = [c for c in diagnose(make().store) if c.is_serious]
    assert (found.kind, Path(found.path)) == ("lost-commit", log)
    log.write_bytes(kept)
    assert make().sql(COUNT) == sealed.sql(COUNT) == [(31, 31)]
    assert diagnose(make().store) == []


def test_giving_a_commit_up(sealed: Metrics, make: Callable[..., Metrics], folder: Path) -> None:
    """Rows of a commit that is given up are found in its file, kept, and can be imported again."""
    newest(folder).unlink()
    age(*(folder / "calls").glob("*.parquet"))
    healer = make()
    healer.store.table.forget()
    assert healer.sql(COUNT) == [(20, 20)]
    (found,) = diagnose(healer.store)
    assert (found.kind, found.is_serious) == ("lost-rows", True)
    assert "10 of its 10 rows are in no answer" in found.detail
    assert settle(healer.store, [found]) == 1
    assert diagnose(healer.store) == []
    aside = folder / "quarantine" / str(found.name)
    assert found.detail in (folder / "quarantine" / "files.txt").read_text()
    assert import_rows(healer.store, aside, "parquet") == 10
    assert make().sql(COUNT) == [(30, 30)]


def test_a_table_deleted_on_purpose(
    sealed: Metrics, make: Callable[..., Metrics], folder: Path
) -> None:
    """Who deletes the whole table begins a new one; the mark of the old one stands in no way."""
    shutil.rmtree(folder / "calls")
    fresh = make()
    assert fresh.sql(COUNT) == [(0, 0)]
    fresh.log(**row(unit="new"))
    assert fresh.flush() == 1
    assert make().sql(COUNT) == [(1, 1)]


def test_a_store_without_a_mark(
    sealed: Metrics, make: Callable[..., Metrics], folder: Path
) -> None:
    """A store that was written before there were marks reads as ever; the left-over file tells."""
    (folder / "newest-commit").unlink()
    newest(folder).unlink()
    age(*(folder / "calls").glob("*.parquet"))
    other = make()
    assert other.sql(COUNT) == [(20, 20)]
    assert [c.kind for c in diagnose(other.store)] == ["lost-rows"]


def test_what_a_killed_sealer_left(
    sealed: Metrics, make: Callable[..., Metrics], folder: Path
) -> None:
    """A file whose rows are all in the table or in a segment is a left-over and no loss."""
    sealed.log_many(row(unit=f"open-{number}") for number in range(10))
    rows = sealed.store.arrow("SELECT * FROM calls WHERE unit LIKE 'open-%'")
    left = folder / "calls" / "part-00000-left-c000.zstd.parquet"
    import pyarrow.parquet as pq  # noqa: TID251 - plays the killed sealer

    pq.write_table(rows, left)
    age(left)
    (found,) = diagnose(make().store)
    assert (found.kind, found.is_serious) == ("orphan", False)
    assert "all of its 10 rows are in the store" in found.detail


def test_a_purge_searches_left_overs(
    sealed: Metrics, make: Callable[..., Metrics], folder: Path
) -> None:
    """Rows that only a left-over file has are purged too, its other rows stay in quarantine."""
    left = folder / "calls" / "part-00000-left-c000.zstd.parquet"
    shutil.copy(sealed.store.table.uris()[0], left)
    age(left)
    unit = sealed.sql("SELECT unit FROM calls LIMIT 1")[0][0]
    report = purge(sealed.store, Filter(unit=unit))
    purge(sealed.store, Filter(unit=unit))
    assert report.rows == 1
    assert sealed.sql(COUNT) == [(29, 29)]
    import pyarrow.parquet as pq  # noqa: TID251 - reads what is left

    (aside,) = (folder / "quarantine").glob("*.parquet")
    assert unit not in pq.read_table(aside)["unit"].to_pylist()
    assert not left.exists()


def test_a_purge_names_what_it_cannot_search(sealed: Metrics) -> None:
    """A damaged file in quarantine may hold purged rows: the report names it."""
    sealed.store.quarantine.mkdir()
    damaged = sealed.store.quarantine / "part-x.zstd.parquet"
    damaged.write_bytes(b"PAR1 no more")
    assert purge(sealed.store, Filter(unit="0-0"), dry_run=True).unreadable == (str(damaged),)


def test_a_lost_commit_with_a_checkpoint(
    sealed: Metrics, make: Callable[..., Metrics], folder: Path
) -> None:
    """A checkpoint has all rows of a deleted newest commit; the doctor lets sealing go on."""
    sealed.compact()
    newest(folder).unlink()
    victim = make()
    victim.log(**row(unit="later"))
    assert victim.sql(COUNT) == [(31, 31)]
    with pytest.raises(MetricsError, match="cannot write to"):
        victim.flush()
    with pytest.raises(MetricsError, match="cannot write to"):
        purge(victim.store, Filter(prompt="summarizer"))
    assert victim.sql(COUNT) == [(31, 31)]
    (found,) = diagnose(make().store)
    assert (found.kind, found.is_serious) == ("lost-commit", True)
    healer = make()
    healer.store.table.forget()
    assert diagnose(healer.store) == []
    assert healer.flush() == 1
    assert make().sql(COUNT) == [(31, 31)]
    assert purge(make().store, Filter(unit="later")).rows == 1
    assert make().sql(COUNT) == [(30, 30)]
