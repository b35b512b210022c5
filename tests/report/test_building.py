"""How a report is built in several processes."""

from __future__ import annotations

import os
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


def _text(page: Page) -> str:
    return "".join(page.parts())


def _json(registry: Registry) -> str:
    return "".join(build_json(registry, Options()))


def test_processes_build_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other processes read, judged and packed makes page and JSON, byte for byte."""
    root = build_registry(tmp_path / "registry", Shape(5, 4))
    add_calls(root, 40)
    memory = Memory()
    with Registry(root) as registry:
        alone = _text(build_page(registry, Options(), memory=memory))
        json_alone = _json(registry)
    monkeypatch.setattr(workers, "WORTHWHILE_VERSIONS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with Registry(root) as registry:
        assert _text(build_page(registry, Options())) == alone
        assert _json(registry) == json_alone
        with monkeypatch.context() as without:
            # What one process remembers needs no others.
            without.delattr(workers, "Workers")
            assert _text(build_page(registry, Options(), memory=memory)) == alone


def test_a_fault_in_a_process_is_told(tmp_path: Path) -> None:
    """What fails in another process fails here, and its process goes on."""
    root = build_registry(tmp_path / "registry", Shape(1, 1))
    started = workers.Workers(root, 1)
    with Registry(root) as registry:
        commit = registry.repository.head.oid or ""
    try:
        with pytest.raises(Exception, match="zzz"):
            started.read("team-00/prompt-00000", "zzz", {}).result()
        versions = started.read("team-00/prompt-00000", commit, {}).result().versions
        assert [v.version for v in versions] == ["1.0.0"]
    finally:
        started.close()
