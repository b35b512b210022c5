"""`promptreg label history` against real histories: merges, side branches, shallow clones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptreg.git import process
from promptreg.operations.labelling import label_history
from promptreg.registry import Registry
from tests.kit import Repo

LABEL = "prompts/labels/production.yaml"


def _set(repo: Repo, text: str, message: str) -> str:
    repo.write(LABEL, text)
    return repo.commit(message)


@pytest.fixture
def moved(repo: Repo) -> Repo:
    """A label set on main, moved on a branch that is merged, then removed, beside other commits."""
    repo.write("x", "1")
    repo.commit("nothing of a label")
    _set(repo, "a: 1.0.0\n", "first")
    repo.git("switch", "-q", "-c", "side")
    _set(repo, "a: 1.1.0\n", "halfway")
    _set(repo, "a: 1.2.0\nb: 1.0.0\n", "promote")
    repo.git("switch", "-q", "main")
    repo.write("x", "2")
    repo.commit("nothing again")
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    repo.git("rm", "-q", LABEL)
    repo.commit("no label")
    return repo


def _events(path: Path) -> list[tuple[str, str | None, str | None]]:
    with Registry(path) as registry:
        return [
            (e.name, str(e.before) if e.before else None, str(e.after) if e.after else None)
            for e in label_history(registry, "production")
        ]


@pytest.mark.parametrize("program", [True, False])
def test_only_first_parents_that_move_the_label_count(
    moved: Repo, monkeypatch: pytest.MonkeyPatch, *, program: bool
) -> None:
    """A merge is one move, whatever its branch did in between; without a git program just so."""
    monkeypatch.setattr(process, "has_git", lambda: program)
    assert _events(moved.path) == [
        ("a", "1.2.0", None),
        ("b", "1.0.0", None),
        ("a", "1.0.0", "1.2.0"),
        ("b", None, "1.0.0"),
        ("a", None, "1.0.0"),
    ]


def test_a_cut_history_begins_where_it_was_cut(moved: Repo, tmp_path: Path) -> None:
    """In a shallow clone what was there at the cut counts as set there."""
    clone = moved.clone(tmp_path / "shallow", "--depth=2")
    assert _events(clone.path) == [
        ("a", "1.2.0", None),
        ("b", "1.0.0", None),
        ("a", None, "1.2.0"),
        ("b", None, "1.0.0"),
    ]


def test_a_bare_repository_and_a_linked_worktree_tell_the_same(moved: Repo, tmp_path: Path) -> None:
    """Wherever the history is read it is the same."""
    bare = moved.clone(tmp_path / "bare.git", "--bare")
    moved.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    assert _events(bare.path) == _events(tmp_path / "linked") == _events(moved.path)


def test_a_folder_that_looks_like_a_pattern(repo: Repo) -> None:
    """The root's name is a path to git, never a pattern."""
    repo.write("promptreg.toml", 'root = "p[r]*"\n')
    repo.write("pr/labels/production.yaml", "a: 9.0.0\n")
    repo.write("p[r]*/labels/production.yaml", "a: 1.0.0\n")
    repo.commit()
    repo.write("pr/labels/production.yaml", "a: 9.0.1\n")
    repo.commit()
    rows = json.loads(repo.ok("label", "history", "production", "--format", "json"))
    assert [row["after"] for row in rows] == ["1.0.0"]
