"""Autofix: the missing bump on the pull request's own branch, judged on the merge it will have."""

from __future__ import annotations

from tests.ci.conftest import PATH, World
from tests.kit import prompt_text

QUICK = {"metrics": "false", "report": "false", "cache": "false", "autofix": "true"}


def test_the_missing_bump_is_committed_and_judged(world: World) -> None:
    """One commit on the branch with the bumped file alone, and a green status on that commit."""
    world.branch()
    world.edit("a news", "a terse news")
    tip = world.origin.commit("edited in the browser")
    done = world.pull_request().run(**QUICK)
    assert done.code == 0, done.log
    new = world.origin.git("rev-parse", "feature")
    assert done.check["fixed"] == new
    assert world.origin.git("rev-parse", f"{new}^@") == tip
    assert world.origin.git("diff", "--name-only", tip, new) == PATH
    changed = world.origin.git("diff", "-U0", tip, new).splitlines()
    assert [line.split(":")[0] for line in changed if line.startswith("+") and ":" in line] == [
        "+version",
        "+digest",
    ]
    assert world.origin.git("log", "-1", "--format=%an|%s", new) == (
        "github-actions[bot]|Bump versions of changed prompts"
    )
    (status,) = world.github.statuses
    assert (status["sha"], status["state"], status["context"]) == (new, "success", "promptreg")
    assert status["target_url"] == "https://github.com/acme/prompts/actions/runs/5"
    assert f"committed to this branch: {new}" in world.github.comments[0]["body"]
    # The next run has nothing to do, and the merge passes as a person would check it.
    again = world.pull_request().run(**QUICK)
    assert (again.code, again.check["fixed"]) == (0, "")
    assert world.origin.git("rev-parse", "feature") == new


def test_nothing_is_left_behind_in_the_checkout(world: World) -> None:
    """The checkout stays where it was: no work tree, no changed file, no commit."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("edited in the browser")
    runner = world.pull_request()
    head = runner.repo.git("rev-parse", "HEAD")
    assert runner.run(**QUICK).code == 0
    assert runner.repo.git("rev-parse", "HEAD") == head
    assert runner.repo.git("status", "--porcelain") == ""
    assert len(runner.repo.git("worktree", "list").splitlines()) == 1


def test_a_base_that_moved_on_is_merged_with_the_bump(world: World) -> None:
    """Where both sides changed prompts, the fix takes the base in and the next free version."""
    world.branch()
    world.edit('"Summarize:', '"Sum up:')
    tip = world.origin.commit("edited in the browser")
    world.origin.git("switch", "-q", "main")
    world.edit("temperature: 0.2", "temperature: 0.3")
    base = world.origin.bump_and_commit("warmer")
    world.origin.ok("release")
    done = world.pull_request().run(**QUICK)
    assert done.code == 0, done.log
    new = world.origin.git("rev-parse", "feature")
    assert world.origin.git("rev-parse", f"{new}^@").split() == [tip, base]
    text = world.origin.git("show", f"feature:{PATH}")
    assert "version: 1.2.0" in text
    assert "temperature: 0.3" in text
    assert "Sum up:" in text
    # What GitHub will merge is what was judged.
    world.origin.git("switch", "-q", "main")
    world.origin.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    assert world.origin.run("check", "--base", base).code == 0


def test_what_no_bump_mends_stays_red(world: World) -> None:
    """A fix is pushed for what can be mended; the status on it tells the rest."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.write("prompts/broken.prompt.yml", prompt_text("{% if %}"))
    world.origin.commit("edited in the browser")
    done = world.pull_request().run(**QUICK)
    assert done.code == 1, done.log
    assert done.check["fixed"]
    (status,) = world.github.statuses
    assert status["state"] == "failure"
    assert "error" in status["description"]


def test_an_apps_token_posts_no_status(world: World) -> None:
    """A push by an app starts the workflow again, so this run judges nothing in its place."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("edited in the browser")
    done = world.pull_request().run(**QUICK, autofix_token="app-token")
    assert done.check["fixed"] == world.origin.git("rev-parse", "feature")
    assert world.github.statuses == []


def test_a_branch_that_moved_on_is_left_alone(world: World) -> None:
    """Somebody else's newer commit is never overwritten; its own run will look at it."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("edited in the browser")
    runner = world.pull_request()
    world.origin.git("switch", "-q", "feature")
    world.edit("terse", "very terse")
    newer = world.origin.commit("edited again")
    world.origin.git("switch", "-q", "main")
    done = runner.run(**QUICK)
    assert done.code == 1, done.log
    assert done.check["fixed"] == ""
    assert world.origin.git("rev-parse", "feature") == newer
    assert any("push was refused" in c.message for c in done.commands if c.name == "warning")


def test_hostile_branch_names_are_pushed_to_as_they_are(world: World) -> None:
    """A branch whose name is shell code gets its fix, and the code never runs."""
    branch = "x';touch$IFS'pwned';%0A$(touch$IFS'pwned')`touch$IFS'pwned'`"
    world.branch(branch)
    world.edit("a news", "a terse news")
    world.origin.commit("edited in the browser")
    done = world.pull_request(branch).run(**QUICK)
    assert done.code == 0, done.log
    assert world.origin.git("rev-parse", f"refs/heads/{branch}") == done.check["fixed"]
    assert not list(world.folder.rglob("pwned"))


def test_no_fix_where_nobody_asked(world: World) -> None:
    """Without autofix the branch stays, and the comment names the command."""
    world.branch()
    world.edit("a news", "a terse news")
    tip = world.origin.commit("no bump")
    done = world.pull_request().run(**{**QUICK, "autofix": "false"})
    assert done.code == 1, done.log
    assert world.origin.git("rev-parse", "feature") == tip
    assert "promptreg bump" in world.github.comments[0]["body"]


def test_fragments_bump_what_includes_them(world: World) -> None:
    """A changed fragment is mended in every prompt that includes it."""
    world.origin.write("prompts/shared/style.md", "Be kind.\n")
    for name in ("one", "two"):
        world.origin.write(
            f"prompts/{name}.prompt.yml", prompt_text('{% include "shared/style.md" %}')
        )
    world.origin.bump_and_commit("fragments")
    world.origin.ok("release")
    world.branch()
    world.origin.write("prompts/shared/style.md", "Be brief.\n")
    tip = world.origin.commit("edited in the browser")
    done = world.pull_request().run(**QUICK)
    assert done.code == 0, done.log
    files = world.origin.git("diff", "--name-only", tip, "feature").splitlines()
    assert files == ["prompts/one.prompt.yml", "prompts/two.prompt.yml"]
