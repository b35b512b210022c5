"""Checking branches of a real repository."""

from __future__ import annotations

import json

import pytest

from promptreg.errors import HistoryError, NotFoundError
from promptreg.operations.base import find_base
from promptreg.operations.checking import check_files
from promptreg.registry import Registry
from tests.core.acts import bump, check, commit_prompt, edit, release, rules, stated
from tests.kit import PROMPT, CommandRepo, Repo, prompt_text

A = "prompts/a.yaml"


@pytest.fixture
def branch(repo: Repo) -> Repo:
    """A feature branch off main, where prompts a and b are released as 1.0.0."""
    commit_prompt(repo, "a", "One.")
    commit_prompt(repo, "b", "Bee.")
    release(repo)
    repo.git("switch", "-q", "-c", "feature")
    return repo


def _digest_of(repo: Repo) -> str:
    """Let bump compute the digest of a, and return it."""
    text = repo.read(A)
    bump(repo, A)
    digest = stated(repo, A)[1]
    repo.write(A, text)
    assert digest is not None
    return digest


def _state(repo: Repo, version: str, *, digest: str | None = None) -> None:
    """Write a version and the right digest, as somebody does by hand."""
    right = digest or _digest_of(repo)
    old = stated(repo, A)
    edit(repo, A, f"version: {old[0]}\ndigest: {old[1]}", f"version: {version}\ndigest: {right}")


def test_a_bumped_change_is_fine(branch: Repo) -> None:
    """A change that was bumped has no finding, and its level and changes are told."""
    commit_prompt(branch, system="Two.")
    result = check(branch)
    assert rules(result) == []
    (checked,) = result.prompts
    assert (checked.name, checked.level.label) == ("a", "minor")
    assert [c.rule for c in checked.changes] == ["message-changed"]
    assert not result.failed


def test_unchanged_branch(branch: Repo) -> None:
    """A branch that changes no prompt checks none."""
    branch.write("README.md", "hi")
    branch.commit()
    assert check(branch).prompts == ()


def test_forgotten_bump(branch: Repo) -> None:
    """A change without bump is a digest mismatch and a version taken, with the two exact lines."""
    edit(branch, A, "One.", "Two.")
    branch.commit()
    result = check(branch)
    assert rules(result) == ["version-taken", "digest-mismatch"]
    finding = next(f for f in result.findings if f.rule == "digest-mismatch")
    bump(branch, A)
    version, digest = stated(branch, A)
    assert finding.suggestion == f"version: {version}\ndigest: {digest}"
    assert finding.fix == f"promptreg bump {A}"
    assert finding.fixable
    assert str(finding.location) == f"{A}:3:9"


def test_level_too_low_says_it_as_promised(branch: Repo) -> None:
    """The message names both levels, the rule and its line, and lists the legal versions."""
    edit(branch, A, "One.", "Two.")
    _state(branch, "1.0.1")
    branch.commit()
    (finding,) = check(branch).findings
    assert finding.rule == "level-too-low"
    assert finding.message == "1.0.1 is patch, needs minor (message-changed, line 12)"
    assert str(finding.location) == f"{A}:2:10"
    assert finding.possible == ("1.1.0", "2.0.0")
    shown = branch.run("check", "--base", "main")
    assert shown.code == 1
    assert (
        f"{A}:2:10: error level-too-low: 1.0.1 is patch, needs minor (message-changed, line 12)\n"
        f"  fix: promptreg bump {A}   (1.1.0; or 2.0.0)\n" in shown.out
    )
    assert "1 error (fixable with `promptreg bump`)" in shown.out + shown.err


WRONG = {
    "skips": ("1.2.0", "version-skips", "1.1.0"),
    "skips-major": ("3.0.0", "version-skips", "2.0.0"),
    "decreased": ("0.9.0", "version-decreased", "1.1.0"),
    "taken": ("1.0.0", "version-taken", "1.1.0"),
}


@pytest.mark.parametrize(("version", "rule", "right"), WRONG.values(), ids=WRONG)
def test_wrong_versions(branch: Repo, version: str, rule: str, right: str) -> None:
    """Numbers that skip, fall or are taken are refused by rule, and bump's answer is shown."""
    edit(branch, A, "One.", "Two.")
    _state(branch, version)
    branch.commit()
    result = check(branch)
    assert rules(result) == [rule]
    assert result.findings[0].possible[0] == right


@pytest.mark.parametrize("version", ["1.0.0-beta.1", "1.0.1-0.20261122141500-abcdef123456"])
def test_a_prerelease_that_nothing_could_follow(branch: Repo, version: str) -> None:
    """A new prompt begins in no channel but ours, and with no pseudo-version."""
    branch.write("prompts/new.yaml", prompt_text("New."))
    bump(branch, "prompts/new.yaml")
    edit(branch, "prompts/new.yaml", "version: 1.0.0", f"version: {version}")
    branch.commit()
    assert rules(check(branch)) == ["version-channel"]


@pytest.mark.parametrize("version", ["1.1.0", "2.0.0", "1.1.0-rc.1", "2.0.0-snapshot.1"])
def test_legal_versions(branch: Repo, version: str) -> None:
    """The lowest fitting version, a higher legal one and a first pre-release are all fine."""
    edit(branch, A, "One.", "Two.")
    _state(branch, version)
    branch.commit()
    assert rules(check(branch)) == []


def test_version_without_change(branch: Repo) -> None:
    """A higher version for the same content is refused: it would be a release of nothing."""
    _state(branch, "1.1.0", digest=stated(branch, A)[1])
    branch.commit()
    assert rules(check(branch)) == ["version-without-change"]


def test_missing_lines(branch: Repo) -> None:
    """A prompt without version, or without digest, is refused."""
    version, digest = stated(branch, A)
    text = branch.read(A)
    branch.write(A, text.replace(f"version: {version}\ndigest: {digest}\n", ""))
    branch.commit()
    assert "version-missing" in rules(check(branch))
    branch.write(A, text.replace(f"digest: {digest}\n", ""))
    branch.commit()
    assert rules(check(branch)) == ["digest-mismatch"]
    branch.write("prompts/new.yaml", PROMPT)
    branch.write(A, text)
    branch.commit()
    assert rules(check(branch)) == ["version-missing"]


def test_revert_needs_the_next_number(branch: Repo) -> None:
    """A revert that brings back the old number is version-decreased; --base mends it."""
    branch.git("switch", "-q", "main")
    commit_prompt(branch, system="Two.")
    release(branch)
    branch.git("switch", "-q", "-c", "revert")
    branch.git("revert", "--no-edit", "HEAD")
    result = check(branch)
    assert rules(result) == ["version-decreased"]
    assert result.findings[0].fix == f"promptreg bump --base main {A}"
    bump(branch, A, base="main")
    branch.commit()
    assert rules(check(branch)) == []
    assert stated(branch, A)[0] == "1.2.0"


def test_another_change_wants_the_reverted_number(branch: Repo) -> None:
    """After a revert, a branch that still wants the reverted number must take another."""
    commit_prompt(branch, system="Mine.")
    assert stated(branch, A)[0] == "1.1.0"
    branch.git("switch", "-q", "main")
    commit_prompt(branch, system="Theirs.")
    release(branch)
    branch.git("revert", "--no-edit", "HEAD")
    bump(branch, A, base="HEAD~1")
    branch.commit()
    assert stated(branch, A)[0] == "1.2.0"
    release(branch)
    branch.git("switch", "-q", "feature")
    assert branch.try_git("merge", "main").code == 1
    branch.git("checkout", "-q", "--ours", A)
    branch.commit("merge")
    assert rules(check(branch)) == ["version-decreased"]


def test_two_branches_conflict_instead_of_sharing_a_version(branch: Repo) -> None:
    """Two branches with the same version and other content end in a git conflict."""
    commit_prompt(branch, system="Mine.")
    branch.git("switch", "-q", "-c", "other", "main")
    edit(branch, A, "Two-sentence", "Other")
    bump(branch, A, version="1.1.0")
    branch.commit()
    result = branch.try_git("merge", "feature")
    assert result.code == 1
    assert "<<<<<<<" in branch.read(A)


def test_fragment_demands_a_bump_of_its_users(branch: Repo) -> None:
    """Changing a fragment without bumping is refused for each adopted user, on whatever branch."""
    branch.git("switch", "-q", "main")
    branch.write("prompts/shared/s.md", "Kind.\n")
    for name in ("a", "b"):
        commit_prompt(branch, name, '{% include "shared/s.md" %}')
    branch.write("prompts/wild.yaml", prompt_text('W {% include "shared/s.md" %}'))
    branch.commit()
    release(branch)
    branch.git("switch", "-q", "-c", "fragment")
    branch.write("prompts/shared/s.md", "Kinder.\n")
    branch.commit()
    result = check(branch)
    assert sorted({f.prompt or "" for f in result.findings}) == ["a", "b"]
    assert set(rules(result)) == {"digest-mismatch", "version-taken"}
    bump(branch, "prompts/shared/s.md")
    branch.commit()
    assert rules(check(branch)) == []
    (branch.path / "prompts/shared/s.md").unlink()
    branch.commit()
    assert "include-missing" in rules(check(branch))


def test_include_and_fragment_changed_on_two_branches(branch: Repo) -> None:
    """A clean merge of an include and a change of its fragment is caught on the merge result."""
    branch.git("switch", "-q", "main")
    branch.write("prompts/shared/s.md", "Kind.\n")
    branch.commit()
    branch.git("switch", "-q", "-c", "includes")
    commit_prompt(branch, "a", '{% include "shared/s.md" %}')
    assert rules(check(branch)) == []
    branch.git("switch", "-q", "main")
    branch.write("prompts/shared/s.md", "Kinder.\n")
    branch.commit()
    branch.git("switch", "-q", "--detach")
    branch.git("merge", "-q", "--no-ff", "-m", "merge", "includes")
    assert rules(check(branch)) == ["digest-mismatch"]


def test_merge_ref_of_ci_is_compared_with_its_first_parent(branch: Repo) -> None:
    """On CI's merge commit the base is the first parent, whatever the branch's own history says."""
    commit_prompt(branch, system="Two.")
    branch.git("switch", "-q", "main")
    commit_prompt(branch, "b", "Buzz.")
    branch.git("switch", "-q", "--detach")
    branch.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    result = check(branch)
    assert [p.name for p in result.prompts] == ["a"]
    assert result.base is not None
    assert result.base.commit == branch.git("rev-parse", "main")


def test_merged_base_is_not_taken_for_ci(branch: Repo) -> None:
    """Main merged into a branch hides nothing of the branch, not in a shallow clone either."""
    edit(branch, A, "One.", "Two.")
    branch.commit("forgotten bump")
    branch.git("switch", "-q", "main")
    commit_prompt(branch, "b", "Buzz.")
    branch.git("switch", "-q", "feature")
    branch.git("merge", "-q", "-m", "merge main", "main")
    assert "digest-mismatch" in rules(check(branch))
    clone = branch.clone(branch.path.parent / "s", "--depth=2", "-b", "feature")
    clone.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    clone.git("fetch", "-q", "--depth=1", "origin", "refs/tags/*:refs/tags/*")
    assert "digest-mismatch" in rules(check(clone, "origin/main"))


def test_merge_whose_base_is_unknown_is_not_guessed(branch: Repo) -> None:
    """In a shallow clone a merge of neither parent with the base is history that lacks: exit 3."""
    branch.git("switch", "-q", "-c", "side")
    branch.write("x", "x")
    branch.commit()
    branch.git("switch", "-q", "feature")
    commit_prompt(branch, system="Two.")
    branch.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    branch.git("switch", "-q", "main")
    commit_prompt(branch, "b", "Buzz.")
    clone = branch.clone(branch.path.parent / "s", "--depth=2", "-b", "feature")
    clone.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(HistoryError) as caught:
        check(clone, "origin/main")
    assert str(caught.value.fix).startswith("git fetch --unshallow")


def test_tags_that_moved_on_after_the_branch_began(branch: Repo) -> None:
    """A version that was released on main meanwhile is taken for the branch."""
    commit_prompt(branch, system="Mine.")
    branch.git("switch", "-q", "main")
    commit_prompt(branch, system="Theirs.")
    release(branch)
    branch.git("switch", "-q", "feature")
    assert rules(check(branch)) == ["version-taken"]


def test_untouched_unadopted_and_broken_files_are_ignored(branch: Repo) -> None:
    """Files the branch does not touch are no business of its check."""
    branch.git("switch", "-q", "main")
    branch.write("prompts/wild.yaml", PROMPT)
    branch.write("prompts/broken.yaml", "x: [\n")
    branch.commit()
    branch.git("switch", "-q", "-c", "next")
    commit_prompt(branch, system="Two.")
    assert rules(check(branch)) == []


def test_broken_file_of_the_branch(branch: Repo) -> None:
    """A file the branch breaks is told with its place, and the others are checked all the same."""
    branch.write("prompts/broken.yaml", "name: x\nmessages: [\n")
    edit(branch, A, "One.", "Two.")
    branch.commit()
    result = check(branch)
    assert rules(result) == ["version-taken", "digest-mismatch", "invalid-yaml"]
    assert result.findings[-1].location.path == "prompts/broken.yaml"


def test_deleted_and_renamed_prompts(branch: Repo) -> None:
    """Deleting is allowed; a rename may keep the version; a name used again may not fall back."""
    branch.git("rm", "-q", A)
    branch.commit()
    result = check(branch)
    assert rules(result) == []
    assert [(p.name, p.head) for p in result.prompts] == [("a", None)]
    branch.git("mv", "prompts/b.yaml", "prompts/team-b.yaml")
    branch.commit()
    assert rules(check(branch)) == []
    branch.write(A, prompt_text("Quite new."))
    bump(branch, A)
    branch.commit()
    assert stated(branch, A)[0] == "1.1.0"
    assert rules(check(branch)) == []


def test_renaming_the_ending_changes_nothing(branch: Repo) -> None:
    """`a.yaml` and `a.prompt.yml` are the same prompt, before and after."""
    branch.git("mv", A, "prompts/a.prompt.yml")
    branch.commit()
    assert rules(check(branch)) == []


def test_ill_named_and_doubled_files(branch: Repo) -> None:
    """Names against the rules and two files for one name are errors, cases of letters included."""
    branch.write("prompts/Bad.yaml", branch.read(A))
    branch.write("prompts/b.prompt.yml", branch.read("prompts/b.yaml"))
    branch.commit()
    assert sorted(rules(check(branch))) == ["duplicate-name", "invalid-name"]


CLASHES = {
    "fragments": ("prompts/shared/Style.md", "prompts/shared/style.md"),
    "folders": ("prompts/Shared/style.md", "prompts/shared/style.md"),
    "endings": ("prompts/A.prompt.yml", A),
    "labels": ("prompts/labels/PROD.yaml", "prompts/labels/prod.yaml"),
    "accents": ("prompts/shared/e\u0301.md", "prompts/shared/\u00e9.md"),
}


@pytest.mark.parametrize(("one", "other"), CLASHES.values(), ids=CLASHES)
def test_paths_that_differ_only_in_letter_case(branch: Repo, one: str, other: str) -> None:
    """What half the file systems take for one file is an error, where it is added."""
    for path in (one, other):
        if not (branch.path / path).exists():
            text = "" if path.endswith(".yaml") and "labels" in path else prompt_text()
            branch.write(path, text)
    branch.commit()
    added = [f for f in check(branch).findings if f.rule == "case-clash"]
    assert {f.location.path for f in added} == ({one} if other == A else {one, other})
    assert one in added[-1].message or other in added[-1].message
    result = branch.run("check", one)
    assert result.code == 1
    assert "case-clash" in result.out
    branch.git("branch", "-f", "main")
    edit(branch, A, "One.", "Two.")
    bump(branch, A)
    branch.commit()
    assert "case-clash" not in rules(check(branch)), "what was there before is not this branch's"


def test_one_check_answers_in_many_formats(branch: Repo) -> None:
    """Each --also writes what --format would say, and nothing where the check could not run."""
    edit(branch, A, "One.", "Two.")
    branch.commit()
    commands = CommandRepo(branch.path)
    forms = ("text", "json", "markdown", "junit", "gitlab")
    also = [f"--also={form}={branch.path}/{form}.out" for form in forms]
    assert commands.run("check", "--base", "nowhere", *also).code != 0
    assert not list(branch.path.glob("*.out"))
    done = commands.run("check", "--base", "main", *also)
    assert done == commands.run("check", "--base", "main")
    assert done.code == 1
    for form in forms:
        said = commands.run("check", "--base", "main", "--format", form)
        assert branch.read(f"{form}.out") == said.out
    for wrong, fix in (
        (f"junit={branch.path}/no such/check.xml", f"mkdir -p '{branch.path}/no such'"),
        (f"junit={branch.path}", f"--also junit={branch.path}/check.junit"),
    ):
        refused = commands.run("check", "--base", "nowhere", "--also", wrong)
        assert (refused.code, refused.err.splitlines()[-1]) == (2, f"  fix: {fix}")
    for wrong in ("yaml=x", "junit", "junit="):
        refused = commands.run("check", "--also", wrong)
        assert refused.code == 2
        assert "the formats are text, json, markdown, github, junit, gitlab" in refused.err


def test_files_of_a_check_name_paths_of_any_bytes(branch: Repo) -> None:
    """A path that is no text is written as stdout writes it, and a file of a check is UTF-8."""
    branch.write("prompts/\udcff.yaml", prompt_text())
    branch.commit()
    also = [f"--also={form}={branch.path}/{form}.out" for form in ("json", "github", "gitlab")]
    assert Repo(branch.path).run("check", "--base", "main", *also).code == 1
    assert all("udcff" in branch.read(f"{form}.out") for form in ("json", "github", "gitlab"))


REFUSED_BY_WINDOWS = [
    "prompts/aux/b.prompt.yml",
    "prompts/labels/con.yaml",
    "prompts/nul.yaml",
    "prompts/shared/COM1.old.md",
    "prompts/shared/end./style.md",
    "prompts/shared/what?.md",
]


def test_names_that_windows_refuses(branch: Repo) -> None:
    """What nobody could clone on Windows is an error where it is added, and a warning later."""
    for path in REFUSED_BY_WINDOWS:
        branch.write(path, "" if "labels" in path else prompt_text())
    bump(branch, "prompts/nul.yaml", "prompts/aux/b.prompt.yml")
    commands = CommandRepo(branch.path)

    def alone() -> tuple[int, list[str]]:
        found = commands.run("check", *REFUSED_BY_WINDOWS)
        lines = [line for line in found.out.splitlines() if "windows-name" in line]
        return found.code, [line.split(": ")[1] for line in lines]

    assert alone() == (1, ["error windows-name"] * 6)
    branch.commit()
    added = [f for f in check(branch).findings if f.rule == "windows-name"]
    assert [f.location.path for f in added] == REFUSED_BY_WINDOWS
    assert {f.severity for f in added} == {"error"}
    assert alone() == (0, ["warning windows-name"] * 6)
    branch.git("branch", "-f", "main")
    edit(branch, A, "One.", "Two.")
    bump(branch, A)
    branch.commit()
    assert "windows-name" not in {f.rule for f in check(branch).findings}


LABEL = "prompts/labels/production.yaml"


def test_labels(branch: Repo) -> None:
    """A label may name what has a tag, sorted, in valid versions; anything else is an error."""
    branch.write(LABEL, "a: 1.0.0\nb: 1.0.0\n")
    branch.commit()
    assert rules(check(branch)) == []
    commit_prompt(branch, system="Two.")
    for text, rule, line in (
        ("a: 1.1.0\nb: 1.0.0\n", "label-untagged", 1),
        ("b: 1.0.0\na: 1.0.0\n", "label-order", 1),
        ("a: 1.0.0\nb: ^1\n", "label-value", 2),
        ("a: 1.0.0\na: 1.0.0\n", "duplicate-key", 2),
        ("a: [\n", "invalid-yaml", 2),
        ("a: 1.0.0\nzz: 1.0.0\n", "label-untagged", 2),
    ):
        branch.write(LABEL, text)
        branch.commit()
        (finding,) = [f for f in check(branch).findings if f.severity == "error"]
        assert (finding.rule, finding.location.line) == (rule, line)
    (branch.path / LABEL).unlink()
    for path in (ill_named := ["prompts/labels/Prod.yaml", "prompts/labels/eu/prod.yaml"]):
        branch.write(path, "a: 1.0.0\n")
    branch.commit()
    assert rules(check(branch)) == ["label-name", "label-name"]
    commands = CommandRepo(branch.path)
    assert commands.ok("check", *ill_named, code=1).count("label-name") == 2
    assert commands.ok("label", "list") == ""


TEMPLATES = {
    "misspelt": ("{{article}}", "{{artcle}}", "undeclared-variable", 14),
    "syntax": ("{{article}}", "{% if %}", "template-syntax", 14),
    "attribute": ("{{article}}", "{{article.__class__}}", "template-unsafe", 14),
    "missing": ("One.", '{% include "none.md" %}', "include-missing", 12),
    "escape": ("One.", '{% include "../../x.md" %}', "include-escape", 12),
    "dynamic": ("One.", "{% include article %}", "include-dynamic", 12),
}


@pytest.mark.parametrize(("old", "new", "rule", "line"), TEMPLATES.values(), ids=TEMPLATES)
def test_template_faults(branch: Repo, old: str, new: str, rule: str, line: int) -> None:
    """Templates that cannot be rendered as declared are errors with their rule and line."""
    edit(branch, A, old, new)
    branch.commit()
    found = [f for f in check(branch).findings if f.severity == "error"]
    assert (found[0].rule, found[0].location.line) == (rule, line)


TEST_DATA = {
    "fine": ("{article: x, expected: y}", None),
    "for-an-evaluator": ("{article: x, articles: y}", None),
    "misspelt": ("{artcle: x, article: y}", None),
    "missing": ("{expected: y}", "missing-variable"),
    "wrong-type": ("{article: 12}", "variable-type"),
    "no-mapping": ("x", "wrong-type"),
}


@pytest.mark.parametrize(("row", "rule"), TEST_DATA.values(), ids=TEST_DATA)
def test_test_data_must_render(branch: Repo, row: str, rule: str | None) -> None:
    """Inline test data that does not fit the variables is found at its row."""
    edit(branch, A, "messages:", f"testData:\n  - {row}\nmessages:")
    bump(branch, A)
    branch.commit()
    found = [f for f in check(branch).findings if f.severity == "error"]
    assert [f.rule for f in found] == ([rule] if rule else [])
    assert all(f.location.line == 10 for f in found)


def test_misspelt_optional_variable_in_test_data(branch: Repo) -> None:
    """A column that looks like a variable which the row does not give is a misspelling."""
    edit(branch, A, "variables:", "variables:\n  tone: {default: calm}")
    edit(branch, A, "Summarize:", "{{tone}}")
    edit(branch, A, "messages:", "testData:\n  - {article: x, tonne: y}\nmessages:")
    bump(branch, A)
    branch.commit()
    (finding,) = check(branch).findings
    assert finding.message == "test data: there is no variable 'tonne' (did you mean 'tone'?)"
    assert str(finding.location) == f"{A}:11:25"


def test_strict_turns_warnings_into_errors(branch: Repo) -> None:
    """An unknown key warns, and fails under --strict."""
    edit(branch, A, "messages:", "modle: x\nmessages:")
    bump(branch, A)
    branch.commit()
    assert rules(check(branch)) == []
    assert rules(check(branch, strict=True)) == ["unknown-key"]


def test_files_alone(branch: Repo) -> None:
    """Files are linted as they lie on the disk, without any base; unadopted ones owe no version."""
    branch.write("prompts/new.yaml", PROMPT)
    branch.write("prompts/bad.yaml", "version: 1.10\n" + PROMPT)
    edit(branch, A, "One.", "Two.")
    with Registry(branch.path) as registry:
        assert not check_files(registry, ["prompts/new.yaml", "prompts/b.yaml"]).failed
        assert rules(check_files(registry, ["prompts/bad.yaml"])) == ["version-type"]
        assert rules(check_files(registry, [A])) == ["digest-mismatch"]
        with pytest.raises(NotFoundError):
            check_files(registry, ["prompts/none.yaml"])


def test_base_is_chosen(branch: Repo) -> None:
    """The CI's target counts first, then origin/HEAD, then the local release branch."""
    bare = branch.clone(branch.path.parent / "o.git", "--bare")
    bare.git("symbolic-ref", "HEAD", "refs/heads/main")
    clone = bare.clone(branch.path.parent / "c")
    clone.git("switch", "-q", "-c", "work")
    with Registry(clone.path) as registry:
        assert find_base(registry, None, {"GITHUB_BASE_REF": "main"}).source == "CI"
        default = find_base(registry, None, {})
        assert (default.name, default.source) == ("origin/main", "origin/HEAD")
        with pytest.raises(HistoryError) as caught:
            find_base(registry, None, {"GITHUB_BASE_REF": "nowhere"})
        assert "git fetch" in str(caught.value.fix)
    with Registry(branch.path) as registry:
        assert find_base(registry, None, {}).source == "release branch"


def test_no_base_is_exit_code_three(repo: Repo) -> None:
    """Without a base, or with one that was not fetched, check cannot tell: exit 3, with a mend."""
    repo.git("switch", "-q", "-c", "odd")
    repo.write(A, PROMPT)
    repo.commit()
    for args in ((), ("--base", "origin/main")):
        result = repo.run("check", *args)
        assert result.code == 3
        assert "fix: " in result.err


def test_non_default_branch_name(repo: Repo) -> None:
    """A repository whose default branch is called otherwise works through origin/HEAD."""
    trunk = Repo.create(repo.path.parent / "trunk-src", branch="trunk")
    commit_prompt(trunk)
    bare = trunk.clone(repo.path.parent / "trunk.git", "--bare")
    clone = bare.clone(repo.path.parent / "trunk")
    result = release(clone)
    assert [t.tag for t in result.tags] == ["a@1.0.0"]
    clone.git("switch", "-q", "-c", "feature")
    commit_prompt(clone, system="Two.")
    assert rules(check(clone, None)) == []


def test_shallow_clone_of_ci(branch: Repo) -> None:
    """At depth 2 check works with the prompt's tags; without, it names the fetch: exit 3."""
    commit_prompt(branch, system="Two.")
    branch.git("switch", "-q", "main")
    branch.git("switch", "-q", "-c", "merge-ref")
    branch.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    bare = branch.clone(branch.path.parent / "o.git", "--bare")
    clone = bare.clone(
        branch.path.parent / "ci", "--depth=2", "--no-tags", "-b", "merge-ref", "--single-branch"
    )
    clone.git("fetch", "-q", "--no-tags", "--depth=1", "origin", "main:refs/remotes/origin/main")
    clone.environment["GITHUB_BASE_REF"] = "main"
    result = clone.run("check")
    assert result.code == 3
    command = result.err.partition("fix: ")[2].strip()
    assert command.startswith("git fetch")
    assert clone.process("sh", "-c", command).code == 0
    assert clone.tags() == ["a@1.0.0"]
    result = clone.run("check", "--format", "json")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)
