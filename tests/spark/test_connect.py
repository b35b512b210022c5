"""A Spark Connect server: Spark that somebody else started, as a team's cluster is."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptreg.config import SparkConfig
from promptreg.errors import ConfigError
from promptreg.metrics import Metrics
from promptreg.storage.spark_session import quiet
from tests.spark.conftest import PORT, free_port, lacking
from tests.spark.same import differences


@pytest.fixture(scope="module")
def server(spark: Metrics) -> str:
    """The address of a server with another time zone than the store's and other habits."""
    if missing := lacking("grpc"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    spark.query("SELECT 1 FROM calls LIMIT 1")
    url = f"sc://127.0.0.1:{PORT}"
    with quiet():
        from pyspark.sql.connect.session import SparkSession

        theirs = SparkSession.builder.remote(url).create()
        assert theirs.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
        theirs.stop()
    return url


def test_a_server_answers_as_duckdb_does(server: str, store: Path, duck: Metrics) -> None:
    """Sealed and live rows reach a server; its own time zone and habits change no answer."""
    there = Metrics(store, spark=SparkConfig(server))
    options = {"by": ("day", "model"), "scores": True}
    assert differences(duck.summary(**options), there.summary(**options)) == []
    query = "SELECT count(*), max(ts), 1 / min(cost) FROM calls"
    assert differences(duck.query(query).rows, there.query(query).rows) == []
    since = duck.rows("router", limit=3)[-1].ts
    assert there.rows("router", since=since, limit=3) == duck.rows("router", limit=3)
    there.close()
    assert there.query("SELECT count(*) FROM calls").rows == [(1320,)]
    there.close()


def test_rows_logged_meanwhile_are_seen(server: str, tmp_path: Path) -> None:
    """Every question sees what was acknowledged before it, without a new session."""
    metrics = Metrics(tmp_path / "metrics", spark=SparkConfig(server))
    question = "SELECT count(*) FROM calls"
    assert metrics.query(question).rows == [(0,)]
    for n in range(1, 3):
        metrics.log(prompt="a", version="1.0.0")
        assert metrics.query(question).rows == [(n,)]
    metrics.flush()
    assert metrics.query(question).rows == [(2,)]
    metrics.close()


@pytest.mark.usefixtures("java")
def test_no_server(tmp_path: Path) -> None:
    """An address where nobody answers is one line that names it."""
    url = f"sc://127.0.0.1:{free_port()}"
    metrics = Metrics(tmp_path, spark=SparkConfig(url))
    with pytest.raises(ConfigError, match="no Spark Connect server answers at sc://127") as caught:
        metrics.query("SELECT 1 FROM calls")
    assert len(str(caught.value).splitlines()) == 1
