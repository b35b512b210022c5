"""Parsing the versions of a file by their blocks: what `parse_prompt` says, however they follow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptreg.errors import PromptError
from promptreg.prompt import Message, yamldoc
from promptreg.prompt.blocks import BlockParser
from promptreg.prompt.digest import compute_digest
from promptreg.prompt.parsing import lint_prompt, parse_prompt

MESSAGES = "messages:\n- role: user\n  content: hi\n"

FILE = """\
# yaml-language-server: $schema=x
name: News summarizer
version: 1.3.0
digest: 4f1a2b3c5d6e
model: openai/gpt-4o
modelParameters: {temperature: 0.7, maxTokens: 200}
variables:
  tone: {type: string, default: neutral, enum: [neutral, lively]}

# What is said.
messages:
- role: system
  content: |
    You are a summarizer.
    Rules: R&D & more.
- placeholder: history
- role: user
  content: "{{tone}}"
jsonSchema: '{"type": "object"}'
tags: [a, b]
metadata: {owner: team}
testData: [{tone: lively}]
"""


def _outcome(parse: Any, text: str) -> object:
    """Return all that can be seen of what a parser makes of a file."""
    try:
        prompt = parse(text.encode("utf-8", "surrogatepass"), "prompts/n.prompt.yml", "n")
    except PromptError as error:
        return error.message, error.location, error.rule, error.fix
    last_lines = [m.last_line for m in prompt.messages if isinstance(m, Message)]
    # The text tells 1 from 1.0 and true, and the order of the keys.
    return repr(prompt), last_lines, dict(prompt.positions), compute_digest(prompt.value, {})


def _assert_equal(texts: list[str]) -> None:
    parser = BlockParser()
    for text in texts:
        assert _outcome(parser.parse, text) == _outcome(parse_prompt, text)


def test_nothing_is_parsed_where_only_version_and_digest_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The two lines that bump writes need no parser, once all the others are known."""
    parser = BlockParser()
    parser.parse(FILE.encode(), "p", "n")
    text = FILE.replace("1.3.0", "1.3.1").replace("4f1a2b3c5d6e", '"123456789012"').encode()
    expected = parse_prompt(text, "p", "n")
    monkeypatch.setattr(yamldoc, "compose", None)
    assert parser.parse(text, "p", "n") == expected


def test_what_did_not_change_is_not_read_again() -> None:
    """A field that stood in the file before keeps its object, wherever it stands."""
    parser = BlockParser()
    first = parser.parse(FILE.encode(), "p", "n")
    shorter = FILE.replace("1.3.0", "1.4.0").replace("# yaml-language-server: $schema=x\n", "")
    lint_prompt.cache_clear()
    second = parser.parse(shorter.encode(), "p", "n")
    assert second.model_parameters is first.model_parameters
    assert second.variables is first.variables
    assert lint_prompt.cache_info().misses == 0
    assert second == parse_prompt(shorter.encode(), "p", "n")


@pytest.mark.parametrize(
    "edits",
    [
        [("1.3.0", "1.4.0"), ("Rules: R&D & more.", "Rules: R&D & less."), ("[a, b]", "[a]")],
        [("name: News summarizer\n", ""), ("- placeholder: history\n", "# gone\n")],
        [("neutral", "1"), ("0.7", "1"), ("temperature: 1", "temperature: 1.0")],
        [("testData:", "evaluators:"), ("owner: team", "owner: ~"), ("~", "[~, 0x1F, true]")],
    ],
)
def test_edits_are_read_as_in_the_whole_file(edits: list[tuple[str, str]]) -> None:
    """After each of some ordinary edits the prompt, its lines and its digest are right."""
    texts = [FILE]
    for old, new in edits:
        assert old in texts[-1]
        texts.append(texts[-1].replace(old, new))
    _assert_equal([*texts, FILE, texts[1]])


TRAPS: dict[str, list[str]] = {
    "alias-of-a-block": [
        "model: &m x\n",
        "description: *m\n" + MESSAGES,
        "model: &m x\ntags: [*m]\n",
    ],
    "anchor-twice": ["model: &m x\n" + MESSAGES, "model: &m x\ndescription: &m y\n" + MESSAGES],
    "key-twice": ["model: x\n" + MESSAGES, "model: x\nname: y\nmodel: x\n" + MESSAGES],
    "key-in-a-quote": ['name: "x\nmodel: y"\n' + MESSAGES, 'model: y"\n' + MESSAGES],
    "flow-in-the-first-column": [
        " {\nmodel: x,\nmessages: [{role: user, content: hi}]}\n",
        "model: x,\n" + MESSAGES,
    ],
    "list-over-lines": ["tags: [a,\nmodel: b]\n" + MESSAGES, "model: b]\n" + MESSAGES],
    "merged-root": ["<<: {model: x}\n" + MESSAGES, "name: y\n<<: {model: x}\n" + MESSAGES],
    "tagged-key": ["!!merge model: {name: x}\n" + MESSAGES, "!!str model: y\n" + MESSAGES],
    **{
        f"line-break-{ord(mark):x}": [
            f"{MESSAGES}metadata: {{a: '{mark}'}}\n",
            f"metadata: {{a: '{mark}'}}\n{MESSAGES}",
            f"name: z # {mark}model: x\n{MESSAGES}",
        ]
        for mark in "\r\x85\u2028\u2029"
    },
    "byte-order-mark": ["\ufeffname: x\n" + MESSAGES, "model: y\n\ufeffname: x\n" + MESSAGES],
    "carriage-returns": [FILE.replace("\n", "\r\n"), FILE, "name: x\r" + MESSAGES],
    "documents": [
        MESSAGES + "---\n",
        "---\n" + MESSAGES,
        "name: x\n...\n" + MESSAGES,
        "name: x\n---\n",
    ],
    "directive": ["%YAML 1.1\n---\n" + MESSAGES, "name: x\n%TAG ! x\n" + MESSAGES],
    "version-and-digest": [
        *(
            f"version: {version}\ndigest: {digest}\n{MESSAGES}"
            for version, digest in (
                ("1.2.0", "abcdef012345"),
                ("1.10.0", '"012345678901"'),
                ("01.2.0", "12345e678901"),
                ("1.2", "0b1010101010"),
                ("1.2.0-rc.1", "'abcdef012345'"),
                ("1.2.0 # c", "123456789012"),
                ("1.2.99999999999", "abcdef0123456"),
                ("2026-11-22", "ab"),
            )
        ),
        f"{MESSAGES}version: 1.2.0\nversion: 1.2.0\n",
        f"--- |\nversion: 1.2.0\n{MESSAGES}",
        f'name: "x\nversion: 1.3.0\nmodel: y"\n{MESSAGES}',
        "version: 1.2.0\n",
    ],
    "no-last-newline": [MESSAGES + "description: |\n  x", MESSAGES + "description: |\n  x\n"],
    "kept-newlines": [
        "description: |+\n  x\n\n" + MESSAGES,
        "name: y\ndescription: |+\n  x\n\n\n" + MESSAGES,
        MESSAGES + "description: |+\n  x\n\n",
        MESSAGES + "name: z\ndescription: |+\n  x\n\n# c\n",
    ],
    "conflict": ["model: x\n" + MESSAGES, "<<<<<<< HEAD\nmodel: x\n=======\n" + MESSAGES],
    "lfs-pointer": ["version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", FILE],
    "no-messages": ["model: x\n", "model: x\nname: y\n", "model: x\n" + MESSAGES, ""],
    "faults-of-fields": ["version: 1.0\n" + MESSAGES, "template: x\nversion: 1.0\n" + MESSAGES],
    "many-brackets": [
        f"name: '{'[' * 1500}'\n{MESSAGES}",
        f"name: '{'[' * 1500}'\ndescription: '{'[' * 1500}'\n{MESSAGES}",
    ],
    "many-values": [
        f"evaluators: [{'1,' * 26_000}]\n{MESSAGES}",
        f"evaluators: [{'1,' * 26_000}]\ntestData: [{'1,' * 26_000}]\n{MESSAGES}",
    ],
    "json": [
        json.dumps({"messages": [{"role": "user", "content": "😀"}]}) + "\n",
        '"messages": [{"role": "user", "content": "\\ud83d\\ude00"}]\n',
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_blocks_that_mean_something_else_beside_others(trap: str) -> None:
    """A file in which a block is not what it looks like is read, or refused, as a whole."""
    _assert_equal(TRAPS[trap])
    _assert_equal(TRAPS[trap][::-1])


_LINES = st.sampled_from(
    [
        *("version: 1.2", 'digest: "abcdef012345"', "digest: abcdef012345", "digest: 123456789012"),
        *("name: x", "name: 'y: z'", "version: 1.0.0", "version: 1.1.0", "model: m", "model: &a m"),
        *(
            "description: *a",
            "description: |+",
            "description: >",
            'description: "',
            '"',
            "'",
            "# c",
        ),
        *(
            "",
            "  ",
            "  text",
            "    more &b",
            "- x",
            "-",
            "tags:",
            "tags: [a,",
            "b: c]",
            "tags: [a]",
        ),
        *("metadata:", "  k: 1", "  k: [1.0, true]", "metadata: {k: 1, k: 2}", "<<: {model: n}"),
        *("variables:", "  v: string", "  w: {default: 1}", "---", "...", "%YAML 1.2", "{", "}"),
        *("messages:", "- role: user", "  content: hi", "- placeholder: p", "? name", ": v", "\t"),
        *("a\u2028b: c", "\x85", "\ufeffname: q", "- role: bot", '  content: "a\\n', "<<<<<<< x"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edits_are_read_as_in_the_whole_file(data: st.DataObject) -> None:
    """However lines are put in, taken out and moved, the outcome is that of the whole file."""
    lines = data.draw(st.sampled_from([FILE.splitlines(), MESSAGES.splitlines()]))
    texts = ["\n".join([*lines, ""])]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines)))
        gone = data.draw(st.integers(0, 2))
        lines = [*lines[:at], *data.draw(st.lists(_LINES, max_size=3)), *lines[at + gone :]]
        texts.append("\n".join([*lines, ""]))
    _assert_equal([*texts, *texts[::-1]])


def test_real_histories(prompt_histories: list[tuple[str, list[str]]]) -> None:
    """Prompts as people really edited them are read alike, and nearly all by their blocks."""
    lint_prompt.cache_clear()
    asked = versions = 0
    for name, texts in prompt_histories:
        parser = BlockParser()
        for number, text in enumerate(texts):
            lines = "".join(f"    {line}\n" for line in text.split("\n"))
            file = (
                f"name: {name}\nversion: 1.{number}.0\nmodel: m{number // 3}\nmessages:\n"
                f"- role: system\n  content: |\n{lines}- role: user\n  content: '{{{{x}}}}'\n"
                f"metadata: {{a: {number // 2}}}\n"
            ).encode()
            before = lint_prompt.cache_info()
            prompt = parser.parse(file, "p", name)
            asked += lint_prompt.cache_info() != before
            versions += 1
            assert repr(prompt) == repr(parse_prompt(file, "p", name))
    assert asked < versions / 20
