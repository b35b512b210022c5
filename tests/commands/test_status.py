"""`promptreg status` against real repositories."""

from __future__ import annotations

import json
from typing import Any

from tests.commands.conftest import SUMMARIZER, TRIAGE, edit, ship
from tests.kit import Repo, prompt_text


def _states(repo: Repo) -> dict[str, str]:
    return {p["prompt"]: p["state"] for p in _json(repo)["prompts"]}


def _json(repo: Repo) -> Any:
    return json.loads(repo.ok("status", "--format", "json"))


def _prompt(repo: Repo, name: str) -> Any:
    return next(p for p in _json(repo)["prompts"] if p["prompt"] == name)


def test_nothing_is_open_after_a_release(shipped: Repo) -> None:
    """What is as released is only counted."""
    assert shipped.ok("status") == (
        "On main, releases come from main.\n2 of 2 prompts are as released.\n"
    )


def test_each_state_follows_from_the_last(shipped: Repo) -> None:
    """An edit, a bump, a commit, a merge and a release each show in the status."""
    shipped.git("switch", "-q", "-c", "feature")
    edit(shipped, "careful", "cautious")
    assert _states(shipped) == {"summarizer": "changed", "triage": "released"}
    shipped.ok("bump", code=1)
    found = _prompt(shipped, "summarizer")
    assert (found["state"], found["version"], found["latest"]) == ("unreleased", "2.1.0", "2.0.0")
    assert (found["committed"], found["merged"]) == (False, False)
    shipped.commit()
    found = _prompt(shipped, "summarizer")
    assert (found["committed"], found["merged"]) == (True, False)
    shipped.git("switch", "-q", "main")
    shipped.git("merge", "-q", "--no-ff", "feature")
    assert "prompts/summarizer.prompt.yml: 2.1.0, latest release 2.0.0, merged\n" in shipped.ok(
        "status"
    )
    shipped.ok("release")
    assert set(_states(shipped).values()) == {"released"}


def test_new_broken_and_deleted_files_are_named(shipped: Repo) -> None:
    """A file without version, one that does not parse and one that is gone each have a section."""
    shipped.write("prompts/fresh.yml", prompt_text("Fresh."))
    shipped.write("prompts/odd.yml", "messages: [\n")
    (shipped.path / TRIAGE).unlink()
    assert _states(shipped) == {
        "fresh": "new",
        "odd": "broken",
        "summarizer": "released",
        "triage": "deleted",
    }
    text = shipped.ok("status")
    assert "  prompts/odd.yml:2:1: " in text
    assert "Deleted\n  prompts/triage.prompt.yml: latest release 1.0.0, not committed\n" in text


def test_labels_that_fell_behind_say_so(shipped: Repo) -> None:
    """A label with an older version than the latest stable release is behind."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.ok("label", "set", "production", "triage", "1.0.0")
    shipped.commit()
    assert "    summarizer 1.1.0 is behind, 2.0.0 is released\n" in shipped.ok("status")
    assert _json(shipped)["labels"] == [
        {
            "label": "production",
            "versions": {"summarizer": "1.1.0", "triage": "1.0.0"},
            "behind": {"summarizer": "2.0.0"},
            "missing": [],
            "yanked": {},
        }
    ]


def test_a_label_that_serves_what_is_yanked_says_so(shipped: Repo) -> None:
    """Status and doctor name the label, the version and the reason."""
    shipped.write("prompts/labels/production.yaml", "summarizer: 2.0.0\n")
    shipped.ok("yank", "summarizer@2.0.0", "--reason", "invents quotes")
    shipped.commit("promote and yank")
    assert "    summarizer 2.0.0 is yanked: invents quotes\n" in shipped.ok("status")
    (label,) = json.loads(shipped.ok("status", "--format", "json"))["labels"]
    assert label["yanked"] == {"summarizer": "invents quotes"}
    found = {d["subject"]: d for d in json.loads(shipped.ok("doctor", "--format", "json"))}
    assert found["labels"]["condition"] == "warning"
    assert "production names summarizer 2.0.0, which is yanked" in found["labels"]["message"]


def test_a_pre_release_leaves_no_label_behind(shipped: Repo) -> None:
    """Only stable releases count as newer."""
    shipped.ok("label", "set", "production", "summarizer", "2.0.0")
    edit(shipped, "careful", "cautious")
    shipped.ok("bump", "--pre", "rc", SUMMARIZER, code=1)
    shipped.commit()
    shipped.ok("release")
    assert "summarizer@2.1.0-rc.1" in shipped.tags()
    assert _json(shipped)["labels"][0]["behind"] == {}


def test_line_ends_of_a_checkout_change_nothing(shipped: Repo) -> None:
    """A CRLF checkout of released content is as released."""
    shipped.write(SUMMARIZER, shipped.read(SUMMARIZER).replace("\n", "\r\n"))
    assert _states(shipped)["summarizer"] == "released"


def test_changed_fragments_change_their_prompts(shipped: Repo) -> None:
    """A prompt whose fragment was edited is changed although its own file is not."""
    shipped.write("prompts/shared/style.md", "Be brief.\n")
    edit(shipped, "You sort mail.", '{% include "shared/style.md" %}', TRIAGE)
    ship(shipped)
    assert _states(shipped)["triage"] == "released"
    shipped.write("prompts/shared/style.md", "Be long.\n")
    assert _states(shipped)["triage"] == "changed"


def test_an_unborn_branch_has_a_status(repo: Repo) -> None:
    """Before the first commit everything is new."""
    repo.write(SUMMARIZER, prompt_text())
    assert _states(repo) == {"summarizer": "new"}


def test_without_a_release_branch_nothing_is_merged(shipped: Repo) -> None:
    """On a branch that is none, before any remote is known, status does not promise a release."""
    shipped.git("branch", "-m", "main", "trunk")
    edit(shipped, "careful", "cautious")
    shipped.bump_and_commit()
    out = shipped.ok("status")
    assert out.startswith("On trunk, no release branch is here.\n")
    assert "merged" not in out
