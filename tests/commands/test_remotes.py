"""Clones and remotes as people really have them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import SUMMARIZER, edit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo


@pytest.fixture
def beside(shipped: Repo) -> Repo:
    """A repository whose origin is named by a path relative to it."""
    shipped.git("clone", "-q", "--bare", str(shipped.path), str(shipped.path.parent / "hub.git"))
    shipped.git("remote", "add", "origin", "../hub.git")
    shipped.git("fetch", "-q")
    return shipped


def test_a_relative_url_of_origin_is_asked_and_pushed_to(beside: Repo) -> None:
    """Git takes such a URL from the top of the work tree, wherever in it the command runs."""
    edit(beside, "careful", "cautious")
    beside.bump_and_commit()
    beside.git("push", "-q", "origin", "main")
    assert "Pushed 1 tag to origin." in beside.run("release", "--push").err
    assert beside.git("ls-remote", "origin", "refs/tags/summarizer@2.1.0")
    beside.git("push", "-q", "origin", ":refs/tags/triage@1.0.0")
    found = json.loads(beside.ok("verify", "--remote", "--format", "json", code=1))
    assert [(f["tag"], f["rule"]) for f in found["faults"]] == [
        ("triage@1.0.0", "tag-not-on-origin")
    ]


def test_versions_of_a_shallow_clone_without_tags_names_the_fetch(
    shipped: Repo, tmp_path: Path
) -> None:
    """No tag here does not mean that nothing was released."""
    clone = shipped.clone(tmp_path / "clone", "--depth=1", "--no-tags")
    result = clone.run("versions", "summarizer")
    assert result.code == 2
    assert "has no tag in this shallow clone" in result.err
    assert "git fetch origin 'refs/tags/summarizer@*" in result.err
    base = clone.run("check", "--base", "fix/typo")
    assert base.code == 3
    assert "git fetch --depth=2 origin fix/typo:refs/remotes/origin/fix/typo" in base.err


def test_a_revision_that_is_not_here_is_mended_by_what_is_wrong(beside: Repo) -> None:
    """What origin may have is fetched; a slip of the pen is told as one; the rest is listed."""
    for revision, fix in {
        "origin/fix": "git fetch origin fix",
        "origin/mian": "git fetch origin mian; or did you mean origin/main?",
        "0" * 40: f"git fetch origin {'0' * 40}",
        "mian": "did you mean main?",
        "elsewhere": "git branch --all lists the branches, such as origin/main",
    }.items():
        for words in (["check", "--base"], ["bump", "--base"]):
            assert beside.run(*words, revision).err.endswith(f"  fix: {fix}\n")
    beside.git("branch", "-m", "main", "trunk")
    assert "  fix: origin/main\n" in beside.run("check", "--base", "main").err


def test_an_audit_of_nobody_is_refused(shipped: Repo) -> None:
    """A misspelt name must not look like a clean audit."""
    assert "no prompt 'summariser'" in shipped.run("verify", "summariser").err
    shipped.ok("verify", "summarizer")


def test_a_version_that_is_not_there_names_those_that_are(shipped: Repo) -> None:
    """Whoever asks for a wrong number is told where the right ones stand."""
    for words in (["show", "summarizer@9.9.9"], ["rollback", "summarizer", "9.9.9"]):
        assert "promptreg versions summarizer" in shipped.run(*words).err
    assert (shipped.path / SUMMARIZER).exists()


def test_a_check_before_the_first_commit_says_so(repo: Repo) -> None:
    """Without any commit there is no base to ask for."""
    result = repo.run("check")
    assert result.code == 3
    assert "nothing is committed yet" in result.err
    assert "nothing is committed yet" in repo.run("show", "a@HEAD").err
    assert "No prompt yet: promptreg new NAME" in repo.run("status").err
