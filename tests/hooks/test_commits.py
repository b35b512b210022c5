"""The bump hook on ordinary commits, run by the real pre-commit program."""

from __future__ import annotations

from tests.hooks.conftest import PROMPT, TEXT, Team


def test_the_first_commit_gets_version_and_digest(team: Team) -> None:
    """A new prompt is versioned on its first commit, and nothing else in it changes."""
    lines = team.read(PROMPT).splitlines(keepends=True)
    assert lines[1] == "version: 1.0.0\n"
    assert lines[2].startswith("digest: ")
    assert "".join([lines[0], *lines[3:]]) == TEXT
    assert team.git("status", "--porcelain") == ""


def test_the_hook_says_what_it_wrote_and_why(team: Team) -> None:
    """The person at the keyboard reads the step, the level and the rule."""
    team.edit("First line.", "The first line.")
    said = team.try_commit()
    assert said.code == 1
    assert "1.0.0 -> 1.1.0" in said.err + said.out
    assert "message-changed" in said.err + said.out


def test_the_hook_never_stages(team: Team) -> None:
    """What the hook wrote stands in the working file only, for a person to look at."""
    team.git("checkout", "-q", "-b", "feature")
    team.edit("First line.", "The first line.")
    assert team.try_commit().code == 1
    assert team.git("diff", "--name-only") == PROMPT
    assert "version: 1.0.0" in team.git("show", f":{PROMPT}")
    assert team.version() == "1.1.0"


def test_each_level_is_decided_by_the_change(team: Team) -> None:
    """Wording is minor, a description a patch, a new required variable major."""
    for old, new, version in [
        ("Sums up.", "Sums it up.", "1.0.1"),
        ("First line.", "The first line.", "1.1.0"),
        ("Last line.", "Last line {{ more }}.", "2.0.0"),
    ]:
        team.edit(old, new)
        team.commit_twice()
        assert team.version() == version


def test_a_comment_needs_no_new_version(team: Team) -> None:
    """A commit that changes nothing a model sees passes at once."""
    team.edit("# A comment that must stay.", "# Another comment.")
    assert team.try_commit().code == 0
    assert team.version() == "1.0.0"


def test_other_files_do_not_run_the_hook(team: Team) -> None:
    """Commits outside the prompts folder cost nothing."""
    team.write("README.md", "Hello")
    said = team.try_commit()
    assert said.code == 0
    assert "Skipped" in said.err + said.out


def test_amending_keeps_the_unreleased_version(team: Team) -> None:
    """On a branch the second thought belongs to the same new version."""
    team.branch("feature", "First line.", "The first line.")
    team.git("checkout", "-q", "feature")
    team.edit("Last line.", "The last line.")
    team.commit_twice("amended", "--amend")
    assert team.version() == "1.1.0"
    assert team.git("rev-list", "--count", "main..feature") == "1"
    assert team.is_sound("main")
    # A weightier second thought raises the version that nobody has seen yet.
    team.edit("The last line.", "The last line {{ more }}.")
    team.commit_twice("amended", "--amend")
    assert team.version() == "2.0.0"
    assert team.is_sound("main")


def test_amending_the_message_alone_passes(team: Team) -> None:
    """A new commit message is no new content."""
    team.branch("feature", "First line.", "The first line.")
    team.git("checkout", "-q", "feature")
    assert team.try_git("commit", "--amend", "-m", "better words").code == 0
    assert team.version() == "1.1.0"


def test_commit_all_with_a_temporary_index(team: Team) -> None:
    """`git commit -a` uses an index of its own; the bump still reaches the commit."""
    team.edit("First line.", "The first line.")
    assert team.try_git("commit", "-a", "-m", "all").code == 1
    assert team.version() == "1.1.0"
    assert team.try_git("commit", "-a", "-m", "all").code == 0
    assert "version: 1.1.0" in team.git("show", f"HEAD:{PROMPT}")
    assert team.git("status", "--porcelain") == ""


def test_commit_of_one_path(team: Team) -> None:
    """`git commit PATH` commits the bumped file, other staged files stay staged."""
    team.edit("First line.", "The first line.")
    team.write("other.txt", "x")
    team.git("add", "other.txt")
    assert team.try_git("commit", "-m", "one", PROMPT).code == 1
    assert team.try_git("commit", "-m", "one", PROMPT).code == 0
    assert team.git("status", "--porcelain") == "A  other.txt"
    assert "version: 1.1.0" in team.git("show", f"HEAD:{PROMPT}")


def test_an_unstaged_edit_beside_the_version_line_loses_nothing(team: Team) -> None:
    """pre-commit rolls the bump back, says so, and both edits are still there."""
    team.edit("First line.", "The first line.")
    team.git("add", PROMPT)
    team.edit("description: Sums up.", "description: Sums it up.")
    before = team.read(PROMPT)
    said = team.try_git("commit", "-m", "part")
    assert said.code == 1
    assert "Rolling back" in said.err + said.out
    assert team.read(PROMPT) == before
    assert "The first line." in team.git("show", f":{PROMPT}")
    assert team.git("log", "-1", "--format=%s") == "first"
    # Staging all of it, as the message of pre-commit suggests, goes through.
    team.commit_twice("all")
    assert team.version() == "1.1.0"
    assert "Sums it up." in team.git("show", f"HEAD:{PROMPT}")


def test_an_unstaged_edit_elsewhere_stays_out_of_the_commit(team: Team) -> None:
    """Far from the version line the bump is of what is staged, and the rest comes back."""
    team.edit("First line.", "The first line.")
    team.git("add", PROMPT)
    team.edit("Last line.", "Not yet.")
    assert team.try_git("commit", "-m", "part").code == 1
    assert "Not yet." in team.read(PROMPT)
    assert team.version() == "1.1.0"


def test_a_fragments_commit_bumps_those_who_include_it(team: Team) -> None:
    """The hook runs for the fragment and writes the prompts, directly and through others."""
    team.write("prompts/shared/style.md", "Be brief.\n")
    team.write("prompts/shared/rules.md", "{% include 'shared/style.md' %}")
    for name, path in (("one", "shared/style.md"), ("two", "shared/rules.md")):
        team.write(
            f"prompts/{name}.prompt.yml",
            f"messages:\n  - role: user\n    content: \"{{% include '{path}' %}}\"\n",
        )
    team.commit_twice("with fragments")
    team.write("prompts/shared/style.md", "Be very brief.\n")
    team.git("add", "prompts/shared/style.md")
    assert team.try_git("commit", "-m", "style").code == 1
    for name in ("one", "two"):
        assert team.version(f"prompts/{name}.prompt.yml") == "1.1.0"
    assert team.version() == "1.0.0"
    assert team.try_commit("style").code == 0
    assert team.is_sound("HEAD~1")


def test_deleting_and_renaming_a_prompt_passes_the_hook(team: Team) -> None:
    """A staged deletion is no file to read; a renamed file keeps what it states."""
    team.git("mv", PROMPT, "prompts/renamed.prompt.yml")
    assert team.try_commit("rename").code == 0
    assert team.version("prompts/renamed.prompt.yml") == "1.0.0"
    team.git("rm", "-q", "prompts/renamed.prompt.yml")
    assert team.try_commit("delete").code == 0


def test_a_broken_prompt_cannot_be_committed(team: Team) -> None:
    """The error stands in the hook's output with file and line, and nothing is written."""
    team.edit("  - role: system\n", "  - role: system\n    role: user\n")
    before = team.read(PROMPT)
    said = team.try_commit()
    assert said.code == 1
    assert f"{PROMPT}:8:5: error: key 'role' stands twice" in said.err + said.out
    assert team.read(PROMPT) == before
    assert team.git("log", "-1", "--format=%s") == "first"


def test_a_file_that_lost_its_lines_gets_them_back(team: Team) -> None:
    """Deleting version and digest by accident, with or without an edit, is repaired."""
    lines = team.read(PROMPT).splitlines(keepends=True)
    team.write(PROMPT, "".join([lines[0], *lines[3:]]))
    assert team.try_commit().code == 1
    assert team.read(PROMPT) == "".join(lines)
    team.write(PROMPT, "".join([lines[0], *lines[3:]]).replace("First", "The first"))
    assert team.try_commit().code == 1
    assert team.version() == "1.1.0"


def test_windows_line_ends_stay(team: Team) -> None:
    """A file with CRLF keeps them, in the two lines as well."""
    team.git("config", "core.autocrlf", "false")
    team.write(PROMPT, team.read(PROMPT).replace("\n", "\r\n"))
    assert team.try_commit("crlf").code == 0
    team.edit("First line.", "The first line.")
    team.commit_twice()
    text = team.read(PROMPT)
    assert text.count("\r\n") == text.count("\n") == TEXT.count("\n") + 2
    assert "version: 1.1.0\r\n" in text


def test_skipping_the_hook_is_caught_by_the_check(team: Team) -> None:
    """`--no-verify` passes the hook, not the check of the pull request."""
    team.git("checkout", "-q", "-b", "feature")
    team.edit("First line.", "The first line.")
    team.git("commit", "-q", "-a", "--no-verify", "-m", "sneaked in")
    answer = team.run("check", "--base", "main")
    assert answer.code == 1
    assert "digest-mismatch" in answer.out
