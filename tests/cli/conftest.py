"""A small registry for the tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.acts import commit_prompt, release
from tests.kit import CommandRepo, Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    return CommandRepo.create(tmp_path / "repo")


@pytest.fixture
def history(repo: Repo) -> Repo:
    """Prompt a as 1.0.0 and 1.1.0, team/b as 1.0.0, production on a 1.0.0."""
    commit_prompt(repo, "a", "One.")
    commit_prompt(repo, "a", "Two.")
    commit_prompt(repo, "team/b", "Bee.")
    release(repo)
    repo.write("prompts/labels/production.yaml", "a: 1.0.0\n")
    repo.commit("promote")
    return repo
