"""Sparse checkouts: what they leave out is not there, and not deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import ship
from tests.kit import CommandRepo, Repo, prompt_text

HERE, THERE = "prompts/here/a.yml", "prompts/there/b.yml"
STYLE = "prompts/shared/style.md"
_INCLUDING = prompt_text("You write.\n      {% include 'shared/style.md' %}")


@pytest.fixture
def sparse(tmp_path: Path) -> Repo:
    """Two prompts with one fragment, of which the second prompt is not checked out."""
    repo = CommandRepo.create(tmp_path / "sparse")
    repo.write(HERE, _INCLUDING)
    repo.write(THERE, _INCLUDING)
    repo.write(STYLE, "Be brief.\n")
    ship(repo, "first")
    repo.git("sparse-checkout", "set", "--cone", "prompts/here", "prompts/shared")
    assert not (repo.path / THERE).exists()
    return repo


def test_nothing_is_called_deleted_or_passed_over_that_is_left_out(sparse: Repo) -> None:
    """A prompt that is not checked out is counted apart, and one that is deleted is told."""
    assert sparse.ok("status") == (
        "On main, releases come from main.\n1 of 1 prompts are as released.\n"
        "1 more is left out of this sparse checkout.\n"
    )
    found = json.loads(sparse.ok("status", "--format", "json"))["prompts"]
    assert [(p["prompt"], p["state"], p["committed"]) for p in found] == [
        ("here/a", "released", True),
        ("there/b", "left-out", True),
    ]
    left_out = "1 more is left out of this sparse checkout.\n"
    for words, found, told in (
        (("list",), "here/a", left_out),
        (("list", "the*"), "", f"No prompt matches 'the*'.\n{left_out}"),
        (("list", "here/*"), "here/a", ""),
        (("search", "write"), "here/a", left_out),
        (("search", "write", "--names", "--format", "json"), "here/a", left_out),
    ):
        result = sparse.run(*words)
        assert (found in result.out, result.err) == (True, told)
    (sparse.path / HERE).unlink()
    assert f"Deleted\n  {HERE}" in sparse.ok("status")


@pytest.mark.parametrize("files", [(STYLE,), ()], ids=["the fragment", "all"])
def test_a_fragment_bumps_no_prompt_past_those_that_are_left_out(
    sparse: Repo, files: tuple[str, ...]
) -> None:
    """Who includes a changed fragment is bumped, or named where it is not checked out."""
    assert sparse.run("bump", *files).code == 0
    sparse.write(STYLE, "Be very brief.\n")
    refused = sparse.run("bump", *files)
    assert refused.code == 2
    assert f"{HERE}: 1.0.0 -> 1.1.0" in refused.out
    sparse.git("checkout", HERE)
    refused = sparse.run("bump", *files, "--format", "json")
    assert [(r["path"], r["version"]) for r in json.loads(refused.out)] == [(HERE, "1.1.0")]
    assert refused.code == 2
    assert f"{THERE} needs 1.1.0 and is left out of this sparse checkout" in refused.err
    assert "fix: git sparse-checkout add prompts/there, then run it again" in refused.err
    assert "version: 1.1.0" in sparse.read(HERE)
    assert not (sparse.path / THERE).exists()
    sparse.git("sparse-checkout", "add", "prompts/there")
    assert f"{THERE}: 1.0.0 -> 1.1.0" in sparse.ok("bump", *files, code=1)


def test_a_fragment_that_is_left_out_can_be_included(sparse: Repo) -> None:
    """A prompt is bumped, checked and rendered with the staged text of a left-out fragment."""
    sparse.git("sparse-checkout", "set", "--cone", "prompts/here")
    sparse.write(HERE, sparse.read(HERE).replace("You write", "You sing"))
    assert "1.0.0 -> 1.1.0" in sparse.ok("bump", HERE, code=1)
    sparse.ok("check", HERE)
    rendered = sparse.ok("render", "here/a", "worktree", "--var", "article=Text")
    assert "Be brief." in rendered


def test_nothing_is_written_where_git_would_not_add_it(sparse: Repo) -> None:
    """A file that is left out is neither written over, without what it holds, nor moved."""
    sparse.git("sparse-checkout", "disable")
    sparse.ok("label", "set", "production", "here/a", "1.0.0")
    sparse.commit()
    sparse.git("sparse-checkout", "set", "--cone", "docs")
    for path, *words in (
        ("prompts/labels/production.yaml", "label", "set", "production", "there/b", "1.0.0"),
        (HERE, "rename", "here/a", "here/c"),
    ):
        refused = sparse.run(*words)
        assert refused.code == 2
        assert f"{path} is left out of this sparse checkout" in refused.err
    assert not (sparse.path / "prompts").exists()


def test_nothing_new_is_written_where_git_would_not_add_it(sparse: Repo) -> None:
    """A new file that the patterns leave out is refused with all that is to be added to them."""
    before = sparse.git("status", "--porcelain")
    assert f"{THERE} has the content of 1.0.0" in sparse.run("rollback", "there/b", "1.0.0").err
    action = ".github/actions/promptreg"
    for command, file, others, folders in (
        ("new there/c", "prompts/there/c.prompt.yml", "", "prompts/there"),
        ("label set live here/a 1.0.0 -n", "prompts/labels/live.yaml", "", "prompts/labels"),
        ("init --ci github", f"{action}/action.yml", ", as are ", f"{action} .github/workflows"),
    ):
        refused = sparse.run(*command.split())
        assert refused.code == 2
        assert f"{file} is left out of this sparse checkout{others}" in refused.err
        assert f"  fix: git sparse-checkout add {folders}" in refused.err
    assert sparse.git("status", "--porcelain") == before
    sparse.git("sparse-checkout", "set", "--no-cone", "/prompts/here/", "/prompts/*.*")
    for name in ("c", "here/c"):
        sparse.ok("new", name)
        sparse.git("add", f"prompts/{name}.prompt.yml")
