"""Names that are used again, and versions that came from elsewhere."""

from __future__ import annotations

import pytest

from promptreg.errors import PromptError
from tests.core.acts import bump, check, commit_prompt, edit, release, rules, stated
from tests.kit import Repo, prompt_text

A = "prompts/a.yaml"


@pytest.fixture
def gone(repo: Repo) -> Repo:
    """A prompt released as 1.0.0, 1.1.0 and 1.2.0, then deleted on main; a branch is open."""
    for system in ("One.", "Two.", "Three."):
        commit_prompt(repo, system=system)
        release(repo)
    repo.git("rm", "-q", A)
    repo.commit("delete a")
    repo.git("switch", "-q", "-c", "feature")
    return repo


def _restore(repo: Repo, tag: str) -> None:
    repo.git("checkout", "-q", tag, "--", A)


@pytest.mark.parametrize("tag", ["a@1.0.0", "a@1.1.0"])
def test_a_restored_file_does_not_keep_its_old_number(gone: Repo, tag: str) -> None:
    """A file that comes back with an old number is found by check and lifted above its tags."""
    _restore(gone, tag)
    gone.commit("restore")
    result = check(gone)
    assert rules(result) == ["version-decreased"]
    (finding,) = result.findings
    assert "below 1.2.0" in finding.message
    assert finding.possible[0] == "1.3.0"
    assert finding.fix == f"promptreg bump --base main {A}"
    bump(gone, A, base="main")
    gone.commit("bump")
    assert stated(gone, A)[0] == "1.3.0"
    assert rules(check(gone)) == []


def test_the_hook_lifts_a_restored_file_before_its_commit(gone: Repo) -> None:
    """Without a base bump sees that neither HEAD nor the release branch has the file."""
    _restore(gone, "a@1.0.0")
    assert [str(r.plan.version) for r in bump(gone, A)] == ["1.3.0"]
    assert [r.wrote for r in bump(gone, A)] == [False]
    gone.commit("restore")
    assert rules(check(gone)) == []


def test_the_latest_content_comes_back_as_the_latest_version(gone: Repo) -> None:
    """What the greatest tag holds needs no new version, whatever number stands in the file."""
    _restore(gone, "a@1.2.0")
    assert [r.wrote for r in bump(gone, A)] == [False]
    edit(gone, A, "version: 1.2.0", "version: 1.0.0")
    assert [str(r.plan.version) for r in bump(gone, A)] == ["1.2.0"]
    gone.commit("restore")
    assert rules(check(gone)) == []


def test_a_new_prompt_of_an_old_name_goes_on_above(gone: Repo) -> None:
    """A new text under an old name may state no number below the name's greatest tag."""
    gone.write(A, "version: 1.0.5\n" + prompt_text("Quite new."))
    gone.commit("new")
    assert rules(check(gone)) == ["digest-mismatch", "version-decreased"]
    gone.git("rm", "-q", "--cached", A)
    bump(gone, A, base="main")
    assert stated(gone, A)[0] == "1.3.0"


def test_hotfix_lines_are_no_return(gone: Repo) -> None:
    """A line that still has the file stays below the tags of other lines."""
    gone.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    gone.git("switch", "-q", "-c", "fix")
    edit(gone, A, "One.", "One, fixed.")
    bump(gone, A, hotfix=True)
    gone.commit("fix")
    assert stated(gone, A)[0] == "1.0.1"
    assert rules(check(gone, "release/1.0")) == []


def test_a_hotfix_stays_one_when_the_hook_runs(repo: Repo) -> None:
    """A patch on an older line holds any change but a major one; bump and check leave it alone."""
    for system in ("One.", "Two."):
        commit_prompt(repo, system=system)
        release(repo)
    repo.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    repo.git("switch", "-q", "-c", "fix")
    edit(repo, A, "One.", "One, fixed.")
    bump(repo, A, hotfix=True)
    assert [r.wrote for r in bump(repo, A)] == [False]
    repo.commit("fix")
    assert rules(check(repo, "release/1.0")) == []
    edit(repo, A, "type: string", "type: array")
    repo.git("commit", "-qam", "major")
    assert rules(check(repo, "release/1.0")) == ["level-too-low", "digest-mismatch"]
    bump(repo, A)
    assert stated(repo, A)[0] == "2.0.0"


def test_on_the_newest_line_a_patch_stays_too_low(repo: Repo) -> None:
    """Without anything above, a patch is no place for new words."""
    commit_prompt(repo)
    release(repo)
    repo.git("switch", "-q", "-c", "feature")
    edit(repo, A, "One.", "Two.")
    with pytest.raises(PromptError, match="on no older line"):
        bump(repo, A, hotfix=True)
    bump(repo, A)
    edit(repo, A, "version: 1.1.0", "version: 1.0.1")
    repo.commit("no hotfix")
    assert rules(check(repo)) == ["level-too-low"]


def test_a_branch_behind_the_creation_is_no_return(repo: Repo) -> None:
    """A prompt that both a branch and the base's tip have since they parted is not coming back."""
    repo.commit("empty", "--allow-empty")
    repo.git("switch", "-q", "-c", "first")
    commit_prompt(repo)
    repo.git("switch", "-q", "-c", "stacked")
    commit_prompt(repo, "b")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", "first")
    repo.commit("first")
    release(repo)
    commit_prompt(repo, system="Two.")
    release(repo)
    repo.git("switch", "-q", "stacked")
    assert rules(check(repo)) == []


def test_numbers_of_deleted_versions_never_come_back(gone: Repo) -> None:
    """What was deleted for good is neither kept by bump nor accepted by check, nor gone below."""
    text = "".join(f'a@1.{n}.0: {{reason: "x", deleted: true}}\n' for n in range(3))
    gone.write("prompts/yanked.yaml", text)
    for tag in gone.tags():
        gone.git("tag", "-d", tag)
    gone.commit("delete for good")
    gone.git("branch", "-f", "main")
    for number, rule in (("1.1.0", "version-decreased"), ("1.2.0", "version-taken")):
        gone.write(A, f"version: {number}\n" + prompt_text("New."))
        gone.commit("again")
        assert rules(check(gone)) == ["digest-mismatch", rule]
        bump(gone, A, base="main")
        assert stated(gone, A)[0] == "2.0.0"
        gone.commit("bump")
        assert rules(check(gone)) == []
    with pytest.raises(PromptError) as caught:
        bump(gone, A, version="1.1.0", base="main")
    assert caught.value.rule == "version-taken"


@pytest.mark.parametrize("shallow", [False, True])
def test_a_shallow_clone_asks_for_the_tags_of_a_new_file(gone: Repo, *, shallow: bool) -> None:
    """Where no tags were fetched a file that may have been there before is not judged: exit 3."""
    _restore(gone, "a@1.0.0")
    gone.commit("restore")
    gone.git("push", "-q", ".", "feature:refs/heads/merge-ref")
    args = ["--depth=2", "--no-tags"] if shallow else []
    clone = gone.clone(gone.path.parent / "ci", *args, "-b", "merge-ref")
    clone.git("fetch", "-q", "--no-tags", "origin", "main:refs/remotes/origin/main")
    result = clone.run("check", "--base", "origin/main")
    if shallow:
        assert result.code == 3
        command = result.err.partition("fix: ")[2].strip()
        assert clone.process("sh", "-c", command).code == 0
        result = clone.run("check", "--base", "origin/main")
    assert result.code == 1
    assert "version-decreased" in result.out


@pytest.mark.parametrize("version", ["0.1.0", "3.2.1", "2.0.0-rc.4", "7.1.0"])
def test_versions_from_elsewhere_are_kept(repo: Repo, version: str) -> None:
    """A prompt that comes with a version begins there; bump, check and release agree."""
    repo.commit("empty", "--allow-empty")
    repo.git("switch", "-q", "-c", "adopt")
    repo.write(A, f"version: {version}\n" + prompt_text())
    (result,) = bump(repo)
    assert (str(result.plan.version), result.plan.reason) == (version, "first version")
    repo.commit("adopt")
    assert rules(check(repo)) == []
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "adopt")
    release(repo)
    assert repo.tags() == [f"a@{version}"]


def test_a_first_version_can_become_a_prerelease(repo: Repo) -> None:
    """--pre makes a pre-release of the version a file comes with, once."""
    repo.write(A, "version: 3.2.1\n" + prompt_text())
    assert [str(r.plan.version) for r in bump(repo, A, pre="rc")] == ["3.2.1-rc.1"]
    assert [r.wrote for r in bump(repo, A, pre="rc")] == [False]


def test_renamed_on_an_older_line(repo: Repo) -> None:
    """A rename on a hotfix line follows the file of that line, not the greatest tag of all."""
    commit_prompt(repo)
    release(repo)
    repo.git("branch", "release/1.0")
    commit_prompt(repo, system="Two.")
    release(repo)
    repo.git("switch", "-q", "-c", "rename", "release/1.0")
    repo.ok("rename", "a", "b")
    repo.bump_and_commit("rename")
    assert stated(repo, "prompts/b.yaml")[0] == "1.0.0"
    result = check(repo, "release/1.0")
    assert rules(result) == []
