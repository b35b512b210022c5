"""`promptreg rollback` against real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands.conftest import SUMMARIZER, TRIAGE, edit, ship

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo

LABEL = "prompts/labels/production.yaml"


def _promote(repo: Repo, *versions: str) -> None:
    for version in versions:
        repo.ok("label", "set", "production", "summarizer", version)
        repo.commit(f"promote {version}")


def test_old_content_comes_back_as_a_new_version(shipped: Repo) -> None:
    """The restored content gets the next free version and can be released."""
    out = shipped.ok("rollback", "summarizer", "1.1.0")
    assert out == "prompts/summarizer.prompt.yml: 3.0.0 (content of 1.1.0)\n"
    ship(shipped, "roll back")
    versions = json.loads(shipped.ok("versions", "summarizer", "--format", "json"))
    assert versions[0]["version"] == "3.0.0"
    assert versions[0]["digest"] == versions[2]["digest"]


def test_every_byte_but_the_version_lines_is_the_old_ones(shipped: Repo) -> None:
    """Comments and quoting of the old file come back too."""
    shipped.ok("rollback", "summarizer", "1.0.0")
    old = shipped.git("show", f"summarizer@1.0.0:{SUMMARIZER}").splitlines()
    new = shipped.read(SUMMARIZER).splitlines()
    assert [line for line in new if line not in old] == ["version: 3.0.0"]


def test_edits_are_never_overwritten(shipped: Repo) -> None:
    """A file with uncommitted edits is refused and kept."""
    edit(shipped, "careful", "cautious")
    before = shipped.read(SUMMARIZER)
    result = shipped.run("rollback", "summarizer", "1.0.0")
    assert result.code == 2
    assert "has edits that are not committed" in result.err
    assert shipped.read(SUMMARIZER) == before


def test_the_same_content_is_no_rollback(shipped: Repo) -> None:
    """Going back to what is there already says so."""
    assert "has the content of 2.0.0 already" in shipped.run("rollback", "summarizer", "2.0.0").err


def test_a_deleted_file_comes_back(shipped: Repo) -> None:
    """A prompt whose file was removed returns with a version above all its tags."""
    shipped.git("rm", "-q", SUMMARIZER)
    shipped.commit("remove")
    shipped.ok("rollback", "summarizer", "1.1.0")
    assert "version: 3.0.0\n" in shipped.read(SUMMARIZER)


def test_changed_fragments_are_named_and_restored_on_demand(shipped: Repo) -> None:
    """Fragments are shared, so they come back only when asked for, with their dependents bumped."""
    shipped.write("prompts/shared/style.md", "Be brief.\n")
    edit(shipped, "You sort mail.", '{% include "shared/style.md" %}', TRIAGE)
    ship(shipped)
    shipped.write("prompts/shared/style.md", "Be long.\n")
    edit(shipped, "careful", '{% include "shared/style.md" %}')
    ship(shipped)
    result = shipped.run("rollback", "triage", "1.1.0")
    assert result.code == 2
    assert "triage 1.1.0 included shared/style.md, which changed since" in result.err
    out = shipped.ok("rollback", "triage", "1.1.0", "--with-fragments")
    assert shipped.read("prompts/shared/style.md") == "Be brief.\n"
    assert out == (
        "restored shared/style.md\n"
        "prompts/triage.prompt.yml: 1.3.0 (content of 1.1.0)\n"
        "prompts/summarizer.prompt.yml: 2.2.0 (its fragment)\n"
    )
    ship(shipped)


def test_a_label_goes_back_to_what_it_named_before(shipped: Repo) -> None:
    """Without a version the label's previous one; the person is told how to go on."""
    _promote(shipped, "1.1.0", "2.0.0")
    result = shipped.run("rollback", "summarizer", "--label", "production")
    assert result.code == 0
    assert result.out == f"{LABEL}: summarizer 2.0.0 -> 1.1.0\n"
    assert "git switch -c rollback-production-summarizer" in result.err
    assert "Services serve it once they read the merged commit" in result.err
    assert shipped.read(LABEL) == "summarizer: 1.1.0\n"


def test_a_label_skips_what_is_yanked(shipped: Repo) -> None:
    """The previous version that may be served, not one that was withdrawn meanwhile."""
    _promote(shipped, "1.0.0", "1.1.0", "2.0.0")
    shipped.ok("yank", "summarizer@1.1.0", "--reason", "bad")
    shipped.commit()
    shipped.ok("rollback", "summarizer", "--label", "production")
    assert shipped.read(LABEL) == "summarizer: 1.0.0\n"


def test_a_label_without_a_past_says_so(shipped: Repo) -> None:
    """There is nothing to go back to, but a version may be named."""
    _promote(shipped, "2.0.0")
    result = shipped.run("rollback", "summarizer", "--label", "production")
    assert result.code == 2
    assert "never named another version of summarizer" in result.err
    shipped.ok("rollback", "summarizer", "1.0.0", "--label", "production")
    assert shipped.read(LABEL) == "summarizer: 1.0.0\n"


def test_push_commits_that_one_file_and_nothing_else(shipped: Repo, tmp_path: Path) -> None:
    """What else is staged or edited stays as it is."""
    _promote(shipped, "1.1.0", "2.0.0")
    shipped.git("config", "receive.denyCurrentBranch", "updateInstead")
    clone = shipped.clone(tmp_path / "clone")
    clone.write("staged.txt", "x")
    clone.git("add", "staged.txt")
    edit(clone, "careful", "cautious")
    clone.ok("rollback", "summarizer", "--label", "production", "--push")
    assert shipped.git("show", "--format=%s", "--name-only", "main") == (
        f"Roll summarizer back to 1.1.0 in production\n\n{LABEL}"
    )
    assert clone.git("status", "--porcelain").splitlines() == [f" M {SUMMARIZER}", "A  staged.txt"]
    assert shipped.ok("show", "summarizer@production").startswith("summarizer 1.1.0\n")


def test_a_refused_push_says_what_happened(shipped: Repo, tmp_path: Path) -> None:
    """A protected branch keeps the commit here and names the way through a pull request."""
    _promote(shipped, "1.1.0", "2.0.0")
    clone = shipped.clone(tmp_path / "clone")
    hook = shipped.write(".git/hooks/pre-receive", "#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    result = clone.run("rollback", "summarizer", "--label", "production", "--push")
    assert result.code == 2
    assert "but origin refuses it" in result.err
    assert "open a pull request" in result.err


def test_contradictory_options_are_refused(shipped: Repo) -> None:
    """Neither a version nor a label, or options that belong to the other way."""
    assert shipped.run("rollback", "summarizer").code == 2
    assert shipped.run("rollback", "summarizer", "1.0.0", "--push").code == 2
    assert (
        shipped.run("rollback", "summarizer", "--label", "production", "--with-fragments").code == 2
    )
