"""The check hook before a push, run by the real pre-commit program against a real remote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hooks.conftest import FIRST, LAST, PROMPT, Team


@pytest.fixture
def remote(team: Team, tmp_path: Path) -> Path:
    """A bare remote to which main was pushed through the hook."""
    path = tmp_path / "remote.git"
    team.git("init", "-q", "--bare", "-b", "main", str(path))
    team.git("remote", "add", "origin", str(path))
    done = team.try_git("push", "-u", "origin", "main")
    assert done.code == 0, done
    team.git("remote", "set-head", "origin", "main")
    return path


def test_a_sound_branch_is_pushed(team: Team, remote: Path) -> None:
    """What the check accepts goes out."""
    team.branch("feature", "First line.", "The first line.")
    team.git("checkout", "-q", "feature")
    done = team.try_git("push", "-u", "origin", "feature")
    assert done.code == 0, done
    assert team.git("--git-dir", str(remote), "rev-parse", "feature") == team.git(
        "rev-parse", "HEAD"
    )


def test_an_unfit_branch_is_not_pushed(team: Team, remote: Path) -> None:
    """A version that was sneaked past the commit hook stops at the push."""
    team.git("checkout", "-q", "-b", "feature")
    team.edit("First line.", "The first line.")
    team.git("commit", "-q", "-a", "--no-verify", "-m", "sneaked in")
    done = team.try_git("push", "-u", "origin", "feature")
    assert done.code != 0
    assert "digest-mismatch" in done.err + done.out
    assert (
        team.try_git("--git-dir", str(remote), "rev-parse", "-q", "--verify", "feature").code != 0
    )


def test_a_taken_version_is_refused(team: Team, remote: Path) -> None:
    """Somebody else's 1.1.0 was merged in and wrongly resolved: it cannot be pushed as 1.1.0."""
    team.branch("mine", "Last line.", LAST)
    team.edit("First line.", FIRST)
    team.commit_twice("theirs")
    assert team.try_git("push", "origin", "main").code == 0
    team.git("checkout", "-q", "mine")
    assert team.try_git("merge", "main").code != 0
    team.resolve("ours")
    assert team.try_commit("merged", "--no-verify").code == 0
    done = team.try_git("push", "-u", "origin", "mine")
    assert done.code != 0, done
    assert "version-taken" in done.err + done.out
    assert team.run("bump", PROMPT).code == 1
    assert team.version() == "1.2.0"
    assert team.try_commit("next").code == 0
    assert team.try_git("push", "-u", "origin", "mine").code == 0
