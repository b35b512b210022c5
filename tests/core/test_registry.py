"""The library's front door, as an application uses it."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from promptreg import NotFoundError, PromptError, Registry
from promptreg.errors import HistoryError, MetricsError
from promptreg.loaded import LoadedPrompt
from tests.core.acts import commit_prompt, edit, release
from tests.kit import PROMPT, Repo, forked

A = "prompts/a.yaml"


@pytest.fixture
def history(repo: Repo) -> Repo:
    """Prompt a as 1.0.0, 1.1.0 and 1.2.0-rc.1; production on 1.0.0."""
    commit_prompt(repo, system="One.")
    commit_prompt(repo, system="Two.")
    commit_prompt(repo, system="Three.", pre="rc")
    release(repo)
    repo.write("prompts/labels/production.yaml", "a: 1.0.0\n")
    repo.commit("promote")
    return repo


def test_get_and_render(history: Repo) -> None:
    """A prompt is got by reference, rendered, and says which version it is."""
    with Registry(history.path) as registry:
        prompt = registry.get("a@production")
        assert (prompt.name, prompt.version) == ("a", "1.0.0")
        assert prompt.digest == registry.tags.release("a", registry.releases("a")[0].version).digest
        assert prompt.render(article="x") == [
            {"role": "system", "content": "One.\n"},
            {"role": "user", "content": "Summarize:\nx"},
        ]
        assert prompt.render({"article": "x"}) == prompt.render(article="x")


def test_another_required_version_is_warned_of_once(history: Repo) -> None:
    """A repository that moved on stops no application: it is told once, and the prompt is there."""
    history.write("promptreg.toml", 'required-version = ">=99"\n')
    told: list[str] = []
    with Registry(history.path) as registry:
        registry.on_warning = told.append
        assert str(registry.get("a").version) == str(registry.get("a").version) == "1.1.0"
    assert len(told) == 1
    assert "required-version wants >=99" in told[0]


def test_latest_is_the_latest_stable(history: Repo) -> None:
    """Without a reference the greatest stable version is meant, never a pre-release."""
    with Registry(history.path) as registry:
        assert registry.get("a").version == "1.1.0"
        assert registry.get("a", "1.2.0-rc.1").version == "1.2.0-rc.1"
        assert [str(r.version) for r in registry.releases("a")] == ["1.0.0", "1.1.0", "1.2.0-rc.1"]


def test_a_broken_tag_is_no_silent_fallback(history: Repo) -> None:
    """When a crash left the latest tag's file empty, the version before it is not served."""
    repo = history
    (repo.path / ".git/refs/tags/a@1.1.0").write_text("")
    with Registry(repo.path) as registry:
        with pytest.raises(HistoryError, match=r"a@1\.1\.0 is broken"):
            registry.get("a")
        assert registry.get("a@1.0.0").version == "1.0.0"


def test_a_former_name_counts_before_it_is_committed(history: Repo) -> None:
    """What the work tree adds to a prompt's past counts, however git is read."""
    history.git("mv", A, "prompts/b.yaml")
    history.commit("moved by hand")
    history.write("prompts/b.yaml", f"formerly: [a]\n{history.read('prompts/b.yaml')}")
    for fast in (False, True):
        with Registry(history.path, fast_start=fast) as registry:
            assert registry.tags.lineage("b") == ("b", "a")
            registry.tags.leave_edits_out()
            assert registry.tags.lineage("b") == ("b",)


def test_only_a_prerelease_is_no_latest(repo: Repo) -> None:
    """A prompt with nothing but pre-releases has no latest version."""
    commit_prompt(repo, pre="rc")
    release(repo)
    assert repo.tags() == ["a@1.0.0-rc.1"]
    with Registry(repo.path) as registry, pytest.raises(NotFoundError):
        registry.get("a")


def test_labels_are_read_from_the_commit(history: Repo) -> None:
    """What production serves is what is committed, not what lies in the work tree."""
    history.write("prompts/labels/production.yaml", "a: 1.1.0\n")
    with Registry(history.path) as registry:
        assert registry.get("a@production").version == "1.0.0"
    history.commit("move")
    with Registry(history.path) as registry:
        assert registry.get("a@production").version == "1.1.0"
        assert {k: str(v) for k, v in registry.labels_of("a").items()} == {"production": "1.1.0"}


def test_wrong_values_name_prompt_version_and_variable(history: Repo) -> None:
    """A missing, unknown or wrongly typed value is an error that says whose it is."""
    with Registry(history.path) as registry:
        prompt = registry.get("a@production")
        for values, text in (
            ({}, "'article' is missing"),
            ({"article": "x", "artcle": "y"}, "no variable 'artcle'"),
            ({"article": 12}, "wants a string, not an integer"),
        ):
            with pytest.raises(PromptError) as caught:
                prompt.render(values)
            assert caught.value.message.startswith("a 1.0.0: ")
            assert text in caught.value.message


def test_a_loaded_prompt_is_immutable(history: Repo) -> None:
    """Nobody can change what a version says."""
    with Registry(history.path) as registry:
        prompt = registry.get("a")
        with pytest.raises(dataclasses.FrozenInstanceError):
            prompt.version = "9.9.9"  # type: ignore[misc]
        with pytest.raises(TypeError):
            prompt.prompt.value["model"] = "x"  # type: ignore[index]


def test_arguments_for_openai(repo: Repo) -> None:
    """Model, parameters and the response format arrive under the names of OpenAI's client."""
    schema = '{"name": "n", "schema": {"type": "object"}}'
    repo.write(
        A,
        PROMPT.replace("{temperature: 0.2}", "{temperature: 0.2, maxTokens: 5, topP: 1}")
        + f"responseFormat: json_schema\njsonSchema: '{schema}'\n",
    )
    with Registry(repo.path) as registry:
        arguments = registry.get("a@worktree").to_openai(article="x")
    assert arguments.pop("messages")[1]["content"] == "Summarize:\nx"
    assert arguments == {
        "model": "gpt-4o",
        "temperature": 0.2,
        "max_tokens": 5,
        "top_p": 1,
        "response_format": {"type": "json_schema", "json_schema": json.loads(schema)},
    }


ANSWERS = {
    "openai": (
        SimpleNamespace(
            model="gpt-4o-2024",
            usage=SimpleNamespace(
                prompt_tokens=100,
                completion_tokens=20,
                prompt_tokens_details=SimpleNamespace(cached_tokens=60),
                completion_tokens_details=SimpleNamespace(reasoning_tokens=5),
            ),
        ),
        ("gpt-4o-2024", 100, 20, 60, 5),
    ),
    "openai-mapping": (
        {"model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        ("m", 1, 2, None, None),
    ),
    "anthropic": (
        {
            "model": "claude",
            "usage": {
                "input_tokens": 10,
                "output_tokens": 3,
                "cache_read_input_tokens": 80,
                "cache_creation_input_tokens": 5,
            },
        },
        ("claude", 95, 3, 80, None),
    ),
    "google": (
        SimpleNamespace(
            model_version="gemini",
            usage_metadata=SimpleNamespace(
                prompt_token_count=7,
                candidates_token_count=8,
                cached_content_token_count=2,
                thoughts_token_count=4,
            ),
        ),
        ("gemini", 7, 8, 2, 4),
    ),
    "nothing": ({}, (None, None, None, None, None)),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_usage_of_each_provider(answer: object, expected: tuple[object, ...]) -> None:
    """Model and tokens are read from the answers of OpenAI, Anthropic and Google."""
    from promptreg.tracking import Call

    call = Call()
    call.start()
    call.record(answer)
    columns = ("model", "input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
    assert tuple(call.values.get(column) for column in columns) == expected
    assert call.values["success"] is True
    assert call.values["latency_ms"] >= 0


def _logged(repo: Repo) -> list[dict[str, object]]:
    segments = sorted((repo.path / ".promptreg/metrics/wal").glob("*.jsonl"))
    return [json.loads(line) for path in segments for line in path.read_text().splitlines()]


def test_track_logs_exactly_this_version(history: Repo) -> None:
    """A tracked call becomes one row with name, version and digest of the prompt that made it."""
    with Registry(history.path) as registry:
        prompt = registry.get("a@production")
        with prompt.track(unit="user-42") as call:
            call.record(ANSWERS["openai"][0], quality_score=0.5)
        with pytest.raises(TimeoutError), prompt.track():
            raise TimeoutError("too slow")
    good, bad = _logged(history)
    assert (good["prompt"], good["version"], good["digest"]) == ("a", "1.0.0", prompt.digest)
    assert (good["unit"], good["input_tokens"], good["quality_score"]) == ("user-42", 100, 0.5)
    assert good["success"] is True
    assert (bad["success"], bad["error_type"]) == (False, "TimeoutError")
    assert bad["error_message"] == "too slow"


def test_untagged_content_never_logs_a_claimed_version(history: Repo) -> None:
    """Rows of the work tree carry the pseudo-version that ends in their digest."""
    edit(history, A, "Three.", "Four.")
    with Registry(history.path) as registry:
        prompt = registry.get("a@worktree")
        with prompt.track():
            pass
    (row,) = _logged(history)
    assert str(row["version"]).endswith(prompt.digest[:12])
    assert row["version"] != "1.2.0-rc.1"


def test_a_pseudo_version_follows_its_own_line(history: Repo) -> None:
    """An unreleased edit of 1.0.0 sorts behind 1.0.0 and before all that was released later."""
    history.write(A, history.git("show", f"a@1.0.0:{A}"))
    edit(history, A, "One.", "Uno.")
    with Registry(history.path) as registry:
        version = registry.resolve("a@worktree").version
        first, second, *_ = sorted(registry.tags.versions("a"))
        assert first < version < second


def test_track_without_a_store(history: Repo) -> None:
    """A prompt that came without a registry says so instead of dropping rows."""
    with Registry(history.path) as registry:
        lone = LoadedPrompt.from_resolved(registry.resolve("a"), None)
    with pytest.raises(MetricsError), lone.track():
        pass


def test_log_metrics_wants_a_released_version(history: Repo) -> None:
    """Rows are logged for versions that exist, with their digest."""
    with Registry(history.path) as registry:
        registry.log_metrics("a", "1.0.0", latency_ms=12.0)
        with pytest.raises(NotFoundError):
            registry.log_metrics("a", "7.0.0", latency_ms=12.0)
    (row,) = _logged(history)
    assert (row["version"], row["latency_ms"]) == ("1.0.0", 12.0)


def test_threads_and_forks(history: Repo) -> None:
    """One registry serves many threads, and a forked child goes on by itself."""
    references = ["a", "a@production", "a@1.2.0-rc.1", "a@HEAD"] * 20
    with Registry(history.path) as registry:
        expected = [registry.get(reference).version for reference in references]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda r: registry.get(r).version, references)) == expected
        with forked(lambda: [registry.get(r).version for r in references] == expected):
            assert registry.get("a").version == "1.1.0"


def test_new_releases_are_seen_by_an_open_registry(history: Repo) -> None:
    """A registry that stays open sees tags made meanwhile, loose and packed."""
    with Registry(history.path) as registry:
        assert registry.get("a@^1").version == "1.1.0"
        commit_prompt(history, system="Five.", version="1.2.0")
        release(history)
        assert registry.get("a@^1").version == "1.2.0"
        history.git("pack-refs", "--all")
        assert registry.get("a@^1").version == "1.2.0"


def test_content_at_a_tag_is_independent_of_the_work_tree(history: Repo) -> None:
    """A released version reads the same whatever lies in the work tree, fragments included."""
    history.write("prompts/s.md", "Kind.\n")
    commit_prompt(history, "b", '{% include "s.md" %}')
    release(history)
    history.write("prompts/s.md", "Changed.\n")
    with Registry(history.path) as registry:
        prompt = registry.get("b")
        assert prompt.render(article="x")[0]["content"].startswith("Kind.")
        assert registry.get("b@worktree").render(article="x")[0]["content"].startswith("Changed.")
