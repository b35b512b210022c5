"""Spark sessions: a local one in this process, or one of a Spark Connect server."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    from promptreg.config import SparkConfig

__all__ = ["open_session", "quiet", "require_spark", "spark_errors"]

_PORT = 15002
_SHARE_OF_MEMORY = 0.5
_WAIT = 10.0
_starting = threading.Lock()
_SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # Otherwise a query could read variables of the server by ${env:NAME}, and any file by its path.
    "spark.sql.variable.substitute": "false",
    "spark.sql.runSQLOnFiles": "false",
}
"""What every answer depends on, so that no cluster's defaults change it."""


def open_session(config: SparkConfig) -> SparkSession:
    """Open a session of its own, which shares neither settings nor views with any other.

    Args:
        config: The `[spark]` table.

    Raises:
        ConfigError: Spark does not start, or the server cannot be reached.
    """
    with quiet():
        try:
            session = _remote(config) if config.is_remote else _local(config)
            for name, value in (_session_options(config) | _SESSION).items():
                session.conf.set(name, value)
        except spark_errors() as error:
            reason = str(error).strip().splitlines()[0][:300]
            raise ConfigError(
                f"Spark at {config.url} cannot be had: {reason}", fix="set url under [spark]"
            ) from error
    return session


def spark_errors() -> tuple[type[Exception], ...]:
    """Return what Spark's two clients raise."""
    import pyspark.errors

    found: list[type[Exception]] = [pyspark.errors.PySparkException]
    if find_spec("py4j") is not None:
        import py4j.protocol

        found.append(py4j.protocol.Py4JError)
    if find_spec("grpc") is not None:
        import grpc

        found.append(grpc.RpcError)
    return tuple(found)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Spark's own log of an error, and its advice about pandas, from a command's output."""
    logging.getLogger("SQLQueryContextLogger").disabled = True
    logging.getLogger("pyspark.sql.connect.logging").disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def require_spark(config: SparkConfig) -> None:
    """Refuse to go on without the packages of the extra, and without Java for a local Spark.

    Raises:
        ConfigError: One of them is not installed.
    """
    missing = [name for name in ("pyspark", "sqlglot") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"engine spark needs {' and '.join(missing)}",
            fix="pip install 'git-promptreg[metrics,spark]'",
        )
    if config.is_remote:
        if find_spec("grpc") is None:
            raise ConfigError(
                "Spark Connect needs grpcio", fix="pip install 'git-promptreg[metrics,spark]'"
            )
    elif _java() is None:
        raise ConfigError(
            "Spark in this process needs Java 17 or later",
            fix="install it (apt-get install default-jre-headless), or set url under [spark] to "
            "a Spark Connect server",
        )


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which(str(Path(home, "bin", "java"))) if home else shutil.which("java")


def _session_options(config: SparkConfig) -> dict[str, str]:
    """Return the options a session may set; those of the process are set when it starts."""
    return {k: v for k, v in config.options.items() if k.startswith("spark.sql.")}


def _remote(config: SparkConfig) -> SparkSession:
    from pyspark.sql.connect.session import SparkSession

    _reach(config.url)
    session = SparkSession.builder.remote(config.url).create()
    # A channel opens when it is first used: ask now, where the error can name the server.
    session.conf.get("spark.sql.ansi.enabled")
    return session


def _reach(url: str) -> None:
    """Fail at once where nobody listens: the client would try again for ten minutes."""
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or _PORT), _WAIT).close()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Spark Connect server answers at {url}: {error}", fix="set url under [spark]"
        ) from error


def _local(config: SparkConfig) -> SparkSession:
    """Return a new session of the process's Spark, which is started when there is none yet."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    with _starting:
        context = SparkContext._active_spark_context or _start(config)  # noqa: SLF001 - no other way
        return SparkSession(context).newSession()


def _start(config: SparkConfig) -> SparkContext:
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf(loadDefaults=False).setMaster(config.url).setAppName("promptreg")
    for name, value in (_process_options() | dict(config.options)).items():
        conf.set(name, value)
    with tempfile.TemporaryFile() as log:
        try:
            # Java's log would stand in the middle of a command's output.
            gateway = launch_gateway(conf, {"stdout": log, "stderr": log})
            return SparkContext(conf=conf, gateway=gateway)
        except PySparkRuntimeError as error:
            log.seek(0)
            raise ConfigError(_reason(log.read().decode("utf-8", "replace"))) from error


def _process_options() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": f"{int(memory * _SHARE_OF_MEMORY) >> 20}m",
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
        "spark.sql.warehouse.dir": f"{tempfile.gettempdir()}/promptreg-{os.getuid()}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _reason(log: str) -> str:
    lines = [line for line in log.splitlines() if "Error" in line or "Exception" in line]
    return f"Spark did not start: {lines[0].strip()[:300] if lines else 'Java ended'}"
