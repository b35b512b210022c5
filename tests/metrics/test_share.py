"""Rows through the repository: a ref that merges by itself and keeps people out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from promptreg.git.process import GitResult
from promptreg.metrics import Metrics, shared_ref
from promptreg.metrics.shared_ref import SharedRef
from promptreg.storage.share import pull_rows
from promptreg.storage.table import Table
from tests.kit import CommandRepo, Repo, prompt_text


@pytest.fixture
def origin(tmp_path: Path) -> Repo:
    """A repository that others clone; the commands of all run in this process."""
    repo = CommandRepo.create(tmp_path / "origin")
    repo.write("prompts/summarizer.prompt.yml", prompt_text())
    repo.write(".gitignore", ".promptreg/\n")
    repo.run("bump", "--all")
    repo.commit("Add the summarizer")
    repo.run("release")
    return repo


def log(repo: Repo, unit: str, count: int, *, suite: str | None = "news") -> None:
    """Log evaluation rows, or ordinary calls without a suite."""
    rows = [
        {"prompt": "summarizer", "version": "1.0.0", "unit": f"secret-{unit}", "case_id": f"{n}"}
        | ({"suite": suite} if suite else {})
        | {"metadata": "{}", "run_id": unit, "scores": {"tone": n / 7}, "latency_ms": n + 0.1}
        for n in range(count)
    ]
    repo.write(".promptreg/rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert repo.run("metrics", "log", "--from-jsonl", ".promptreg/rows.jsonl").code == 0


def rows(repo: Repo) -> list[dict[str, object]]:
    """Return all rows of a clone."""
    sql = "SELECT run_id, case_id, unit, scores FROM calls ORDER BY ALL"
    done = repo.run("metrics", "query", sql, "--format", "json")
    assert done.code == 0, done.err
    found: list[dict[str, object]] = json.loads(done.out)
    return found


def say(repo: Repo, *words: str) -> str:
    """Run a metrics command that must succeed and return what it said."""
    done = repo.run("metrics", *words)
    assert done.code == 0, done.out + done.err
    return done.err.strip()


def test_push_and_pull(origin: Repo, tmp_path: Path) -> None:
    """Evaluation rows reach another clone once, without units; ordinary calls stay at home."""
    one, two = (origin.clone(tmp_path / name) for name in ("one", "two"))
    assert "no shared metrics" in say(two, "pull")
    log(one, "a", 5)
    log(one, "calls", 3, suite=None)
    assert say(one, "push", "-n") == "Would push 5 rows."
    planned = one.ok("metrics", "push", "--dry-run", "--format", "json")
    assert json.loads(planned) == {"remote": "origin", "rows": 5, "dry_run": True}
    assert say(one, "push") == "Pushed 5 rows."
    assert say(one, "push") == "Pushed 0 rows."
    assert say(two, "pull") == "Pulled 5 rows."
    assert say(two, "pull") == "Pulled 0 rows."
    assert [row["run_id"] for row in rows(two)] == ["a"] * 5
    assert {row["unit"] for row in rows(two)} == {None}
    assert rows(two)[1]["scores"] == {"tone": 1 / 7}
    assert say(two, "push") == "Pushed 0 rows."
    assert say(one, "pull") == "Pulled 0 rows."
    assert len(rows(one)) == 8
    assert origin.git("for-each-ref", "--format=%(refname)", "refs/promptreg") == (
        "refs/promptreg/metrics"
    )


def test_two_clones_push_at_once(origin: Repo, tmp_path: Path) -> None:
    """Whoever pushes second merges by itself: neither side's rows are lost or doubled."""
    one, two = (origin.clone(tmp_path / name) for name in ("one", "two"))
    log(one, "a", 4)
    log(two, "b", 6)
    say(one, "push", "-")
    say(two, "push", "-")
    assert say(one, "push") == "Pushed 0 rows."
    assert say(two, "push") == "Pushed 0 rows."
    assert say(one, "pull") == "Pulled 6 rows."
    assert say(two, "pull") == "Pulled 4 rows."
    assert len(rows(one)) == len(rows(two)) == 10
    third = origin.clone(tmp_path / "three")
    assert say(third, "pull") == "Pulled 10 rows."


def test_two_pulls_of_one_clone_at_once(
    origin: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process fetches or appends at the same moment is waited for, or is as good."""
    one, two = (origin.clone(tmp_path / name) for name in ("one", "two"))
    log(one, "a", 5)
    say(one, "push")
    lock = two.path / ".git/refs/promptreg/remotes/origin/metrics.lock"
    ref, late = (SharedRef(two.path), Metrics(two.path / ".promptreg/metrics").store)
    lock.parent.mkdir(parents=True)
    asked: list[int] = []

    def try_git(*words: Any) -> GitResult:
        if "fetch" in words and not asked:
            lock.touch()
        answer = real_git(*words)
        lock.unlink(missing_ok=True)
        asked.append(answer.returncode)
        return answer

    def append(table: Table, *words: Any) -> None:
        with monkeypatch.context() as other:
            other.setattr(Table, "append", real_append)
            pull_rows(late, ref)
        real_append(table, *words)

    real_git, real_append = shared_ref.try_git, Table.append
    monkeypatch.setattr(shared_ref, "try_git", try_git)
    monkeypatch.setattr(Table, "append", append)
    assert say(two, "pull") == "Pulled 5 rows."
    assert asked[0] != 0
    assert len(rows(two)) == 5


def test_private_columns_only_when_asked(origin: Repo, tmp_path: Path) -> None:
    """Units travel with --private alone."""
    one = origin.clone(tmp_path / "one")
    log(one, "a", 2)
    say(one, "push")
    log(one, "b", 2)
    say(one, "push", "--private")
    two = origin.clone(tmp_path / "two")
    say(two, "pull")
    assert [row["unit"] for row in rows(two)] == [None, None, "secret-b", "secret-b"]


def test_purge_rewrites_the_ref(origin: Repo, tmp_path: Path) -> None:
    """Purged rows leave the ref with its history, and the user is told about the remotes."""
    one = origin.clone(tmp_path / "one")
    log(one, "a", 2)
    say(one, "push")
    log(one, "b", 2, suite="other")
    say(one, "push")
    said = say(one, "purge", "--suite", "other", "--yes")
    assert "Removed 2 rows from refs/promptreg/metrics" in said
    assert "git push --force REMOTE refs/promptreg/metrics" in said
    assert one.git("rev-list", "--count", "refs/promptreg/metrics") == "1"
    one.git("push", "-q", "--force", "origin", "refs/promptreg/metrics")
    two = origin.clone(tmp_path / "two")
    assert say(two, "pull") == "Pulled 2 rows."


def test_an_unreachable_remote(origin: Repo, tmp_path: Path) -> None:
    """A remote that is not there is one line and exit 2."""
    one = origin.clone(tmp_path / "one")
    done = one.run("metrics", "push", "nowhere")
    assert done.code == 2
    assert "git ls-remote failed" in done.err
    assert "fix: git remote add nowhere URL" in done.err
