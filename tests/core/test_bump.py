"""Bumping files of a real repository."""

from __future__ import annotations

import hashlib

import pytest

from promptreg.errors import ConfigError, NotFoundError, PromptError
from tests.core.acts import bump, check, commit_prompt, edit, release, rules, stated
from tests.kit import PROMPT, Repo, prompt_text

A = "prompts/a.yaml"


@pytest.fixture
def released(repo: Repo) -> Repo:
    """A repository whose prompt a is released as 1.0.0."""
    assert commit_prompt(repo) == "1.0.0"
    release(repo)
    assert repo.tags() == ["a@1.0.0"]
    return repo


def _edit(repo: Repo, new: str, old: str = "One.") -> None:
    edit(repo, A, old, new)


def test_first_version(repo: Repo) -> None:
    """A file without version becomes 1.0.0; version and digest stand above the first field."""
    repo.write(A, PROMPT)
    (result,) = bump(repo, A)
    assert (result.wrote, str(result.plan.version)) == (True, "1.0.0")
    version, digest = stated(repo, A)
    assert version == "1.0.0"
    assert repo.read(A) == PROMPT.replace(
        "description:", f"version: 1.0.0\ndigest: {digest}\ndescription:", 1
    )


def test_works_before_the_first_commit(repo: Repo) -> None:
    """On an unborn branch bump works as anywhere."""
    repo.write(A, PROMPT)
    assert repo.run("bump", A).code == 1
    assert repo.run("bump", A).code == 0


def test_pure_and_idempotent(released: Repo) -> None:
    """A second run writes nothing and reads the same, whatever came before."""
    _edit(released, "Two.")
    first = bump(released, A)
    text = released.read(A)
    second = bump(released, A)
    assert [r.wrote for r in (*first, *second)] == [True, False]
    assert released.read(A) == text
    assert str(second[0].plan.version) == "1.1.0"


def test_dry_run_writes_nothing(released: Repo) -> None:
    """A dry run says what would be written and leaves the file."""
    _edit(released, "Two.")
    text = released.read(A)
    (result,) = bump(released, A, dry_run=True)
    assert (result.wrote, str(result.plan.version)) == (True, "1.1.0")
    assert released.read(A) == text


def test_never_touches_the_index(released: Repo) -> None:
    """Only the working file changes: the index and its bytes stay, staged content included."""
    _edit(released, "Two.")
    released.git("add", A)
    _edit(released, "Three.", "Two.")
    index = hashlib.sha256((released.path / ".git/index").read_bytes()).hexdigest()
    assert released.run("bump", A).code == 1
    assert hashlib.sha256((released.path / ".git/index").read_bytes()).hexdigest() == index
    assert "Two." in released.git("show", f":{A}")


def test_file_mode_and_links_stay(released: Repo) -> None:
    """The file keeps its mode, and nothing is left lying beside it."""
    (released.path / A).chmod(0o755)
    _edit(released, "Two.")
    bump(released, A)
    assert (released.path / A).stat().st_mode & 0o777 == 0o755
    assert [p.name for p in (released.path / "prompts").iterdir()] == ["a.yaml"]


LEVELS = {
    "comment": ("description:", "# note\ndescription:", "1.0.0"),
    "test-data": ("description:", "testData: [{article: x}]\ndescription:", "1.0.0"),
    "description": ("Two-sentence", "Three-sentence", "1.0.1"),
    "wording": ("One.", "Two.", "1.1.0"),
    "model": ("gpt-4o", "gpt-4.1", "1.1.0"),
    "parameter": ("0.2", "0.3", "1.1.0"),
    "variable-removed": ("{{article}}", "nothing", "1.0.0"),
    "retyped": ("type: string", "type: array", "2.0.0"),
}


@pytest.mark.parametrize(("old", "new", "version"), LEVELS.values(), ids=LEVELS)
def test_level_of_the_change_decides(released: Repo, old: str, new: str, version: str) -> None:
    """The version grows by the level of what changed since the release, not at all for comments."""
    _edit(released, new, old)
    bump(released, A)
    if old == "{{article}}":
        version = "1.1.0"  # still declared, so its users lose nothing: the wording changed
    assert stated(released, A)[0] == version


def test_chosen_version_is_kept_when_high_enough(released: Repo) -> None:
    """A version chosen by hand that is free and high enough stays; only the digest is written."""
    _edit(released, "Two.")
    _edit(released, "version: 2.0.0", "version: 1.0.0")
    (result,) = bump(released, A)
    assert result.wrote
    assert stated(released, A)[0] == "2.0.0"


def test_too_low_version_is_raised(released: Repo) -> None:
    """A version that is too low for the change is raised to the lowest that fits."""
    _edit(released, "type: array", "type: string")
    _edit(released, "version: 1.1.0", "version: 1.0.0")
    bump(released, A)
    assert stated(released, A)[0] == "2.0.0"


def test_skipped_numbers_are_brought_back(released: Repo) -> None:
    """A version that skips numbers keeps its level but takes the next number of it."""
    _edit(released, "Two.")
    for wrong, right in (("1.7.0", "1.1.0"), ("5.0.0", "2.0.0"), ("1.0.9", "1.1.0")):
        version = stated(released, A)[0]
        _edit(released, f"version: {wrong}", f"version: {version}")
        bump(released, A)
        assert stated(released, A)[0] == right
        _edit(released, "version: 1.0.0", f"version: {right}")


def test_unreleased_bump_grows_with_the_change(released: Repo) -> None:
    """Before the merge further edits raise the same version only when they need a higher level."""
    _edit(released, "New words", "Two-sentence")
    bump(released, A)
    assert stated(released, A)[0] == "1.0.1"
    released.git("switch", "-q", "-c", "feature")
    released.commit()
    _edit(released, "Two.")
    bump(released, A)
    assert stated(released, A)[0] == "1.1.0"
    released.commit()
    _edit(released, "Three.", "Two.")
    bump(released, A)
    assert stated(released, A)[0] == "1.1.0"
    released.commit()
    _edit(released, "One.", "Three.")
    _edit(released, "Two-sentence", "New words")
    bump(released, A)
    assert stated(released, A)[0] == "1.0.0", "all was taken back, so it is the release again"


def test_version_of_the_release_branch_is_taken(released: Repo) -> None:
    """A version that the release branch states is taken before it has a tag."""
    _edit(released, "Two.")
    bump(released, A)
    released.commit()
    released.git("switch", "-q", "-c", "feature")
    _edit(released, "Three.", "Two.")
    bump(released, A)
    assert stated(released, A)[0] == "1.2.0"


def test_remote_branch_counts_before_the_local_one(released: Repo) -> None:
    """What origin/main states is taken although the local main is behind."""
    origin = released.clone(released.path.parent / "origin.git", "--bare")
    mine, theirs = (origin.clone(released.path.parent / name) for name in ("mine", "theirs"))
    assert commit_prompt(theirs, system="Theirs.") == "1.1.0"
    theirs.git("push", "-q")
    mine.git("fetch", "-q")
    edit(mine, A, "version: 1.0.0", "version: 1.1.0")
    edit(mine, A, "One.", "Mine.")
    bump(mine, A)
    assert stated(mine, A)[0] == "1.2.0"


def test_a_release_branch_being_merged_counts(released: Repo) -> None:
    """While another remote's main is merged, the version it states is taken."""
    upstream = released.clone(released.path.parent / "upstream")
    assert commit_prompt(upstream, system="Theirs.") == "1.1.0"
    released.git("remote", "add", "upstream", str(upstream.path))
    released.git("switch", "-q", "-c", "mine")
    assert commit_prompt(released, system="Mine.") == "1.1.0"
    assert released.try_git("pull", "--no-rebase", "upstream", "main").code == 1
    released.git("checkout", "-q", "--ours", A)
    _edit(released, "Both.", "Mine.")
    bump(released, A)
    assert stated(released, A)[0] == "1.2.0"


@pytest.mark.parametrize("onto", ["mine", "main"])
def test_a_branch_being_merged_that_nobody_released_takes_no_number(
    released: Repo, onto: str
) -> None:
    """Merging one open branch into another, or into main, skips no number that check would miss."""
    released.git("switch", "-q", "-c", "theirs")
    assert commit_prompt(released, system="Theirs.") == "1.1.0"
    released.git("switch", "-q", "main")
    if onto != "main":
        released.git("switch", "-q", "-c", onto)
    assert commit_prompt(released, system="Mine.") == "1.1.0"
    assert released.try_git("merge", "theirs").code == 1
    assert stated_in(released, onto) == stated_in(released, "theirs") == "1.1.0"
    released.git("checkout", "-q", "--ours", A)
    _edit(released, "Both.", "Mine.")
    bump(released, A)
    released.commit("merge")
    # On main the number 1.1.0 is main's own, beside it there is only the release 1.0.0.
    assert stated(released, A)[0] == ("1.2.0" if onto == "main" else "1.1.0")
    base = "HEAD^1" if onto == "main" else "main"
    assert rules(check(released, base)) == []
    assert [result.wrote for result in bump(released, A)] == [False]


def stated_in(repo: Repo, revision: str) -> str:
    """Return the version that a file states at a revision."""
    lines = repo.git("show", f"{revision}:{A}").splitlines()
    return next(line.split(": ")[1] for line in lines if line.startswith("version:"))


def test_restored_content_gets_the_next_number(released: Repo) -> None:
    """Content that comes back after another was released is a new version, never the old number."""
    assert commit_prompt(released, system="Two.") == "1.1.0"
    release(released)
    assert commit_prompt(released, system="One.") == "1.2.0"
    release(released)
    assert released.tags() == ["a@1.0.0", "a@1.1.0", "a@1.2.0"]


def test_base_repairs_a_decreased_version(released: Repo) -> None:
    """After a revert `--base` lifts the file above what the base states."""
    commit_prompt(released, system="Two.")
    release(released)
    released.git("switch", "-q", "-c", "revert")
    released.git("revert", "--no-edit", "HEAD")
    assert stated(released, A)[0] == "1.0.0"
    bump(released, A, base="main")
    assert stated(released, A)[0] == "1.2.0"


def test_lost_lines_come_back(released: Repo) -> None:
    """A file that lost its two lines gets them back, from the tags, for the same content too."""
    text = released.read(A)
    lines = [x for x in text.splitlines(keepends=True) if not x.startswith(("version", "digest"))]
    released.write(A, "".join(lines))
    (result,) = bump(released)
    assert result.wrote
    assert released.read(A) == text
    released.write(A, "".join(lines).replace("One.", "Two."))
    bump(released, A)
    assert stated(released, A)[0] == "1.1.0"


def test_digest_edited_by_hand_is_repaired(released: Repo) -> None:
    """A wrong or missing digest is written anew and the version stays."""
    good = released.read(A)
    digest = stated(released, A)[1]
    for wrong in ("digest: 000000000000", "digest: not-hex", "digest:", ""):
        released.write(A, good.replace(f"digest: {digest}", wrong))
        bump(released, A)
        assert stated(released, A) == ("1.0.0", digest)


FRAGMENT = '{% include "shared/style.md" %}'


def _with_fragments(repo: Repo) -> None:
    repo.write("prompts/shared/style.md", 'Be kind.\n{% include "shared/deep.txt" %}\n')
    repo.write("prompts/shared/deep.txt", "Be brief.\n")
    repo.write(A, prompt_text(FRAGMENT))
    repo.write("prompts/team/b.yaml", prompt_text("B " + FRAGMENT))
    repo.write("prompts/c.yaml", prompt_text("alone"))
    repo.write("prompts/unadopted.yaml", prompt_text("U " + FRAGMENT))
    bump(repo, A, "prompts/team/b.yaml", "prompts/c.yaml")
    repo.commit()
    release(repo)


@pytest.mark.parametrize("fragment", ["style.md", "deep.txt"])
def test_a_fragment_bumps_all_that_include_it(repo: Repo, fragment: str) -> None:
    """Given a changed fragment, direct and transitive users are bumped, and nobody else is."""
    _with_fragments(repo)
    assert repo.tags() == ["a@1.0.0", "c@1.0.0", "team/b@1.0.0"]
    path = f"prompts/shared/{fragment}"
    edit(repo, path, "Be ", "Be very ")
    results = bump(repo, path)
    assert sorted((r.name, str(r.plan.version)) for r in results) == [
        ("a", "1.1.0"),
        ("team/b", "1.1.0"),
    ]
    assert [c.rule for c in results[0].plan.changes] == ["include-changed"]
    assert [r.wrote for r in bump(repo, path)] == [False, False]


def test_a_broken_prompt_that_nobody_adopted_is_in_nobodys_way(repo: Repo) -> None:
    """Who changes a fragment need not mend the drafts of others."""
    _with_fragments(repo)
    repo.write("prompts/draft.yaml", "messages: [{role: user, content: '{% include'")
    edit(repo, "prompts/shared/deep.txt", "", "More. ")
    assert bump(repo, "prompts/shared/deep.txt")


def test_a_conflict_in_a_fragment_becomes_no_version(repo: Repo) -> None:
    """Markers that were committed by mistake are refused in their place; an example is indented."""
    _with_fragments(repo)
    path = "prompts/shared/style.md"
    conflict = "<<<<<<< HEAD\nBe kind.\n=======\nBe rude.\n>>>>>>> other\n"
    repo.write(path, "Intro\n" + conflict)
    with pytest.raises(PromptError) as refused:
        bump(repo, path)
    assert (refused.value.rule, str(refused.value.location)) == ("conflict-markers", f"{path}:2:1")
    before = repo.git("rev-parse", "HEAD")
    repo.commit()
    assert "conflict-markers" in rules(check(repo, before))
    repo.write(path, "Intro\n" + conflict.replace("\n", "\n  ").replace("<<<", "  <<<", 1))
    assert bump(repo, path)


def test_line_ends_of_a_fragment_bump_nothing(repo: Repo) -> None:
    """A fragment that only got CRLF line ends changes no prompt."""
    _with_fragments(repo)
    path = "prompts/shared/style.md"
    repo.write(path, repo.read(path).replace("\n", "\r\n"))
    assert [r.wrote for r in bump(repo, path)] == [False, False]


def test_crlf_checkout_bumps_nothing(repo: Repo) -> None:
    """A checkout with CRLF line ends has the same versions, and an edit keeps its CRLF."""
    commit_prompt(repo)
    release(repo)
    clone = repo.clone(repo.path.parent / "crlf", "--config", "core.autocrlf=true")
    assert "\r\n" in clone.read(A)
    assert [r.wrote for r in bump(clone, A)] == [False]
    edit(clone, A, "One.", "Two.")
    bump(clone, A)
    assert stated(clone, A)[0] == "1.1.0"
    assert clone.read(A).count("\n") == clone.read(A).count("\r\n")


def test_plain_bump_leaves_unadopted_prompts(repo: Repo) -> None:
    """Without files only adopted prompts are bumped, however their texts read; --all adopts."""
    repo.write(A, prompt_text("version: digest"))
    assert bump(repo) == []
    (result,) = bump(repo, every=True)
    assert result.wrote


def test_adoption_of_five_hundred_files(repo: Repo) -> None:
    """--all adopts 500 unversioned prompts at once, and the next run has nothing to do."""
    for i in range(500):
        repo.write(f"prompts/p{i}.yaml", prompt_text(f"Text {i}."))
    results = bump(repo, every=True)
    assert len(results) == 500
    assert {str(r.plan.version) for r in results} == {"1.0.0"}
    repo.commit()
    assert not any(r.wrote for r in bump(repo, every=True))
    assert len(release(repo).tags) == 500


def test_new_name_after_a_rename_may_keep_its_version(released: Repo) -> None:
    """A renamed file keeps its version; a name used again goes on above its greatest tag."""
    released.git("mv", A, "prompts/b.yaml")
    assert [r.wrote for r in bump(released, "prompts/b.yaml")] == [False]
    released.commit()
    release(released)
    assert released.tags() == ["a@1.0.0", "b@1.0.0"]
    released.write(A, prompt_text("Quite another prompt."))
    bump(released, A)
    assert stated(released, A)[0] == "1.1.0"


def test_wished_version(released: Repo) -> None:
    """--version takes a legal version, and refuses a taken, skipping or too low one."""
    _edit(released, "Two.")
    for wrong, rule in (
        ("1.0.0", "version-taken"),
        ("1.5.0", "version-skips"),
        ("1.0.1", "level-too-low"),
    ):
        with pytest.raises(PromptError) as caught:
            bump(released, A, version=wrong)
        assert caught.value.rule == rule
    bump(released, A, version="2.0.0")
    assert stated(released, A)[0] == "2.0.0"


def test_level_is_a_minimum(released: Repo) -> None:
    """--level raises the version but never below what the change needs."""
    _edit(released, "Two.")
    bump(released, A, level="patch")
    assert stated(released, A)[0] == "1.1.0"
    bump(released, A, level="major")
    assert stated(released, A)[0] == "2.0.0"


def test_prereleases_count_up_and_lead_to_the_stable_version(released: Repo) -> None:
    """rc.1 is followed by rc.2, and dropping the suffix of equal content is legal."""
    _edit(released, "Two.")
    bump(released, A, pre="rc")
    assert stated(released, A)[0] == "1.1.0-rc.1"
    released.commit()
    release(released)
    _edit(released, "Three.", "Two.")
    bump(released, A)
    assert stated(released, A)[0] == "1.1.0-rc.2"
    released.commit()
    release(released)
    _edit(released, "version: 1.1.0\n", "version: 1.1.0-rc.2\n")
    (result,) = bump(released, A)
    assert not result.wrote
    released.commit()
    release(released)
    assert released.tags() == ["a@1.0.0", "a@1.1.0", "a@1.1.0-rc.1", "a@1.1.0-rc.2"]


def test_a_prerelease_becomes_stable_by_asking_for_it(released: Repo) -> None:
    """`--version` with the core of the pre-release drops the suffix; no other number does."""
    commit_prompt(released, system="Two.", pre="rc")
    release(released)
    with pytest.raises(PromptError, match="keeps that version"):
        bump(released, A, version="1.2.0")
    (result,) = bump(released, A, version="1.1.0")
    assert result.wrote
    assert stated(released, A)[0] == "1.1.0"
    released.commit()
    release(released)
    assert released.tags() == ["a@1.0.0", "a@1.1.0", "a@1.1.0-rc.1"]


def test_from_a_prerelease_to_the_stable_version(released: Repo) -> None:
    """Levels count from the last stable version: changed content may leave its pre-releases."""
    commit_prompt(released, system="Two.", pre="rc")
    release(released)
    _edit(released, "Three.", "Two.")
    bump(released, A, version="1.1.0")
    assert stated(released, A)[0] == "1.1.0"
    released.git("switch", "-q", "-c", "feature")
    released.commit()
    assert rules(check(released)) == []


def test_first_stable_version_after_prereleases(repo: Repo) -> None:
    """Before the first stable version 1.0.0 is high enough for any change."""
    assert commit_prompt(repo, pre="rc") == "1.0.0-rc.1"
    release(repo)
    _edit(repo, "type: array", "type: string")
    edit(repo, A, "version: 1.0.0-rc.1", "version: 1.0.0")
    bump(repo, A)
    assert stated(repo, A)[0] == "1.0.0"
    repo.git("switch", "-q", "-c", "feature")
    repo.commit()
    assert rules(check(repo)) == []


def test_hotfix(released: Repo) -> None:
    """--hotfix takes the next free patch of an older line, but not for a major change."""
    commit_prompt(released, system="Two.")
    release(released)
    released.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    _edit(released, "Fixed.")
    bump(released, A, hotfix=True)
    assert stated(released, A)[0] == "1.0.1"
    _edit(released, "type: array", "type: string")
    with pytest.raises(PromptError, match="hotfix"):
        bump(released, A, hotfix=True)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.2.0", "4.0.0"])
def test_a_wrong_choice_is_told_the_legal_ones(released: Repo, version: str) -> None:
    """Taken, too low or skipping: the versions that may follow are named."""
    _edit(released, "Two.")
    with pytest.raises(PromptError) as refused:
        bump(released, A, version=version)
    assert refused.value.fix == "--version 1.1.0, or 2.0.0"


def test_a_hotfix_beside_what_is_merged_and_not_released(released: Repo) -> None:
    """What main merged makes the line an older one: the patch stays, and passes the check."""
    commit_prompt(released, system="Two.")
    released.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    released.git("switch", "-q", "-c", "fix")
    _edit(released, "Fixed.")
    bump(released, A, hotfix=True)
    assert stated(released, A)[0] == "1.0.1"
    assert not any(result.wrote for result in bump(released, A))
    released.commit()
    assert rules(check(released, "release/1.0")) == []
    released.git("switch", "-q", "release/1.0")
    _edit(released, "Other.")
    bump(released, A)
    assert stated(released, A)[0] == "1.2.0"


def test_a_number_over_those_of_others_follows_them(released: Repo) -> None:
    """What lands above a version of another line is compared with it, at once and not later."""
    edit(released, A, "variables:\n", "variables:\n  tone: {default: ''}\n")
    bump(released, A)
    released.commit()
    release(released)
    released.git("switch", "-q", "-c", "release/1.0", "a@1.0.0")
    _edit(released, "Two.")
    with pytest.raises(PromptError, match=r"too low: the change since 1\.1\.0 is major"):
        bump(released, A, version="1.2.0")
    (result,) = bump(released, A)
    assert (str(result.plan.baseline), str(result.plan.version)) == ("1.1.0", "2.0.0")
    (again,) = bump(released, A)
    assert not again.wrote


def test_a_second_file_of_one_name(repo: Repo) -> None:
    """Two files of one name are refused: both would take one version with two contents."""
    repo.write(A, PROMPT)
    repo.write("prompts/a.prompt.yml", PROMPT)
    for paths in ((), (A,)):
        with pytest.raises(PromptError, match=r"a\.(prompt\.yml|yaml) has the name a too"):
            bump(repo, *paths, every=True)


def test_contradicting_options(repo: Repo) -> None:
    """Options that contradict each other are refused before anything is read."""
    with pytest.raises(ConfigError, match="exclude each other"):
        bump(repo, version="1.0.0", level="major")
    with pytest.raises(ConfigError, match="none of"):
        bump(repo, pre="beta")
    with pytest.raises(PromptError):
        bump(repo, version="1.0.0+build")


def test_files_that_are_no_prompts(released: Repo) -> None:
    """Suites, labels and other files below prompts/ are passed over; a missing one is an error."""
    for path in ("prompts/a.eval.yaml", "prompts/labels/production.yaml", "prompts/README.rst"):
        released.write(path, "x: [\n")
        assert bump(released, path) == []
    with pytest.raises(NotFoundError, match="no file prompts/gone"):
        bump(released, "prompts/gone.yaml")
    released.write("prompts/Big Name.yaml", PROMPT)
    with pytest.raises(PromptError, match="not a prompt name"):
        bump(released, "prompts/Big Name.yaml")


def test_missing_baseline_names_the_fetch(released: Repo) -> None:
    """When the content of the version it follows was not fetched, bump names the fetch."""
    commit_prompt(released, system="Two.")
    release(released)
    clone = released.clone(released.path.parent / "shallow", "--depth=1", "--no-tags")
    assert clone.tags() == []
    edit(clone, A, "Two.", "Three.")
    bump(clone, A)
    assert stated(clone, A)[0] == "1.2.0", "origin/main's file is the baseline without any tag"


def test_two_files_for_one_name(released: Repo) -> None:
    """A second file with the same name is refused by name."""
    released.write("prompts/a.prompt.yml", PROMPT)
    result = released.run("check", A)
    assert result.code == 1
    assert "duplicate-name" in result.out + result.err


def test_unstaged_edit_beside_the_version_line(released: Repo) -> None:
    """Partly staged files are bumped as they lie on the disk, which is what the hook shows."""
    _edit(released, "Two.")
    released.git("add", A)
    bump(released, A)
    assert released.git("diff", "--name-only") == A


def test_commit_all_uses_a_temporary_index(released: Repo) -> None:
    """`git commit -a` sets GIT_INDEX_FILE; bump neither needs nor breaks that index."""
    hook = released.write(
        ".git/hooks/pre-commit",
        "#!/bin/sh\npython -m promptreg bump prompts/a.yaml >&2 || { echo bumped >&2; exit 1; }\n",
    )
    hook.chmod(0o755)
    _edit(released, "Two.")
    refused = released.try_git("commit", "-q", "-a", "-m", "two")
    assert refused.code == 1
    assert "bumped" in refused.err
    assert released.try_git("commit", "-q", "-a", "-m", "two").code == 0
    assert "version: 1.1.0" in released.git("show", f"HEAD:{A}")
