"""`promptreg compare` against a real repository and a real metrics store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptreg import Registry
from tests.commands.conftest import edit

if TYPE_CHECKING:
    from tests.kit import Repo


def _compare(repo: Repo, *args: str) -> Any:
    return json.loads(repo.ok("compare", "summarizer", *args, "--format", "json"))


@pytest.fixture
def measured(shipped: Repo) -> Repo:
    """Sixty calls of 1.0.0 and of 1.1.0, which is much worse and as fast."""
    with Registry(shipped.path) as registry:
        for number in range(60):
            wobble = (number % 7) / 100
            columns = {"model": "gpt-4o", "unit": f"u{number}", "latency_ms": 800 + number}
            for version, quality, toxic in (("1.0.0", 0.9, 0.0), ("1.1.0", 0.5, 0.25)):
                columns |= {"quality_score": quality + wobble, "scores": {"toxic": toxic}}
                registry.log_metrics("summarizer", version, **columns)
    return shipped


def test_figures_and_the_size_of_the_change(measured: Repo) -> None:
    """Each figure stands with its change, beside what changed in words."""
    found = _compare(measured, "1.0.0", "1.1.0")
    assert (found["old"]["calls"], found["new"]["calls"]) == (60, 60)
    assert (found["level"], found["words_added"], found["words_removed"]) == ("minor", 1, 1)
    figures = {f["name"]: f for f in found["figures"]}
    assert figures["quality"]["change"] == pytest.approx(-0.4 / 0.929, rel=0.01)
    assert figures["toxic"]["change"] is None
    (toxic,) = [
        line
        for line in measured.ok("compare", "summarizer", "1.0.0", "1.1.0").splitlines()
        if line.startswith("toxic")
    ]
    assert toxic.split() == ["toxic", "0.00", "0.25", "+0.25"]
    assert figures["latency p50"]["old"] == figures["latency p50"]["new"] == 829.5
    assert "cost per call" not in figures


def test_verdicts_are_the_gates(measured: Repo) -> None:
    """Worse quality beyond the threshold is a regression with its interval, latency is fine."""
    verdicts = {v["metric"]: v for v in _compare(measured, "1.0.0", "1.1.0")["verdicts"]}
    assert verdicts["quality"]["outcome"] == "regression"
    assert verdicts["quality"]["low"] < verdicts["quality"]["change"] < verdicts["quality"]["high"]
    assert verdicts["latency"]["outcome"] == "ok"
    text = measured.ok("compare", "summarizer", "1.0.0", "1.1.0")
    assert text.startswith("summarizer 1.0.0 -> 1.1.0  minor, +1 -1 words\n")
    assert "REGRESSION" in text


def test_a_side_without_rows_shows_no_zero(measured: Repo) -> None:
    """Missing figures are shown as missing, and nothing is judged."""
    found = _compare(measured, "1.1.0")
    assert (found["new"]["version"], found["new"]["calls"]) == ("2.0.0", 0)
    assert all(f["new"] is None and f["change"] is None for f in found["figures"])
    assert all(v["outcome"] == "undecided" for v in found["verdicts"])


def test_without_any_rows_the_change_is_still_shown(shipped: Repo) -> None:
    """A registry that never logged compares the texts and says so."""
    edit(shipped, "careful", "cautious")
    result = shipped.run("compare", "summarizer", "2.0.0", "worktree")
    assert result.code == 0
    assert result.out.startswith("summarizer 2.0.0 -> worktree  minor, +1 -1 words\n")
    assert "No logged calls of either" in result.err


def test_rows_follow_the_content_not_its_number(measured: Repo) -> None:
    """Content that goes back to an earlier version's has that version's rows."""
    measured.write(
        "prompts/summarizer.prompt.yml",
        measured.git("show", "summarizer@1.0.0:prompts/summarizer.prompt.yml") + "\n",
    )
    measured.ok("bump", "--base", "HEAD", code=1)
    assert _compare(measured, "1.1.0", "worktree")["new"]["calls"] == 60
