"""How a page is built: in several processes, and again when little changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.calls import add_calls
from benchmarks.repositories import Shape, build_registry
from promptreg.registry import Registry
from promptreg.report import html, workers
from promptreg.report.data import Options
from promptreg.report.html import HtmlBuilder, Known, PackedPrompt, Page
from promptreg.report.model import PromptRow
from promptreg.report.output import build_page
from tests.report.synthetic import synthetic_report


def _text(page: Page) -> str:
    return "".join(page.parts())


def test_processes_build_the_same_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other processes read, judged and packed makes the page, byte for byte."""
    root = build_registry(tmp_path / "registry", Shape(5, 4))
    add_calls(root, 40)
    known: Known = {}
    with Registry(root) as registry:
        alone = _text(build_page(registry, Options(), known=known))
        with monkeypatch.context() as without:
            # The second time nothing is packed again.
            without.delattr(html, "pack")
            assert _text(build_page(registry, Options(), known=known)) == alone
    monkeypatch.setattr(workers, "WORTHWHILE_VERSIONS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with Registry(root) as registry:
        assert _text(build_page(registry, Options())) == alone
    assert all(mark for mark, _ in known.values())


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


def test_only_changed_prompts_are_packed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is made again takes over what did not change, and is what a new one is."""
    report = synthetic_report(3, 4)
    packed: list[str] = []
    pack = html.pack

    def noted(prompt: PromptRow) -> PackedPrompt:
        packed.append(prompt.name)
        return pack(prompt)

    monkeypatch.setattr(html, "pack", noted)
    known: Known = {}

    def build() -> str:
        builder = HtmlBuilder(known=known)
        for prompt in report.prompts:
            builder.add(prompt)
        return _text(builder.finish(report))

    first = build()
    assert packed == [prompt.name for prompt in report.prompts]
    packed.clear()
    assert build() == first
    assert packed == []
    changed = report.prompts[1]._replace(title="Another")
    report = report._replace(prompts=(report.prompts[0], changed, report.prompts[2]))
    again = build()
    assert packed == [changed.name]
    assert again == _text(html.render(report))
