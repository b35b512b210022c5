"""Where files come from: the work tree and a commit must never say two things."""

from __future__ import annotations

import os

import pytest

from promptreg.errors import PromptError
from promptreg.git import Repository
from promptreg.naming import Layout
from promptreg.operations.checking import check_files
from promptreg.prompt.content import read_content
from promptreg.registry import Registry
from promptreg.sources import CommitSource, WorktreeSource
from tests.kit import Repo

INCLUDING = 'messages:\n- role: user\n  content: |\n    Hi.\n    {% include "NAME" %}\n'


@pytest.fixture
def linked(repo: Repo) -> Repo:
    """A repository whose prompts hold links to a prompt, to fragments and to a folder."""
    repo.write("prompts/a.yaml", INCLUDING.replace("NAME", "text.md"))
    repo.write("prompts/text.md", "Be kind.\n")
    outside = repo.path.parent / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("Secret.\n")
    links = {
        "prompts/link.yaml": "a.yaml",
        "prompts/link.md": "text.md",
        "prompts/round.md": "round.md",
        "prompts/folder": str(outside),
    }
    for path, target in links.items():
        (repo.path / path).symlink_to(target)
    repo.commit()
    return repo


@pytest.mark.parametrize("path", ["link.md", "round.md", "folder/secret.md"])
def test_a_link_is_no_fragment(linked: Repo, path: str) -> None:
    """A commit holds a link as a path, so a work tree refuses it and a commit has no such file."""
    linked.write("prompts/b.yaml", INCLUDING.replace("NAME", path))
    commit = linked.commit()
    with pytest.raises(PromptError) as refused:
        read_content(WorktreeSource(linked.path), Layout(), "prompts/b.yaml")
    assert refused.value.rule == "symbolic-link"
    repository = Repository.open(linked.path)
    with pytest.raises(PromptError) as missing:
        read_content(CommitSource(repository, commit), Layout(), "prompts/b.yaml")
    assert missing.value.rule == "include-missing"
    assert missing.value.location is not None
    assert missing.value.location.line == 5


def test_a_link_is_no_prompt(linked: Repo) -> None:
    """Work tree and commit list and read the same files."""
    worktree = WorktreeSource(linked.path)
    commit = CommitSource(Repository.open(linked.path), linked.git("rev-parse", "HEAD"))
    paths = ["prompts/a.yaml", "prompts/text.md"]
    assert worktree.paths("prompts") == commit.paths("prompts") == paths
    assert [worktree.read(p) for p in paths] == [commit.read(p) for p in paths]
    assert commit.read("prompts/link.yaml") is None
    with Registry(linked.path) as registry:
        (finding,) = check_files(registry, ["prompts/link.yaml"]).findings
    assert (finding.rule, finding.location.path) == ("symbolic-link", "prompts/link.yaml")


def test_a_text_without_line_end_is_no_link(linked: Repo) -> None:
    """A commit's files are read whatever their length."""
    linked.write("prompts/short.md", "text.md")
    commit = CommitSource(Repository.open(linked.path), linked.commit())
    assert commit.read("prompts/short.md") == b"text.md"


def test_a_pipe_keeps_nobody_waiting(repo: Repo) -> None:
    """What is no regular file is no file to read."""
    repo.write("prompts/a.yaml", INCLUDING.replace("NAME", "pipe.md"))
    os.mkfifo(repo.path / "prompts/pipe.md")
    assert WorktreeSource(repo.path).read("prompts/pipe.md") is None


def test_a_fault_stands_in_its_own_line(repo: Repo) -> None:
    """An include that may not be names the line of the file, or of the fragment that has it."""
    faults = {
        'Hi {{ x }}.\n{% include "../x.md" %}': ("prompts/a.yaml", 5),
        'One.\n{% include "f.md" %}': ("prompts/f.md", 3),
    }
    repo.write("prompts/f.md", "One.\n\n{% extends 'y.md' %}\n")
    for text, expected in faults.items():
        indented = text.replace("\n", "\n    ")
        repo.write("prompts/a.yaml", f"messages:\n- role: user\n  content: |\n    {indented}\n")
        with pytest.raises(PromptError) as error:
            read_content(WorktreeSource(repo.path), Layout(), "prompts/a.yaml")
        location = error.value.location
        assert location is not None
        assert (location.path, location.line) == expected
        assert not error.value.message.startswith("line")


def test_a_folder_that_cannot_be_read_is_not_empty(repo: Repo) -> None:
    """What hinders a look into a folder is told; only one that is not there holds nothing."""
    source = WorktreeSource(repo.path)
    assert source.paths("nowhere") == []
    with pytest.raises(OSError, match="too long"):
        source.paths("long" * 100)
