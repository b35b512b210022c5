"""A store on an S3 bucket: segments on the local disk, the table behind a real S3 protocol server.

The server is moto's. It cannot be installed beside this project's pinned packages, so it runs from
an environment of its own, which PROMPTREG_S3_SERVER names or which lies in the temporary folder.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from promptreg.errors import ConfigError, MetricsError
from promptreg.metrics import Filter, Metrics
from promptreg.storage.purge import purge
from promptreg.storage.segments import list_segments
from tests.metrics.conftest import row

_DEFAULT = Path(tempfile.gettempdir()) / "promptreg-bench" / "moto" / "bin" / "moto_server"
SERVER = Path(os.environ.get("PROMPTREG_S3_SERVER", _DEFAULT))
COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"

BucketMaker = Callable[[str], Metrics]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server with an empty bucket."""
    if not SERVER.exists():
        pytest.skip("no S3 server (moto_server) is here")
    words = [str(SERVER), "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Running on" in line)
        address = line.split("Running on")[1].split()[0]
        request = urllib.request.Request(f"{address}/bucket", method="PUT")
        urllib.request.urlopen(request).close()
        yield address
        server.terminate()
        server.stderr.close()


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path) -> BucketMaker:
    """Makes metrics on the bucket, each with the segments of a machine of its own."""
    options = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
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


def test_what_a_bucket_cannot(bucket: BucketMaker) -> None:
    """Purging says that it does not rewrite a bucket; compaction seals and does nothing else."""
    one = bucket("one")
    one.log(**row(unit="x"))
    one.close()
    report = one.compact()
    assert (report.sealed.rows, report.merged) == (1, 0)
    with pytest.raises(MetricsError, match="object store"):
        purge(one.store, Filter(unit="x"))


def test_an_unreachable_bucket(tmp_path: Path) -> None:
    """Logging goes on without the bucket; sealing fails with one line and keeps the segment."""
    options = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "max_retries": "0",
        "retry_timeout": "1s",
    }
    metrics = Metrics("s3://bucket/x", wal=tmp_path / "wal", storage_options=options)
    metrics.log(**row())
    with pytest.raises((MetricsError, OSError)):
        metrics.flush()
    assert len(list_segments(metrics.wal)) == 1


def test_segments_need_a_disk() -> None:
    """An object store without a local folder for segments is refused with the remedy."""
    with pytest.raises(ConfigError, match="local folder"):
        Metrics("s3://bucket/x")
