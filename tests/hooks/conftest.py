"""Repositories in which the real pre-commit program runs the hooks we ship."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.kit import CommandRepo, Result

ROOT = Path(__file__).parents[2]
PROMPT = "prompts/summarizer.prompt.yml"
FIRST = "The first line."
LAST = "The last line."
TEXT = """\
# A comment that must stay.
description: Sums up.
model: openai/gpt-4o
messages:
  - role: system
    content: |
      First line.

      A line between.

      Another line between.

      Last line.
"""


def hook_configuration() -> str:
    """Return a pre-commit configuration with our own hooks, run from this environment.

    Everything but the language is read from the file that we ship, so the tests hold for it.
    """
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        hook["language"] = "unsupported"
    configuration = {
        "default_install_hook_types": ["pre-commit", "pre-merge-commit", "pre-push"],
        "repos": [{"repo": "local", "hooks": hooks}],
    }
    return json.dumps(configuration, indent=2)


class Team(CommandRepo):
    """A repository whose prompt is committed through the hooks, at version 1.0.0 on main.

    Hooks are processes of git; what a person types beside them runs in the process of the test.
    """

    def install_hooks(self) -> None:
        """Install the hooks as a person would."""
        done = self.process("pre-commit", "install")
        assert done.code == 0, done

    def edit(self, old: str, new: str, path: str = PROMPT) -> None:
        """Replace a text in a file."""
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new))

    def try_commit(self, message: str = "change", *args: str) -> Result:
        """Stage everything and commit through the hooks, once."""
        self.clock += 60
        self.git("add", "-A")
        return self.try_git("commit", "-m", message, *args)

    def commit_twice(self, message: str = "change", *args: str) -> None:
        """Commit as people do: the hook bumps and stops, they stage that and commit again."""
        first = self.try_commit(message, *args)
        assert first.code == 1, first
        assert "files were modified by this hook" in first.err + first.out
        second = self.try_commit(message, *args)
        assert second.code == 0, second

    def branch(self, name: str, old: str, new: str) -> None:
        """Make a branch from main that edits the prompt, as the hook wants it; return to main.

        How the hook gets it there is what the tests of commits are about.
        """
        self.git("checkout", "-q", "-b", name, "main")
        self.edit(old, new)
        assert self.run("bump", PROMPT).code == 1
        assert self.try_commit(name, "--no-verify").code == 0
        self.git("checkout", "-q", "main")

    def version(self, path: str = PROMPT) -> str:
        """Return the version that the working file states."""
        lines = [line for line in self.read(path).splitlines() if line.startswith("version:")]
        assert len(lines) == 1, lines
        return lines[0].removeprefix("version: ")

    def is_sound(self, base: str) -> bool:
        """Tell whether the check finds nothing against a base."""
        return self.run("check", "--base", base).code == 0

    def resolve(self, side: str, path: str = PROMPT) -> None:
        """Resolve each conflict in a file by taking our or their lines, as an editor's button does.

        Args:
            side: ``ours`` or ``theirs``.
            path: The file.
        """
        lines, current = [], ""
        for line in self.read(path).splitlines(keepends=True):
            if line.startswith("<<<<<<< "):
                current = "ours"
            elif line.startswith("=======") and current:
                current = "theirs"
            elif line.startswith(">>>>>>> "):
                current = ""
            elif current in {"", side}:
                lines.append(line)
        self.write(path, "".join(lines))


@pytest.fixture
def team(tmp_path: Path, templates: Path) -> Team:
    """A repository with installed hooks and one prompt at 1.0.0 on main."""
    return from_template(templates / "team", tmp_path / "team", make_team)


@pytest.fixture
def rivals(tmp_path: Path, templates: Path) -> Team:
    """Branches a and b both took 1.1.0 with other content; a is merged into main."""

    def make(path: Path) -> Team:
        return make_rivals(from_template(templates / "team", path, make_team))

    return from_template(templates / "rivals", tmp_path / "team", make)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for repositories that many tests begin with: each is made once and copied."""
    return tmp_path_factory.mktemp("templates")


def from_template(template: Path, target: Path, make: Callable[[Path], Team]) -> Team:
    """Copy a repository that is made where it does not exist yet."""
    clock = template.with_suffix(".clock")
    if not clock.exists():
        clock.write_text(str(make(template).clock))
    shutil.copytree(template, target, symlinks=True)
    return Team(target, int(clock.read_text()))


def make_team(path: Path) -> Team:
    """Make a repository with hooks and commit a first prompt through them."""
    team = Team.create(path)
    assert isinstance(team, Team)
    team.write(".pre-commit-config.yaml", hook_configuration())
    team.write(PROMPT, TEXT)
    team.install_hooks()
    team.commit_twice("first")
    return team


def make_rivals(team: Team) -> Team:
    """Let two branches take 1.1.0 and merge one of them."""
    team.branch("a", "First line.", FIRST)
    team.branch("b", "Last line.", LAST)
    for branch in ("a", "b"):
        assert "version: 1.1.0" in team.git("show", f"{branch}:{PROMPT}")
    team.clock += 60
    team.git("merge", "-q", "--ff-only", "a")
    return team
