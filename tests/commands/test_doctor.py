"""`promptreg doctor` against real clones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands.conftest import SUMMARIZER, edit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo


def _look(repo: Repo, code: int = 0) -> dict[str, tuple[str, str, str | None]]:
    found = json.loads(repo.ok("doctor", "--format", "json", code=code))
    return {d["subject"]: (d["condition"], d["message"], d["fix"]) for d in found}


def test_a_healthy_clone_has_nothing_to_mend(shipped: Repo) -> None:
    """With hooks, labels and an ignored store every line is ok."""
    shipped.ok("hooks", "install")
    shipped.ok("label", "set", "production", "summarizer", "2.0.0")
    shipped.write(".gitignore", ".promptreg/\n")
    shipped.commit()
    found = _look(shipped)
    assert {condition for condition, _, _ in found.values()} == {"ok"}
    assert all(fix is None for _, _, fix in found.values())
    assert found["tags"][1] == "4 versions of 2 prompts"
    assert shipped.ok("doctor").count("ok  ") == len(found)


def test_each_line_says_how_to_mend_it(shipped: Repo) -> None:
    """What is not ok names a command."""
    found = _look(shipped)
    assert found["hooks"][0] == "warning"
    assert found["hooks"][2] == "promptreg hooks install, or promptreg init for pre-commit"
    assert found["labels"][0] == "note"
    assert found["metrics"][:2] == (
        "warning",
        ".promptreg/metrics is not ignored, so rows may be committed",
    )


def test_pre_commit_that_was_never_installed_is_seen(shipped: Repo) -> None:
    """The configuration alone runs nothing."""
    shipped.ok("init")
    assert _look(shipped)["hooks"][2] == "pre-commit install"


def test_broken_files_are_errors_and_stale_ones_warnings(shipped: Repo) -> None:
    """The first place is named, with the command that says more."""
    edit(shipped, "careful", "cautious")
    found = _look(shipped)
    assert found["prompts"] == (
        "warning",
        "1 of 2 files wait for a version, such as prompts/summarizer.prompt.yml",
        "promptreg bump --all",
    )
    shipped.write(SUMMARIZER, "messages: [\n")
    condition, message, fix = _look(shipped, code=1)["prompts"]
    assert condition == "error"
    assert "such as prompts/summarizer.prompt.yml:2:1" in message
    assert fix == f"promptreg check {SUMMARIZER}"


def test_a_shallow_clone_without_tags(shipped: Repo, tmp_path: Path) -> None:
    """What CI checks out by default lacks history and tags, and both are named."""
    clone = shipped.clone(tmp_path / "clone", "--depth=1", "--no-tags")
    found = _look(clone)
    assert found["history"][2] == "git fetch --unshallow --tags"
    assert found["tags"][2] == "git config --unset remote.origin.tagOpt, then git fetch --tags"
    clone.git("config", "--unset", "remote.origin.tagOpt")
    assert _look(clone)["tags"][1].startswith("2 prompts state a version and have no tag here")


def test_labels_of_versions_that_are_not_there(shipped: Repo) -> None:
    """A label that names a version without tag is an error."""
    shipped.write("prompts/labels/production.yaml", "summarizer: 9.0.0\n")
    shipped.commit()
    found = _look(shipped, code=1)
    assert found["labels"][:2] == (
        "error",
        "production names summarizer 9.0.0, which has no tag here",
    )


def test_a_wrong_configuration_ends_the_visit(shipped: Repo) -> None:
    """Nothing is guessed on top of a configuration that cannot be read."""
    shipped.write("promptreg.toml", "rot = 1\n")
    found = _look(shipped, code=1)
    assert found["configuration"][0] == "error"
    assert "did you mean 'root'" in found["configuration"][1]
    assert "prompts" not in found


def test_a_required_version_is_compared(shipped: Repo) -> None:
    """A repository may ask for newer versions of promptreg."""
    shipped.write("promptreg.toml", 'required-version = ">=99.0"\n')
    assert _look(shipped, code=1)["configuration"][2] == "pip install 'git-promptreg>=99.0'"


def test_outside_a_repository(repo: Repo, tmp_path: Path) -> None:
    """Without a repository that is the one thing to say."""
    result = repo.run("-C", str(tmp_path), "doctor")
    assert result.code == 1
    assert "error    repository: no git repository" in result.out
    assert "fix: git init" in result.out


def test_an_old_schema_is_seen_and_renewed(shipped: Repo) -> None:
    """A schema that another promptreg wrote, or that is only named, gets the command that mends."""
    shipped.ok("new", "fresh")
    assert _look(shipped, 0)["schema"][0] == "ok"
    path = "prompts/.prompt.schema.json"
    text = shipped.read(path)
    shipped.write(path, text.replace('"messages"', '"messages", "model"', 1))
    condition, message, fix = _look(shipped)["schema"]
    assert (condition, fix) == ("warning", f"promptreg schema > {path}")
    assert path in message
    shipped.write(path, shipped.ok("schema"))
    assert _look(shipped)["schema"][0] == "ok"
    shipped.write(path, text.replace("Prompt file of promptreg", "Our own rules"))
    assert _look(shipped)["schema"][0] == "ok", "a schema of one's own is no old one"
    (shipped.path / path).unlink()
    assert "is not there" in _look(shipped)["schema"][1]


def test_old_hooks_are_seen(shipped: Repo) -> None:
    """Hooks that would be written otherwise now, and another release in pre-commit, are named."""
    shipped.ok("hooks", "install")
    assert _look(shipped)["hooks"][0] == "ok"
    hook = ".git/hooks/pre-commit"
    text = shipped.read(hook)
    for old in (
        text.replace("command -v", "which"),
        text.replace("-x /", "-x /x/"),
    ):
        shipped.write(hook, old)
        condition, message, fix = _look(shipped)["hooks"]
        assert (condition, fix) == ("warning", "promptreg hooks install")
        assert "pre-commit" in message
        shipped.ok("hooks", "install")
        assert _look(shipped)["hooks"][0] == "ok"
    shipped.ok("hooks", "uninstall")
    entry = "repos:\n- repo: x\n  rev: v0.0.9\n  hooks: [{id: promptreg-bump}]\n"
    shipped.write(".pre-commit-config.yaml", entry)
    assert _look(shipped)["hooks"][1].startswith("pre-commit runs promptreg v0.0.9, and this is ")
    shipped.write(".pre-commit-config.yaml", entry.replace("v0.0.9", "0f1e2d3"))
    assert "git does not run it" in _look(shipped)["hooks"][1]
