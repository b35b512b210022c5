"""The files that teams copy: they parse, pin what they use, and keep expressions out of shell."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci.actions import ROOT, load_yaml
from tests.kit import CommandRepo

TEMPLATES = ROOT / "promptreg/operations/templates"
GITHUB = sorted([*ROOT.glob(".github/workflows/*.yml"), *TEMPLATES.glob("github/promptreg-*.yml")])
ACTION = ROOT / ".github/actions/promptreg/action.yml"
GITLAB = TEMPLATES / "gitlab/promptreg.yml"
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
    names = {"promptreg-check", "promptreg-autofix", "promptreg-release", "promptreg-nightly"}
    assert set(jobs) == names
    for job in jobs.values():
        assert job["rules"]
        bash_accepts("\n".join([*job.get("before_script", []), *job["script"]]))


@pytest.mark.parametrize(
    ("before", "stage"),
    [
        (None, "test"),
        ("stages: [build, test]\n", "test"),
        ("stages:\n- 'lint: all'\n- build\nx:\n  script: !reference [a, b]\n", "lint: all"),
        ("stages: []\n", "test"),
        ("stages: [\n", "test"),
        ("spec: {inputs: {}}\n---\nstages: [build]\n", "test"),
    ],
)
def test_init_puts_gitlabs_jobs_into_a_stage_that_exists(
    tmp_path: Path, before: str | None, stage: str
) -> None:
    """A project whose stages lack GitLab's default gets jobs of its first stage, and is told."""
    repo = CommandRepo.create(tmp_path / "repo")
    if before is not None:
        repo.write(".gitlab-ci.yml", before)
    said = repo.ok("init", "--ci", "gitlab")
    assert (f"in your stage {stage}" in said) is (stage != "test")
    jobs = load_yaml(repo.path / ".gitlab/promptreg.yml")
    assert jobs[".promptreg"]["stage"] == stage
    assert all(job.get("extends") == ".promptreg" for n, job in jobs.items() if n != ".promptreg")


def test_the_documentation_names_every_input_and_output() -> None:
    """docs/ci.md leaves nothing out."""
    text = (ROOT / "docs/ci.md").read_text()
    action = load_yaml(ACTION)
    missing = [n for n in (*action["inputs"], *action["outputs"]) if f"`{n}`" not in text]
    assert missing == []


def test_the_action_is_the_template() -> None:
    """Our own action and the one that `init` writes are one file."""
    assert ACTION.is_symlink()
    assert ACTION.resolve() == TEMPLATES / "github/action.yml"


@pytest.mark.parametrize("path", [*GITHUB, ACTION], ids=identified)
def test_hostile_words_of_an_event_reach_no_shell(path: Path) -> None:
    """What a stranger may write into a pull request stands in no script and in no job's name."""
    hostile = re.compile(r"\$\{\{[^}]*(github\.event|github\.head_ref|github\.ref_name)")
    for step in steps(load_yaml(path)):
        assert not hostile.search(step.get("run", ""))
        assert not hostile.search(str(step.get("shell", "")))
        for value in step.get("env", {}).values():
            assert "head_ref" not in str(value)


def test_the_documentation_links_what_is_there() -> None:
    """Every relative link of docs/ci.md leads to a file."""
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "docs/ci.md").read_text())
    relative = [link for link in links if "://" not in link]
    assert relative
    assert [link for link in relative if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize(
    ("provider", "written"),
    [
        ("none", set()),
        (
            "github",
            {
                ".github/actions/promptreg/action.yml",
                ".github/workflows/promptreg-nightly.yml",
                ".github/workflows/promptreg-pull-request.yml",
                ".github/workflows/promptreg-release.yml",
            },
        ),
        ("gitlab", {".gitlab/promptreg.yml", ".gitlab-ci.yml"}),
    ],
)
def test_init_writes_the_templates(tmp_path: Path, provider: str, written: set[str]) -> None:
    """`init --ci` writes the files of one provider, keeps them the second time, and says so."""
    repo = CommandRepo.create(tmp_path / "repo", branch="trunk")
    first = repo.run("init", "--ci", provider)
    found = {
        str(path.relative_to(repo.path))
        for top in (".github", ".gitlab", ".gitlab-ci.yml")
        for path in [repo.path / top, *(repo.path / top).rglob("*")]
        if path.is_file()
    }
    assert found == written
    assert ("Settings >" in first.err) is bool(written)
    for path in written:
        repo.write(path, repo.read(path) + "# edited\n")
    assert "created" not in repo.ok("init", "--ci", provider)
    assert all(repo.read(path).endswith("# edited\n") for path in written)
    if provider == "github":
        release = load_yaml(repo.path / ".github/workflows/promptreg-release.yml")
        assert release["on"]["push"]["branches"] == ["trunk", "release/*"]


def test_init_takes_the_configured_branches(tmp_path: Path) -> None:
    """Run on a feature branch of a configured repository, the workflow has its real branches."""
    repo = CommandRepo.create(tmp_path / "repo", branch="feature")
    repo.write("promptreg.toml", '[release]\nbranches = ["main", "stable/*"]\n')
    repo.ok("init", "--ci", "github")
    release = load_yaml(repo.path / ".github/workflows/promptreg-release.yml")
    assert release["on"]["push"]["branches"] == ["main", "stable/*"]


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        ("stages: [test]\n", "extended"),
        ("stages: [test]\r\njob:\r\n  script: ls", "extended"),
        ("include: {local: other.yml}\n", "kept"),
        ("include: [{local: .gitlab/promptreg.yml}]\n", "kept"),
    ],
)
def test_init_extends_the_jobs_of_gitlab(tmp_path: Path, before: str, outcome: str) -> None:
    """An include is appended where there is none; a foreign one is left alone, and told."""
    repo = CommandRepo.create(tmp_path / "repo")
    (repo.path / ".gitlab-ci.yml").write_bytes(before.encode())
    said = repo.ok("init", "--ci", "gitlab")
    after = (repo.path / ".gitlab-ci.yml").read_bytes().decode()
    assert re.search(rf"{outcome} +\.gitlab-ci\.yml", said)
    assert after.startswith(before)
    if outcome == "kept":
        assert after == before
        assert ("to its include" in said) is ("promptreg" not in before)
    else:
        assert load_yaml(repo.path / ".gitlab-ci.yml")["include"] == [
            {"local": ".gitlab/promptreg.yml"}
        ]
        assert ("\n" in after.replace("\r\n", "")) is ("\r\n" not in before)
