"""The GitLab template: its scripts run as shell with GitLab's variables, in real clones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from promptreg.ci.gitlab import post_note
from promptreg.errors import ConfigError
from promptreg.formats import STICKY_MARKER
from tests.ci.actions import load_yaml
from tests.ci.conftest import PATH, World
from tests.ci.gitlab import GitLab
from tests.ci.test_files import GITLAB
from tests.kit import Repo, Result


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    """An API with a merge request without notes."""
    with GitLab() as server:
        yield server


def _variables(gitlab: GitLab, **more: str) -> dict[str, str]:
    return {
        "CI_API_V4_URL": gitlab.url,
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "PROMPTREG_NOTE_TOKEN": "note-token",
        **more,
    }


def _job(world: World, name: str, job: str, environment: Mapping[str, str]) -> tuple[Repo, Result]:
    """Run a job's script line by line in a clone, as GitLab's runner does."""
    clone = world.origin.clone(world.folder / name)
    clone.git("checkout", "-q", "--detach", "origin/feature")
    target = f"file://{world.origin.path}"
    # The runner's addresses are https; git turns them into the origin of this test.
    clone.git("config", f"url.{target}.insteadOf", "https://gitlab.test/acme/prompts.git")
    clone.git("config", "--add", f"url.{target}.insteadOf", FIX_ADDRESS)
    clone.environment = {
        "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.test/acme/prompts",
        "CI_MERGE_REQUEST_PROJECT_PATH": "acme/prompts",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": world.origin.git("rev-parse", "main"),
        "CI_SERVER_HOST": "gitlab.test",
        "CI_JOB_URL": "https://gitlab.test/acme/prompts/-/jobs/9",
        **environment,
    }
    script = "\n".join(load_yaml(GITLAB)[job]["script"])
    return clone, clone.process("bash", "-e", "-c", script)


FIX_ADDRESS = "https://promptreg:fix-token@gitlab.test/acme/prompts.git"


def _unbumped(world: World) -> None:
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("no bump")


def _ours(gitlab: GitLab) -> list[dict[str, Any]]:
    return [note for note in gitlab.notes if note["author"]["id"] == 5]


def test_the_check_writes_a_note_and_its_files(world: World, gitlab: GitLab) -> None:
    """The job exits as the check does; the note has the link, the files what GitLab shows.

    The next pipeline replaces the note, whatever else was said meanwhile.
    """
    gitlab.add("looks good", 8)
    gitlab.add(f"{STICKY_MARKER}\nforged", 8)
    _unbumped(world)
    clone, done = _job(world, "first", "promptreg-check", _variables(gitlab))
    assert done.code == 1, done
    (note,) = _ours(gitlab)
    assert len(gitlab.notes) == 3
    assert note["body"].startswith(STICKY_MARKER)
    link = "https://gitlab.test/acme/prompts/-/jobs/9/artifacts/file/promptreg-report.html"
    assert f"[Full report]({link})" in note["body"]
    issues = json.loads(clone.read("promptreg-quality.json"))
    assert {issue["location"]["path"] for issue in issues} == {PATH}
    assert "<testsuite" in clone.read("promptreg-junit.xml")
    assert "promptreg" in clone.read("promptreg-report.html")
    # What the report finished lies where the cache keeps it, and git does not see it.
    assert load_yaml(GITLAB)["promptreg-check"]["cache"]["paths"] == [".promptreg/"]
    assert [*clone.path.glob(".promptreg/report/*.prompt")]
    assert ".promptreg" not in clone.git("status", "--short")
    for number in range(120):
        gitlab.add(f"note {number}", 8)
    world.origin.git("switch", "-q", "feature")
    world.origin.bump_and_commit("bump")
    _, done = _job(world, "second", "promptreg-check", _variables(gitlab))
    assert done.code == 0, done
    (note,) = _ours(gitlab)
    assert "no regression found" in note["body"]
    assert gitlab.notes[1]["body"].endswith("forged")


def test_a_fork_gets_its_check_without_a_token(world: World, gitlab: GitLab) -> None:
    """Without the token the check is the same, nothing is called, and the log says why."""
    _unbumped(world)
    variables = _variables(gitlab, PROMPTREG_NOTE_TOKEN="")
    _, done = _job(world, "fork", "promptreg-check", variables)
    assert done.code == 1
    assert "PROMPTREG_NOTE_TOKEN is not set" in done.err
    assert gitlab.calls == []


def test_a_token_without_rights_is_told(
    tmp_path: Path, gitlab: GitLab, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused note fails nothing, and names the scope that is missing."""
    gitlab.read_only = True
    file = tmp_path / "check.md"
    file.write_text(f"{STICKY_MARKER}\nx", encoding="utf-8")
    post_note(file, _variables(gitlab))
    assert "403" in (said := capsys.readouterr().err)
    assert "scope api" in said
    with pytest.raises(ConfigError, match="no address of an API"):
        post_note(file, _variables(gitlab, CI_API_V4_URL="file:///etc"))


def test_a_check_that_could_not_run_leaves_no_old_verdict(tmp_path: Path, gitlab: GitLab) -> None:
    """Where the check wrote nothing, the note says so in place of what it said before."""
    gitlab.add(f"{STICKY_MARKER}\nno regression found", 5)
    job = "https://gitlab.test/acme/prompts/-/jobs/9"
    post_note(tmp_path / "missing.md", _variables(gitlab, CI_JOB_URL=job))
    (note,) = _ours(gitlab)
    assert note["body"].startswith(STICKY_MARKER)
    assert "the check could not run" in note["body"]
    assert f"[The job's log]({job}) says why." in note["body"]


def test_autofix_pushes_the_bump_to_the_branch(world: World) -> None:
    """What a person forgot is committed to the branch, and the next check is content."""
    _unbumped(world)
    world.origin.git("switch", "-q", "main")
    before = world.origin.git("rev-parse", "feature")
    fix = {"PROMPTREG_FIX_TOKEN": "fix-token"}
    _, done = _job(world, "fix", "promptreg-autofix", fix)
    assert done.code == 0, done
    assert world.origin.git("rev-parse", "feature^") == before
    assert "version: 1.1.0" in world.origin.git("show", f"feature:{PATH}")
    _, again = _job(world, "again", "promptreg-autofix", fix)
    assert "nothing to bump" in again.out
    world.origin.git("switch", "-q", "feature")
    assert world.origin.run("check", "--base", "main").code == 0


def test_autofix_is_for_own_branches_with_a_token() -> None:
    """On a fork, and where no token is set, the job does not exist; it never forces a push."""
    job = load_yaml(GITLAB)["promptreg-autofix"]
    (rule,) = job["rules"]
    own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
    assert own in rule["if"]
    assert rule["if"].endswith("&& $PROMPTREG_FIX_TOKEN")
    assert not any("force" in line or " -f" in line for line in job["script"])
