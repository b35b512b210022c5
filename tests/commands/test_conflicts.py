"""Conflicts of the version and digest lines: the pure resolver, and `bump` in real merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptreg.prompt.conflicts import resolve_conflict
from tests.commands.conftest import SUMMARIZER, edit

if TYPE_CHECKING:
    from tests.kit import Repo


def _conflict(ours: str, theirs: str, base: str | None = None) -> bytes:
    middle = "" if base is None else f"||||||| 1234567\n{base}"
    return (
        f"# top\n<<<<<<< HEAD\n{ours}{middle}=======\n{theirs}>>>>>>> feature\nmodel: x\n"
    ).encode()


@pytest.mark.parametrize(
    ("ours", "theirs", "kept"),
    [
        ("version: 1.3.0\ndigest: a\n", "version: 1.3.0\ndigest: b\n", "ours"),
        ("version: 1.3.0\ndigest: a\n", "version: 2.0.0\ndigest: b\n", "theirs"),
        ("version: 1.10.0\ndigest: a\n", "version: 1.9.0\ndigest: b\n", "ours"),
        ("digest: a\n", "digest: b\n", "ours"),
        ("", "version: 1.0.0\ndigest: b\n", "theirs"),
        ('version: "1.3.0" # x\n', '"version": 1.4.0\n', "theirs"),
        ("version: 1.3.0\n", "version: 1.3.0-rc.2\n", "ours"),
        ("version: next\n", "version: 1.0.0\n", "theirs"),
    ],
)
@pytest.mark.parametrize("base", [None, "version: 1.2.0\ndigest: c\n", ""])
def test_the_greater_version_stays(ours: str, theirs: str, kept: str, base: str | None) -> None:
    """Whatever the style of the markers, the side with the greater version is left."""
    expected = f"# top\n{ours if kept == 'ours' else theirs}model: x\n".encode()
    assert resolve_conflict(_conflict(ours, theirs, base)) == expected
    crlf = _conflict(ours, theirs, base).replace(b"\n", b"\r\n")
    assert resolve_conflict(crlf) == expected.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    "text",
    [
        b"model: x\n",
        _conflict("version: 1.0.0\nmodel: y\n", "version: 1.1.0\n"),
        _conflict("version: 1.0.0\n", "  version: 1.1.0\n"),
        _conflict("version: 1.0.0\na: 1\n", "version: 1.1.0\na: 2\n", base="a: 0\n"),
        _conflict("a: 1\n", "a: 0\n", base="a: 0\n"),
        _conflict("version: 1.0.0\n", "version: 1.1.0\n") + _conflict("a: 1\n", "a: 2\n"),
        b"<<<<<<< HEAD\nversion: 1.0.0\n",
        b"<<<<<<< HEAD\nversion: 1.0.0\n=======\nversion: 1.1.0\n",
        b"<<<<<<< HEAD\nversion: 1.0.0\n>>>>>>> x\n",
        b"<<<<<<< A\n<<<<<<< B\nversion: 1.0.0\n=======\n>>>>>>> B\n=======\n>>>>>>> A\n",
        b"<<<<<<< A\nversion: 1.0.0\n=======\nversion: 1.1.0\n=======\ndigest: a\n>>>>>>> A\n",
        b">>>>>>> x\n<<<<<<< A\nversion: 1.0.0\n=======\nversion: 1.1.0\n>>>>>>> A\n",
    ],
)
def test_any_other_conflict_is_left_to_a_person(text: bytes) -> None:
    """One line that both changed, nesting or a torn marker: nothing is resolved."""
    assert resolve_conflict(text) is None


MIXED = {
    "both-the-same": (
        "version: 1.1.0\na: 1\n",
        "version: 1.2.0\na: 1\n",
        None,
        "version: 1.2.0\na: 1\n",
    ),
    "only-theirs": (
        "version: 1.3.0\na: 0\n",
        "version: 1.2.0\na: 2\n",
        "a: 0\n",
        "version: 1.3.0\na: 2\n",
    ),
    "only-ours": (
        "a: 1\nversion: 1.1.0\n",
        "a: 0\nversion: 1.2.0\n",
        "a: 0\n",
        "a: 1\nversion: 1.2.0\n",
    ),
    "removed": ("version: 1.1.0\n", "version: 1.2.0\na: 0\n", "a: 0\n", "version: 1.2.0\n"),
    "removed-by-both": ("version: 1.0.0\n", "version: 1.1.0\n", "a: 0\n", "version: 1.1.0\n"),
    "lines-lost": (
        "a: 1\n",
        "version: 1.2.0\ndigest: b\na: 0\n",
        "version: 1.0.0\na: 0\n",
        "version: 1.2.0\ndigest: b\na: 1\n",
    ),
}


@pytest.mark.parametrize(("ours", "theirs", "base", "expected"), MIXED.values(), ids=MIXED)
def test_lines_beside_them_are_merged(
    ours: str, theirs: str, base: str | None, expected: str
) -> None:
    """A line beside version and digest that only one side changed is no conflict of its own."""
    result = f"# top\n{expected}model: x\n".encode()
    assert resolve_conflict(_conflict(ours, theirs, base)) == result
    crlf = _conflict(ours, theirs, base).replace(b"\n", b"\r\n")
    assert resolve_conflict(crlf) == result.replace(b"\n", b"\r\n")


def test_a_line_of_equals_signs_is_a_text() -> None:
    """A heading underlined in a text is no marker where no conflict is open."""
    heading = b"  Title\n=======\n"
    text = heading + _conflict("version: 1.0.0\n", "version: 1.1.0\n")
    assert resolve_conflict(text) == heading + b"# top\nversion: 1.1.0\nmodel: x\n"


def _two_branches(repo: Repo) -> None:
    """Give main and feature the same next version with edits of different lines."""
    repo.git("switch", "-q", "-c", "feature")
    edit(repo, "careful", "cautious")
    repo.ok("bump", code=1)
    repo.commit("feature")
    repo.git("switch", "-q", "main")
    edit(repo, "Summarize:", "Sum up:")
    repo.ok("bump", code=1)
    repo.commit("main")


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_bump_resolves_the_conflict_of_a_merge(shipped: Repo, style: str) -> None:
    """Both edits are in, the markers are gone, and the version lies above both."""
    _two_branches(shipped)
    shipped.git("config", "merge.conflictStyle", style)
    assert shipped.try_git("merge", "-q", "feature").code == 1
    assert "<<<<<<<" in shipped.read(SUMMARIZER)
    assert "prompts/summarizer.prompt.yml: 2.1.0 -> 2.2.0" in shipped.ok("bump", code=1)
    text = shipped.read(SUMMARIZER)
    assert "version: 2.2.0\n" in text
    assert "cautious" in text
    assert "Sum up:" in text
    assert "<<<<" not in text
    shipped.ok("bump", SUMMARIZER)
    shipped.commit("merge")
    shipped.ok("release")
    shipped.ok("verify")


def test_bump_resolves_the_conflict_of_a_rebase(shipped: Repo) -> None:
    """A branch put on top of main goes above main's version."""
    _two_branches(shipped)
    shipped.git("switch", "-q", "feature")
    assert shipped.try_git("rebase", "-q", "main").code == 1
    shipped.ok("bump", SUMMARIZER, code=1)
    assert "version: 2.2.0\n" in shipped.read(SUMMARIZER)
    shipped.git("add", SUMMARIZER)
    shipped.git("-c", "core.editor=true", "rebase", "--continue")
    shipped.ok("check", "--base", "main")


def test_a_dry_run_says_so_and_leaves_the_markers(shipped: Repo) -> None:
    """--dry-run counts the file as one that would be written."""
    _two_branches(shipped)
    assert shipped.try_git("merge", "-q", "feature").code == 1
    before = shipped.read(SUMMARIZER)
    assert "2.2.0" in shipped.ok("bump", "--dry-run", code=1)
    assert shipped.read(SUMMARIZER) == before


def test_other_conflicts_are_an_error_at_their_line(shipped: Repo) -> None:
    """A conflict in the text is never resolved; bump names the line and writes nothing."""
    _two_branches(shipped)
    edit(shipped, "careful", "wary")
    shipped.ok("bump", code=1)
    shipped.commit("the same line")
    assert shipped.try_git("merge", "-q", "feature").code == 1
    before = shipped.read(SUMMARIZER)
    marks = [n for n, line in enumerate(before.splitlines(), 1) if line[:7] in ("<" * 7, ">" * 7)]
    assert len(marks) == 4, "one conflict of version and digest, and one of a text"
    result = shipped.run("bump", SUMMARIZER)
    assert result.code == 2
    assert result.err.startswith(f"prompts/summarizer.prompt.yml:{marks[2]}:1: error: ")
    assert f"unresolved git conflict in lines {marks[2]}-{marks[3]}," in result.err
    assert shipped.read(SUMMARIZER) == before


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
@pytest.mark.parametrize("side", ["feature", "main"])
def test_bump_resolves_a_conflict_that_holds_a_neighbouring_line(
    shipped: Repo, style: str, side: str
) -> None:
    """A description under the digest that one side changed is merged, whoever that was."""
    lines = shipped.read(SUMMARIZER).splitlines(keepends=True)
    description = next(line for line in lines if line.startswith("description:"))
    assert lines[lines.index(description) - 1].startswith("digest:")
    for branch in ("feature", "main"):
        if branch == "feature":
            shipped.git("switch", "-q", "-c", "feature")
        else:
            shipped.git("switch", "-q", "main")
        edit(
            shipped,
            *(("careful", "cautious") if branch == "feature" else ("Summarize:", "Sum up:")),
        )
        if branch == side:
            edit(shipped, description, "description: Said anew.\n")
        shipped.ok("bump", code=1)
        shipped.commit(branch)
    shipped.git("config", "merge.conflictStyle", style)
    assert shipped.try_git("merge", "-q", "feature").code == 1
    hunk = shipped.read(SUMMARIZER).partition("<<<<<<<")[2].partition(">>>>>>>")[0]
    assert "description: Said anew." in hunk
    shipped.ok("bump", SUMMARIZER, code=1)
    text = shipped.read(SUMMARIZER)
    assert "version: 2.2.0\n" in text
    for words in ("cautious", "Sum up:", "description: Said anew.\n"):
        assert text.count(words) == 1
    assert "<<<<" not in text
    shipped.ok("bump", SUMMARIZER)


def test_a_neighbouring_line_that_both_changed_is_left(shipped: Repo) -> None:
    """What both sides said differently is a person's to decide, and bump names the lines."""
    shipped.git("switch", "-q", "-c", "feature")
    edit(shipped, "Two-sentence", "Three-sentence")
    shipped.ok("bump", code=1)
    shipped.commit("feature")
    shipped.git("switch", "-q", "main")
    edit(shipped, "Two-sentence", "Four-sentence")
    shipped.ok("bump", code=1)
    shipped.commit("main")
    assert shipped.try_git("merge", "-q", "feature").code == 1
    result = shipped.run("bump", SUMMARIZER)
    assert result.code == 2
    assert "both sides changed more than version and digest" in result.err
    text = shipped.read(SUMMARIZER)
    shipped.write(SUMMARIZER, text.replace("Three-sentence", "Four-sentence"))
    shipped.ok("bump", SUMMARIZER, code=1)
    assert "Four-sentence" in shipped.read(SUMMARIZER)
