"""A registry with a little history, as the tests of commands need it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit import CommandRepo, Repo, prompt_text

SUMMARIZER = "prompts/summarizer.prompt.yml"
TRIAGE = "prompts/triage.prompt.yml"


def edit(repo: Repo, old: str, new: str, path: str = SUMMARIZER) -> None:
    """Replace a text in a file that must hold it."""
    text = repo.read(path)
    assert old in text
    repo.write(path, text.replace(old, new))


def ship(repo: Repo, message: str = "change") -> None:
    """Bump, commit and release."""
    repo.bump_and_commit(message)
    repo.ok("release")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main, whose commands run in this process."""
    return CommandRepo.create(tmp_path / "repo")


@pytest.fixture(scope="session")
def _shipped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants it builds the history for all."""
    return tmp_path_factory.mktemp("shipped") / "repo"


@pytest.fixture
def shipped(tmp_path: Path, _shipped_once: Path) -> Repo:
    """A registry whose prompts are all released from main.

    Its versions are summarizer 1.0.0, 1.1.0, 2.0.0 and triage 1.0.0. 1.1.0 says "careful" instead
    of "news", and 2.0.0 wants a variable more.
    """
    if not _shipped_once.exists():
        _build(CommandRepo.create(_shipped_once))
    shutil.copytree(_shipped_once, tmp_path / "shipped", symlinks=True)
    return CommandRepo(tmp_path / "shipped", clock=1_700_000_180)


def _build(repo: Repo) -> None:
    repo.write(SUMMARIZER, prompt_text())
    repo.write(TRIAGE, prompt_text("You sort mail."))
    ship(repo, "first")
    edit(repo, "a news summarizer", "a careful summarizer")
    ship(repo, "careful")
    edit(repo, "Full text}\n", "Full text}\n  tone: string\n")
    edit(repo, "{{article}}", "{{article}} {{tone}}")
    ship(repo, "tone")
    assert repo.tags() == [
        "summarizer@1.0.0",
        "summarizer@1.1.0",
        "summarizer@2.0.0",
        "triage@1.0.0",
    ]
