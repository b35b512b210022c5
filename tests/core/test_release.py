"""Releasing real histories: which commits become tags, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from promptreg.errors import HistoryError, NotFoundError, RepositoryError
from promptreg.operations.verifying import verify_tags
from promptreg.registry import Registry
from tests.core.acts import bump, check, commit_prompt, edit, release, rules, stated, verify
from tests.kit import CommandRepo, Repo, prompt_text, running

A = "prompts/a.yaml"


def _tags_at(repo: Repo) -> dict[str, str]:
    """Return the subject of the commit that each tag names."""
    lines = repo.git("for-each-ref", "refs/tags", "--format=%(refname:short) %(*subject)")
    pairs = (line.partition(" ") for line in lines.splitlines())
    return {tag: subject for tag, _, subject in pairs}


def _merge(repo: Repo, how: str, branch: str = "feature") -> None:
    """Bring a branch to main as a host does."""
    repo.git("switch", "-q", "main")
    repo.clock += 60
    if how == "merge":
        repo.git("merge", "-q", "--no-ff", "-m", "merged", branch)
    elif how == "squash":
        repo.git("merge", "-q", "--squash", branch)
        repo.git("commit", "-q", "-m", "squashed")
    elif how == "rebase":
        repo.git("switch", "-q", branch)
        repo.git("rebase", "-q", "main")
        repo.git("switch", "-q", "main")
        repo.git("merge", "-q", "--ff-only", branch)
    repo.git("branch", "-q", "-D", branch)


@pytest.fixture
def released(repo: Repo) -> Repo:
    """A repository whose prompt a is released as 1.0.0."""
    commit_prompt(repo)
    release(repo)
    return repo


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_each_way_to_merge(released: Repo, how: str) -> None:
    """Merged, squashed or rebased: the version is tagged once, at the commit on main."""
    released.git("switch", "-q", "-c", "feature")
    for system in ("Two.", "Three.", "Four."):
        assert commit_prompt(released, system=system) == "1.1.0"
    _merge(released, how)
    result = release(released)
    assert [t.tag for t in result.tags] == ["a@1.1.0"]
    where = {"merge": "merged", "squash": "squashed", "rebase": "a: Four."}[how]
    assert _tags_at(released) == {"a@1.0.0": "a: One.", "a@1.1.0": where}
    assert bool(result.warnings) == (how == "rebase"), "two contents of one version are told"
    assert released.git("rev-list", "--first-parent", "main").split()[0] in released.git(
        "rev-list", "-1", "a@1.1.0"
    )
    assert not release(released).tags
    assert verify(released).faults == ()


def test_the_tag_says_what_it_is(released: Repo) -> None:
    """The tag is annotated by the commit's committer and date, with changes and trailers."""
    commit_prompt(released, system="Two.")
    release(released)
    lines = released.git("cat-file", "tag", "a@1.1.0").splitlines()
    head = released.git("show", "-s", "--format=%H %cn <%ce> %ct +0000", "HEAD")
    oid, _, tagger = head.partition(" ")
    blob = released.git("rev-parse", f"HEAD:{A}")
    short = stated(released, A)[1]
    assert lines[:9] == [
        f"object {oid}",
        "type commit",
        "tag a@1.1.0",
        f"tagger {tagger}",
        "",
        "a 1.1.0",
        "",
        "- minor message-changed: system message",
        "",
    ]
    assert lines[9:13] == ["Prompt: a", "Version: 1.1.0", "Bump: minor", f"Blob: {blob}"]
    assert lines[13].startswith(f"Digest: sha256:{short}")
    assert len(lines) == 14


def test_a_promoted_candidate_tells_what_it_brings(released: Repo) -> None:
    """Change list and level compare with the last stable version, whatever lay between."""
    commit_prompt(released, system="Two.", pre="rc")
    commit_prompt(released, system="Three.", level="major", pre="rc")
    edit(released, A, "2.0.0-rc.1", "2.0.0")
    released.commit("promoted")
    tags = {tag.tag: (tag.level.label, len(tag.changes)) for tag in release(released).tags}
    assert tags == {
        "a@1.1.0-rc.1": ("minor", 1),
        "a@2.0.0-rc.1": ("minor", 1),
        "a@2.0.0": ("minor", 1),
    }
    assert "first version" not in released.git("cat-file", "tag", "a@2.0.0")


def test_candidates_before_any_stable_version(repo: Repo) -> None:
    """They follow each other, and the stable version they lead to is a first one."""
    commit_prompt(repo, system="One.", pre="rc")
    commit_prompt(repo, system="Two.")
    edit(repo, A, "1.0.0-rc.2", "1.0.0")
    repo.commit("promoted")
    tags = {tag.tag: tag.level.label for tag in release(repo).tags}
    assert tags == {"a@1.0.0-rc.1": "none", "a@1.0.0-rc.2": "minor", "a@1.0.0": "none"}


def test_a_change_that_speaks_of_signatures(released: Repo) -> None:
    """What looks like the beginning of a signature in a change list hides no trailer."""
    edit(released, A, "temperature: 0.2", 'stop: "-----BEGIN PGP SIGNATURE-----"')
    bump(released, A)
    released.commit()
    assert [tag.tag for tag in release(released).tags] == ["a@1.1.0"]
    assert verify(released).verified == 2


def test_catch_up_after_skipped_runs(repo: Repo) -> None:
    """Versions of months ago are tagged each at its own commit, oldest first."""
    versions = [commit_prompt(repo, system=f"Number {i}.") for i in range(6)]
    commit_prompt(repo, "b", "Bee.")
    result = release(repo)
    assert [t.tag for t in result.tags] == [*(f"a@{v}" for v in versions), "b@1.0.0"]
    assert _tags_at(repo)["a@1.3.0"] == "a: Number 3."


def test_release_after_each_commit_gives_the_same_tags(repo: Repo, tmp_path: Path) -> None:
    """Releasing at each merge or once at the end makes the very same tag objects."""
    twin = Repo.create(tmp_path / "twin")
    for i in range(4):
        for each in (repo, twin):
            commit_prompt(each, system=f"Number {i}.")
        release(repo)
    release(twin)
    listed = [r.git("for-each-ref", "refs/tags").splitlines() for r in (repo, twin)]
    assert listed[0] == listed[1]
    assert len(listed[0]) == 4


def test_deleted_prompts_are_caught_up(repo: Repo) -> None:
    """A version whose file was deleted before the release ran is tagged all the same."""
    commit_prompt(repo, "b", "Bee.")
    commit_prompt(repo, "a", "One.")
    repo.git("rm", "-q", A)
    repo.commit("delete a")
    assert [t.tag for t in release(repo).tags] == ["b@1.0.0", "a@1.0.0"]
    assert not release(repo).tags


def test_a_name_used_again_goes_on(released: Repo) -> None:
    """A prompt deleted and made again continues above its greatest tag."""
    released.git("rm", "-q", A)
    released.commit("delete")
    commit_prompt(released, system="Quite new.")
    assert [t.tag for t in release(released).tags] == ["a@1.1.0"]


def test_renamed_prompts_keep_their_number(released: Repo) -> None:
    """A renamed file is released under its new name with the version it has."""
    released.git("mv", A, "prompts/team-a.yaml")
    released.commit("rename")
    assert [t.tag for t in release(released).tags] == ["team-a@1.0.0"]


def test_history_without_digests_is_never_tagged(repo: Repo) -> None:
    """Versions that somebody wrote before promptreg came are no releases."""
    repo.write(A, "version: 3.0.0\n" + prompt_text("Old."))
    repo.commit()
    assert release(repo).tags == ()
    bump(repo, A)
    repo.commit("adopt")
    assert [t.tag for t in release(repo).tags] == ["a@3.0.0"]


def test_an_edit_that_was_never_bumped_is_no_version(released: Repo) -> None:
    """A file whose digest line does not fit is not tagged, before and after the next bump."""
    commit_prompt(released, system="Two.")
    edit(released, A, "Two.", "Not bumped.")
    released.commit("sloppy")
    assert [t.tag for t in release(released).tags] == ["a@1.1.0"]
    assert _tags_at(released)["a@1.1.0"] == "a: Two."
    bump(released, A)
    released.commit("repaired")
    assert [t.tag for t in release(released).tags] == ["a@1.2.0"]


def test_tag_with_other_content(released: Repo) -> None:
    """A version whose tag holds other content is a conflict: exit 1, the tag stays as it is."""
    commit_prompt(released, system="Two.")
    commit_prompt(released, "b", "Bee.")
    before = released.git("rev-parse", "a@1.0.0")
    released.git("update-ref", "refs/tags/a@1.1.0", before)
    result = release(released)
    assert [t.tag for t in result.tags] == ["b@1.0.0"]
    assert len(result.conflicts) == 1
    assert "a@1.1.0" in result.conflicts[0]
    assert released.git("rev-parse", "a@1.1.0") == before
    shown = released.run("release")
    assert shown.code == 1
    assert "a@1.1.0" in shown.err


def test_foreign_tags(released: Repo) -> None:
    """A tag that looks like ours but is not is a conflict; other tags are nobody's business."""
    commit_prompt(released, system="Two.")
    released.git("tag", "v1.0")
    released.git("tag", "a@not-a-version")
    released.git("tag", "-a", "-m", "by hand", "a@1.1.0")
    result = release(released)
    assert (result.tags, len(result.conflicts)) == ((), 1)
    assert "was not made by promptreg" in result.conflicts[0]


def test_no_tag_made_by_hand_is_served(released: Repo) -> None:
    """Latest and ranges pass over it with a warning, and a copied tag is no other version."""
    released.git("tag", "a@9.0.0")
    released.git("tag", "-a", "-m", "by hand", "a@8.0.0")
    released.git("tag", "a@7.0.0", "a@1.0.0")
    with Registry(released.path) as registry:
        warnings: list[str] = []
        registry.on_warning = warnings.append
        for reference in ("a", "a@>=1", "a"):
            assert str(registry.resolve(reference).version) == "1.0.0"
        assert [text.split()[1] for text in warnings] == ["a@9.0.0", "a@8.0.0", "a@7.0.0"]
        for reference in ("a@9.0.0", "a@8.x", "a@7.0.0", "a@7"):
            with pytest.raises(NotFoundError, match=f"tag a@{reference[2]}"):
                registry.resolve(reference)
        assert [str(release.version) for release in registry.releases("a")] == ["1.0.0"]


def test_two_files_of_one_name_are_not_released(released: Repo) -> None:
    """At the tip a warning says so, and in the past neither of them takes the number."""
    released.write("prompts/b.yaml", prompt_text("B."))
    bump(released, "prompts/b.yaml")
    released.write("prompts/b.prompt.yml", released.read("prompts/b.yaml"))
    released.commit("both")
    (warning,) = release(released).warnings
    assert "prompts/b.prompt.yml and prompts/b.yaml both have that name" in warning
    released.git("rm", "-q", "prompts/b.yaml")
    edit(released, "prompts/b.prompt.yml", "B.", "Better.")
    bump(released, "prompts/b.prompt.yml", level="minor")
    released.commit("one")
    assert [tag.commit for tag in release(released).tags] == [released.git("rev-parse", "HEAD")]


def test_dry_run(released: Repo) -> None:
    """A dry run tells the tags and makes none."""
    commit_prompt(released, system="Two.")
    assert [t.tag for t in release(released, dry_run=True).tags] == ["a@1.1.0"]
    assert released.tags() == ["a@1.0.0"]


def test_only_release_branches(released: Repo) -> None:
    """On another branch, on an unborn one and on unmerged commits release refuses, with a mend."""
    released.git("switch", "-q", "-c", "feature")
    commit_prompt(released, system="Two.")
    with pytest.raises(RepositoryError, match="feature is not a release branch"):
        release(released)
    assert released.run("release").code == 2
    released.git("switch", "-q", "--orphan", "main2")
    with pytest.raises(RepositoryError, match="nothing is committed"):
        release(released)


@pytest.fixture
def origin(released: Repo) -> Repo:
    """The released repository as a bare remote."""
    return released.clone(released.path.parent / "origin.git", "--bare")


def test_unpushed_commits_are_refused(origin: Repo, tmp_path: Path) -> None:
    """What is not on the remote release branch is not merged, so it is not released."""
    clone = origin.clone(tmp_path / "c")
    commit_prompt(clone, system="Two.")
    with pytest.raises(RepositoryError, match="not on origin/main"):
        release(clone)
    clone.git("push", "-q")
    assert [t.tag for t in release(clone).tags] == ["a@1.1.0"]


def test_detached_checkout_of_ci(origin: Repo, tmp_path: Path) -> None:
    """A CI job's detached checkout releases what is on the remote branch, and nothing else."""
    clone = origin.clone(tmp_path / "c")
    commit_prompt(clone, system="Two.")
    clone.git("push", "-q")
    ci = origin.clone(tmp_path / "ci")
    ci.git("switch", "-q", "--detach", "origin/main")
    ci.git("branch", "-q", "-D", "main")
    assert [t.tag for t in release(ci).tags] == ["a@1.1.0"]
    commit_prompt(ci, system="Unmerged.")
    with pytest.raises(RepositoryError, match="not on origin/main"):
        release(ci)


def test_several_release_branches(released: Repo) -> None:
    """A hotfix on release/1.0 is tagged from there, and main goes on by itself."""
    commit_prompt(released, system="Two.")
    release(released)
    released.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    edit(released, A, "One.", "One, fixed.")
    bump(released, A, hotfix=True)
    released.commit("hotfix")
    assert [t.tag for t in release(released).tags] == ["a@1.0.1"]
    released.git("switch", "-q", "main")
    assert not release(released).tags
    assert commit_prompt(released, system="Three.") == "1.2.0"
    assert [t.tag for t in release(released).tags] == ["a@1.2.0"]


def test_fragment_change_is_a_release_of_its_users(repo: Repo) -> None:
    """A fragment's change, once bumped, releases each user with the new fragment recorded."""
    repo.write("prompts/s.md", "Kind.\n")
    repo.commit()
    for name in ("a", "b"):
        commit_prompt(repo, name, '{% include "s.md" %}')
    release(repo)
    repo.write("prompts/s.md", "Kinder.\n")
    bump(repo, "prompts/s.md")
    repo.commit("kinder")
    assert [t.tag for t in release(repo).tags] == ["a@1.1.0", "b@1.1.0"]
    oid = repo.git("rev-parse", "HEAD:prompts/s.md")
    assert f"Include: s.md {oid}" in repo.git("cat-file", "tag", "a@1.1.0")
    assert verify(repo).verified == 4


def test_push(origin: Repo, tmp_path: Path) -> None:
    """--push brings the tags to the remote; a second run and another clone have nothing to do."""
    clone = origin.clone(tmp_path / "c")
    for system in ("Two.", "Three."):
        commit_prompt(clone, system=system)
        clone.git("push", "-q")
    result = release(clone, push=True)
    assert result.pushed == ("a@1.1.0", "a@1.2.0")
    assert origin.tags() == ["a@1.0.0", "a@1.1.0", "a@1.2.0"]
    assert release(clone, push=True).pushed == ()


def test_two_machines_release_at_once(origin: Repo, tmp_path: Path) -> None:
    """Two clones that release the same commits make the same objects, so both pushes succeed."""
    clones = [origin.clone(tmp_path / name) for name in ("one", "two")]
    commit_prompt(clones[0], system="Two.")
    clones[0].git("push", "-q")
    clones[1].git("pull", "-q")
    results = [release(each) for each in clones]
    assert [[t.tag for t in r.tags] for r in results] == [["a@1.1.0"], ["a@1.1.0"]]
    assert len({each.git("rev-parse", "a@1.1.0") for each in clones}) == 1
    assert [release(each, push=True).conflicts for each in clones] == [(), ()]


def _contradict(origin: Repo, tmp_path: Path) -> Repo:
    """Let the remote have a@1.1.0 with other content than a clone that has it too."""
    other = Repo.create(tmp_path / "other")
    commit_prompt(other)
    release(other)
    commit_prompt(other, system="Another two.")
    release(other)
    mine = origin.clone(tmp_path / "mine")
    for system in ("Two.", "Three."):
        commit_prompt(mine, system=system)
        mine.git("push", "-q")
    other.git("push", "-q", str(origin.path), "a@1.1.0")
    return mine


def test_remote_tag_with_other_content_wins(origin: Repo, tmp_path: Path) -> None:
    """Where the remote holds a version with other content the local tag goes, with exit 1."""
    mine = _contradict(origin, tmp_path)
    theirs = origin.git("rev-parse", "a@1.1.0")
    result = release(mine, push=True)
    assert len(result.conflicts) == 1
    assert "a@1.1.0" in result.conflicts[0]
    assert "a@1.1.0" not in mine.tags()
    assert origin.git("rev-parse", "a@1.1.0") == theirs
    assert "a@1.2.0" in origin.tags()


def _refuse_tags(origin: Repo, pattern: str) -> None:
    hook = origin.write(
        "hooks/update", f'#!/bin/sh\ncase "$1" in {pattern}) echo protected >&2; exit 1;; esac\n'
    )
    hook.chmod(0o755)


def test_protected_tags(origin: Repo, tmp_path: Path) -> None:
    """A remote that refuses the tags gives an error with its own reason, and exit code 2."""
    clone = origin.clone(tmp_path / "c")
    commit_prompt(clone, system="Two.")
    clone.git("push", "-q")
    _refuse_tags(origin, "refs/tags/*")
    result = clone.run("release", "--push")
    assert result.code == 2
    assert "a could not be pushed" in result.err
    assert origin.tags() == ["a@1.0.0"]
    assert clone.tags() == ["a@1.0.0", "a@1.1.0"], "the next run pushes it"


def test_pushed_meanwhile_with_the_same_content(origin: Repo, tmp_path: Path) -> None:
    """A push that loses the race against an equal release is a success, not an error."""
    clone = origin.clone(tmp_path / "c")
    commit_prompt(clone, system="Two.")
    clone.git("push", "-q")
    release(clone)
    message = clone.git("cat-file", "tag", "a@1.1.0").partition("\n\n")[2]
    clone.git("tag", "-a", "-m", message, "other", "HEAD")
    (tmp_path / "late").write_text(clone.git("rev-parse", "other"))
    hook = clone.write(
        ".git/hooks/pre-push",
        # Just before the push somebody else brings the same release, tagged by another hand.
        f"#!/bin/sh\ngit push -q --no-verify {origin.path} other:refs/tags/a@1.1.0 2>/dev/null\n"
        "exit 0\n",
    )
    hook.chmod(0o755)
    result = clone.run("release", "--push")
    assert (result.code, "error" in result.err) == (0, False)
    assert origin.git("rev-parse", "a@1.1.0") == (tmp_path / "late").read_text()


def test_eight_processes_at_once(repo: Repo) -> None:
    """Eight release processes at once make one set of tags, each made by exactly one of them."""
    for i in range(5):
        for name in ("a", "b", "c"):
            commit_prompt(repo, name, f"{name} {i}.")
    command = [sys.executable, "-m", "promptreg", "release"]
    made: list[str] = []
    options = {"cwd": repo.path, "env": repo.env(), "stderr": subprocess.PIPE}
    with running(*[command] * 8, **options) as processes:
        for process in processes:
            out, err = process.communicate()
            assert process.returncode == 0, err
            made += [line.split()[1] for line in out.splitlines() if line.startswith("tagged")]
    assert sorted(made) == repo.tags()
    assert len(made) == 15
    assert verify(repo).faults == ()


def test_shallow_clone_refuses_only_what_it_cannot_know(origin: Repo, tmp_path: Path) -> None:
    """At depth 1 nothing is tagged where the commit that brought a version is cut off."""
    clone = origin.clone(tmp_path / "c")
    commit_prompt(clone, system="Two.")
    clone.write("README.md", "x")
    clone.commit("unrelated")
    clone.git("push", "-q")
    shallow = origin.clone(tmp_path / "s", "--depth=1")
    with pytest.raises(HistoryError) as caught:
        release(shallow)
    assert caught.value.fix == "git fetch --unshallow --tags"
    assert shallow.run("release").code == 3
    assert shallow.process("sh", "-c", caught.value.fix).code == 0
    assert [t.tag for t in release(shallow).tags] == ["a@1.1.0"]


def test_blobless_clone(origin: Repo, tmp_path: Path) -> None:
    """In a blobless clone what is missing is named with the fetch that brings it, or fetched."""
    clone = origin.clone(tmp_path / "c")
    for system in ("Two.", "Three."):
        commit_prompt(clone, system=system)
        clone.git("push", "-q")
    release(clone, push=True)
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    blobless = origin.clone(tmp_path / "b", "--filter=blob:none")
    shown = blobless.run("show", "a")
    assert (shown.code, "Three." in shown.out) == (0, True)
    assert blobless.run("list").code == 0
    blobless.git("remote", "set-url", "origin", "file:///nowhere")
    old = blobless.run("show", "a@1.1.0")
    assert old.code == 3
    blob = clone.git("rev-parse", f"a@1.1.0:{A}")
    assert f"fix: git fetch origin {blob}" in old.err
    blobless.git("remote", "set-url", "origin", f"file://{origin.path}")
    assert blobless.process("git", "fetch", "-q", "origin", blob).code == 0
    blobless.git("remote", "set-url", "origin", "file:///nowhere")
    assert "Two." in blobless.ok("show", "a@1.1.0")
    assert "Traceback" not in old.err


def test_two_versions_in_one_rebase_merge(released: Repo) -> None:
    """Several commits of one version on main: the last one is tagged, and the others are told."""
    released.git("switch", "-q", "-c", "feature")
    commit_prompt(released, system="Two.")
    commit_prompt(released, system="Three.")
    _merge(released, "rebase")
    result = release(released)
    assert [t.tag for t in result.tags] == ["a@1.1.0"]
    assert "two contents" in result.warnings[0]
    assert "Three." in released.git("show", f"a@1.1.0:{A}")


def test_interrupted_release_is_finished_by_the_next(repo: Repo) -> None:
    """When a run ends half way the next one makes the rest."""
    for i in range(5):
        commit_prompt(repo, "a", f"Number {i}.")
        commit_prompt(repo, "b", f"Number {i}.")
    release(repo)
    everything = repo.git("for-each-ref", "refs/tags")
    for tag in ("a@1.4.0", "b@1.4.0", "b@1.3.0"):
        repo.git("tag", "-d", tag)
    assert [t.tag for t in release(repo).tags] == ["b@1.3.0", "a@1.4.0", "b@1.4.0"]
    assert repo.git("for-each-ref", "refs/tags") == everything


def test_release_makes_no_commit_and_moves_nothing(released: Repo) -> None:
    """Branches, index and working files are as they were."""
    commit_prompt(released, system="Two.")
    before = (
        released.git("rev-parse", "HEAD"),
        released.git("status", "--porcelain"),
        (released.path / ".git/index").read_bytes(),
    )
    release(released)
    after = (
        released.git("rev-parse", "HEAD"),
        released.git("status", "--porcelain"),
        (released.path / ".git/index").read_bytes(),
    )
    assert before == after


def test_verify_finds_what_is_wrong(released: Repo) -> None:
    """Moved, edited, lightweight and foreign tags are each told by their rule."""
    for system in ("Two.", "Three.", "Four."):
        commit_prompt(released, system=system)
    release(released)
    good = verify(released)
    assert (good.verified, good.faults, good.foreign) == (4, (), ())
    body = released.git("cat-file", "tag", "a@1.1.0").partition("\n\n")[2]
    released.git("tag", "-f", "-a", "-m", body, "a@1.1.0", "HEAD")  # moved
    released.git("update-ref", "refs/tags/a@1.2.0", released.git("rev-parse", "a@1.3.0"))
    released.git("tag", "-f", "a@1.3.0", "HEAD")
    released.git("tag", "-a", "-m", "by hand", "a@9.0.0")
    released.write(".git/refs/tags/a@1.4.0", "")
    lost = "ab" * 20
    released.write(".git/refs/tags/a@1.5.0", f"{lost}\n")
    result = verify(released)
    assert {f.tag: f.rule for f in result.faults} == {
        "a@1.1.0": "tag-digest",
        "a@1.2.0": "tag-edited",
        "a@1.3.0": "tag-lightweight",
        "a@1.4.0": "tag-broken",
        "a@1.5.0": "tag-broken",
    }
    assert result.foreign == ("a@9.0.0",)
    assert released.run("verify").code == 1


def _retag(repo: Repo, tag: str, old: str, new: str) -> None:
    """Write a tag anew, at its commit and with its trailers, with another text."""
    body = repo.git("cat-file", "tag", tag).partition("\n\n")[2]
    assert old in body
    repo.git("tag", "-f", "-a", "-m", body.replace(old, new, 1), tag, f"{tag}^{{}}")


def test_verify_finds_change_lists_that_were_edited(released: Repo) -> None:
    """A list that contradicts its own trailers is a fault, and one of other changes a warning."""
    for system in ("Two.", "Three.", "Four."):
        commit_prompt(released, system=system)
    release(released)
    line = "- minor message-changed: system message"
    _retag(released, "a@1.1.0", line, f"{line}\n- patch description-changed: description")
    audited = CommandRepo(released.path)
    found = audited.run("verify", "--format", "json")
    assert (found.code, json.loads(found.out)["reworded"]) == (0, ["a@1.1.0"])
    assert "warning: a@1.1.0 lists other changes than its content has" in (
        audited.run("verify").err
    )
    assert audited.run("verify", "--strict").code == 1
    _retag(released, "a@1.2.0", "- minor", "- patch")
    _retag(released, "a@1.3.0", line, "- faster and better")
    _retag(released, "a@1.0.0", "a 1.0.0", "a 1.0.0, our best")
    result = json.loads(audited.ok("verify", "--format", "json", code=1))
    assert {fault["tag"]: fault["message"] for fault in result["faults"]} == {
        "a@1.0.0": "its first line says 'a 1.0.0, our best'",
        "a@1.2.0": "its change list is patch, its trailer says minor",
        "a@1.3.0": "its change list has lines that release does not write",
    }
    assert {fault["rule"] for fault in result["faults"]} == {"tag-edited"}


def test_verify_passes_over_hotfixes_that_came_later(released: Repo) -> None:
    """A list is of the version that was the last then, however many hotfixes it has by now."""
    edit(released, A, "Two-sentence", "Three-sentence")
    commit_prompt(released, system="Two.")
    release(released)
    released.git("checkout", "-q", "-b", "release/1.0", "a@1.0.0")
    edit(released, A, "Two-sentence", "Three-sentence")
    for number in range(6):
        commit_prompt(released, system=f"One, hotfix {number}.", hotfix=True)
        release(released)
    released.git("checkout", "-q", "main")
    assert verify(released).verified == 8
    _retag(released, "a@1.1.0", "description-changed", "tags-changed")
    with Registry(released.path) as registry:
        assert verify_tags(registry).reworded == ("a@1.1.0",)


def test_verify_knows_other_levels_and_gone_predecessors(released: Repo) -> None:
    """Levels that are configured later, and a version that was deleted, cast no doubt on a list."""
    edit(released, A, "Two-sentence", "Three-sentence")
    for system in ("Two.", "Three."):
        commit_prompt(released, system=system)
    release(released)
    levels = '[levels]\nmessage-changed = "patch"\ndescription-changed = "major"\n'
    released.write("promptreg.toml", levels)
    assert verify(released).verified == 3
    released.git("tag", "-d", "a@1.1.0")
    assert verify(released).verified == 2
    released.write("prompts/yanked.yaml", 'a@1.0.0: {reason: "Leak", deleted: true}\n')
    released.git("tag", "-d", "a@1.0.0")
    assert verify(released).verified == 1


def test_merges_of_every_kind_in_a_row(released: Repo) -> None:
    """Branches merged one after the other in every way end with one content per version."""
    for number, how in enumerate(("merge", "squash", "rebase", "merge", "squash")):
        released.git("switch", "-q", "-c", "feature")
        commit_prompt(released, system=f"Round {number}.")
        assert rules(check(released)) == []
        _merge(released, how)
        release(released)
    assert len(released.tags()) == 6
    assert verify(released).verified == 6
