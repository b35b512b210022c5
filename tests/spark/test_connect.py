"""A Spark Connect server: Spark in another process, as a team's cluster is."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptreg.config import SparkConfig
from promptreg.errors import ConfigError
from promptreg.metrics import Metrics
from tests.spark.conftest import OPTIONS, lacking
from tests.spark.same import differences

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that this test started."""
    if missing := lacking("pyspark", "sqlglot", "grpc"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    import pyspark

    port = free_port()
    folder = tmp_path_factory.mktemp("server")
    options = OPTIONS | {
        "spark.master": "local[1]",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder),
        # A cluster's own habits, none of which may change an answer.
        "spark.sql.session.timeZone": "Asia/Tokyo",
        "spark.sql.ansi.enabled": "false",
    }
    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--class", SERVER]
    for name, value in options.items():
        command += ["--conf", f"{name}={value}"]
    process = subprocess.Popen(
        [*command, "spark-internal"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
    )
    log = []
    assert process.stderr is not None
    for line in process.stderr:
        log.append(line)
        if "Spark Connect server started" in line:
            break
    else:
        pytest.fail("".join(log[-20:]))
    # Whatever else it says must not fill the pipe.
    rest = threading.Thread(target=process.stderr.read)
    rest.start()
    yield f"sc://127.0.0.1:{port}"
    process.terminate()
    process.wait()
    rest.join()
    process.stderr.close()


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
