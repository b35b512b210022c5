"""What --dry-run shows is what the command does: every command that changes a clone."""

from __future__ import annotations

import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from promptreg.errors import ConflictError
from promptreg.git import Repository
from promptreg.operations import replacing
from promptreg.operations.planning import MoveFile, Step, WriteFile, carry_out
from tests.commands.conftest import SUMMARIZER, edit, ship

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo

LABEL = "prompts/labels/production.yaml"
# The command, and what its steps do to what, where that is not the machine's own affair.
COMMANDS = {
    "new": (
        ["new", "support/faq"],
        ["create prompts/support/faq.prompt.yml", "create prompts/.prompt.schema.json"],
    ),
    "label-set": (["label", "set", "production", "summarizer", "2.0.0"], [f"change {LABEL}"]),
    "label-new": (["label", "set", "next", "triage", "^1"], ["create prompts/labels/next.yaml"]),
    "label-same": (["label", "set", "production", "summarizer", "1.1.0"], []),
    "label-unset": (["label", "unset", "production", "summarizer"], [f"change {LABEL}"]),
    "rename": (
        ["rename", "summarizer", "news/short"],
        [
            f"move {SUMMARIZER} to prompts/news/short.prompt.yml",
            "change prompts/news/short.prompt.yml",
            f"change {LABEL}",
        ],
    ),
    "yank": (["yank", "triage@1.0.0", "--reason", "bad"], ["create prompts/yanked.yaml"]),
    "delete": (
        ["delete", "triage@1.0.0", "--reason", "bad", "--yes"],
        ["create prompts/yanked.yaml", "remove tag triage@1.0.0"],
    ),
    "rollback": (["rollback", "summarizer", "1.0.0"], [f"change {SUMMARIZER}"]),
    "rollback-fragments": (
        ["rollback", "triage", "1.1.0", "--with-fragments"],
        ["change prompts/triage.prompt.yml", "change prompts/style.md"],
    ),
    "rollback-label": (
        ["rollback", "summarizer", "--label", "production"],
        [f"change {LABEL}"],
    ),
    "hooks-install": (
        ["hooks", "install", "--diff"],
        [
            "move .git/hooks/pre-commit to .git/hooks/pre-commit.before-promptreg",
            "create .git/hooks/pre-commit",
            "create .git/hooks/pre-merge-commit",
            "create .git/hooks/pre-push",
            "run git config --local",
            "create .git/info/attributes",
        ],
    ),
    "init": (["init", "--ci", "github"], ["create promptreg.toml"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants it builds a registry with a label's past and a fragment."""
    return tmp_path_factory.mktemp("busy") / "repo"


@pytest.fixture
def clone(shipped: Repo, busy: Path, tmp_path: Path) -> Repo:
    """A clone of one's own of that registry, with somebody's hook in it."""
    import shutil

    from tests.kit import CommandRepo

    if not busy.exists():
        shipped.write("prompts/style.md", "Be brief.\n")
        edit(shipped, "You sort mail.", '{% include "style.md" %}', "prompts/triage.prompt.yml")
        shipped.write(LABEL, "summarizer: 1.0.0\n")
        ship(shipped)
        shipped.write("prompts/style.md", "Be long.\n")
        shipped.write(LABEL, "summarizer: 1.1.0\n")
        shipped.bump_and_commit()
        shipped.write(".git/hooks/pre-commit", "#!/bin/sh\n").chmod(0o755)
        shutil.copytree(shipped.path, busy, symlinks=True)
    shutil.copytree(busy, tmp_path / "clone", symlinks=True)
    return CommandRepo(tmp_path / "clone", clock=1_700_001_000)


def _everything(repo: Repo) -> dict[str, bytes]:
    return {
        path.relative_to(repo.path).as_posix(): path.read_bytes()
        for path in sorted(repo.path.rglob("*"))
        if path.is_file() and path != repo.path / ".git" / "index"
    }


@pytest.mark.parametrize(("words", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_a_dry_run_changes_nothing_and_shows_what_is_done(
    clone: Repo, words: list[str], expected: list[str]
) -> None:
    """Not one byte changes under --dry-run, and the same command then does just those steps."""
    before = _everything(clone)
    shown = clone.ok(*words, "--dry-run")
    planned = json.loads(clone.ok(*words, "-n", "--format", "json"))
    assert _everything(clone) == before
    done = json.loads(clone.ok(*words, "--format", "json"))
    if isinstance(planned, list):  # init lists files: those it keeps too
        assert planned == done
        assert "would create promptreg.toml\n" in shown
        assert {"promptreg.toml", ".gitignore"} <= _everything(clone).keys()
        return
    assert (planned.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert planned == done
    steps = [f"{step['action']} {step['target']}" for step in done["steps"]]
    assert len(steps) == len(expected)
    assert all(step.startswith(text) for step, text in zip(steps, expected, strict=True))
    assert [line.partition("  (")[0] for line in shown.splitlines()] == [
        f"would {s}" for s in steps
    ]
    after = _everything(clone)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert bool(changed) == bool(steps)
    for step in done["steps"]:
        if step["action"] in ("create", "change"):
            assert step["target"] in changed


def test_the_next_command_works_as_it_is_printed(clone: Repo) -> None:
    """A new file is added before it is committed by its name."""
    for words in (
        ("label", "set", "staging", "triage", "1.0.0"),
        ("label", "set", "staging", "triage", "1.1.0"),
        ("label", "unset", "staging", "triage"),
        ("yank", "triage@1.0.0", "--reason", "bad"),
    ):
        hint = clone.run(*words).err.partition("Next: ")[2].partition(", and merge")[0].strip()
        done = clone.process("sh", "-c", hint)
        assert done.code == 0, done.err
        assert clone.git("status", "--porcelain") == ""


def test_a_plan_that_fails_leaves_no_half(clone: Repo) -> None:
    """Where a step cannot be done, the files of the steps before it are as they were."""
    before = _everything(clone)
    old = clone.read(LABEL).encode()
    steps: list[Step] = [
        MoveFile(SUMMARIZER, "prompts/news.prompt.yml"),
        WriteFile(LABEL, old, b"x: 1.0.0\n"),
        WriteFile("prompts/deep/new.md", None, b"new"),
        WriteFile("prompts/triage.prompt.yml", b"what it was before somebody saved it", b""),
    ]
    with pytest.raises(ConflictError, match="changed by somebody else"):
        carry_out(Repository.open(clone.path), steps)
    assert _everything(clone) == before


def test_of_many_plans_for_one_file_one_is_carried_out(repo: Repo) -> None:
    """Who comes second is told, rather than what the first wrote overwritten."""

    def change(number: int) -> bool:
        step = WriteFile("a.txt", None, str(number).encode())
        try:
            carry_out(Repository.open(repo.path), [step])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(change, range(8)))
    assert done.count(True) == 1
    assert repo.read("a.txt") == str(done.index(True))


def test_a_lock_of_somebody_else_is_no_reason_to_hang(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`flock . promptreg ...` runs on; who keeps git's own folder locked is told of."""
    monkeypatch.setattr(replacing, "_LOCK_WAIT", 0)
    opened = Repository.open(repo.path)
    for folder in (repo.path, repo.path / ".git"):
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder == repo.path:
            carry_out(opened, [WriteFile("a.txt", None, b"a")])
        else:
            with pytest.raises(ConflictError, match=r"keeps .*\.git locked"):
                carry_out(opened, [WriteFile("a.txt", b"a", b"b")])
        os.close(handle)
    assert repo.read("a.txt") == "a"
