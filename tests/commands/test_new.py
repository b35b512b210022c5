"""`promptreg new` against real repositories."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator

from promptreg.operations.creating import block_scalar, prompt_from
from promptreg.prompt import Message
from promptreg.prompt.parsing import parse_prompt
from promptreg.prompt.yamldoc import load
from tests.kit import PROMPT, Repo


def _first_text(data: bytes) -> str:
    entry = parse_prompt(data, "prompts/a.yml", "a").messages[0]
    assert isinstance(entry, Message)
    return entry.content


def test_new_writes_a_prompt_that_checks_clean_and_bumps_to_one(repo: Repo) -> None:
    """A new prompt is valid under --strict, has the modeline, and its first version is 1.0.0."""
    out = repo.ok("new", "support/triage")
    assert out == "created prompts/support/triage.prompt.yml\n"
    text = repo.read("prompts/support/triage.prompt.yml")
    assert text.startswith("# yaml-language-server: $schema=../.prompt.schema.json\nname: Triage\n")
    repo.ok("check", "--strict", "prompts/support/triage.prompt.yml")
    repo.ok("bump", code=0)
    repo.ok("bump", "prompts/support/triage.prompt.yml", code=1)
    assert "version: 1.0.0\n" in repo.read("prompts/support/triage.prompt.yml")
    schema = json.loads(repo.read("prompts/.prompt.schema.json"))
    value = load(text.encode(), "x").value
    assert list(Draft7Validator(schema).iter_errors(value)) == []


def test_nothing_is_written_where_git_adds_nothing(repo: Repo) -> None:
    """A folder that is a link may lead anywhere, and one may be a repository of its own."""
    elsewhere = repo.path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.yaml").write_text(PROMPT)
    repo.write("prompts/a.yaml", PROMPT)
    (repo.path / "prompts/link").symlink_to(elsewhere)
    for words in (("new", "link/a"), ("new", "link/a", "-n"), ("bump", "prompts/link/b.yaml")):
        refused = repo.run(*words)
        assert (refused.code, refused.out) == (2, "")
        assert "prompts/link is a symbolic link, and git adds nothing behind it" in refused.err
    repo.git("init", "-q", "prompts/nested")
    repo.write("prompts/nested/b.yaml", PROMPT)
    for words in (("new", "nested/a"), ("bump", "prompts/nested/b.yaml")):
        assert "prompts/nested is a repository of its own" in repo.run(*words).err
    assert repo.ok("list", "--format", "json").count('"prompt"') == 1
    assert [path.name for path in elsewhere.iterdir()] == ["b.yaml"]
    assert (elsewhere / "b.yaml").read_text() == PROMPT


def test_the_schema_is_written_once_and_no_prompt(repo: Repo) -> None:
    """The schema beside the prompts is not taken for a prompt and never overwritten."""
    repo.ok("new", "one")
    repo.write("prompts/.prompt.schema.json", "{}\n")
    repo.ok("new", "two")
    assert repo.read("prompts/.prompt.schema.json") == "{}\n"
    assert [row["prompt"] for row in json.loads(repo.ok("list", "--format", "json"))] == [
        "one",
        "two",
    ]


def test_new_never_overwrites(repo: Repo) -> None:
    """A name that any file has already, in whatever ending, is refused and the file kept."""
    repo.write("prompts/one.yaml", PROMPT)
    result = repo.run("new", "one")
    assert result.code == 2
    assert "prompts/one.yaml has the name one already" in result.err
    assert not (repo.path / "prompts/one.prompt.yml").exists()


def test_new_refuses_a_name_that_differs_in_letter_case_alone(repo: Repo) -> None:
    """File systems without letter case would take both for one file."""
    repo.write("prompts/One.yaml", PROMPT)
    assert "prompts/One.yaml has the name one already" in repo.run("new", "one").err


@pytest.mark.parametrize("name", ["team/nul", "One", "a b", "../x", "a//b", "labels/x", "a@1"])
def test_new_refuses_what_is_no_name(repo: Repo, name: str) -> None:
    """What cannot be a prompt's name is refused with a fix, and nothing is written."""
    result = repo.run("new", name)
    assert result.code == 2
    assert "fix:" in result.err
    assert not list(repo.path.rglob("*.yml"))


def test_new_from_a_prompt_leaves_out_its_version(repo: Repo) -> None:
    """A copy keeps comments and texts byte for byte, and begins a history of its own."""
    repo.write("prompts/one.yaml", PROMPT)
    repo.ok("bump", "--all", code=1)
    repo.ok("new", "two", "--from", "prompts/one.yaml")
    copied = repo.read("prompts/two.prompt.yml")
    assert copied == "# yaml-language-server: $schema=.prompt.schema.json\n" + PROMPT


def test_new_from_standard_input(repo: Repo) -> None:
    """A text on standard input becomes the user message, unchanged."""
    assert repo.run("new", "one", "--from", "-", stdin="Hello {{ who }}\n\nBye\n").code == 0
    data = repo.read("prompts/one.prompt.yml").encode()
    assert _first_text(data) == "Hello {{ who }}\n\nBye\n"
    assert "template" not in load(data, "x").value


def test_new_from_a_python_format_text_keeps_its_placeholders(repo: Repo) -> None:
    """A text with {name} alone becomes an fstring template, so that {name} stays a variable."""
    repo.write("hello.txt", "Hello {name}")
    repo.ok("new", "one", "--from", "hello.txt", "--model", "openai/gpt-4o", "--description", "Hi")
    assert repo.ok("render", "one@worktree", "--var", "name=Ada") == "[user]\nHello Ada\n"


@pytest.mark.parametrize(
    "text",
    ["x", "x\n", "x\n\n\n", " lead\n", "\nlead\n", "a\n  b\n\nc", "tab\there\n", "# no\n", "a: b\n",
     "- x\n", "\u2028x\n", "x \n", "'\"\\\n", "---\n", "{{ a }}"],
)  # fmt: skip
def test_block_scalars_read_as_written(text: str) -> None:
    """Whatever the text, the file reads as exactly that text."""
    value = load(f"messages:\n  - content: {block_scalar(text, 6)}\n".encode(), "x").value
    assert value["messages"][0]["content"] == text


@pytest.mark.parametrize("word", ["yes", "null", "a: b", "# x", "1", "x ", "Über uns"])
def test_descriptions_are_quoted_where_they_must_be(word: str) -> None:
    """A description never turns into another YAML value."""
    text = prompt_from("a", "prompts/a.prompt.yml", None, description=word)
    assert load(text.encode(), "x").value["description"] == word
