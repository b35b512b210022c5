"""The action's steps, run as shell with GitHub's variables and files in real shallow checkouts."""

from __future__ import annotations

import json

import pytest

from tests.ci.actions import obeyed, parse_outputs
from tests.ci.conftest import PATH, World
from tests.gate.worlds import SUITE, calls
from tests.kit import prompt_text

QUICK = {"metrics": "false", "report": "false", "cache": "false"}
MARKER = "<!-- promptreg-check -->"


def rows(quality: float, *, seed: int, **columns: str) -> str:
    """Return evaluation rows as a team's own script writes them."""
    made = calls("", 60, seed=seed, quality=quality, **SUITE)
    return "".join(
        json.dumps({k: v for k, v in row.items() if k not in {"version", "digest"}} | columns)
        + "\n"
        for row in made
    )


def test_a_regression_blocks_and_everybody_hears_of_it(world: World) -> None:
    """Annotations, summary, comment with the report's link, outputs and exit code agree."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    runner = world.pull_request()
    runner.repo.write("base.jsonl", rows(1.0, seed=0, version="1.0.0"))
    runner.repo.write("head.jsonl", rows(0.8, seed=1))
    runner.repo.git("fetch", "-q", "--depth=1", "origin", "refs/tags/*:refs/tags/*")
    done = runner.run(rows="base.jsonl\nhea*.jsonl")
    assert done.code == 1, done.log
    assert done.check["regressions"] == "1"
    assert (done.check["errors"], done.check["prompts"]) == ("0", "summarizer")
    found = [c for c in done.commands if c.name == "error"]
    assert [c.properties["title"] for c in found] == ["quality regression"]
    assert found[0].properties["file"] == PATH
    (comment,) = world.github.comments
    assert comment["body"].startswith(MARKER)
    assert "**REGRESSION" in comment["body"]
    assert (
        "[Full report](https://github.com/acme/prompts/actions/runs/5/artifacts/9)"
        in comment["body"]
    )
    assert "**REGRESSION" in done.summary
    data = json.loads((runner.temporary / "promptreg" / "check.json").read_text())
    assert data["counts"]["regressions"] == 1
    page = runner.temporary / "promptreg" / "report" / "promptreg-report.html"
    assert done.outputs["report"]["path"] == str(page)
    cached = done.outputs["prepare"]["cache"].splitlines()
    finished = runner.repo.path / ".git/promptreg/report"
    assert cached == [str(finished), str(runner.repo.path / ".promptreg")]
    assert [*finished.glob("*.prompt")]
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    # The check does with two commits and some tags; the report shows every version.
    assert runner.repo.git("rev-parse", "--is-shallow-repository") == "false"
    assert {*world.origin.tags()} <= {*runner.repo.tags()}
    assert "this clone is shallow" not in text
    # The same job once more, with the store from the cache: no case counts twice.
    again = runner.run(rows="base.jsonl\nhead.jsonl", report="false")
    assert again.check["regressions"] == "1"
    count = runner.repo.ok(
        "metrics", "query", "SELECT count(*) AS n FROM calls", "--format", "json"
    )
    assert json.loads(count) == [{"n": 120}]
    assert len(world.github.comments) == 1


def test_a_shallow_checkout_gets_what_it_lacks(world: World) -> None:
    """At depth 2 without tags and without the base's branch the check fetches both and answers."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    runner = world.pull_request()
    assert runner.repo.tags() == []
    done = runner.run(**QUICK)
    assert done.code == 0, done.log
    assert runner.repo.tags() == ["summarizer@1.0.0"]
    assert runner.repo.git("rev-parse", "--is-shallow-repository") == "true"
    assert "| `summarizer` | 1.0.0 -&gt; 1.1.0 | minor |" in world.github.comments[0]["body"]


def test_history_that_cannot_be_had_is_said_with_code_3(world: World) -> None:
    """Where the fetch fails too, the check cannot tell, and names the fetch."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    runner = world.pull_request()
    runner.repo.git("remote", "set-url", "origin", f"file://{world.folder}/gone")
    done = runner.run(**QUICK)
    assert done.code == 3, done.log
    assert done.check["exit-code"] == "3"
    assert "cannot tell" in world.github.comments[0]["body"]
    assert [c.name for c in done.commands] == ["error"]


def test_the_comment_is_kept_up_to_date_and_never_doubled(world: World) -> None:
    """A later run finds its comment behind a hundred others, and leaves a stranger's alone."""
    stranger = world.github.add(f"{MARKER}\nmine", "mallory", "User")
    for number in range(120):
        world.github.add(f"chat {number}", "ada", "User")
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("no bump")
    assert world.pull_request().run(**QUICK).code == 1
    world.origin.git("switch", "-q", "feature")
    world.origin.bump_and_commit("bump")
    assert world.pull_request().run(**QUICK).code == 0
    ours = [c for c in world.github.comments if c["user"]["type"] == "Bot"]
    assert len(ours) == 1
    assert "fit to merge" in ours[0]["body"]
    assert world.github.comments[0] == {
        "id": stranger,
        "body": f"{MARKER}\nmine",
        "user": {"login": "mallory", "type": "User"},
    }


def test_a_pull_request_without_prompts_gets_no_comment(world: World) -> None:
    """Who changes no prompt hears nothing."""
    world.branch()
    world.origin.write("README.md", "hello\n")
    world.origin.commit("docs")
    done = world.pull_request().run(**QUICK)
    assert done.code == 0, done.log
    assert world.github.writes == []


def test_a_fork_writes_nothing_and_gets_the_checks_code(world: World) -> None:
    """On a fork neither comment nor fix nor status is tried; the exit code is the check's."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("no bump")
    runner = world.pull_request(fork=True)
    refs = world.origin.git("for-each-ref")
    done = runner.run(**QUICK, autofix="true", share="true")
    assert done.code == 1, done.log
    assert world.github.calls == []
    assert world.origin.git("for-each-ref") == refs
    notices = [c.message for c in done.commands if c.name == "notice"]
    assert any("belongs to a fork" in text for text in notices)
    assert any("read-only" in text for text in notices)
    assert "digest" in done.summary


def test_a_read_only_token_costs_the_comment_alone(world: World) -> None:
    """A token without the right is a notice, whatever the event says about forks."""
    world.github.read_only = True
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    done = world.pull_request().run(**QUICK)
    assert done.code == 0, done.log
    assert [c.name for c in done.commands] == ["notice"]


def test_hostile_names_stay_values(world: World) -> None:
    """Branch, file, variable and text can print no command, forge no output and run no shell."""
    branch = "x';touch$IFS'pwned';%0A$(touch$IFS'pwned')`touch$IFS'pwned'`&&${{github.token}}"
    delimiter = "x\nregressions<<EOF\n77\nEOF\n::error::forged"
    world.branch(branch)
    evil = prompt_text("##[error]forged\n      ::error::forged")
    evil = evil.replace("article: {", f"{json.dumps(delimiter)}: {{")
    world.origin.write("prompts/::error::forged%0A::notice::forged.prompt.yml", evil)
    world.origin.write("prompts/evil.prompt.yml", evil + "version: '1.0.0\n  ::warning::forged'\n")
    world.origin.write(
        "prompts/also.prompt.yml", prompt_text() + "'::error::forged\n  ##[error]a': 1\n"
    )
    # Modules of the repository must not shadow those of the action.
    for name in ("promptreg/__init__.py", "promptreg/ci.py", "json.py", "ruamel/__init__.py"):
        world.origin.write(name, "open('pwned', 'w')\nraise SystemExit(0)\n")
    world.origin.commit("evil\n\n::error::forged")
    runner = world.pull_request(branch)
    done = runner.run(**QUICK, autofix="true")
    assert done.code == 1, done.log
    assert done.check["regressions"] == "0"
    assert int(done.check["errors"]) >= 2
    for command in done.commands:
        assert command.message.strip() != "forged"
        assert command.properties.get("title")
    assert not list(world.folder.rglob("pwned"))
    assert "\n::error::forged" not in done.summary
    assert "<!--" not in done.summary.replace(MARKER, "")


@pytest.mark.parametrize("cache", ["true", "false"])
def test_a_hostile_configuration_prints_no_commands(world: World, cache: str) -> None:
    """An error that quotes the configuration is plain text, in whichever step it comes."""
    world.branch()
    world.origin.write("promptreg.toml", '"##[add-path]forged" = 1\n')
    world.origin.commit("evil")
    done = world.pull_request().run(**{**QUICK, "cache": cache})
    assert done.code == 2, done.log
    assert "##[add-path]forged" in done.log
    assert [c for c in done.commands if c.name not in {"error", "notice"}] == []


def test_rows_with_hostile_names_print_no_commands(world: World) -> None:
    """What the log says about a bad row is plain text to the runner; its code fails the step."""
    world.branch()
    world.origin.write("README.md", "hello\n")
    world.origin.commit("docs")
    runner = world.pull_request()
    name = "a\n::error::forged ##[error]forged"
    runner.repo.write("rows.jsonl", json.dumps({"prompt": name, "version": "1.0.0", "cost": -1}))
    done = runner.run(rows="rows.jsonl", report="false")
    assert done.code == 2, done.log
    assert "forged" in done.log
    assert [c for c in done.commands if c.message == "forged"] == []


def test_a_merge_group_is_checked_against_its_base(world: World) -> None:
    """The merge queue's commit is compared with what the group builds on, without a comment."""
    base = world.origin.git("rev-parse", "main")
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("no bump")
    world.origin.git("switch", "-q", "main")
    world.origin.git("merge", "-q", "--no-ff", "-m", "queue", "feature")
    world.origin.git("update-ref", "refs/heads/gh-readonly-queue/main/pr-7", "main")
    world.origin.git("reset", "-q", "--hard", base)
    event = {"merge_group": {"base_sha": base}}
    runner = world.runner(
        "refs/heads/gh-readonly-queue/main/pr-7", event, depth=2, event_name="merge_group"
    )
    done = runner.run(**QUICK)
    assert done.code == 1, done.log
    assert done.check["prompts"] == "summarizer"
    assert world.github.calls == []


def test_a_push_is_checked_against_what_was_there(world: World) -> None:
    """On the release branch the commits of the push are looked at again."""
    before = world.origin.git("rev-parse", "main")
    world.edit("a news", "a terse news")
    world.origin.commit("straight to main")
    runner = world.runner("refs/heads/main", {"before": before}, event_name="push")
    done = runner.run(**QUICK)
    assert done.code == 1, done.log
    assert done.check["prompts"] == "summarizer"


def test_too_little_data_fails_only_where_it_is_asked_to(world: World) -> None:
    """Undecided is a warning with code 0, and code 3 under on-inconclusive: fail."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    runner = world.pull_request()
    done = runner.run(report="false")
    assert done.code == 0, done.log
    assert done.check["undecided"] == "1"
    assert runner.run(report="false", on_inconclusive="fail").code == 3


def test_a_wrong_input_is_a_usage_error(world: World) -> None:
    """A switch that is neither true nor false stops the step with code 2."""
    world.branch()
    world.origin.write("README.md", "hello\n")
    world.origin.commit("docs")
    done = world.pull_request().run(**QUICK, strict="maybe")
    assert done.code == 2, done.log


def test_the_runner_of_these_tests_obeys_what_githubs_would() -> None:
    """The harness sees forged commands and outputs, or the tests above would prove nothing."""
    assert [c.name for c in obeyed("  ::error file=a::b\nx ##[warning]y\n::unknown::z")] == [
        "error",
        "warning",
    ]
    assert obeyed("::stop-commands::w\n::error::b\n::w::\n") == []
    assert parse_outputs("a<<E\n1\nE\nb<<E\n2\nE\nc=3\n") == {"a": "1", "b": "2", "c": "3"}
