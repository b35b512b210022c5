"""Two branches that take one version: every way of joining them ends in a git conflict.

Each has the same edits on lines far apart, which git would join without a word; only the digest
line below the version makes it ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.hooks.conftest import FIRST, LAST, PROMPT, Team

BOTH = (FIRST, LAST)


def merge(team: Team) -> int:
    """Merge b into main."""
    return team.try_git("merge", "--no-ff", "-m", "merge b", "b").code


def squash(team: Team) -> int:
    """Squash b onto main."""
    return team.try_git("merge", "--squash", "b").code


def rebase(team: Team) -> int:
    """Rebase b onto main."""
    return team.try_git("rebase", "main", "b").code


def cherry_pick(team: Team) -> int:
    """Take b's commit onto main."""
    return team.try_git("cherry-pick", "b").code


def update(team: Team) -> int:
    """Merge main into b, as a pull request's button does."""
    team.git("checkout", "-q", "b")
    return team.try_git("merge", "--no-ff", "-m", "update", "main").code


def patch(team: Team) -> int:
    """Apply b's commit from a mailed patch."""
    mail = team.git("format-patch", "-1", "--stdout", "b")
    return team.process("git", "am", "-3", stdin=mail + "\n").code


WAYS = pytest.mark.parametrize("join", [merge, squash, rebase, cherry_pick, update, patch])


def contents_by_version(team: Team) -> dict[str, set[str]]:
    """Return the digests that any commit of any branch gives to each version."""
    found: dict[str, set[str]] = {}
    for commit in team.git("rev-list", "--all").split():
        shown = team.try_git("show", f"{commit}:{PROMPT}")
        lines = dict(re.findall(r"^(version|digest): (\S+)$", shown.out, re.MULTILINE))
        if shown.code == 0 and lines:
            found.setdefault(lines["version"], set()).add(lines["digest"])
    return found


@WAYS
def test_one_version_with_two_contents_is_a_conflict(
    rivals: Team, join: Callable[[Team], int]
) -> None:
    """No way of joining the branches passes in silence."""
    assert join(rivals) != 0
    text = rivals.read(PROMPT)
    assert "<<<<<<<" in text
    inside = re.findall(r"<<<<<<<.*?>>>>>>>", text, re.DOTALL)
    assert len(inside) == 1
    kept = [line for line in inside[0].splitlines() if not re.match(r"[<=>|]{7}", line)]
    assert all(line.startswith(("version:", "digest:")) for line in kept)
    # Only the two lines are in question: both edits are joined already.
    assert all(words in text for words in BOTH)


@WAYS
def test_any_resolution_is_repaired(rivals: Team, join: Callable[[Team], int]) -> None:
    """Whichever lines a person keeps, or none, the joint text gets the next free version.

    Nobody has to choose between two digests that are both wrong: bump resolves that conflict.
    """
    assert join(rivals) != 0
    conflicted = rivals.read(PROMPT)
    for side in ("ours", "theirs", None):
        rivals.write(PROMPT, conflicted)
        if side is not None:
            rivals.resolve(side)
        assert rivals.run("bump", PROMPT).code == 1
        assert rivals.version() == "1.2.0"
        assert "<<<<<<<" not in rivals.read(PROMPT)
        assert all(words in rivals.read(PROMPT) for words in BOTH)
    assert rivals.run("bump", PROMPT).code == 0


def test_the_hook_resolves_what_was_staged_with_its_markers(rivals: Team) -> None:
    """Staging the conflicted file and committing is enough: the hook leaves no marker behind."""
    assert merge(rivals) != 0
    rivals.commit_twice("merged")
    assert rivals.version() == "1.2.0"
    assert "<<<<<<<" not in rivals.git("show", f"HEAD:{PROMPT}")
    assert rivals.is_sound("HEAD^1")


def test_a_conflict_in_the_text_stays_with_a_person(team: Team) -> None:
    """Two edits of one line are never decided by the tool, and no marker gets committed."""
    team.branch("a", "First line.", FIRST)
    team.branch("b", "First line.", "Another first line.")
    team.git("merge", "-q", "--ff-only", "a")
    assert merge(team) != 0
    before = team.read(PROMPT)
    answer = team.run("bump", PROMPT)
    assert answer.code == 2
    assert "conflict" in answer.err
    assert team.read(PROMPT) == before
    refused = team.try_commit("merged")
    assert refused.code == 1
    assert "unresolved git conflict" in refused.out + refused.err


def test_the_hook_repairs_the_commit_that_ends_a_merge(rivals: Team) -> None:
    """Ending the merge runs the hook, so the joint content has a version of its own."""
    assert merge(rivals) != 0
    rivals.resolve("ours")
    rivals.commit_twice("merged")
    assert rivals.version() == "1.2.0"
    assert rivals.git("rev-list", "--count", "--merges", "HEAD") == "1"
    assert rivals.is_sound("HEAD^1")
    on_main = rivals.git("log", "--first-parent", "--format=%H", "main").split()
    seen = {
        (re.search(r"version: (\S+)", text)[1], re.search(r"digest: (\S+)", text)[1])  # type: ignore[index]
        for commit in on_main
        if (text := rivals.git("show", f"{commit}:{PROMPT}"))
    }
    assert len({version for version, _ in seen}) == len(seen) == 3


def test_the_hook_repairs_the_commit_of_a_squash(rivals: Team) -> None:
    """A squash is an ordinary commit, so the hook runs."""
    assert squash(rivals) != 0
    rivals.resolve("theirs")
    rivals.commit_twice("squashed")
    assert rivals.version() == "1.2.0"
    assert rivals.is_sound("HEAD~1")


def test_the_check_catches_what_a_rebase_let_through(rivals: Team) -> None:
    """Whatever hooks a rebase runs or skips, the check refuses the taken version."""
    assert rebase(rivals) != 0
    rivals.resolve("theirs")
    rivals.git("add", "-A")
    done = rivals.try_git("-c", "core.editor=true", "-c", "core.hooksPath=/none",
                          "rebase", "--continue")  # fmt: skip
    assert done.code == 0, done
    answer = rivals.run("check", "--base", "main")
    assert answer.code == 1
    assert "digest-mismatch" in answer.out or "version-taken" in answer.out
    assert rivals.run("bump", PROMPT).code == 1
    assert rivals.version() == "1.2.0"
    assert rivals.try_commit("bump", "--no-verify").code == 0
    assert rivals.is_sound("main")


def test_the_same_change_on_two_branches_is_one_version(team: Team) -> None:
    """Equal contents have equal digests, so they join without a conflict and stay 1.1.0."""
    team.branch("a", "First line.", FIRST)
    team.branch("b", "First line.", FIRST)
    team.git("merge", "-q", "--ff-only", "a")
    assert merge(team) == 0
    assert team.version() == "1.1.0"
    assert team.is_sound("HEAD^1")


def test_different_levels_conflict_as_well(team: Team) -> None:
    """1.0.1 on main and 1.1.0 on the branch: the joint content is minor against main."""
    team.branch("a", "A line between.", "A line  between.")
    team.branch("b", "Last line.", LAST)
    team.git("merge", "-q", "--ff-only", "a")
    assert update(team) != 0
    conflicted = team.read(PROMPT)
    for side in ("ours", "theirs"):
        team.write(PROMPT, conflicted)
        team.resolve(side)
        assert team.run("bump", PROMPT).code == 1
        assert team.version() == "1.1.0"
    assert team.try_commit("merged").code == 0
    assert team.is_sound("main")


def test_a_clean_merge_of_other_files_passes_its_hook(team: Team) -> None:
    """The pre-merge-commit hook runs on a clean merge and finds nothing to do."""
    team.branch("a", "First line.", FIRST)
    team.write("README.md", "Hello")
    assert team.try_commit("readme").code == 0
    done = team.try_git("merge", "--no-ff", "-m", "merge a", "a")
    assert done.code == 0, done
    assert team.version() == "1.1.0"


def test_two_changed_prompts_conflict_each_for_itself(team: Team) -> None:
    """A conflict in one prompt does not touch another that merges cleanly."""
    other = "prompts/other.prompt.yml"
    team.write(other, "messages:\n  - role: user\n    content: Hello.\n")
    team.commit_twice("second prompt")
    team.branch("a", "First line.", FIRST)
    team.git("checkout", "-q", "-b", "b", "main")
    team.edit("Last line.", LAST)
    team.edit("Hello.", "Good day.", other)
    team.commit_twice("both")
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "--ff-only", "a")
    assert merge(team) != 0
    assert team.version(other) == "1.1.0"
    assert "<<<<<<<" not in team.read(other)


def test_a_fragment_and_a_prompt_changed_apart_are_caught_on_the_merge_result(team: Team) -> None:
    """No line conflicts when one branch edits a fragment and another begins to include it."""
    team.write("prompts/shared/style.md", "Be brief.\n")
    assert team.try_commit("fragment").code == 0
    team.branch("a", "Last line.", "{% include 'shared/style.md' %}")
    team.git("checkout", "-q", "-b", "b", "main")
    team.write("prompts/shared/style.md", "Be very brief.\n")
    assert team.try_commit("style").code == 0
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "--ff-only", "a")
    # The check runs on the merge result, as CI's merge ref is.
    team.git("checkout", "-q", "-b", "result")
    team.git("-c", "core.hooksPath=/none", "merge", "-q", "--no-ff", "-m", "merge b", "b")
    answer = team.run("check", "--base", "HEAD^1")
    assert answer.code == 1
    assert "digest-mismatch" in answer.out
    assert team.run("bump", PROMPT).code == 1
    assert team.version() == "1.2.0"


# --- reverts ---


def test_a_revert_is_refused_by_the_check_and_repaired_by_bump(team: Team) -> None:
    """Git restores the old version line; the old content gets the next free version instead."""
    team.edit("First line.", FIRST)
    team.commit_twice("edit")
    team.git("checkout", "-q", "-b", "undo")
    team.git("revert", "--no-edit", "HEAD")
    assert team.version() == "1.0.0"
    answer = team.run("check", "--base", "main")
    assert answer.code == 1
    assert "version-decreased" in answer.out
    assert "--base" in answer.out
    assert team.run("bump", "--base", "main", PROMPT).code == 1
    assert team.version() == "1.2.0"
    assert "First line." in team.read(PROMPT)
    assert team.try_commit("repaired").code == 0
    assert team.is_sound("main")


def test_a_number_that_was_reverted_is_not_taken_again(team: Team) -> None:
    """After a revert on main, another change does not get 1.1.0 a second time."""
    team.edit("First line.", FIRST)
    team.commit_twice("edit")
    team.git("checkout", "-q", "-b", "undo")
    team.git("revert", "--no-edit", "HEAD")
    assert team.run("bump", "--base", "main", PROMPT).code == 1
    assert team.try_commit("repaired").code == 0
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "--ff-only", "undo")
    team.branch("next", "Last line.", LAST)
    team.git("merge", "-q", "--ff-only", "next")
    assert team.version() == "1.3.0"
    assert all(
        len(digests) == 1 for v, digests in contents_by_version(team).items() if v != "1.0.0"
    )


def test_a_clean_cherry_pick_keeps_its_version(team: Team) -> None:
    """A commit taken over as it is has the same content, so the same version."""
    team.branch("a", "First line.", FIRST)
    team.git("checkout", "-q", "-b", "line", "main")
    team.git("cherry-pick", "a")
    assert team.version() == "1.1.0"
    assert all(len(digests) == 1 for digests in contents_by_version(team).values())
    assert team.is_sound("main")
