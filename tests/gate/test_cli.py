"""The gate as a user meets it: check, accept, ab and monitor in a real repository.

The first of each kind of command is a process of its own; the others run in the test's process.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from promptreg.config import load_config
from promptreg.metrics.facade import Metrics
from promptreg.registry import Registry
from tests.gate.worlds import SUITE, calls
from tests.kit import CommandRepo, Repo, Result, prompt_text


def _run(repo: Repo, *words: str) -> Result:
    return repo.run(*words)


@pytest.fixture
def branch(tmp_path: Path, built: Path) -> Repo:
    """A copy of the built branch, for one test to change; its commands run in this process."""
    shutil.copytree(built, tmp_path / "repo")
    return CommandRepo(tmp_path / "repo")


@pytest.fixture
def processes(branch: Repo) -> Repo:
    """The same copy, whose commands are processes."""
    return Repo(branch.path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A branch that changes a released prompt, with a worse quality in its evaluation rows."""
    folder = tmp_path_factory.mktemp("built")
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Ada Example"), ("EMAIL", "ada@example.com"))
    }
    # Built once for all tests, before the home of any of them is there.
    repo = CommandRepo(folder / "repo", environment={"HOME": str(folder), **identity})
    repo.path.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.write(".gitignore", ".promptreg/\n")
    repo.write("prompts/summarizer.prompt.yml", prompt_text())
    repo.bump_and_commit("first")
    repo.ok("release")
    repo.git("switch", "-q", "-c", "feature")
    repo.write(
        "prompts/summarizer.prompt.yml",
        repo.read("prompts/summarizer.prompt.yml").replace("a news", "a terse news"),
    )
    repo.bump_and_commit("terse")
    registry = Registry(repo.path)
    digests = [registry.resolve(f"summarizer@{ref}").content.digest for ref in ("1.0.0", "HEAD")]
    registry.close()
    metrics = Metrics(repo.path / ".promptreg" / "metrics")
    for seed, (digest, version, quality) in enumerate(
        [(digests[0], "1.0.0", 1.0), (digests[1], "1.1.0", 0.8)]
    ):
        for columns in (SUITE, {}):
            rows = calls(digest, 60, seed=seed, quality=quality, **columns)
            metrics.log_many({**row, "version": version} for row in rows)
    metrics.close()
    return repo.path


def test_a_regression_blocks_and_is_accepted_in_writing(processes: Repo) -> None:
    """The check fails with a table, the command it prints is what silences it."""
    blocked = processes.run("check", "--metrics", "--base", "main")
    assert blocked.code == 1
    assert "summarizer 1.0.0 -> 1.1.0 · suite news, 60 paired cases · gpt-4o" in blocked.out
    assert "REGRESSION" in blocked.out
    assert "promptreg accept summarizer quality --reason TEXT --until DATE" in blocked.out
    words = ("accept", "summarizer", "quality", "--base", "main", "--until", "2999-12-31")
    accepted = _run(processes, *words, "--reason", "a terse tone is\nwanted")
    assert accepted.code == 0, accepted
    (entry,) = load_config(processes.path).accept
    assert (entry.prompt, entry.metric) == ("summarizer", "quality")
    assert entry.reason == "a terse tone is wanted"
    passed = processes.run("check", "--metrics", "--base", "main")
    assert passed.code == 0, passed.out
    assert "accepted until 2999-12-31: a terse tone is wanted" in passed.out


def test_accept_keeps_every_other_byte(branch: Repo) -> None:
    """The entry is appended; comments and line ends of the file stay."""
    before = "# ours\r\n[gate]\r\nlatency = '+50%' # slow\r\n"
    branch.write("promptreg.toml", before)
    done = _run(
        branch, "accept", "summarizer", "--base", "main", "--reason", 'it "must"',
        "--until", "2999-01-01", "--limit", "-50%",
    )  # fmt: skip
    assert done.code == 0, done
    after = branch.read("promptreg.toml")
    assert after.startswith(before)
    assert "\n" not in after.replace("\r\n", "")
    assert load_config(branch.path).accept[0].limit == "-50%"


def test_accept_goes_where_the_configuration_is(branch: Repo) -> None:
    """A configuration in pyproject.toml gets the entry there."""
    branch.write("pyproject.toml", '[tool.promptreg]\nenvironment = "production"\n')
    words = ("--base", "main", "--reason", "why", "--until", "2999-01-01")
    shown = _run(branch, "accept", "summarizer", *words, "--dry-run")
    assert shown.out == "would change pyproject.toml  (1 accepted)\n"
    assert "accept" not in branch.read("pyproject.toml")
    done = _run(branch, "accept", "summarizer", *words, "--format", "json")
    assert [entry["metric"] for entry in json.loads(done.out)["entries"]] == ["quality"]
    assert not (branch.path / "promptreg.toml").exists()
    assert "[[tool.promptreg.accept]]" in branch.read("pyproject.toml")
    assert len(load_config(branch.path).accept) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("quality", "--reason", "x", "--until", "2001-01-01"), "2001-01-01 is over"),
        (("quality", "--reason", "x", "--until", "soon"), "'soon' is no day"),
        (("quality", "--reason", "x"), "needs a last day"),
        (("quality", "--until", "2999-01-01"), "needs a reason"),
        (("cost", "--reason", "x", "--until", "2999-01-01"), "cost of summarizer did not regress"),
        (
            ("quality", "--reason", "x", "--until", "2999-01-01", "--limit", "+9%"),
            "bound an improvement",
        ),
    ],
)
def test_accept_refuses_what_is_no_decision(
    branch: Repo, words: tuple[str, ...], message: str
) -> None:
    """Each mistake is one line and exit code 2, and nothing is written."""
    done = _run(branch, "accept", "summarizer", *words, "--base", "main")
    assert done.code == 2
    assert message in done.err
    assert not (branch.path / "promptreg.toml").exists()


def test_thresholds_of_the_command_line(branch: Repo) -> None:
    """A wider threshold on the command line lets the check pass or leaves it open."""
    done = branch.run(
        "check", "--metrics", "--base", "main", "--threshold", "quality:-40%", "--format", "json"
    )
    value = json.loads(done.out)
    rows = {row["metric"]: row for row in value["gate"]["comparisons"][0]["metrics"]}
    assert rows["quality"]["outcome"] == "ok"
    assert done.code == 0


def test_ab_answers_in_three_formats(branch: Repo, processes: Repo) -> None:
    """`ab` names the winner, its interval and the guardrails."""
    text = _run(processes, "ab", "summarizer", "1.0.0", "1.1.0")
    assert text.code == 0, text
    assert "Winner: 1.0.0" in text.out
    assert "guardrail 1.1.0 cost" in text.out
    value = json.loads(_run(branch, "ab", "summarizer", "1.0.0", "1.1.0", "--format", "json").out)
    assert (value["state"], value["winner"]) == ("winner", "1.0.0")
    written = _run(branch, "ab", "summarizer", "1.0.0", "1.1.0", "--format", "markdown").out
    assert written.startswith("#### summarizer 1.0.0 vs 1.1.0")


def test_ab_plans_and_divides(branch: Repo) -> None:
    """A plan is shown, and --by model gives a list."""
    planned = _run(
        branch, "ab", "summarizer", "1.0.0", "1.1.0", "--suite", "news", "--max-samples", "60",
        "--by", "model", "--format", "json",
    )  # fmt: skip
    (value,) = json.loads(planned.out)
    assert (value["model"], value["max_samples"]) == ("gpt-4o", 60)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("1.0.0",), "at least two arms"),
        (("1.0.0", "1.1.0", "--mde", "many"), "'many' is no share"),
        (("1.0.0", "1.1.0", "--better", "bigger"), "must be higher or lower"),
        (("1.0.0", "1.1.0", "--metric", "a b"), "is no metric name"),
    ],
)
def test_ab_refuses_wrong_options(branch: Repo, words: tuple[str, ...], message: str) -> None:
    """Each wrong option is one line and exit code 2."""
    done = _run(branch, "ab", "summarizer", *words)
    assert (done.code, message in done.err) == (2, True), done


def test_monitor_once(processes: Repo) -> None:
    """The regression is printed with exit code 1 each time, the handlers hear of it once."""
    processes.write("promptreg.toml", '[alerts.handlers]\njsonl = "alerts.jsonl"\n')
    for _ in range(2):
        done = _run(processes, "monitor", "--once")
        assert done.code == 1, done
        assert "regression: summarizer 1.0.0 -> 1.1.0: quality" in done.out
    assert len(processes.read("alerts.jsonl").splitlines()) == 1
    assert (processes.path / ".promptreg" / "monitor.json").exists()


def test_monitor_with_a_limit_in_json(branch: Repo) -> None:
    """A limit of the command line is held; where nothing was called, that is told."""
    done = _run(branch, "monitor", "--limit", "cost:<=0.01/day", "--format", "json")
    assert {alert["type"] for alert in json.loads(done.out)} == {"regression", "limit"}
    quiet = _run(branch, "monitor", "--environment", "staging")
    assert (quiet.code, quiet.out) == (0, "")
    assert quiet.err == "warning: there are no calls in staging\nnothing to report\n"
    slip = _run(branch, "monitor", "sumarizer")
    assert (slip.code, "did you mean summarizer?" in slip.err) == (2, True)


def test_monitor_refuses_wrong_options(branch: Repo) -> None:
    """Once and again exclude each other, a duration must be one."""
    assert _run(branch, "monitor", "--once", "--every", "5m").code == 2
    assert "is no duration" in _run(branch, "monitor", "--every", "often").err


@pytest.mark.parametrize("by_variable", [False, True])
def test_the_comment_links_the_report(branch: Repo, *, by_variable: bool) -> None:
    """Any CI says where its report lies, and markdown and JSON carry the link."""
    url = "https://ci.example.org/7/report.html?a=(1)"
    words = ["check", "--metrics", "--base", "main"]
    if by_variable:
        branch.environment["PROMPTREG_REPORT_URL"] = url
    else:
        words += ["--report-url", url]
    markdown = _run(branch, *words, "--format", "markdown").out
    assert "[Full report](https://ci.example.org/7/report.html?a=(1%29)" in markdown
    assert json.loads(_run(branch, *words, "--format", "json").out)["report_url"] == url


@pytest.mark.parametrize("url", ["javascript:alert(1)", "report.html", "https://x y"])
def test_a_link_is_a_web_address(branch: Repo, url: str) -> None:
    """What is no web address is refused, for it would become a link in a comment."""
    done = _run(branch, "check", "--base", "main", "--report-url", url)
    assert done.code == 2
    assert "is no web address" in done.err
