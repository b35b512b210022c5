"""`promptreg verify --remote` and `--metrics` against a real origin and a real store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptreg import Registry
from tests.commands.conftest import edit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo


def _faults(repo: Repo, *args: str) -> list[tuple[str, str]]:
    result = repo.run("verify", *args, "--format", "json")
    assert result.code in (0, 1), result.err
    found = json.loads(result.out)["faults"]
    assert bool(found) == bool(result.code)
    return [(fault["tag"], fault["rule"]) for fault in found]


@pytest.fixture
def clone(shipped: Repo, tmp_path: Path) -> Repo:
    """A clone that has all tags of its origin, the repository `shipped`."""
    return shipped.clone(tmp_path / "clone")


def test_equal_tags_are_fine(clone: Repo) -> None:
    """Origin and the clone say the same of every tag."""
    assert _faults(clone, "--remote") == []
    assert "4 tags verified, 0 wrong." in clone.run("verify", "--remote").err


def test_a_tag_that_was_moved_on_origin(clone: Repo, shipped: Repo) -> None:
    """Without --remote nobody notices, with it both objects are named."""
    shipped.git("tag", "-f", "-a", "-m", "moved", "summarizer@1.0.0", "HEAD")
    assert _faults(clone) == []
    assert _faults(clone, "--remote") == [("summarizer@1.0.0", "tag-moved")]
    assert _faults(clone, "triage", "--remote") == []


def test_a_tag_that_was_deleted_on_origin(clone: Repo, shipped: Repo) -> None:
    """A tag that only the clone has was never pushed, or is gone."""
    shipped.git("tag", "-d", "summarizer@1.0.0")
    assert _faults(clone, "--remote") == [("summarizer@1.0.0", "tag-not-on-origin")]


def test_tags_that_are_only_on_origin_are_to_be_fetched(clone: Repo) -> None:
    """They are no fault of anybody; the fetch is named."""
    clone.git("tag", "-d", "summarizer@1.0.0")
    assert _faults(clone, "--remote") == []
    assert "1 tags of origin are not here: git fetch --tags" in clone.run("verify", "--remote").err
    assert clone.run("verify", "--remote", "--strict").code == 1


def test_a_deleted_version_that_is_still_on_origin(clone: Repo) -> None:
    """The deletion was recorded here, the tag lives on there."""
    clone.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    assert _faults(clone, "--remote") == [("summarizer@2.0.0", "tag-undeleted")]


def test_without_an_origin_the_question_is_refused(shipped: Repo) -> None:
    """What cannot be asked is an error, not a pass."""
    result = shipped.run("verify", "--remote")
    assert result.code == 2
    assert "origin cannot be asked" in result.err


def test_metrics_remember_the_content_of_a_moved_tag(shipped: Repo) -> None:
    """Calls logged before the tag was moved carry the first content's digest."""
    with Registry(shipped.path) as registry:
        registry.log_metrics("summarizer", "1.0.0", latency_ms=5)
        registry.log_metrics("triage", "1.0.0", latency_ms=5)
    assert _faults(shipped, "--metrics") == []
    shipped.git("tag", "-d", "summarizer@1.0.0")
    assert _faults(shipped, "--metrics") == [("summarizer@1.0.0", "tag-deleted")]
    assert _faults(shipped, "triage", "--metrics") == []


def test_metrics_of_other_content_are_a_fault(shipped: Repo) -> None:
    """A digest that the tag does not have is named with the number of calls."""
    with Registry(shipped.path) as registry:
        for _ in range(3):
            registry.metrics.log(prompt="summarizer", version="1.0.0", digest="a" * 64)
    assert _faults(shipped, "--metrics") == [("summarizer@1.0.0", "metrics-digest")]
    assert "3 logged calls say aaaaaaaaaaaa" in shipped.ok("verify", "--metrics", code=1)


def test_metrics_of_deleted_and_untagged_content_are_fine(shipped: Repo) -> None:
    """Deleted versions keep their metrics, and pseudo-versions never had a tag."""
    edit(shipped, "careful", "cautious")
    with Registry(shipped.path) as registry:
        registry.log_metrics("summarizer", "2.0.0", latency_ms=5)
        with registry.get("summarizer@worktree").track():
            pass
    shipped.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    assert _faults(shipped, "--metrics") == []
