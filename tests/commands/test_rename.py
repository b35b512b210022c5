"""`promptreg rename` against real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptreg.errors import PromptError
from promptreg.history.formerly import set_formerly
from promptreg.prompt.yamldoc import load
from promptreg.registry import Registry
from tests.commands.conftest import SUMMARIZER, edit, ship
from tests.kit import prompt_text

if TYPE_CHECKING:
    from tests.kit import Repo

PATH = "prompts/news/digest.prompt.yml"


def _rename(repo: Repo, old: str = "summarizer", new: str = "news/digest") -> None:
    repo.ok("rename", old, new)
    repo.commit(f"rename {old} to {new}")


def _versions(repo: Repo, name: str) -> list[str]:
    return [v["version"] for v in json.loads(repo.ok("versions", name, "--format", "json"))]


def test_versions_follow_a_renamed_prompt(shipped: Repo) -> None:
    """The new name has the old one's versions, content and place in the list; both names work."""
    old = shipped.read(SUMMARIZER)
    _rename(shipped)
    assert not (shipped.path / SUMMARIZER).exists()
    assert [line for line in shipped.read(PATH).splitlines() if line not in old.splitlines()] == [
        "formerly: [summarizer]"
    ]
    assert _versions(shipped, "news/digest") == ["2.0.0", "1.1.0", "1.0.0"]
    assert shipped.ok("show", "news/digest@^1").startswith("news/digest 1.1.0\n")
    assert shipped.ok("show", "summarizer").startswith("summarizer 2.0.0\n")
    rows = json.loads(shipped.ok("list", "--format", "json"))
    assert [(r["prompt"], r["released"], r["versions"]) for r in rows] == [
        ("news/digest", "2.0.0", 3),
        ("triage", "1.0.0", 1),
    ]


def test_a_rename_alone_needs_no_version_and_makes_no_tag(shipped: Repo) -> None:
    """The content is the same, so bump, check and release have nothing to do."""
    before = shipped.tags()
    shipped.git("switch", "-q", "-c", "feature")
    _rename(shipped)
    shipped.ok("bump")
    shipped.ok("check", "--base", "main")
    shipped.git("switch", "-q", "main")
    shipped.git("merge", "-q", "feature")
    shipped.ok("release")
    assert shipped.tags() == before
    shipped.ok("verify")


def test_the_next_change_counts_on(shipped: Repo) -> None:
    """An edit after the rename follows the last version under the old name."""
    _rename(shipped)
    edit(shipped, "careful", "cautious", PATH)
    ship(shipped)
    assert "news/digest@2.1.0" in shipped.tags()
    assert _versions(shipped, "news/digest") == ["2.1.0", "2.0.0", "1.1.0", "1.0.0"]
    assert _versions(shipped, "summarizer") == ["2.0.0", "1.1.0", "1.0.0"]


def test_check_demands_the_bump_of_a_renamed_and_edited_prompt(shipped: Repo) -> None:
    """An edit in the pull request of the rename needs a version, as without the rename."""
    shipped.git("switch", "-q", "-c", "feature")
    _rename(shipped)
    edit(shipped, "careful", "cautious", PATH)
    shipped.commit()
    assert "digest-mismatch" in shipped.ok("check", "--base", "main", code=1)
    shipped.ok("bump", code=1)
    shipped.commit()
    shipped.ok("check", "--base", "main")
    assert "version: 2.1.0\n" in shipped.read(PATH)


def test_claims_of_the_release_branch_follow_too(shipped: Repo) -> None:
    """A version that main claims under the old name, not yet tagged, is taken."""
    edit(shipped, "careful", "cautious")
    shipped.bump_and_commit("2.1.0, not released yet")
    shipped.git("switch", "-q", "-c", "feature")
    shipped.ok("rename", "summarizer", "news/digest")
    edit(shipped, "cautious", "wary", PATH)
    shipped.ok("bump", PATH, code=1)
    assert "version: 2.2.0\n" in shipped.read(PATH)


def test_labels_name_both(shipped: Repo) -> None:
    """Callers of the old name and of the new one get what production serves."""
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.commit()
    _rename(shipped)
    assert shipped.read("prompts/labels/production.yaml") == (
        "news/digest: 1.1.0\nsummarizer: 1.1.0\n"
    )
    assert shipped.ok("show", "news/digest@production").startswith("news/digest 1.1.0\n")
    shipped.git("branch", "base", "HEAD~1")
    shipped.ok("check", "--base", "base")


def test_names_are_remembered_in_order_and_a_prompt_may_go_home(shipped: Repo) -> None:
    """Two renames keep both names; renaming back drops the name it has again."""
    _rename(shipped, "summarizer", "first")
    _rename(shipped, "first", "second")
    assert "formerly: [first, summarizer]\n" in shipped.read("prompts/second.prompt.yml")
    assert len(_versions(shipped, "second")) == 3
    _rename(shipped, "second", "summarizer")
    assert "formerly: [second, first]\n" in shipped.read(SUMMARIZER)
    assert len(_versions(shipped, "summarizer")) == 3


def test_a_rollback_keeps_the_former_names(shipped: Repo) -> None:
    """Old content under a new name keeps its history."""
    _rename(shipped)
    shipped.ok("rollback", "news/digest", "1.0.0")
    assert "formerly: [summarizer]\n" in shipped.read(PATH)
    ship(shipped)
    assert _versions(shipped, "news/digest") == ["3.0.0", "2.0.0", "1.1.0", "1.0.0"]


def test_a_name_that_is_used_again_stays_apart(shipped: Repo) -> None:
    """What a new prompt of the old name releases is never served under the new name."""
    _rename(shipped)
    shipped.write(SUMMARIZER, prompt_text("You are quite another prompt."))
    ship(shipped, "another summarizer")
    assert "summarizer@3.0.0" in shipped.tags() or "summarizer@2.1.0" in shipped.tags()
    assert _versions(shipped, "news/digest") == ["2.0.0", "1.1.0", "1.0.0"]
    assert shipped.ok("show", "news/digest").startswith("news/digest 2.0.0\n")
    edit(shipped, "careful", "cautious", PATH)
    ship(shipped)
    assert "news/digest@2.1.0" in shipped.tags()
    assert _versions(shipped, "summarizer")[0] in ("3.0.0", "2.1.0")


def test_a_conflict_in_the_work_tree_does_not_cut_the_history(shipped: Repo) -> None:
    """A reverted edit goes on to the next version, and no old number is tagged a second time."""
    _rename(shipped)
    edit(shipped, "careful", "cautious", PATH)
    ship(shipped)
    shipped.git("revert", "--no-edit", "HEAD")
    shipped.ok("bump", "--base", "HEAD~1", code=1)
    shipped.commit()
    tags = set(shipped.tags())
    shipped.write(PATH, f"<<<<<<< HEAD\n{shipped.read(PATH)}=======\n>>>>>>> other\n")
    assert "2.0.0" in _versions(shipped, "news/digest")
    shipped.ok("release")
    assert set(shipped.tags()) - tags == {"news/digest@2.2.0"}


def test_names_in_use_are_refused(shipped: Repo) -> None:
    """A name of another file or of released versions is refused, and nothing moves."""
    assert "has the name triage already" in shipped.run("rename", "summarizer", "triage").err
    shipped.git("rm", "-q", "prompts/triage.prompt.yml")
    shipped.commit()
    result = shipped.run("rename", "summarizer", "triage")
    assert result.code == 2
    assert "has released versions of its own" in result.err
    assert shipped.run("rename", "nobody", "else").code == 2
    assert shipped.run("rename", "summarizer", "Bad").code == 2
    assert "would not count as a prompt" in shipped.run("rename", "summarizer", "labels/x").err
    assert (shipped.path / SUMMARIZER).exists()


def test_what_else_has_the_name_moves_or_is_said(shipped: Repo) -> None:
    """An evaluation suite moves along; sections of the configuration are named."""
    shipped.write("prompts/summarizer.eval.yaml", "cases: []\n")
    shipped.write("promptreg.toml", '[gate.summarizer]\nquality = "-5%"\n')
    result = shipped.run("rename", "summarizer", "news/digest")
    assert (shipped.path / "prompts/news/digest.eval.yaml").exists()
    assert '[gate."summarizer"] of the configuration still says summarizer' in result.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", "formerly: [x, y]\na: 1\n"),
        ("# c\nversion: 1.0.0\na: 1\n", "# c\nversion: 1.0.0\nformerly: [x, y]\na: 1\n"),
        ("version: 1.0.0\ndigest: abc", "version: 1.0.0\ndigest: abc\nformerly: [x, y]\n"),
        ("a: 1\nformerly: z # gone\nb: 2\n", "formerly: [x, y]\na: 1\nb: 2\n"),
        ("formerly:\n- z\n- w\n# kept\nb: 2\n", "formerly: [x, y]\n# kept\nb: 2\n"),
        ("formerly: [z,\n  w]\r\nb: 2\r\n", "formerly: [x, y]\nb: 2\r\n"),
        ("\ufeffa: 1\r\nb: 2\r\n", "\ufeffformerly: [x, y]\r\na: 1\r\nb: 2\r\n"),
        ("formerly: [x, y]\nb: 2\n", "formerly: [x, y]\nb: 2\n"),
    ],
)
def test_the_line_is_written_and_nothing_else(text: str, expected: str) -> None:
    """Whatever the style of the file, only the one line differs."""
    assert set_formerly(text.encode(), "x", ["x", "y"]).decode() == expected


@pytest.mark.parametrize("name", ["0", "1e5", "2026-11-22", "null", "true", "no", "a/b-c_d"])
def test_any_name_is_written_as_text(name: str) -> None:
    """Names that YAML would read as numbers, dates or null stay names."""
    value = load(set_formerly(b"a: 1\n", "x", [name]), "x").value
    assert value["formerly"] == [name]


def test_the_line_can_be_taken_away_and_flow_files_are_refused() -> None:
    """No names: no line; a file in one line has no place for it."""
    assert set_formerly(b"a: 1\nformerly: x\n", "x", []) == b"a: 1\n"
    with pytest.raises(PromptError, match="cannot be written"):
        set_formerly(b"{a: 1}\n", "x", ["y"])


def _log(repo: Repo, name: str, version: str, *qualities: float) -> None:
    with Registry(repo.path) as registry:
        for quality in qualities:
            registry.log_metrics(name, version, quality_score=quality, model="m")


def _calls(repo: Repo, *args: str) -> dict[tuple[str, str], int]:
    rows = json.loads(repo.ok("metrics", "summary", *args, "--format", "json"))
    return {(row["prompt"], row["version"]): row["calls"] for row in rows}


def test_figures_follow_a_renamed_prompt(shipped: Repo) -> None:
    """Calls logged under the old name, before or after the rename, are the new name's."""
    _log(shipped, "summarizer", "2.0.0", 0.4, 0.4)
    _log(shipped, "triage", "1.0.0", 0.9)
    _rename(shipped)
    _log(shipped, "summarizer", "2.0.0", 0.4)
    _log(shipped, "news/digest", "2.0.0", 0.8)
    ours, triage = {("news/digest", "2.0.0"): 4}, {("triage", "1.0.0"): 1}
    assert _calls(shipped, "news/digest") == ours
    assert _calls(shipped) == ours | triage
    assert shipped.ok("search", "quality<0.6", "--names") == "news/digest\n"
    found = json.loads(shipped.ok("compare", "news/digest", "1.0.0", "2.0.0", "--format", "json"))
    assert (found["old"]["calls"], found["new"]["calls"]) == (0, 4)
    with Registry(shipped.path) as registry:
        assert len(registry.metrics.rows("news/digest")) == 4


def test_figures_of_an_old_name_that_is_used_again_stay_apart(shipped: Repo) -> None:
    """What another prompt of the old name logs later is its own; what was before is not."""
    _log(shipped, "summarizer", "2.0.0", 0.4)
    _rename(shipped)
    shipped.write(SUMMARIZER, prompt_text("Quite another."))
    ship(shipped)
    assert "summarizer@3.0.0" in shipped.tags()
    _log(shipped, "summarizer", "3.0.0", 0.9, 0.9)
    expected = {("news/digest", "2.0.0"): 1, ("summarizer", "3.0.0"): 2}
    assert _calls(shipped) == expected
    assert _calls(shipped, "news/digest") == {("news/digest", "2.0.0"): 1}


def test_figures_of_a_hostile_former_name_are_no_sql(shipped: Repo) -> None:
    """A name written by hand into `formerly` that is none is ignored, whatever it holds."""
    _log(shipped, "summarizer", "2.0.0", 0.4)
    edit(shipped, "digest:", "formerly: [\"x' OR '1'='1\", triage]\ndigest:")
    assert _calls(shipped, "summarizer") == {("summarizer", "2.0.0"): 1}


def _log_calls(repo: Repo, name: str, version: str, latency: float) -> None:
    with Registry(repo.path) as registry:
        for n in range(100):
            values = {"latency_ms": latency + n % 10, "cost": 0.01, "model": "m"}
            registry.log_metrics(name, version, **values)


def test_the_gate_finds_the_rows_of_the_base_under_its_former_name(shipped: Repo) -> None:
    """The content that a renamed and edited prompt replaces was measured under the old name."""
    base = _digest(shipped, "summarizer")
    shipped.git("switch", "-q", "-c", "feature")
    _rename(shipped)
    edit(shipped, "careful", "cautious", PATH)
    shipped.bump_and_commit()
    head = _digest(shipped, "news/digest@HEAD")
    with Registry(shipped.path) as registry:
        for name, digest, level in (("summarizer", base, 0.9), ("news/digest", head, 0.5)):
            for n in range(40):
                values = {"suite": "news", "case_id": f"c{n}", "quality_score": level + n % 5 / 100}
                registry.metrics.log(prompt=name, version="2.0.0", digest=digest, **values)
    table = shipped.ok("check", "--metrics", "--base", "main", code=1)
    assert "2.0.0 -> 2.1.0 · suite news, 40 paired cases" in table
    assert "REGRESSION" in table


def _digest(repo: Repo, reference: str) -> str:
    with Registry(repo.path) as registry:
        return registry.resolve(reference).content.digest


def test_ab_compares_a_version_from_before_the_rename(shipped: Repo) -> None:
    """Calls of the old version under the old name are one arm of the test."""
    _log_calls(shipped, "summarizer", "1.1.0", 200.0)
    _rename(shipped)
    _log_calls(shipped, "news/digest", "2.0.0", 100.0)
    options = ("--metric", "latency", "--format", "json")
    result = json.loads(shipped.ok("ab", "news/digest", "1.1.0", "2.0.0", *options))
    assert [arm["n"] for arm in result["arms"]] == [100, 100]
    assert result["winner"] == "2.0.0"


def test_the_monitor_compares_with_a_version_from_before_the_rename(shipped: Repo) -> None:
    """A slow version is an alert of the present name, and the old name is not watched apart."""
    _log_calls(shipped, "summarizer", "1.1.0", 100.0)
    _rename(shipped)
    _log_calls(shipped, "news/digest", "2.0.0", 300.0)
    options = ("--once", "--limit", "cost:<=1/day", "--format", "json")
    alerts = json.loads(shipped.ok("monitor", *options, code=1))
    assert {(a["type"], a["prompt"], a["version"], a["metric"]) for a in alerts} >= {
        ("regression", "news/digest", "2.0.0", "latency.p95"),
        ("limit", "news/digest", "", "cost"),
    }
    assert {alert["prompt"] for alert in alerts} == {"news/digest"}


def test_an_audit_covers_the_tags_under_former_names(shipped: Repo) -> None:
    """An audit of NEW reads the old name's tags too and says so, but not its next owner's."""
    _rename(shipped)
    shipped.write(SUMMARIZER, prompt_text("Somebody else."))
    ship(shipped, "another summarizer")
    assert json.loads(shipped.ok("verify", "news/digest", "--format", "json")) == {
        "verified": 3, "former_names": ["summarizer"], "foreign": [], "reworded": [],
        "unfetched": [], "loose": 5, "faults": [],
    }  # fmt: skip
    assert "3 tags verified, those under summarizer included" in (
        shipped.run("verify", "news/digest").err
    )
    shipped.git("tag", "-f", "summarizer@1.1.0", "HEAD")
    found = shipped.run("verify", "news/digest")
    assert found.code == 1
    assert "summarizer@1.1.0: error tag-lightweight" in found.out


def test_what_was_withdrawn_stays_so_under_the_new_name(shipped: Repo) -> None:
    """A yank from before the rename holds; versions from before it can be yanked and deleted."""
    shipped.ok("yank", "summarizer@2.0.0", "--reason", "invents quotes")
    shipped.commit("yank")
    _rename(shipped)
    assert shipped.ok("show", "news/digest").startswith("news/digest 1.1.0\n")
    assert "is yanked: invents quotes" in shipped.run("show", "news/digest@2.0.0").err
    assert shipped.run("label", "set", "production", "news/digest", "2.0.0").code == 2
    assert json.loads(shipped.ok("versions", "news/digest", "--format", "json"))[0]["yanked"]
    shipped.ok("yank", "news/digest@1.1.0", "--reason", "too short")
    assert "summarizer@1.1.0" in shipped.read("prompts/yanked.yaml")
    shipped.commit("yank another")
    assert shipped.ok("show", "news/digest").startswith("news/digest 1.0.0\n")
    shipped.ok("yank", "news/digest@1.1.0", "--undo")
    for _ in range(2):
        shipped.ok("delete", "news/digest@1.0.0", "--reason", "leaked", "--yes")
    assert "summarizer@1.0.0" not in shipped.tags()
    assert _versions(shipped, "news/digest") == ["2.0.0", "1.1.0"]


def test_a_yank_by_the_next_owner_of_the_old_name_is_its_own(shipped: Repo) -> None:
    """What somebody releases under the old name and yanks is nobody else's."""
    _rename(shipped)
    edit(shipped, "careful", "cautious", PATH)
    shipped.write(SUMMARIZER, prompt_text("Somebody else."))
    ship(shipped, "2.1.0 of one, 3.0.0 of the other")
    edit(shipped, "Somebody", "Anybody")
    ship(shipped)
    (first, *_) = _versions(shipped, "summarizer")
    shipped.ok("yank", f"summarizer@{first}", "--reason", "bad")
    shipped.commit("yank")
    assert shipped.ok("show", "news/digest").startswith("news/digest 2.1.0\n")


def test_a_former_name_that_is_taken_away_is_missed(shipped: Repo) -> None:
    """Until it is committed HEAD's line counts; status, the check of a file and of a branch say."""
    _rename(shipped)
    shipped.git("switch", "-q", "-c", "feature")
    edit(shipped, "formerly: [summarizer]\n", "", PATH)
    assert _versions(shipped, "news/digest") == ["2.0.0", "1.1.0", "1.0.0"]
    assert json.loads(shipped.ok("list", "news", "--format", "json"))[0]["versions"] == 3
    lost = f"{PATH}:2:10: formerly no longer names summarizer"
    assert lost in shipped.ok("status")
    found = shipped.run("check", PATH)
    assert found.code == 1
    assert "formerly-lost" in found.out
    assert "put it back: formerly: [summarizer]" in found.out
    shipped.ok("check", "--base", "main")  # what HEAD has is not what the work tree has
    shipped.commit("tidy up")
    assert "formerly-lost" in shipped.ok("check", "--base", "main", code=1)
    edit(shipped, "model:", "formerly: [somebody, summarizer]\nmodel:", PATH)
    shipped.commit("put it back, with a name that nobody had")
    shipped.ok("check", "--base", "main")
    edit(shipped, "somebody, ", "", PATH)
    shipped.commit("take that away")
    shipped.ok("check", "--base", "main~1")
