"""A pull request as CI sees it: an origin, a branch, GitHub's merge of both, a shallow checkout."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ci.actions import Runner
from tests.ci.github import GitHub
from tests.kit import CommandRepo, Repo, prompt_text

PATH = "prompts/summarizer.prompt.yml"


@dataclass(slots=True)
class World:
    """An origin with one released prompt, and what GitHub makes of a pull request to it."""

    origin: Repo
    folder: Path
    github: GitHub
    checkouts: int = 0

    def branch(self, name: str = "feature") -> None:
        """Start a branch at main."""
        self.origin.git("switch", "-q", "-c", name, "main")

    def edit(self, old: str, new: str, path: str = PATH) -> None:
        """Replace a text in a prompt."""
        text = self.origin.read(path)
        assert old in text
        self.origin.write(path, text.replace(old, new))

    def pull_request(
        self, branch: str = "feature", *, fork: bool = False, depth: int = 2, **more: Any
    ) -> Runner:
        """Merge the branch as GitHub does and check that out as actions/checkout does."""
        origin = self.origin
        origin.git("switch", "-q", "--detach", "main")
        origin.clock += 60
        origin.git("merge", "-q", "--no-ff", "-m", "Merge", f"refs/heads/{branch}")
        origin.git("update-ref", "refs/pull/7/merge", "HEAD")
        origin.git("switch", "-q", "main")
        head = {
            "ref": branch,
            "sha": origin.git("rev-parse", f"refs/heads/{branch}"),
            "repo": {"full_name": "mallory/prompts" if fork else "acme/prompts"},
        }
        event = {"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}
        return self.runner("refs/pull/7/merge", event, depth=depth, **more)

    def runner(self, ref: str, event: dict[str, Any], *, depth: int = 0, **more: Any) -> Runner:
        """Check a ref out and return the runner around it."""
        self.checkouts += 1
        place = self.folder / f"checkout-{self.checkouts}"
        repo = Repo.create(place)
        repo.clock = self.origin.clock
        repo.git("remote", "add", "origin", f"file://{self.origin.path}")
        local = "refs/remotes/pull/7/merge"
        shallow = [f"--depth={depth}", "--no-tags"] if depth else ["--tags"]
        repo.git("fetch", "-q", *shallow, "origin", f"+{ref}:{local}")
        if not depth:
            repo.git("fetch", "-q", "origin")
        repo.git("checkout", "-q", "--detach", local)
        temporary = self.folder / f"temporary-{self.checkouts}"
        return Runner(repo, temporary, event, api=self.github.url, **more)


@pytest.fixture
def github() -> Iterator[GitHub]:
    """An API with nothing in it."""
    with GitHub() as server:
        yield server


@pytest.fixture(scope="session")
def _released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants it builds the origin for all."""
    return tmp_path_factory.mktemp("released") / "origin"


@pytest.fixture
def world(tmp_path: Path, github: GitHub, _released_once: Path) -> World:
    """A repository whose prompt was released as 1.0.0; its team's commands run in this process."""
    if not _released_once.exists():
        _build(CommandRepo.create(_released_once))
    shutil.copytree(_released_once, tmp_path / "origin", symlinks=True)
    return World(CommandRepo(tmp_path / "origin", clock=1_700_000_060), tmp_path, github)


def _build(origin: Repo) -> None:
    origin.git("config", "uploadpack.allowReachableSHA1InWant", "true")
    origin.write(".gitignore", ".promptreg/\n")
    origin.write("promptreg.toml", "")
    origin.write(PATH, prompt_text())
    origin.bump_and_commit("first")
    origin.ok("release")
