"""Reports of registries that lack something: each is a report, and says what would complete it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from promptreg.report.schema import json_schema
from tests.kit import CommandRepo, prompt_text

OLD, NEW = "prompts/summary.prompt.yml", "prompts/summarizer.prompt.yml"
VALIDATOR = Draft7Validator(json_schema())


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> CommandRepo:
    """Two versions, the second under another name, the first live; a prompt that was deleted."""
    repo = CommandRepo.create(tmp_path_factory.mktemp("gaps") / "origin")
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.write(".gitignore", ".promptreg/\n")
    repo.write(OLD, prompt_text())
    repo.write("prompts/gone.prompt.yml", prompt_text("Gone."))
    repo.bump_and_commit()
    repo.ok("release")
    repo.ok("rename", "summary", "summarizer")
    (repo.path / "prompts/gone.prompt.yml").unlink()
    repo.write(NEW, repo.read(NEW).replace("news", "text"))
    repo.environment = {"GIT_AUTHOR_NAME": "Ada", "GIT_COMMITTER_NAME": "GitHub"}
    repo.bump_and_commit()
    repo.environment = {}
    repo.ok("release")
    repo.ok("label", "set", "production", "summarizer", "1.1.0")
    repo.commit("promote")
    return repo


def _report(repo: CommandRepo) -> dict[str, object]:
    found = json.loads(repo.ok("report", "--format", "json"))
    assert [error.message for error in VALIDATOR.iter_errors(found)] == []
    return {
        "notes": " ".join(found["notes"]),
        "versions": {
            prompt["name"]: [v["version"] for v in prompt["versions"] if v["released"]]
            for prompt in found["prompts"]
        },
        "unpromoted": found["overview"]["unpromoted"],
    }


def test_a_whole_registry_lacks_nothing(origin: CommandRepo) -> None:
    """There is nothing to say, and a deleted prompt waits for no promotion."""
    assert _report(origin) == {
        "notes": "",
        "versions": {"gone": ["1.0.0"], "summarizer": ["1.0.0", "1.1.0"]},
        "unpromoted": [],
    }


@pytest.mark.parametrize(
    ("words", "note", "versions"),
    [
        (("--no-tags",), "no version is released here", {"summarizer": []}),
        (("--depth", "1"), "git fetch --unshallow --tags", {"summarizer": []}),
        (
            ("--filter", "blob:none"),
            "those of 2 versions; git fetch --refetch --no-filter",
            {"gone": ["1.0.0"], "summarizer": ["1.0.0", "1.1.0"]},
        ),
    ],
)
def test_a_clone_says_what_it_lacks(
    origin: CommandRepo,
    tmp_path: Path,
    words: tuple[str, ...],
    note: str,
    versions: dict[str, list[str]],
) -> None:
    """Without tags, history or texts there is a report, one line, and the command that helps."""
    clone = origin.clone(tmp_path / "clone", *words)
    found = _report(clone)
    assert note in str(found["notes"])
    assert str(found["notes"]).count("git fetch") == 1
    assert found["versions"] == versions
    if "--filter" in words:
        clone.git("fetch", "-q", "--refetch", "--no-filter")
        assert _report(clone)["notes"] == ""


def test_a_version_is_its_authors(origin: CommandRepo) -> None:
    """A commit that GitHub's page made is by whoever wrote it."""
    found = json.loads(origin.ok("report", "--format", "json", "--prompt", "summarizer"))
    assert found["prompts"][0]["versions"][1]["author"] == "Ada"
    commands = ("versions", "summarizer"), ("show", "summarizer@1.1.0"), ("changelog", "summarizer")
    for words in commands:
        said = json.loads(origin.ok(*words, "--format", "json"))
        assert (said if isinstance(said, dict) else said[0])["author"] == "Ada", words
        assert "GitHub" not in origin.ok(*words), words


def test_a_prompt_in_two_files_is_not_gone(origin: CommandRepo, tmp_path: Path) -> None:
    """Two files of one name are told, and the prompt is not called deleted."""
    clone = origin.clone(tmp_path / "clone")
    clone.write("prompts/summarizer.prompt.yaml", clone.read(NEW))
    clone.commit("the same name twice")
    found = json.loads(clone.ok("report", "--format", "json", "--prompt", "summarizer"))
    assert "two files have the name summarizer" in " ".join(found["notes"])
    assert [prompt["deleted"] for prompt in found["prompts"]] == [False]


def test_the_page_says_which_calls_it_leaves_out(origin: CommandRepo) -> None:
    """A report since a day names the day in its head."""
    page = origin.ok("report", "-o", "-", "--since", "2026-01-31")
    assert 'calls from <time datetime="2026-01-31T00:00:00Z">2026-01-31</time></span>' in page


def test_a_yanked_version_waits_for_no_promotion(origin: CommandRepo, tmp_path: Path) -> None:
    """What nobody should use is neither the latest nor newer than what is live."""
    shutil.copytree(origin.path, tmp_path / "yank", symlinks=True)
    repo = CommandRepo(tmp_path / "yank", clock=origin.clock)
    repo.ok("label", "set", "production", "summarizer", "1.0.0")
    repo.commit("back")
    assert _report(repo)["unpromoted"] == [["summarizer", "1.1.0"]]
    repo.ok("yank", "summarizer@1.1.0", "--reason", "rude | `x`")
    repo.commit("yank")
    found = json.loads(repo.ok("report", "--format", "json"))
    assert found["overview"]["unpromoted"] == []
    assert found["overview"]["labels"][0]["newer"] == []
    assert found["prompts"][1]["versions"][1]["yanked"] == "rude | `x`"


def test_a_former_name_leads_to_the_new_one(origin: CommandRepo) -> None:
    """Whoever asks for a renamed prompt learns what it is called now."""
    result = origin.run("report", "--prompt", "summary", "--format", "json")
    assert result.code == 2
    assert "it is called summarizer now" in result.err
