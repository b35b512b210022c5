"""One store and one local Spark for all tests here; both engines read the same files."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from promptreg.config import SparkConfig
from promptreg.metrics import Metrics
from tests.spark import world


def free_port() -> int:
    """Return a port of the loopback that nobody listens on.

    It takes long until Spark listens there: a port that the system gives to whoever asks for any
    might by then be that of another test.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("no port is free")


# The simplest compiler and collector: a test asks small questions once.
OPTIONS = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "700m",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
PORT = free_port()
# The same Spark serves those who come over the network: another would take 20 s to get as warm.
SERVER = {
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": str(PORT),
    # A cluster's own habits, none of which may change an answer.
    "spark.sql.session.timeZone": "Asia/Tokyo",
    "spark.sql.ansi.enabled": "false",
}
LOCAL = SparkConfig("local[2]", None, OPTIONS | SERVER)


def lacking(*modules: str) -> list[str]:
    """Return what is not here of Java and some packages."""
    found = [name for name in modules if find_spec(name) is None]
    return found if shutil.which("java") else [*found, "java"]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store; its last rows stay unsealed because their writer lives."""
    folder = tmp_path_factory.mktemp("spark") / "metrics"
    writer = world.build(folder)
    yield folder
    writer.close()


@pytest.fixture(scope="session")
def duck(store: Path) -> Iterator[Metrics]:
    """The store, asked by DuckDB."""
    metrics = Metrics(store)
    yield metrics
    metrics.close()


@pytest.fixture(scope="session")
def java() -> None:
    """Skip where Java or PySpark is not installed."""
    if missing := lacking("pyspark", "sqlglot"):
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="session")
def spark(java: None, store: Path) -> Iterator[Metrics]:
    """The store, asked by a Spark that this process started."""
    metrics = Metrics(store, spark=LOCAL)
    yield metrics
    metrics.close()
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        context.stop()
