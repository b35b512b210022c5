"""`promptreg yank` and `delete` against real repositories."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from promptreg import Registry
from promptreg.errors import PromptError
from promptreg.history.yanked import lint_yanked, parse_yanked, write_yanked
from tests.commands.conftest import SUMMARIZER, edit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit import Repo

YANKED = "prompts/yanked.yaml"


def _yank(repo: Repo, version: str, reason: str = "Invents quotes.") -> None:
    repo.ok("yank", version, "--reason", reason)
    repo.commit(f"yank {version}")


def _shown(repo: Repo, reference: str) -> str:
    return str(json.loads(repo.ok("show", reference, "--format", "json"))["version"])


def test_a_yank_takes_effect_when_it_is_committed(shipped: Repo) -> None:
    """Latest and ranges skip the version from the commit on, not before."""
    shipped.ok("yank", "summarizer@2.0.0", "--reason", "Invents\n quotes. ")
    assert shipped.read(YANKED) == 'summarizer@2.0.0: {reason: "Invents quotes."}\n'
    assert _shown(shipped, "summarizer") == "2.0.0"
    shipped.commit()
    assert _shown(shipped, "summarizer") == "1.1.0"
    assert _shown(shipped, "summarizer@>=1.0") == "1.1.0"
    assert shipped.run("show", "summarizer@^2").code == 2
    rows = json.loads(shipped.ok("list", "--format", "json"))
    assert [(r["prompt"], r["released"]) for r in rows] == [
        ("summarizer", "1.1.0"),
        ("triage", "1.0.0"),
    ]


def test_an_exact_reference_warns_once_on_stderr(shipped: Repo) -> None:
    """A version asked for by number or label is served with one warning."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    _yank(shipped, "summarizer@1.1.0")
    for reference in ("summarizer@1.1.0", "summarizer@production"):
        result = shipped.run("show", reference)
        assert (result.code, result.err) == (
            0,
            "warning: summarizer 1.1.0 is yanked: Invents quotes.\n",
        )
    assert "yanked" in shipped.ok("versions", "summarizer")


def test_the_library_warns_once_a_registry(shipped: Repo, caplog: pytest.LogCaptureFixture) -> None:
    """An application that loads a yanked version for every call logs it once."""
    _yank(shipped, "summarizer@1.1.0")
    with Registry(shipped.path) as registry, caplog.at_level(logging.WARNING, "promptreg"):
        for _ in range(3):
            assert registry.get("summarizer@1.1.0").version == "1.1.0"
    assert caplog.messages == ["summarizer 1.1.0 is yanked: Invents quotes."]


def test_every_version_yanked_is_an_error(shipped: Repo) -> None:
    """Latest never falls back to a yanked version."""
    _yank(shipped, "triage@1.0.0")
    result = shipped.run("show", "triage")
    assert result.code == 2
    assert "every stable version of triage is yanked" in result.err


def test_a_yank_can_be_taken_back(shipped: Repo) -> None:
    """--undo removes the line, comments stay; a version that is not yanked is an error."""
    shipped.write(YANKED, "# Reviewed by the content team.")  # as some editors end a file
    _yank(shipped, "summarizer@2.0.0")
    shipped.ok("yank", "summarizer@2.0.0", "--undo")
    assert shipped.read(YANKED) == "# Reviewed by the content team.\n"
    assert "not yanked" in shipped.run("yank", "summarizer@2.0.0", "--undo").err
    assert "needs a reason" in shipped.run("yank", "summarizer@2.0.0").err
    assert "does not name one version" in shipped.run("yank", "summarizer@^1").err
    assert shipped.run("yank", "summarizer@9.0.0", "--reason", "x").code == 2


def test_a_yanked_version_is_still_the_baseline(shipped: Repo) -> None:
    """The next change counts on from it: its number is taken."""
    _yank(shipped, "summarizer@2.0.0")
    edit(shipped, "careful", "cautious")
    assert "2.1.0" in shipped.ok("bump", code=1)


def test_labels_may_not_newly_name_a_yanked_version(shipped: Repo) -> None:
    """The check refuses it; a label that named it before may stay."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    _yank(shipped, "summarizer@1.1.0")
    shipped.git("switch", "-q", "-c", "feature")
    shipped.write("prompts/labels/staging.yaml", "summarizer: 1.1.0\n")
    shipped.commit()
    out = shipped.ok("check", "--base", "main", code=1)
    assert "label-yanked: summarizer 1.1.0 is yanked: Invents quotes." in out
    result = shipped.run("label", "set", "staging", "summarizer", "1.1.0")
    assert result.code == 2
    assert "is yanked: Invents quotes." in result.err
    assert "production" not in out


def test_delete_asks_and_then_nothing_serves_it(shipped: Repo) -> None:
    """Without an answer nothing happens; then the tag is gone and exact references fail."""
    assert "pass --yes" in shipped.run("delete", "summarizer@2.0.0", "--reason", "Leak").err
    assert not (shipped.path / YANKED).exists()
    result = shipped.run("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    assert result.code == 0
    assert "prompts/summarizer.prompt.yml still states 2.0.0" in result.err
    assert shipped.read(YANKED) == 'summarizer@2.0.0: {reason: "Leak", deleted: true}\n'
    assert "summarizer@2.0.0" not in shipped.tags()
    result = shipped.run("show", "summarizer@2.0.0")
    assert (result.code, result.out) == (2, "")
    assert "was deleted" in result.err
    assert _shown(shipped, "summarizer") == "1.1.0"


def test_a_tag_that_comes_back_serves_nothing(shipped: Repo) -> None:
    """A clone that still has the tag of a deleted version refuses it all the same."""
    tag = shipped.git("rev-parse", "summarizer@2.0.0")
    shipped.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    shipped.commit()
    shipped.git("update-ref", "refs/tags/summarizer@2.0.0", tag)
    assert shipped.run("show", "summarizer@2.0.0").code == 2
    assert _shown(shipped, "summarizer") == "1.1.0"


def test_a_deleted_number_is_never_used_again(shipped: Repo) -> None:
    """Bump goes above it, check refuses it, release does not tag it."""
    shipped.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    shipped.commit()
    result = shipped.run("release")
    assert (result.code, result.out) == (0, "")
    assert "states 2.0.0, which was deleted" in result.err
    shipped.git("switch", "-q", "-c", "feature")
    shipped.write(SUMMARIZER, shipped.read(SUMMARIZER) + "# touched\n")
    shipped.commit()
    assert "version-taken: 2.0.0 was deleted" in shipped.ok("check", "--base", "main", code=1)
    shipped.ok("bump", code=1)
    assert "version: 3.0.0\n" in shipped.read(SUMMARIZER)
    shipped.commit()
    shipped.ok("check", "--base", "main")
    shipped.git("switch", "-q", "main")
    shipped.git("merge", "-q", "feature")
    shipped.ok("release")
    assert shipped.tags()[2:] == ["summarizer@3.0.0", "triage@1.0.0"]


def test_a_deleted_first_version_leaves_its_number_taken(shipped: Repo) -> None:
    """A prompt whose only version was deleted starts again above it."""
    shipped.ok("delete", "triage@1.0.0", "--reason", "Leak", "--yes")
    shipped.commit()
    shipped.ok("bump", "prompts/triage.prompt.yml", code=1)
    assert "version: 2.0.0\n" in shipped.read("prompts/triage.prompt.yml")


def test_what_a_label_names_cannot_be_deleted(shipped: Repo) -> None:
    """The label has to move first."""
    shipped.ok("label", "set", "production", "summarizer", "2.0.0")
    shipped.commit()
    result = shipped.run("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    assert result.code == 2
    assert "label production names summarizer 2.0.0" in result.err
    assert "summarizer@2.0.0" in shipped.tags()


def test_origin_loses_the_tag_only_after_the_merge(shipped: Repo, tmp_path: Path) -> None:
    """Before the line is on the release branch a release there would make the tag again."""
    clone = shipped.clone(tmp_path / "clone")
    shipped.git("config", "receive.denyCurrentBranch", "updateInstead")
    clone.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    result = clone.run("delete", "summarizer@2.0.0", "--push", "--yes")
    assert result.code == 2
    assert "is not merged" in result.err
    clone.commit()
    clone.git("push", "-q", "origin", "main")
    clone.ok("delete", "summarizer@2.0.0", "--push", "--yes")
    assert "summarizer@2.0.0" not in shipped.tags()
    clone.ok("delete", "summarizer@2.0.0", "--push", "--yes")
    assert shipped.run("show", "summarizer@2.0.0").code == 2


def test_the_line_of_a_deleted_version_must_stay(shipped: Repo) -> None:
    """Removing it in a pull request is an error of check."""
    shipped.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    shipped.commit()
    shipped.git("switch", "-q", "-c", "feature")
    shipped.write(YANKED, "")
    shipped.commit()
    assert "yanked-value: summarizer@2.0.0 was deleted" in shipped.ok(
        "check", "--base", "main", code=1
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("summarizer: {reason: x}\n", "not a semantic version"),
        ("a@1.0.0: x\n", "must have a reason"),
        ("a@1.0.0: {reason: ''}\n", "must have a text"),
        ("a@1.0.0: {reason: x, deleted: 1}\n", "must have a text"),
        ("a@1.0.0: {reason: x, why: y}\n", "must have a reason"),
        ("A@1.0.0: {reason: x}\n", "must be NAME@VERSION"),
    ],
)
def test_wrong_lines_are_errors_with_their_place(text: str, message: str) -> None:
    """Each wrong line is an error at its line."""
    with pytest.raises(PromptError) as caught:
        parse_yanked(b"# why\n" + text.encode(), YANKED)
    assert caught.value.location is not None
    assert caught.value.location.line == 2
    assert caught.value.rule == "yanked-value" or message in caught.value.message


def test_lines_are_sorted_and_read_back() -> None:
    """What is written is read as the same, in any order of entries."""
    text = b'b@1.0.0: {reason: "x: \\"y\\""}\na@1.0.0: {reason: z, deleted: true}\n'
    entries = parse_yanked(text, YANKED)
    written = write_yanked(entries, text)
    assert written.startswith(b"a@1.0.0:")
    assert parse_yanked(written, YANKED) == entries
    assert [f.rule for f in lint_yanked(text, None, YANKED)] == ["yanked-value"]
    assert lint_yanked(written, None, YANKED) == []
