"""Every query that the package asks an engine stays within what Spark understands alike."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from promptreg.abtest import ABTest
from promptreg.abtest.source import StoredArms, models_of
from promptreg.config import Config
from promptreg.gate import judge
from promptreg.metrics import Metrics
from promptreg.metrics.summary import Rename
from promptreg.monitor import PerformanceMonitor
from promptreg.monitor.looking import prompts_with_rows
from promptreg.operations.witnesses import compare_metrics
from promptreg.registry import Registry
from promptreg.report.asking import Scope
from promptreg.report.figures import read_totals
from promptreg.report.measures import measure
from promptreg.stats.metrics import metric_named
from promptreg.storage.engines import DuckEngine
from tests.kit import CommandRepo
from tests.spark.test_answers import CHANGE, SINCE
from tests.spark.world import NOW

pytest.importorskip("sqlglot", reason="sqlglot is not installed")

from promptreg.storage.spark_sql import translate

PACKAGE = Path(__file__).resolve().parents[2] / "promptreg"
# Upkeep is DuckDB's on the machine that does it, whichever engine answers questions.
UPKEEP = {f"storage/{name}.py" for name in ("engine", "purge", "rewrite", "share", "status")} | {
    "storage/doctor.py",
    "storage/query.py",
    "storage/transfer.py",
    "storage/store.py",
}
SEAM = {f"storage/{name}.py" for name in ("engines", "spark")} | {"metrics/facade.py"}
TRANSLATOR = {"storage/spark_sql.py", "storage/spark_subset.py"}


@dataclass
class Recorder:
    """DuckDB that also translates whatever it is asked, and notes who asked."""

    duck: DuckEngine
    asked: set[str] = field(default_factory=set)
    kept: list[str] = field(default_factory=list)

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer, after the query has proved to be portable."""
        self._note(query, parameters)
        return self.duck.sql(query, parameters)

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """Answer, after the query has proved to be portable."""
        self._note(query, parameters)
        return self.duck.arrow(query, parameters)

    def _note(self, query: str, parameters: Sequence[Any]) -> None:
        """Note who asked, after the query has proved to be portable."""
        translate(query, parameters, self.kept)
        frame = sys._getframe(2)
        while frame.f_back is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(PACKAGE) and str(path.relative_to(PACKAGE)) not in SEAM:
                self.asked.add(f"{path.relative_to(PACKAGE)}: {frame.f_code.co_name}")
                break
            frame = frame.f_back

    def select(self, query: str) -> Any:
        """Answer anybody's query."""
        return self.duck.select(query)

    def pin(self) -> AbstractContextManager[object]:
        """Answer from one snapshot."""
        return self.duck.pin()

    @contextmanager
    def keep(self, name: str, query: str, parameters: Sequence[Any] = ()) -> Iterator[Recorder]:
        """Keep an answer, after its query has proved to be portable."""
        translate(query, parameters, self.kept)
        with self.duck.keep(name, query, parameters):
            self.kept.append(name)
            yield self
            self.kept.remove(name)

    def close(self) -> None:
        """Free nothing: the store belongs to another."""


def askers() -> set[str]:
    """Return the functions of the package that hand a query to an engine or a store."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name in UPKEEP | SEAM | TRANSLATOR:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
            if any(isinstance(f, ast.Attribute) and f.attr in {"sql", "arrow"} for f in calls):
                found.add(f"{name}: {node.name}")
    return found


def ask_everything(metrics: Metrics, repo: CommandRepo) -> None:
    """Ask whatever the package can ask."""
    metrics.summary(by=("day", "model"), scores=True, since=SINCE, evaluations=False)
    metrics.summary(by=(), scores=True, percentiles=("cost",))
    metrics.rows("router", limit=2)
    gate = ("tone:-10%", "latency.p95:<=2s", "quality:>=0.5")
    judge(metrics, [CHANGE], Config(), overrides=gate, today=date(2026, 7, 1))
    for options in ({}, {"experiment": "tone"}, {"suite": "nightly"}):
        names = ("cold", "warm") if "experiment" in options else ("1.0.0", "1.1.0")
        ABTest("summarizer", *names, store=metrics, **options).get_result()
        arms = StoredArms(metrics, "summarizer", names, **options)
        arms.observations(metric_named("tone"), 5)
        arms.histograms(metric_named("cost"))
        arms.counted()
        arms.scores()
        models_of(arms)
    monitor = PerformanceMonitor(metrics, Config(gate={"": {"cost": "<=0.01/day"}}))
    for name in prompts_with_rows(metrics, "production"):
        monitor.check(name, now=NOW)
    for since in (None, SINCE):
        aliases = (("router", "2.0.0", "e" * 64),)
        shared = (("summarizer", "b" * 64),)
        renames = (Rename("router", "former", ("2.0.0",)),)
        measure(metrics, Scope(("summarizer", "router"), since, "USD", aliases, shared, renames))
        read_totals(metrics, ["summarizer", "router"], since, renames)
    with Registry(repo.path) as registry:
        registry.__dict__["metrics"] = metrics
        compare_metrics(registry, {}, only=False)


def test_every_query_is_portable(store: Path, repo: CommandRepo) -> None:
    """Each function that asks an engine was seen asking, and what it asked can be translated."""
    repo.write("prompts/a.yaml", "messages: [{role: user, content: x}]\n")
    repo.commit()
    metrics = Metrics(store)
    recorder = Recorder(DuckEngine(metrics.store))
    metrics._engine = recorder
    ask_everything(metrics, repo)
    assert len(askers()) >= 10
    assert askers() - recorder.asked == set()
    metrics.close()


def test_the_files_of_sql_are_complete() -> None:
    """No file of SQL lies where the tests above do not look."""
    files = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.sql")}
    assert files == {f"storage/sql/{name}.sql" for name in ("figures", "scores", "summary")}
