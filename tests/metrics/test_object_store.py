"""A store on an S3 bucket: segments on the local disk, the table behind a real S3 protocol server.

The server is moto's. It cannot be installed beside this project's pinned packages, so it runs from
an environment of its own, which PROMPTREG_S3_SERVER names or which lies in the temporary folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from promptreg.errors import ConfigError, ConflictError, MetricsError
from promptreg.metrics import Filter, Metrics
from promptreg.storage.compact import compact
from promptreg.storage.doctor import diagnose, set_aside
from promptreg.storage.purge import purge
from promptreg.storage.rewrite import write_part
from promptreg.storage.segments import list_segments
from tests.kit import running
from tests.metrics.conftest import row

_DEFAULT = Path(tempfile.gettempdir()) / "promptreg-bench" / "moto" / "bin" / "moto_server"
SERVER = Path(os.environ.get("PROMPTREG_S3_SERVER", _DEFAULT))
COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"

BucketMaker = Callable[[str], Metrics]


def s3_options(endpoint: str) -> dict[str, str]:
    """Return what deltalake needs to reach the server."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server with an empty bucket."""
    if not SERVER.exists():
        pytest.skip("no S3 server (moto_server) is here")
    words = [str(SERVER), "-H", "127.0.0.1", "-p", "0"]
    with running(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as (server,):
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Running on" in line)
        address = line.split("Running on")[1].split()[0]
        request = urllib.request.Request(f"{address}/bucket", method="PUT")
        urllib.request.urlopen(request).close()
        # A line a request: a pipe that nobody reads would be full one day, and the server stand.
        drain = threading.Thread(target=server.stderr.read)
        drain.start()
        yield address
        server.terminate()
        drain.join()


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path) -> BucketMaker:
    """Makes metrics on the bucket, each with the segments of a machine of its own."""
    options = s3_options(endpoint)
    location = f"s3://bucket/{tmp_path.name}"

    def build(machine: str) -> Metrics:
        return Metrics(location, wal=tmp_path / machine / "wal", storage_options=options)

    return build


def test_rows_reach_the_bucket(bucket: BucketMaker) -> None:
    """A machine sees its own rows at once, others see them once they are sealed, each once."""
    one, two = bucket("one"), bucket("two")
    for number in range(20):
        one.log(**row(unit=f"one{number}", scores={"tone": 0.5}))
    assert one.sql(COUNT) == [(20, 20)]
    assert two.sql(COUNT) == [(0, 0)]
    assert one.flush() == 20
    assert list_segments(one.wal) == []
    assert one.sql(COUNT) == two.sql(COUNT) == [(20, 20)]
    two.log(**row(unit="two"))
    assert two.sql(COUNT) == [(21, 21)]
    assert two.flush() == 1
    (summary,) = one.summary(scores=True)
    assert (summary.calls, summary.scores["tone"].n) == (21, 20)
    assert summary.cost.mean == pytest.approx(0.002075)
    assert one.status().files == 2
    assert len(one.rows(unit="two")) == 1


def test_a_crash_between_commit_and_deletion(bucket: BucketMaker) -> None:
    """Also on a bucket a segment that was committed already is deleted and not counted again."""
    one = bucket("one")
    one.log_many(row(unit=str(number)) for number in range(10))
    one.close()
    (segment,) = list_segments(one.wal)
    content = segment.path.read_bytes()
    one.flush()
    segment.path.write_bytes(content)
    again = bucket("one")
    assert again.sql(COUNT) == [(10, 10)]
    assert again.flush() == 0
    assert again.sql(COUNT) == [(10, 10)]


def test_two_machines_seal_at_once(bucket: BucketMaker) -> None:
    """Commits from two machines with the same snapshot both arrive."""
    one, two = bucket("one"), bucket("two")
    for metrics, name in ((one, "one"), (two, "two")):
        metrics.log_many(row(unit=f"{name}{number}") for number in range(5))
        metrics.close()
        metrics.store.table.require()
    assert (one.flush(), two.flush()) == (5, 5)
    assert one.sql(COUNT) == [(10, 10)]


def test_queries_stay_locked_in(bucket: BucketMaker, tmp_path: Path) -> None:
    """Read-only SQL works on a bucket and still reaches no local file."""
    one = bucket("one")
    one.log(**row(unit="sealed"))
    one.flush()
    one.log(**row(unit="live"))
    assert one.query("SELECT unit FROM calls ORDER BY 1").rows == [("live",), ("sealed",)]
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(MetricsError, match="no files"):
        one.query(f"SELECT * FROM read_csv('{secret}')")


def fill(metrics: Metrics, name: str, parts: int = 3) -> None:
    """Seal so many files of ten rows each."""
    for part in range(parts):
        metrics.log_many(row(unit=f"{name}-{part}-{number}") for number in range(10))
        metrics.flush()


def files(metrics: Metrics) -> list[str]:
    """Return the Parquet files in the table's folder of the bucket, whoever names them."""
    metrics.store.table.refresh()
    return [e.name for e in metrics.store.table.place.listing() if e.name.endswith(".parquet")]


def test_compaction(bucket: BucketMaker) -> None:
    """Files of a bucket are merged into a sorted one; another machine's answers stay the same."""
    one, two = bucket("one"), bucket("two")
    fill(one, "a")
    before = two.sql("SELECT * FROM calls ORDER BY ALL")
    report = one.compact()
    assert (report.merged, report.rows) == (3, 30)
    assert (one.status().files, len(files(one))) == (1, 4)
    assert two.sql("SELECT * FROM calls ORDER BY ALL") == before
    assert compact(one.store, grace_hours=0).deleted == 3
    assert len(files(one)) == 1
    assert two.sql("SELECT * FROM calls ORDER BY ALL") == before
    assert list(one.wal.parent.rglob("*.parquet")) == []


def test_two_machines_compact_at_once(bucket: BucketMaker) -> None:
    """Whoever commits second is refused: no row of a bucket doubles."""
    one, two = bucket("one"), bucket("two")
    fill(one, "a")
    for metrics in (one, two):
        metrics.store.table.refresh()
    chosen = list(one.store.table.parts())
    first, second = write_part(one.store, chosen), write_part(two.store, chosen)
    assert first is not None
    assert second is not None
    one.store.table.replace(chosen, [first.action], changes_data=False)
    with pytest.raises(ConflictError, match="rewrote the same files"):
        two.store.table.replace(chosen, [second.action], changes_data=False)
    assert bucket("three").sql(COUNT) == [(30, 30)]


def test_purging(bucket: BucketMaker) -> None:
    """Purged rows leave the bucket, its old files and this machine's segments and quarantine."""
    one, two = bucket("one"), bucket("two")
    fill(one, "a")
    one.compact()
    one.log(**row(unit="a-0-0"))
    one.close()
    one.store.quarantine.mkdir(parents=True)
    broken = {"segment": "s", "line": 1, "reason": "r", "text": '{"unit":"a-0-0"'}
    (one.store.quarantine / "s.jsonl").write_text(json.dumps(broken) + "\n")
    assert two.sql(COUNT) == [(30, 30)]
    planned = purge(one.store, Filter(unit="a-0-0"), dry_run=True)
    assert (planned.rows + planned.held, planned.quarantined) == (2, 1)
    assert two.sql(COUNT) == [(30, 30)]
    report = purge(one.store, Filter(unit="a-0-0"))
    assert (report.rows, report.held, report.quarantined) == (2, 0, 1)
    # The reader whose files went away meanwhile looks again.
    assert two.sql(COUNT) == one.sql(COUNT) == [(29, 29)]
    assert len(files(one)) == 1
    assert not list(one.store.quarantine.iterdir())


def test_a_damaged_file(bucket: BucketMaker) -> None:
    """The doctor reads a bucket's files, sets the damaged one aside on the local disk."""
    one = bucket("one")
    fill(one, "a")
    assert diagnose(one.store) == []
    place, victim = one.store.table.place, one.store.table.parts()[1].path
    local = place.fetch(victim, one.wal.parent)
    local.write_bytes(b"\x55" * 600 + local.read_bytes()[600:])
    place.put(local, victim)
    (found,) = diagnose(bucket("two").store)
    assert (found.kind, found.path.rpartition("/")[2]) == ("damaged-part", victim)
    assert set_aside(one.store, [found]) == 1
    assert (one.store.quarantine / victim).exists()
    assert bucket("two").sql(COUNT) == [(20, 20)]
    assert diagnose(one.store) == []


def test_a_missing_commit(bucket: BucketMaker) -> None:
    """A commit deleted from a bucket is named, and nothing is answered without it."""
    one = bucket("one")
    fill(one, "a")
    one.store.table.place.remove(f"_delta_log/{2:020}.json")
    other = bucket("two")
    with pytest.raises(MetricsError, match="a commit is missing"):
        other.sql(COUNT)
    (found,) = diagnose(other.store)
    assert (found.kind, found.path[-25:]) == ("damaged-log", f"{2:020}.json")


def test_status(bucket: BucketMaker) -> None:
    """The status of a bucket counts its files, and what this machine has not shipped yet."""
    one = bucket("one")
    fill(one, "a", 2)
    one.log(**row(unit="late", ts="2026-02-03 04:05:06.000007"))
    status = one.status()
    assert (status.files, status.rows, status.unsealed_rows, status.to_merge) == (2, 20, 1, 2)
    assert status.oldest_row == datetime(2026, 2, 3, 4, 5, 6, 7)  # noqa: DTZ001 - naive UTC


SEALER = """
import os, sys, time
from pathlib import Path
from promptreg.errors import ConflictError
from promptreg.metrics import Metrics
from promptreg.storage.compact import compact
location, wal, *options = sys.argv[1:]
metrics = Metrics(location, wal=Path(wal), storage_options=dict(o.split("=", 1) for o in options))
print("ready", flush=True)
while True:
    try:
        compact(metrics.store, grace_hours=1)
    except ConflictError:
        pass
"""


@pytest.mark.slow
def test_sealers_killed_at_random(bucket: BucketMaker, endpoint: str) -> None:
    """Two sealers of one machine, killed at random moments, bring each row to the bucket once."""
    one = bucket("one")
    options = [f"{name}={value}" for name, value in s3_options(endpoint).items()]
    words = [sys.executable, "-c", SEALER, str(one.location), str(one.wal), *options]
    dice = random.Random(7)

    with contextlib.ExitStack() as hired:

        def hire() -> subprocess.Popen[str]:
            (sealer,) = hired.enter_context(running(words))
            assert sealer.stdout is not None
            assert sealer.stdout.readline() == "ready\n"
            return sealer

        sealers = [hire(), hire()]
        logged = 0
        for _ in range(14):
            for _ in range(3):
                one.log_many(row(unit=str(number)) for number in range(logged, logged + 20))
                logged += 20
                one.close()
            victim = sealers.pop(dice.randrange(2))
            # At any moment of its way through claiming, decoding, upload, commit and deletion.
            with contextlib.suppress(subprocess.TimeoutExpired):
                victim.wait(dice.random() * 0.4)
            victim.kill()
            victim.wait()
            sealers.append(hire())
            ((rows, units),) = one.sql(COUNT)
            assert rows == units == logged
    compact(one.store, full=True, grace_hours=0)
    assert one.sql(COUNT) == [(logged, logged)]
    assert list_segments(one.wal) == []
    assert bucket("two").sql(COUNT) == [(logged, logged)]


def test_an_unreachable_bucket(tmp_path: Path) -> None:
    """Logging goes on without the bucket; sealing fails with one line and keeps the segment."""
    options = s3_options("http://127.0.0.1:9") | {"max_retries": "0", "retry_timeout": "1s"}
    metrics = Metrics("s3://bucket/x", wal=tmp_path / "wal", storage_options=options)
    metrics.log(**row())
    with pytest.raises((MetricsError, OSError)):
        metrics.flush()
    assert len(list_segments(metrics.wal)) == 1


def test_segments_need_a_disk() -> None:
    """An object store without a local folder for segments is refused with the remedy."""
    with pytest.raises(ConfigError, match="local folder"):
        Metrics("s3://bucket/x")
