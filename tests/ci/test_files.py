"""The files that teams copy: they parse, pin what they use, and keep expressions out of shell."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci.actions import ROOT, load_yaml

GITHUB = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/ci/github/*.yml")])
ACTION = ROOT / ".github/actions/promptreg/action.yml"
GITLAB = ROOT / "docs/ci/gitlab-ci.yml"
SHELL = ROOT / "docs/ci/check.sh"


def identified(path: Path) -> str:
    """Name a file in a test's id."""
    return path.name


def steps(document: Any) -> Iterator[dict[str, Any]]:
    """Yield all steps of a workflow or of an action."""
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job["steps"]


def bash_accepts(script: str) -> None:
    """Let bash parse a script without running it."""
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_all_three_workflows_are_there() -> None:
    """Pull request, release and nightly, and the project's own."""
    assert {path.name for path in GITHUB} == {
        "ci.yml",
        "promptreg-nightly.yml",
        "promptreg-pull-request.yml",
        "promptreg-release.yml",
    }


@pytest.mark.parametrize("path", [*GITHUB, ACTION], ids=identified)
def test_every_step_is_shell_without_expressions_or_a_pinned_action(path: Path) -> None:
    """Bash parses every `run`; a foreign action is named by a commit, its version beside."""
    document = load_yaml(path)
    text = path.read_text()
    for step in steps(document):
        if "run" in step:
            assert "${{" not in step["run"], "an expression inside of run is code"
            bash_accepts(step["run"])
        elif not step["uses"].startswith("./"):
            assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", step["uses"])
            assert re.search(re.escape(step["uses"]) + r" # v\d+\.\d+\.\d+\n", text)


@pytest.mark.parametrize("path", GITHUB, ids=identified)
def test_workflows_ask_for_little_and_run_once(path: Path) -> None:
    """Reading is the default right, jobs end, and two runs never work on the same thing."""
    document = load_yaml(path)
    assert document["permissions"] == {"contents": "read"}
    assert document["concurrency"]["group"]
    assert "pull_request_target" not in document["on"]
    for job in document["jobs"].values():
        assert job["timeout-minutes"]
        assert "write-all" not in str(job.get("permissions", ""))


@pytest.mark.parametrize("path", GITHUB, ids=identified)
def test_workflows_give_the_action_inputs_it_has(path: Path) -> None:
    """No step passes a word the action does not know."""
    known = load_yaml(ACTION)["inputs"]
    for step in steps(load_yaml(path)):
        if step.get("uses", "").endswith("/actions/promptreg"):
            assert set(step.get("with", {})) <= set(known)


def test_the_required_job_waits_for_all_others() -> None:
    """One job feeds branch protection, and it runs even where another failed."""
    jobs = load_yaml(ROOT / ".github/workflows/ci.yml")["jobs"]
    required = jobs.pop("required")
    assert set(required["needs"]) == set(jobs)
    assert required["if"] == "always()"
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize("name", ["success success", "success failure", "success skipped"])
def test_the_required_job_fails_unless_all_succeeded(name: str) -> None:
    """Failed, cancelled and skipped jobs are no success."""
    (step,) = load_yaml(ROOT / ".github/workflows/ci.yml")["jobs"]["required"]["steps"]
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env={"RESULTS": name}, check=False)
    assert done.returncode == (0 if name == "success success" else 1)


def test_the_gitlab_template_parses() -> None:
    """Every line of every script is bash, and every job says when it runs."""
    document = load_yaml(GITLAB)
    jobs = {name: job for name, job in document.items() if "script" in job}
    assert {"promptreg-check", "promptreg-release", "promptreg-nightly"} <= set(jobs)
    for job in jobs.values():
        assert job["rules"]
        bash_accepts("\n".join([*job.get("before_script", []), *job["script"]]))


def test_the_documentation_names_every_input_and_output() -> None:
    """docs/ci.md leaves nothing out."""
    text = (ROOT / "docs/ci.md").read_text()
    action = load_yaml(ACTION)
    missing = [n for n in (*action["inputs"], *action["outputs"]) if f"`{n}`" not in text]
    assert missing == []
