"""The digest: what it must not depend on, and what it must."""

from __future__ import annotations

import hashlib
import json

import pytest

from promptreg.errors import PromptError
from promptreg.prompt.digest import collect_includes, compute_digest, normalize_fragment
from promptreg.prompt.yamldoc import load

TEXT = """\
name: x
model: m
modelParameters: {temperature: 1, topP: 0.5}
messages:
- role: system
  content: |
    One
    two
- role: user
  content: hi
"""


def _digest(text: str | bytes, includes: dict[str, str] | None = None) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    return compute_digest(load(data, "p.yaml").value, includes or {})


SAME = {
    "crlf": TEXT.replace("\n", "\r\n"),
    "bom": "\ufeff" + TEXT,
    "comments": "# c\n" + TEXT.replace("model: m", "model: m  # d"),
    "quoting": TEXT.replace("name: x", 'name: "x"').replace("content: hi", "content: 'hi'"),
    "key-order": "model: m\nname: x\n" + TEXT.partition("model: m\n")[2],
    "key-order-inside": TEXT.replace("{temperature: 1, topP: 0.5}", "{topP: 0.5, temperature: 1}"),
    "block-style": TEXT.replace(
        "modelParameters: {temperature: 1, topP: 0.5}",
        "modelParameters:\n  temperature: 1\n  topP: 0.5",
    ),
    "block-as-quoted": TEXT.replace("|\n    One\n    two\n", '"One\\ntwo\\n"\n'),
    "indentation": TEXT.replace("    One\n    two", "      One\n      two"),
    "version": "version: 3.2.1\ndigest: abcdefabcdef\n" + TEXT,
    "test-data": TEXT + "testData: [{a: b}]\nevaluators: [{name: e}]\nformerly: old\n",
    "alias": TEXT.replace("model: m", "model: &a m").replace("topP: 0.5", "topP: 0.5"),
    "document-markers": "---\n" + TEXT + "...\n",
    "no-final-newline": TEXT.rstrip("\n"),
    "number-style": TEXT.replace("0.5", "5e-1"),
}

OTHER = {
    "float": TEXT.replace("temperature: 1,", "temperature: 1.0,"),
    "text-number": TEXT.replace("temperature: 1,", "temperature: '1',"),
    "boolean": TEXT.replace("temperature: 1,", "temperature: true,"),
    "null": TEXT.replace("temperature: 1,", "temperature: ,"),
    "name": TEXT.replace("name: x", "name: y"),
    "unknown-key": TEXT + "extra: 1\n",
    "metadata": TEXT + "metadata: {a: b}\n",
    "final-newline-of-text": TEXT.replace("|\n", "|-\n"),
    "space-in-text": TEXT.replace("One", "One "),
    "message-order": TEXT.replace("role: system", "role: X")
    .replace("role: user", "role: system")
    .replace("role: X", "role: user"),
    "unicode-form": TEXT.replace("name: x", "name: e\u0301"),
    "default-spelled-out": TEXT + "template: jinja2\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_digest_ignores(text: str) -> None:
    """Comments, quoting, key order, line ends and what is not versioned leave the digest alone."""
    assert _digest(text) == _digest(TEXT)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_digest_sees(text: str) -> None:
    """Everything else changes the digest: 1, 1.0, '1' and true are four contents."""
    assert _digest(text) != _digest(TEXT)


def test_all_other_contents_differ() -> None:
    """No two of the different contents share a digest."""
    digests = {_digest(text) for text in OTHER.values()}
    assert len(digests) == len(OTHER)


def test_digest_is_the_documented_one() -> None:
    """The digest is sha256 over canonical JSON, so that anybody can compute it."""
    content = {"includes": {"a.md": "é"}, "scheme": 1, "value": {"b": [1, 1.5, None], "ä": "x"}}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    value = {"ä": "x", "b": [1, 1.5, None], "version": "1.0.0"}
    assert compute_digest(value, {"a.md": "é"}) == hashlib.sha256(text.encode()).hexdigest()


def test_digest_never_changes_between_releases() -> None:
    """A known content keeps its known digest: changing the scheme would break every repository."""
    assert _digest(TEXT) == "1b071436ed2ae3bbf44e09595e4f5cbb13110655fc49540566a1db4d464b08a4"


def test_fragments_count() -> None:
    """The path and the text of a fragment are part of the content."""
    digests = {_digest(TEXT, i) for i in ({}, {"a.md": "x"}, {"a.md": "y"}, {"b.md": "x"})}
    assert len(digests) == 4


def test_fragment_line_ends_do_not_count() -> None:
    """A fragment counts with LF and without byte order mark."""
    assert normalize_fragment("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"


def test_includes_are_transitive_and_found_once() -> None:
    """Every fragment that is reached is returned once, whatever the way to it."""
    texts = {"a": "b c", "b": "d", "c": "d", "d": ""}
    found = collect_includes(str.split, ["a", "d"], texts.__getitem__)
    assert found == texts


@pytest.mark.parametrize(
    "circle", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}]
)
def test_circle_is_named(circle: dict[str, str]) -> None:
    """Fragments that include each other in a circle are an error that shows the circle."""
    with pytest.raises(PromptError, match=r"circle: .* -> ") as caught:
        collect_includes(str.split, ["a"], circle.__getitem__)
    assert caught.value.rule == "include-cycle"


def test_what_json_cannot_say_is_refused() -> None:
    """A value without canonical JSON is an error, never a digest of something else."""
    for value in ({"a": float("nan")}, {"a": "\ud800"}):
        with pytest.raises(PromptError, match="canonical JSON"):
            compute_digest(value, {})
