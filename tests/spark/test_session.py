"""The session: what is missing is said in a line, and nothing of anybody else's is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from promptreg.config import SparkConfig
from promptreg.errors import ConfigError, MetricsError
from promptreg.metrics import Metrics
from promptreg.storage.spark import spark_location
from tests.kit import CommandRepo
from tests.spark.conftest import LOCAL, OPTIONS
from tests.spark.same import differences

WITHOUT = """
import sys
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == {name!r} else find(name, *rest)
from promptreg.cli import main
sys.argv = ["promptreg", "metrics", "summary"]
main()
"""


@pytest.fixture
def folder(repo: CommandRepo) -> CommandRepo:
    """A repository with one call that asks Spark."""
    options = "".join(
        f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in OPTIONS.items()
    )
    settings = f'engine = "spark"\n[spark]\nurl = "local[2]"\n[spark.options]\n{options}'
    repo.write("promptreg.toml", settings)
    metrics = Metrics(repo.path / ".promptreg" / "metrics")
    metrics.log(prompt="a", version="1.0.0", latency_ms=12.5)
    metrics.close()
    return repo


@pytest.mark.parametrize("name", ["pyspark", "sqlglot"])
def test_a_missing_package(folder: CommandRepo, name: str) -> None:
    """Without a package of the extra a command says what to install, in one line."""
    result = folder.process(sys.executable, "-c", WITHOUT.format(name=name))
    assert result.code == 2
    assert name in result.err.splitlines()[0]
    assert "pip install 'git-promptreg[metrics,spark]'" in result.err
    assert "Traceback" not in result.err


def test_no_java(folder: CommandRepo, java: None) -> None:
    """Without Java a command says so and what else could be done."""
    folder.environment["JAVA_HOME"] = str(folder.path / "nowhere")
    result = folder.process(sys.executable, "-m", "promptreg", "metrics", "summary")
    assert result.code == 2
    assert "needs Java 17" in result.err
    assert "Spark Connect" in result.err


def test_java_that_fails(folder: CommandRepo, java: None) -> None:
    """What Java says when Spark cannot start is shown."""
    folder.write("bin/java", "#!/bin/sh\necho 'Error: no such jdk' >&2\nexit 1\n").chmod(0o755)
    folder.environment["JAVA_HOME"] = str(folder.path)
    result = folder.process(sys.executable, "-m", "promptreg", "metrics", "summary")
    assert result.code == 2
    assert "Spark did not start: Error: no such jdk" in result.err


def test_a_command_as_a_process(folder: CommandRepo, java: None) -> None:
    """A whole command on Spark prints what DuckDB's prints, and nothing of Spark's own log."""
    words = [sys.executable, "-m", "promptreg", "metrics", "summary"]
    found = folder.process(*words)
    folder.environment["PROMPTREG_ENGINE"] = "duckdb"
    assert found == folder.process(*words)
    assert found.err == ""


def test_a_session_of_ones_own(spark: Metrics) -> None:
    """An application's own Spark session keeps its settings and its tables."""
    from pyspark.sql import SparkSession

    spark.query("SELECT 1 FROM calls LIMIT 1")
    theirs = SparkSession.builder.getOrCreate()
    assert theirs.conf.get("spark.sql.variable.substitute") == "true"
    assert theirs.conf.get("spark.sql.timestampType") == "TIMESTAMP_LTZ"
    assert not theirs.catalog.tableExists("calls")


def test_a_kept_answer_is_of_its_block(spark: Metrics) -> None:
    """Only the queries of a block may read what is kept, and anybody's query never does."""
    with spark.keep("own", "SELECT model FROM calls WHERE prompt = ?", ["router"]) as kept:
        ((found,),) = kept.sql("SELECT count(*) FROM own")
        assert found > 0
        with pytest.raises(MetricsError, match="there is no own"):
            spark.query("SELECT * FROM own")
    with pytest.raises(MetricsError, match="there is no own"):
        spark.sql("SELECT * FROM own")


def test_files_that_are_gone(java: None, tmp_path: Path) -> None:
    """A file that a purge deleted since the view was made is noticed; a lost one is named."""
    metrics = Metrics(tmp_path / "metrics", spark=LOCAL)
    for prompt in ("a", "b"):
        metrics.log(prompt=prompt, version="1.0.0")
        metrics.flush()
    count = "SELECT count(*) FROM calls"
    assert metrics.query(count).rows == [(2,)]
    with metrics.engine.pin():
        other = Metrics(tmp_path / "metrics")
        from promptreg.metrics.summary import Filter
        from promptreg.storage.purge import purge

        assert purge(other.store, Filter(prompt="a")).rows == 1
        assert metrics.query("SELECT prompt FROM calls").rows == [("b",)]
    (part,) = metrics.store.table.uris()
    Path(part).write_bytes(b"PAR1 no more")
    with pytest.raises(MetricsError, match="a file of the metrics table cannot be read"):
        metrics.query("SELECT max(prompt) FROM calls")
    metrics.close()


def test_a_folder_with_spaces_and_umlauts(java: None, tmp_path: Path) -> None:
    """Sealed rows are found whatever the store's folder is called."""
    folder = tmp_path / "Mëßwerte ü x"
    metrics = Metrics(folder, spark=LOCAL)
    metrics.log(prompt="a", version="1.0.0")
    metrics.flush()
    assert metrics.query("SELECT prompt FROM calls").rows == [("a",)]
    assert Metrics(folder).query("SELECT prompt FROM calls").rows == [("a",)]
    metrics.close()


def test_columns_that_a_file_lacks(java: None, tmp_path: Path) -> None:
    """A table that an older release wrote reads as nulls where it has no column."""
    import pyarrow as pa
    from deltalake import write_deltalake

    from promptreg.storage.schema import arrow_schema

    old = pa.schema([f for f in arrow_schema() if f.name in {"ts", "prompt", "version", "cost"}])
    rows = pa.table({name: [None] for name in old.names}, schema=old)
    write_deltalake(str(tmp_path / "metrics" / "calls"), rows)
    answers: list[Any] = []
    for spark in (None, LOCAL):
        metrics = Metrics(tmp_path / "metrics", spark=spark)
        metrics.log(prompt="a", version="1.0.0", latency_ms=1.5, scores={"x": 1.0})
        answers.append(metrics.query("SELECT * EXCLUDE (ts) FROM calls ORDER BY prompt").rows)
        metrics.flush()
        metrics.close()
    assert differences(answers[0][0], answers[1][0]) == []
    assert answers[1][-1] == answers[0][-1]


@pytest.mark.parametrize(
    ("file", "table", "store", "expected"),
    [
        ("/data/calls/a.parquet", "/data/calls", None, "file:///data/calls/a.parquet"),
        ("s3://b/m/calls/a.parquet", "s3://b/m/calls", None, "s3a://b/m/calls/a.parquet"),
        ("gs://b/calls/a.parquet", "gs://b/calls", None, "gs://b/calls/a.parquet"),
        ("/data/calls/a.parquet", "/data/calls", "/mnt/m/", "/mnt/m/calls/a.parquet"),
        (
            "az://c/m/calls/a.parquet",
            "az://c/m/calls",
            "abfss://c@account.dfs.core.windows.net/m",
            "abfss://c@account.dfs.core.windows.net/m/calls/a.parquet",
        ),
    ],
)
def test_where_spark_finds_a_file(file: str, table: str, store: str | None, expected: str) -> None:
    """Object stores have other names in Spark; a cluster may see the store elsewhere."""
    assert spark_location(file, table, store) == expected


def test_a_place_that_spark_cannot_name() -> None:
    """An address without a counterpart asks for one."""
    with pytest.raises(MetricsError, match="set store under"):
        spark_location("az://c/calls/a.parquet", "az://c/calls", None)


def test_no_import_before_a_question() -> None:
    """Making and logging to a store with Spark behind it imports none of Spark."""
    code = (
        "import sys; from promptreg.metrics import Metrics; from promptreg.config import "
        "SparkConfig; Metrics('/tmp/none', spark=SparkConfig()); "
        "print([m for m in ('pyspark', 'sqlglot', 'grpc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_wrong_master(tmp_path: Path) -> None:
    """Spark is configured by a table with three keys."""
    from promptreg.config import load_config

    (tmp_path / "promptreg.toml").write_text('[spark]\nulr = "x"\n')
    with pytest.raises(ConfigError, match="unknown key 'ulr'"):
        load_config(tmp_path, {})
    (tmp_path / "promptreg.toml").write_text(
        'engine = "spark"\n[spark]\nstore = "s3a://b/m"\n[spark.options]\n'
        '"spark.executor.cores" = 2\n"spark.sql.adaptive.enabled" = false\n'
    )
    config = load_config(tmp_path, {"PROMPTREG_SPARK": "sc://one:15002"})
    assert config.engine == "spark"
    assert config.spark == SparkConfig("sc://one:15002")
    options = {"spark.executor.cores": "2", "spark.sql.adaptive.enabled": "false"}
    assert load_config(tmp_path, {}).spark == SparkConfig("local[*]", "s3a://b/m", options)
