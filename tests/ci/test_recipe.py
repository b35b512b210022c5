"""The plain shell recipe, and sharing rows, in real clones."""

from __future__ import annotations

from pathlib import Path

from tests.ci.actions import ROOT
from tests.ci.conftest import World
from tests.ci.test_action import rows
from tests.kit import Repo

SCRIPT = str(ROOT / "docs/ci/check.sh")


def clone_of(world: World, ref: str, name: str) -> Repo:
    """Return a shallow clone of one branch, as many CIs make it."""
    clone = world.origin.clone(world.folder / name, "--depth=2", "--no-tags", "--branch", ref)
    clone.environment = {"BASE": "main", "OUT": "out"}
    return clone


def test_the_recipe_writes_its_files_and_exits_as_the_check(world: World, tmp_path: Path) -> None:
    """From a shallow clone: text, markdown, JUnit and report, with the code of the check."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.commit("no bump")
    clone = clone_of(world, "feature", "clone")
    done = clone.process("bash", SCRIPT)
    assert done.code == 1, done
    assert "promptreg bump" in done.out
    files = {path.name for path in (clone.path / "out").iterdir()}
    assert files == {"check.txt", "check.md", "junit.xml", "report.html"}
    world.origin.bump_and_commit("bump")
    assert clone_of(world, "feature", "clone-2").process("bash", SCRIPT).code == 0


def test_rows_of_one_run_are_the_baseline_of_the_next(world: World) -> None:
    """What a pull request shared is found by a later one in another checkout, by digest alone."""
    world.branch()
    world.edit("a news", "a terse news")
    world.origin.bump_and_commit("terse")
    first = world.pull_request()
    first.repo.write("rows.jsonl", rows(1.0, seed=0))
    assert first.run(rows="rows.jsonl", share="true", report="false").code == 0
    world.origin.git("merge", "-q", "--squash", "feature")
    world.origin.commit("squashed")
    world.origin.ok("release")
    world.branch("second")
    world.edit("a terse news", "a very terse news")
    world.origin.bump_and_commit("very terse")
    second = world.pull_request("second")
    second.repo.write("rows.jsonl", rows(0.7, seed=1))
    done = second.run(rows="rows.jsonl", report="false")
    assert done.code == 1, done.log
    assert done.check["regressions"] == "1"
