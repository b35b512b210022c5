"""How a report is built in several processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.calls import add_calls
from benchmarks.repositories import Shape, build_registry
from promptreg.registry import Registry
from promptreg.report import workers
from promptreg.report.building import build_json, build_page
from promptreg.report.data import Options
from promptreg.report.html import Page
from promptreg.report.memory import Memory
from tests.kit import running


def _text(page: Page) -> str:
    return "".join(page.parts())


def _json(registry: Registry) -> str:
    return "".join(build_json(registry, Options()))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five prompts of four versions, with calls."""
    root = build_registry(tmp_path_factory.mktemp("building") / "registry", Shape(5, 4))
    add_calls(root, 40)
    return root


def test_processes_build_the_same_report(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other processes read, judged and packed makes page and JSON, byte for byte."""
    memory = Memory()
    with Registry(registry) as opened:
        alone = _text(build_page(opened, Options(), memory=memory))
        json_alone = _json(opened)
    monkeypatch.setattr(workers, "WORTHWHILE_VERSIONS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with Registry(registry) as opened:
        assert _text(build_page(opened, Options())) == alone
        assert _json(opened) == json_alone
        with monkeypatch.context() as without:
            # What one process remembers needs no others.
            without.delattr(workers, "Workers")
            assert _text(build_page(opened, Options(), memory=memory)) == alone


# Is ended, as CI ends all processes of a job, when the third of five prompts comes.
_CANCELLED = """
import os, signal
from promptreg.cli import main
from promptreg.report import data, workers

workers.WORTHWHILE_VERSIONS = 1
os.sched_getaffinity = lambda _: {0, 1}
step = data.Collector._step

def cancelled(collector):
    step(collector)
    if collector._steps == 8:
        os.killpg(0, signal.SIGTERM)
        while True:
            pass

data.Collector._step = cancelled
main(["report", "--format", "json", "-o", "report.json"])
"""


def test_a_cancelled_job_keeps_what_it_finished(registry: Path) -> None:
    """SIGTERM to all its processes ends them all, and what was finished is there for the next."""
    cache = registry / ".git/promptreg/report"
    assert not cache.exists()
    command = [sys.executable, "-c", _CANCELLED]
    options = {"cwd": registry, "start_new_session": True, "stderr": subprocess.PIPE}
    with running(command, **options) as (process,):
        _, err = process.communicate()
    assert (process.returncode, err) == (143, "")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert len([*cache.iterdir()]) == 2
    assert not [*registry.glob("*report*")]
    shutil.rmtree(cache)


def test_a_fault_in_a_process_is_told(registry: Path) -> None:
    """What fails in another process fails here, and its process goes on."""
    started = workers.Workers(registry, 1)
    with Registry(registry) as opened:
        commit = opened.repository.head.oid or ""
    try:
        with pytest.raises(Exception, match="zzz"):
            started.read("team-00/prompt-00000", "zzz", {}).result()
        versions = started.read("team-00/prompt-00000", commit, {}).result().versions
        assert [v.version for v in versions][:1] == ["1.0.0"]
    finally:
        started.close()
