"""`promptreg changelog` against real repositories."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from promptreg import Registry
from promptreg.errors import ConfigError
from promptreg.git.process import has_git
from promptreg.moments import parse_moment
from promptreg.queries.changelog import changelog
from tests.commands.conftest import edit, ship

if TYPE_CHECKING:
    from tests.kit import Repo

FIRST = datetime.fromtimestamp(1_700_000_060, UTC)


def _versions(repo: Repo, *args: str) -> list[str]:
    entries = json.loads(repo.ok("changelog", *args, "--format", "json"))
    return [f"{e['prompt']} {e['version']}" for e in entries]


def test_the_changelog_has_every_release_newest_first(shipped: Repo) -> None:
    """All releases of all prompts, by time, then by name."""
    assert _versions(shipped) == [
        "summarizer 2.0.0",
        "summarizer 1.1.0",
        "summarizer 1.0.0",
        "triage 1.0.0",
    ]
    assert _versions(shipped, "triage") == ["triage 1.0.0"]


def test_the_text_names_level_author_changes_and_labels(shipped: Repo) -> None:
    """One line a release, with what changed below it."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.commit()
    assert (
        "2023-11-14  summarizer 1.1.0  minor  Ada Example  [production]\n"
        "    minor message-changed: " in shipped.ok("changelog")
    )


def test_since_a_time_counts_the_moment_itself(shipped: Repo) -> None:
    """A release at the very moment is in, one a minute earlier is not."""
    with Registry(shipped.path) as registry:
        moment = (FIRST + timedelta(minutes=1)).isoformat()
        found = changelog(registry, since=moment)
        assert [str(e.release.version) for e in found] == ["2.0.0", "1.1.0"]
        assert changelog(registry, since="1m", now=FIRST + timedelta(minutes=3))[0].name
        late = FIRST + timedelta(days=8)
        assert changelog(registry, since="7d", now=late) == []


@pytest.mark.parametrize("since", ["summarizer@1.1.0", "HEAD~1"])
def test_since_a_revision_leaves_out_what_it_holds(shipped: Repo, since: str) -> None:
    """A tag or commit as since: what its history has is old, also in a hook."""
    shipped.environment["GIT_DIR"] = ".git"
    assert _versions(shipped, "--since", since) == ["summarizer 2.0.0"]


def test_since_a_revision_looks_behind_merges(shipped: Repo) -> None:
    """A release merged from a side branch after the revision is new, however old its commit."""
    shipped.git("branch", "old")
    shipped.git("switch", "-q", "-c", "side", "HEAD~1")
    shipped.write("note.txt", "x")
    shipped.commit()
    shipped.git("switch", "-q", "main")
    shipped.git("merge", "-q", "--no-ff", "side")
    edit(shipped, "careful", "cautious")
    ship(shipped)
    assert _versions(shipped, "--since", "old") == ["summarizer 2.1.0"]


@pytest.mark.parametrize("since", ["summarizer@1.1.0", "2023-11-14T22:15:20+00:00", "2001-01-01"])
def test_without_a_git_program_the_answer_is_the_same(
    shipped: Repo, since: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing by git only saves time."""
    with Registry(shipped.path) as registry:
        quick = changelog(registry, since=since)
    has_git.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        with Registry(shipped.path) as registry:
            assert changelog(registry, since=since) == quick
    finally:
        has_git.cache_clear()
    assert quick


def test_deleted_versions_are_not_listed(shipped: Repo) -> None:
    """A version that was deleted is no longer news, even where its tag came back."""
    oid = shipped.git("rev-parse", "summarizer@2.0.0")
    shipped.ok("delete", "summarizer@2.0.0", "--reason", "Leak", "--yes")
    shipped.git("update-ref", "refs/tags/summarizer@2.0.0", oid)
    assert "summarizer 2.0.0" not in _versions(shipped)


def test_markdown_cannot_be_forged(shipped: Repo) -> None:
    """Names of authors do not turn into markup or mentions."""
    shipped.environment["GIT_AUTHOR_NAME"] = "**[x](http://evil)** @all"
    edit(shipped, "careful", "cautious")
    ship(shipped)
    text = shipped.ok("changelog", "--format", "markdown", "summarizer")
    assert text.startswith("## 2023-11-14\n\n### summarizer 2.1.0 (minor by \\*\\*\\[x\\](")
    assert "@all" not in text.replace("\\@", "")


def test_a_wrong_since_and_a_wrong_name_are_said(shipped: Repo) -> None:
    """Neither time nor revision: usage; no such prompt: not found."""
    result = shipped.run("changelog", "--since", "lately")
    assert (result.code, result.out) == (2, "")
    assert "neither a time nor a revision" in result.err
    assert "no prompt 'nobody'" in shipped.run("changelog", "nobody").err


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("90m", datetime(2025, 12, 31, 22, 30, tzinfo=UTC)),
        ("2 w", datetime(2025, 12, 18, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    """Days, times and ages are read as aware times."""
    assert parse_moment(text, datetime(2026, 1, 1, tzinfo=UTC)) == moment


@pytest.mark.parametrize("text", ["", "7", "7y", "soon", "-3d", "2026-13-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Anything else is an error with a fix."""
    with pytest.raises(ConfigError, match="is no time"):
        parse_moment(text)
