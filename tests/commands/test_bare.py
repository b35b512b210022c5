"""Bare repositories, such as a server has: what needs no work tree is told of HEAD's commit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import edit
from tests.kit import CommandRepo, Repo


@pytest.fixture
def bare(shipped: Repo, tmp_path: Path) -> Repo:
    """A bare clone whose HEAD has an unreleased version and a configuration of its own."""
    shipped.git("mv", "prompts", "texts")
    shipped.write("promptreg.toml", 'root = "texts"\n')
    edit(shipped, "careful", "cautious", "texts/summarizer.prompt.yml")
    shipped.bump_and_commit()
    shipped.git("clone", "-q", "--bare", str(shipped.path), str(tmp_path / "bare.git"))
    return CommandRepo(tmp_path / "bare.git")


def test_a_bare_repository_answers_as_its_clone_does(bare: Repo, shipped: Repo) -> None:
    """List, search and status say of HEAD's commit what they say of a clean clone of it."""
    for words in (
        ("list",),
        ("list", "--format", "json"),
        ("search", "cautious"),
        ("search", "careful", "--history"),
        ("versions", "triage"),
        ("config", "--format", "json"),
    ):
        assert bare.run(*words) == shipped.run(*words)
    assert "summarizer  2.1.0  2.0.0" in bare.ok("list")
    told = bare.ok("status")
    assert told.startswith("On main of a bare repository, releases come from main.\n")
    assert told.partition("\n")[2] == shipped.ok("status").partition("\n")[2]
    found = json.loads(bare.ok("status", "--format", "json"))
    clean = json.loads(shipped.ok("status", "--format", "json"))
    assert (found.pop("bare"), clean.pop("bare")) == (True, False)
    assert found == clean


def test_a_misspelt_name_is_told_in_a_bare_repository_too(bare: Repo) -> None:
    """What is not there names what was meant."""
    refused = bare.run("show", "sumarizer")
    assert refused.code == 2
    assert "summarizer" in refused.err


def test_what_needs_a_work_tree_is_refused(bare: Repo) -> None:
    """Commands that write, and a HEAD that names no commit, say what to do."""
    for words in (("bump",), ("show", "triage@worktree"), ("new", "fresh")):
        refused = bare.run(*words)
        assert refused.code == 2
        assert "the repository is bare\n  fix: git clone it" in refused.err
    bare.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    for command in ("list", "status"):
        refused = bare.run(command)
        assert refused.code == 2
        assert "HEAD of this bare repository names trunk, which has no commit" in refused.err
        assert "fix: git symbolic-ref HEAD refs/heads/BRANCH" in refused.err
