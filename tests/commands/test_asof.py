"""`show --at` and `label diff` against real repositories."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@pytest.fixture
def served(shipped: Repo) -> Repo:
    """Production served 1.1.0 from minute 4, 2.0.0 from 5, nothing from 6; 2.0.0 is yanked at 7."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.commit()
    shipped.ok("label", "set", "production", "summarizer", "2.0.0")
    shipped.commit()
    shipped.ok("label", "unset", "production", "summarizer")
    shipped.commit()
    shipped.ok("yank", "summarizer@2.0.0", "--reason", "bad")
    shipped.commit()
    return shipped


def _shown(repo: Repo, reference: str, at: int) -> str | None:
    result = repo.run("show", reference, "--at", _time(at), "--format", "json")
    return str(json.loads(result.out)["version"]) if result.code == 0 else None


START = 1_700_000_000


@pytest.mark.parametrize(
    ("minute", "version"),
    [(3, None), (4, "1.1.0"), (4.9, "1.1.0"), (5, "2.0.0"), (6, None), (60, None)],
)
def test_what_a_label_served_then(served: Repo, minute: float, version: str | None) -> None:
    """The label as the branch had it at that moment, to the second."""
    assert _shown(served, "summarizer@production", START + int(60 * minute)) == version


@pytest.mark.parametrize(
    ("reference", "minute", "version"),
    [
        ("summarizer", 0, None),
        ("summarizer", 1, "1.0.0"),
        ("summarizer", 3, "2.0.0"),
        ("summarizer", 6, "2.0.0"),
        ("summarizer", 7, "1.1.0"),
        ("summarizer@^1", 1, "1.0.0"),
        ("summarizer@^1", 3, "1.1.0"),
        ("summarizer@1.1.0", 1, None),
        ("summarizer@2.0.0", 3, "2.0.0"),
    ],
)
def test_what_other_references_meant_then(
    served: Repo, reference: str, minute: int, version: str | None
) -> None:
    """Latest and ranges choose among the versions and the yanks of that moment."""
    assert _shown(served, reference, START + 60 * minute) == version


def test_the_release_branch_answers_not_the_checked_out_one(served: Repo) -> None:
    """A promotion on a feature branch was never served."""
    served.git("switch", "-q", "-c", "feature")
    served.ok("label", "set", "production", "summarizer", "1.0.0")
    served.commit()
    assert _shown(served, "summarizer@production", START + 6000) is None


def test_the_worktree_has_no_past(served: Repo) -> None:
    """Commits and the work tree are refused with a reason."""
    assert "has no --at" in served.run("show", "summarizer@worktree", "--at", "1d").err


def test_a_shallow_clone_says_what_is_missing(served: Repo, tmp_path: Path) -> None:
    """The past that was not fetched is not guessed."""
    clone = served.clone(tmp_path / "clone", "--depth=2")
    result = clone.run("show", "summarizer@production", "--at", _time(START + 240))
    assert result.code == 3
    assert "fix: git fetch --unshallow" in result.err


def test_labels_are_compared(shipped: Repo) -> None:
    """Only prompts with different versions, and those one label does not name, are shown."""
    shipped.write("prompts/labels/production.yaml", "summarizer: 1.1.0\ntriage: 1.0.0\n")
    shipped.write("prompts/labels/staging.yaml", "summarizer: 2.0.0\ntriage: 1.0.0\n")
    shipped.write("prompts/labels/canary.yaml", "summarizer: 1.1.0\n")
    shipped.commit()
    assert shipped.ok("label", "diff", "staging", "production") == (
        "PROMPT      STAGING  PRODUCTION\nsummarizer  2.0.0    1.1.0\n"
    )
    out = shipped.ok("label", "diff", "canary", "production", "--format", "json")
    assert json.loads(out) == [{"prompt": "triage", "canary": None, "production": "1.0.0"}]
    assert shipped.run("label", "diff", "canary", "canary").err.startswith("canary and canary")
    assert shipped.run("label", "diff", "canary", "nothing").code == 2
