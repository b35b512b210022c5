"""Rows that lack version or digest: which content they are taken to be about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.kit import CommandRepo, Repo, prompt_text


@pytest.fixture(scope="session")
def _edited_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants it builds the repository for all."""
    return tmp_path_factory.mktemp("edited") / "repo"


@pytest.fixture
def repo(tmp_path: Path, _edited_once: Path) -> Repo:
    """A prompt released as 1.0.0, changed and bumped at HEAD, and changed again in its file."""
    if not _edited_once.exists():
        _build(CommandRepo.create(_edited_once))
    shutil.copytree(_edited_once, tmp_path / "work", symlinks=True)
    return CommandRepo(tmp_path / "work")


def _build(repo: Repo) -> None:
    repo.write("prompts/summarizer.prompt.yml", prompt_text())
    repo.write(".gitignore", ".promptreg/\n")
    repo.run("bump", "--all")
    repo.commit("Add the summarizer")
    assert repo.run("release").code == 0
    edit(repo, "At HEAD")
    repo.run("bump", "--all", "--level", "minor")
    repo.commit("Change it")
    edit(repo, "In the file")
    repo.run("bump", "--all", "--level", "major")


def edit(repo: Repo, words: str) -> None:
    """Put words in front of a text that the prompt has."""
    path = repo.path / "prompts/summarizer.prompt.yml"
    text = path.read_text()
    assert "You are" in text
    path.write_text(text.replace("You are", f"{words}. You are", 1))


def digest(repo: Repo, reference: str) -> str:
    """Return a content's digest as `show` tells it."""
    shown = repo.run("show", reference, "--format", "json")
    assert shown.code == 0, shown.err
    return str(json.loads(shown.out)["digest"])


def logged(repo: Repo, *options: str, **columns: Any) -> list[dict[str, Any]]:
    """Log one row about the prompt from a file; return what the store has."""
    repo.write("rows.jsonl", json.dumps({"prompt": "summarizer"} | columns))
    done = repo.run("metrics", "log", "--from-jsonl", "rows.jsonl", *options)
    assert done.code == 0, done.err
    sql = "SELECT version, digest FROM calls"
    found = json.loads(repo.run("metrics", "query", sql, "--format", "json").out)
    return list(found)


@pytest.mark.parametrize(
    ("options", "version", "reference"),
    [
        ((), "1.0.0", "summarizer@1.0.0"),
        ((), "1.1.0", "summarizer@HEAD"),
        ((), "2.0.0", "summarizer@worktree"),
        ((), None, "summarizer@worktree"),
        (("--head",), None, "summarizer@HEAD"),
        (("--head",), "1.1.0", "summarizer@HEAD"),
        (("--head",), "1.0.0", "summarizer@1.0.0"),
    ],
)
def test_whose_digest(
    repo: Repo, options: tuple[str, ...], version: str | None, reference: str
) -> None:
    """A row gets the digest of the release it names, else of the file, else of HEAD."""
    columns = {} if version is None else {"version": version}
    (row,) = logged(repo, *options, **columns)
    assert row["digest"] == digest(repo, reference)
    assert row["version"] == version or version is None


def test_head_comes_before_a_release(repo: Repo) -> None:
    """With --head a content that was edited without a bump is not taken for the released one."""
    repo.git("checkout", "-q", "--", "prompts")
    path = repo.path / "prompts/summarizer.prompt.yml"
    path.write_text(path.read_text().replace("version: 1.1.0", "version: 1.0.0"))
    repo.commit("Take the version back without a bump")
    (row,) = logged(repo, "--head", version="1.0.0")
    assert row["digest"] == digest(repo, "summarizer@HEAD") != digest(repo, "summarizer@1.0.0")


def test_what_is_known_stays(repo: Repo) -> None:
    """A row with a digest keeps it; one of a version nobody has stays without."""
    (row,) = logged(repo, version="1.0.0", digest="0" * 64)
    assert row["digest"] == "0" * 64
    assert {"version": "7.7.7", "digest": None} in logged(repo, version="7.7.7")


@pytest.mark.parametrize("columns", [{"version": "1.1.0"}, {}])
def test_strict(repo: Repo, columns: dict[str, str]) -> None:
    """--strict refuses what was never released, also when HEAD or the file has it."""
    repo.write("rows.jsonl", json.dumps({"prompt": "summarizer"} | columns))
    done = repo.run("metrics", "log", "--from-jsonl", "rows.jsonl", "--strict")
    assert done.code == 2
    assert "was never released" in done.err
