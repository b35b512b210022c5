"""`promptreg search` against real repositories and a real metrics store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptreg import Registry
from promptreg.errors import ConfigError
from promptreg.prompt.parsing import parse_prompt
from promptreg.queries.latest import LatestVersions
from promptreg.queries.query import Condition, Query
from promptreg.queries.searching import Search
from tests.commands.conftest import SUMMARIZER, TRIAGE, edit

if TYPE_CHECKING:
    from promptreg.prompt import Prompt
    from tests.kit import Repo


def _names(repo: Repo, *args: str) -> list[str]:
    result = repo.run("search", *args, "--names")
    assert result.code == (0 if result.out else 1), result.err
    return result.out.split()


def _log(repo: Repo, name: str, version: str, n: int = 1, **columns: Any) -> None:
    with Registry(repo.path) as registry:
        for _ in range(n):
            registry.log_metrics(name, version, **columns)


def test_texts_are_found_in_any_case_at_their_line(shipped: Repo) -> None:
    """The line of the file, the part of the prompt and the text are shown."""
    assert shipped.ok("search", "CAREFUL") == (
        "summarizer 2.0.0\n"
        "  prompts/summarizer.prompt.yml:13: system message: You are a careful summarizer.\n"
    )


def test_all_terms_must_hold_each_anywhere(shipped: Repo) -> None:
    """Two texts may stand in different parts of one prompt, or in its name."""
    assert _names(shipped, "careful", "tone") == ["summarizer"]
    assert _names(shipped, "careful", "sort mail") == []
    assert _names(shipped, "triage", "sort") == ["triage"]


def test_regular_expressions(shipped: Repo) -> None:
    """With -E a text is a pattern; a wrong one is a usage error."""
    assert _names(shipped, "-E", "^You (are|were) a") == ["summarizer"]
    assert _names(shipped, "^You (are|were) a") == []
    assert "no regular expression" in shipped.run("search", "-E", "(").err


def test_fields_narrow_the_search(shipped: Repo) -> None:
    """Tags, model, metadata and labels each narrow it, with patterns and dotted keys."""
    shipped.write(
        TRIAGE,
        shipped.read(TRIAGE).replace("gpt-4o", "gpt-4o-mini")
        + "tags: [mail, support]\nmetadata: {owner: {team: Core}, beta: true, areas: [a, b]}\n",
    )
    assert _names(shipped, "--tag", "mail", "--tag", "sup*") == ["triage"]
    assert _names(shipped, "--tag", "mail", "--tag", "news") == []
    assert _names(shipped, "--model", "gpt-4o") == ["summarizer"]
    assert _names(shipped, "--model", "openai/gpt-4o*") == ["summarizer", "triage"]
    assert _names(shipped, "--metadata", "owner.team=core") == ["triage"]
    assert _names(shipped, "--metadata", "beta=true", "--metadata", "areas=b") == ["triage"]
    assert _names(shipped, "--metadata", "owner") == ["triage"]
    assert _names(shipped, "--metadata", "owner.team=other") == []
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.commit()
    assert _names(shipped, "--label", "production") == ["summarizer"]
    assert "no label 'staging'" in shipped.run("search", "--label", "staging").err


def test_fragments_are_searched(shipped: Repo) -> None:
    """A text in an included fragment finds the prompt and names the fragment's line."""
    shipped.write("prompts/shared/style.md", "Be brief.\nNever invent quotes.\n")
    edit(shipped, "You sort mail.", '{% include "shared/style.md" %}', TRIAGE)
    found = json.loads(shipped.ok("search", "invent", "--format", "json"))
    assert [(f["prompt"], f["matches"]) for f in found] == [
        (
            "triage",
            [
                {
                    "path": "prompts/shared/style.md",
                    "line": 2,
                    "part": "fragment",
                    "text": "Never invent quotes.",
                }
            ],
        )
    ]


def test_conditions_are_about_the_latest_release(shipped: Repo) -> None:
    """Figures of older versions do not count, and prompts without rows are named, not found."""
    _log(shipped, "summarizer", "1.1.0", quality_score=0.2, latency_ms=100)
    _log(shipped, "summarizer", "2.0.0", quality_score=0.9, latency_ms=100)
    _log(shipped, "summarizer", "2.0.0", quality_score=0.6, latency_ms=5000)
    assert _names(shipped, "quality<0.8") == ["summarizer"]
    assert _names(shipped, "quality<0.7") == []
    assert _names(shipped, "latency.p95>2s", "calls=2") == ["summarizer"]
    result = shipped.run("search", "quality>=75%", "careful")
    assert result.out.endswith("  quality 0.75 over 2 calls\n")
    assert "Without such figures: triage" in shipped.run("search", "quality>0").err


def test_conditions_with_a_label_are_about_what_it_names(shipped: Repo) -> None:
    """--label production asks how what production serves does."""
    _log(shipped, "summarizer", "1.1.0", quality_score=0.2)
    _log(shipped, "summarizer", "2.0.0", quality_score=0.9)
    shipped.ok("label", "set", "production", "summarizer", "1.1.0")
    shipped.commit()
    assert _names(shipped, "quality<0.5") == []
    assert _names(shipped, "quality<0.5", "--label", "production") == ["summarizer"]


def test_rates_and_custom_scores(shipped: Repo) -> None:
    """Error rates and any key of the scores can be asked for."""
    _log(shipped, "triage", "1.0.0", 3, success=True, scores={"tone-fit": 0.4})
    _log(shipped, "triage", "1.0.0", success=False, scores={"tone-fit": 0.4})
    assert _names(shipped, "error_rate>=25%", "tone-fit<0.5") == ["triage"]
    assert _names(shipped, "success_rate>75%") == []


def test_broken_files_are_named_and_empty_searches_refused(shipped: Repo) -> None:
    """A file that may hold the text and cannot be read is warned about; no terms are an error."""
    shipped.write(SUMMARIZER, "messages: [ mail\n")
    result = shipped.run("search", "mail")
    assert "prompts/summarizer.prompt.yml is not valid and was not searched" in result.err
    assert result.out.startswith("triage")
    assert shipped.run("search").code == 2


@pytest.mark.parametrize(
    ("text", "name", "sign", "value"),
    [
        ("quality<0.8", "quality", "<", 0.8),
        ("latency.p95 >= 2s", "latency.p95", ">=", 2000.0),
        ("latency<250ms", "latency", "<", 250.0),
        ("cost>$0.01", "cost", ">", 0.01),
        ("error_rate>5%", "error_rate", ">", 0.05),
        ("tone-fit==1", "tone-fit", "==", 1.0),
    ],
)
def test_conditions_are_read(text: str, name: str, sign: str, value: float) -> None:
    """Metrics, statistics, signs and units."""
    condition = Condition.parse(text)
    assert condition is not None
    assert (condition.name, condition.sign) == (name, sign)
    assert condition.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["quality", "a < b", "x<0.8.1", "latency.p99<1", "if x > 3 then"])
def test_other_texts_are_searched_for(text: str) -> None:
    """What is no condition is a text."""
    assert Condition.parse(text) is None


@pytest.mark.parametrize("text", ["quality<2s", "cost>5%", "calls.p95>3"])
def test_units_must_fit(text: str) -> None:
    """A unit or statistic that the metric does not have is an error, not another search."""
    with pytest.raises(ConfigError):
        Condition.parse(text)


ODD = {
    "plain": "description: sun moon\nmetadata: {owner: team-9, n: 1e16, none: ~, yes: True}\n",
    "escaped": 'description: "su\\x6e m\\u006fon"\n',
    "continued": 'description: "su\\\n  n mo\\\n  on"\n',
    "folded": "description: >\n  sun\n  moon\n",
    "single": "description: 'sun''s moon'\n",
    "alias": "metadata: {a: &a team-9, b: *a, c: [sun, null]}\n",
    "kelvin": "description: \u212aelvin \u017fun\n",
    "upper": "description: SUN MOON\n",
    "include": "description: x\n",
    "nothing": "description: ordinary\n",
}
ASKED = (
    "sun",
    "moon",
    "sun moon",
    "team-9",
    "kelvin",
    "null",
    "none",
    "true",
    "1e",
    "e+16",
    "brightly",
    "escaped",
)


@pytest.mark.parametrize("text", [*ASKED, "n: 1e", "owner: team", "c: \\['sun', None"])
def test_files_that_are_left_out_unread_hold_nothing(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Sifting files by their bytes changes no answer, however the text is written in them."""
    repo.write("prompts/shared/x.md", "brightly\n")
    for name, head in ODD.items():
        content = '{% include "shared/x.md" %}' if name == "include" else "hi"
        repo.write(
            f"prompts/{name}.yaml", f"{head}messages: [{{role: user, content: '{content}'}}]\n"
        )
    query = [text.replace("\\", "")]
    sifted = (repo.run("search", *query), repo.run("search", "--metadata", f"owner={text}"))
    monkeypatch.setattr("promptreg.queries.sifting.Sieve.may_match", lambda *_: True)
    assert (repo.run("search", *query), repo.run("search", "--metadata", f"owner={text}")) == sifted


def test_most_files_are_left_out_unread(shipped: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that one file holds is looked for in that file alone."""
    read: list[str] = []

    def watch(data: bytes, path: str, name: str) -> Prompt:
        read.append(path)
        return parse_prompt(data, path, name)

    monkeypatch.setattr("promptreg.queries.searching.parse_prompt", watch)
    assert _names(shipped, "careful") == ["summarizer"]
    assert read == [SUMMARIZER]


FIELDS = (
    Query(tags=("sun",)),
    Query(tags=("s*n", "moon")),
    Query(tags=("[st]un",)),
    Query(tags=("Sun",)),
    Query(tags=("nul?",)),
    Query(models=("gpt-4o*",)),
    Query(models=("openai/gpt-4o", "null")),
    Query(models=("*/gpt-4[o1]",)),
    Query(metadata=(("owner", ""),)),
    Query(metadata=(("Owner.team", ""),)),
    Query(metadata=(("owner.team", "a b"),), texts=("hi",)),
)


def test_fields_are_sifted_as_they_are_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag, a model or a metadata key that the bytes rule out is in no prompt that is parsed."""
    heads = (
        "tags: [sun, moon]",
        'tags: ["su\\x6e"]',
        "tags: ['null', Sun]",
        "tags: [\n  tun, mo\u00f6n]",
        "model: openai/gpt-4o",
        'model: "gpt\\x2d4o-mini"',
        "model: 'null'",
        "metadata: {owner: {team: a b}}",
        'metadata: {"own\\u0065r": x}',
        "metadata: {&k owner: 1, other: *k}",
        "metadata: {Owner: {team: ~}}",
    )
    for number, head in enumerate(heads):
        repo.write(f"prompts/p{number}.yaml", f"{head}\nmessages: [{{role: user, content: hi}}]\n")
    repo.commit()
    with Registry(repo.path) as registry:
        sifted = [[found.name for found in Search(registry, query)] for query in FIELDS]
        monkeypatch.setattr("promptreg.queries.sifting.Sieve.may_match", lambda *_: True)
        assert [[found.name for found in Search(registry, query)] for query in FIELDS] == sifted
    assert sifted[0] == ["p0", "p1"]
    assert sifted[8] == ["p7", "p8", "p9"]


def test_each_prompt_is_given_as_soon_as_it_is_found(shipped: Repo) -> None:
    """The first is there before the next file is looked into, which may turn out to be broken."""
    shipped.write(TRIAGE, "messages: [ summarize\n")
    with Registry(shipped.path) as registry:
        searching = Search(registry, Query(texts=("summarize",)))
        walk = iter(searching)
        assert next(walk).name == "summarizer"
        assert searching.broken == []
        assert list(walk) == []
        assert searching.broken == [TRIAGE]


def test_a_limit_tells_how_many_may_be_left(shipped: Repo) -> None:
    """--limit ends the search and counts the files that it did not look into."""
    result = shipped.run("search", "summarize", "--limit", "1", "--names")
    assert (result.code, result.out) == (0, "summarizer\n")
    assert "The first 1; up to 1 more files may hold it." in result.err
    assert "more files" not in shipped.run("search", "careful", "--limit", "1").err


def test_latest_versions_of_many_are_those_of_one(
    shipped: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at all tags at once says the same of yanked, renamed and unreleased prompts."""
    monkeypatch.setattr("promptreg.queries.latest._FEW", 0)
    shipped.ok("yank", "summarizer@2.0.0", "--reason", "x")
    shipped.ok("rename", "triage", "sorter")
    shipped.write("prompts/new.yaml", "messages: [{role: user, content: hi}]\n")
    shipped.git("tag", "-a", "-m", "x", "new@1.0.0-rc.1")
    shipped.commit()
    with Registry(shipped.path) as registry:
        latest = LatestVersions(registry)
        for name, path in registry.paths().items():
            data = registry.worktree.read(path) or b""
            assert latest.of(name, data) == registry.latest(name), name
        assert str(latest.of("summarizer", b"")) == "1.1.0"
        assert str(registry.latest("sorter")) == "1.0.0"


def test_history_finds_what_files_no_longer_hold(shipped: Repo) -> None:
    """With --history the newest released version that holds it is found, of deleted prompts too."""
    assert shipped.run("search", "a news summarizer").code == 1
    assert shipped.ok("search", "a NEWS summarizer", "--history") == (
        "summarizer 1.0.0 (older version)\n"
        "  prompts/summarizer.prompt.yml:12: system message: You are a news summarizer.\n"
    )
    shipped.git("rm", "-q", TRIAGE)
    shipped.git("tag", "-a", "-m", "by hand", "triage@7.0.0")
    shipped.ok("rename", "summarizer", "shortener")
    renamed = shipped.path / "prompts/shortener.prompt.yml"
    renamed.rename(renamed.with_name("shortener.yaml"))
    shipped.commit()
    text = shipped.ok("search", "a news summarizer", "--history")
    assert "  prompts/shortener.yaml:12: system message:" in text
    assert _names(shipped, "--history", "You") == ["shortener", "triage"]
    assert _names(shipped, "--history", "You", "--limit", "1") == ["shortener"]
    assert _names(shipped, "--history", "a news summarizer") == ["shortener"]
    found = json.loads(shipped.ok("search", "--history", "mail", "--format", "json"))
    assert [(f["prompt"], f["version"], f["past"]) for f in found] == [("triage", "1.0.0", True)]
    assert shipped.run("search", "mail", "--history", "--label", "production").code == 2


def test_history_and_conditions(shipped: Repo) -> None:
    """A condition with --history is about each released version by itself."""
    _log(shipped, "summarizer", "1.0.0", quality_score=0.2)
    _log(shipped, "summarizer", "1.1.0", quality_score=0.3)
    _log(shipped, "summarizer", "2.0.0", quality_score=0.9)
    result = shipped.run("search", "quality<0.5", "--history", "--metadata", "x", "--names")
    assert (result.code, result.out) == (1, "")
    assert "summarizer 1.1.0 (older" in shipped.ok("search", "quality<0.5", "--history")
