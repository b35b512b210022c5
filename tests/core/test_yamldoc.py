"""Reading YAML: every fault has its place, every value is plain JSON."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from promptreg.errors import PromptError
from promptreg.prompt import yamlnodes
from promptreg.prompt.splice import set_version_and_digest
from promptreg.prompt.yamldoc import MAX_BYTES, child, line_of, load, text_lines

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdef", "bcdefg", strict=True)
)

BROKEN: dict[str, tuple[bytes, str, str, str]] = {
    "unclosed-flow": (b"name: [a\nversion: 1.0.0\n", "invalid-yaml", "2:8", "flow sequence"),
    "unclosed-quote": (
        b'name: x\ntext: "abc\n',
        "invalid-yaml",
        "3:1",
        "quoted scalar from line 2",
    ),
    "bad-indent": (b"a:\n  b: 1\n c: 2\n", "invalid-yaml", "3:2", "block"),
    "colon-in-text": (b"a: b: c\n", "invalid-yaml", "1:5", "mapping values"),
    "tab-indent": (b"a:\n\tb: 1\n", "invalid-yaml", "2:1", "tab"),
    "duplicate": (b"name: a\nmodel: m\nname: b\n", "duplicate-key", "3:1", "'name' stands twice"),
    "duplicate-nested": (b"m:\n  k: 1\n  k: 2\n", "duplicate-key", "3:3", "'k' stands twice"),
    "duplicate-quoted": (b"name: a\n'name': b\n", "duplicate-key", "2:1", "stands twice"),
    "duplicate-flow": (b"m: {k: 1, k: 2}\n", "duplicate-key", "1:11", "stands twice"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
        "lfs-pointer",
        "1:1",
        "LFS pointer",
    ),
    "latin-1": (b"name: a\nmodel: caf\xe9\n", "not-utf-8", "2", "0xe9"),
    "utf-16": ("name: a\n".encode("utf-16"), "not-utf-8", "1", "not UTF-8"),
    "too-large": (b"a: " + b"x" * MAX_BYTES, "file-too-large", "", "at most"),
    "conflict": (
        b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n",
        "conflict-markers",
        "2:1",
        "unresolved",
    ),
    "integer-key": (b"a: 1\n2: x\n", "non-string-key", "2:1", "key 2"),
    "null-key": (b"a: 1\n~: x\n", "non-string-key", "2:1", "not a string"),
    "boolean-key": (b"true: x\n", "non-string-key", "1:1", "not a string"),
    "sequence-key": (b"? [a]\n: x\n", "non-string-key", "1:3", "not a string"),
    "date": (b"a: 1\nb: 2026-11-22\n", "date-value", "2:4", "2026-11-22"),
    "not-a-number": (b"a: .nan\n", "invalid-yaml", "1:4", ".nan"),
    "infinite": (b"a: -.inf\n", "invalid-yaml", "1:4", "-.inf"),
    "overflow": (b"a: 1.0e+999\n", "invalid-yaml", "1:4", "1.0e+999"),
    "directive": (b"%YAML 1.1\n---\na: 1\n", "invalid-yaml", "1:1", "directives"),
    "tag-directive": (b"# c\n%TAG ! x\n---\na: 1\n", "invalid-yaml", "2:1", "directives"),
    "python-tag": (b"a: !!python/object:os.system x\n", "invalid-yaml", "1:4", "tag"),
    "own-tag": (b"a: !env HOME\n", "invalid-yaml", "1:4", "tag"),
    "tagged-mapping": (b"a: !foo {b: 1}\n", "invalid-yaml", "1:4", "tag"),
    "binary": (b"a: !!binary aGk=\n", "invalid-yaml", "1:4", "tag"),
    "tagged-boolean": (b"a: !!bool yes\n", "invalid-yaml", "1:4", "yes is no bool"),
    "tagged-null": (b"a: !!null foo\n", "invalid-yaml", "1:4", "foo is no null"),
    "set": (b"a: !!set {x, y}\n", "invalid-yaml", "1:4", "tag"),
    "empty": (b"", "invalid-yaml", "1:1", "empty"),
    "only-comments": (b"# nothing\n", "invalid-yaml", "1:1", "empty"),
    "list-root": (b"- a\n", "invalid-yaml", "1:1", "mapping"),
    "text-root": (b"hello\n", "invalid-yaml", "1:1", "mapping"),
    "two-documents": (b"a: 1\n---\nb: 2\n", "invalid-yaml", "2:1", "document"),
    "unknown-alias": (b"a: *nowhere\n", "invalid-yaml", "1:4", "alias"),
    "anchor-twice": (b"a: &x 1\nb: &x 2\n", "invalid-yaml", "2:4", "twice, first on line 1"),
    "bomb": (BOMB.encode(), "invalid-yaml", "", "expand too far"),
    "endless-alias": (b"a: &a [*a]\n", "invalid-yaml", "", "nested deeper"),
    "deep-flow": (b"a: " + b"[" * 5000 + b"]" * 5000, "invalid-yaml", "1", "nested deeper"),
    "deep-block": (b"a:\n " + b"- " * 400 + b"x\n", "invalid-yaml", "2", "nested deeper"),
    "nul": (b"a: 1\nb: x\x00y\n", "invalid-yaml", "2", ""),
    "control": (b"a: 1\nb: x\x07y\n", "invalid-yaml", "2", ""),
    "merge-of-text": (b"<<: x\na: 1\n", "invalid-yaml", "1:5", "merge"),
}


@pytest.mark.parametrize(("data", "rule", "place", "text"), BROKEN.values(), ids=BROKEN)
def test_fault_has_rule_and_place(data: bytes, rule: str, place: str, text: str) -> None:
    """A broken file is refused with the rule, line and column of its fault, in one line."""
    with pytest.raises(PromptError) as caught:
        load(data, "prompts/p.yaml")
    error = caught.value
    assert error.rule == rule
    assert error.location is not None
    where = str(error.location)
    assert where.startswith("prompts/p.yaml")
    if place:
        assert where.removeprefix("prompts/p.yaml:") == place or (
            ":" not in place and where.startswith(f"prompts/p.yaml:{place}")
        )
    assert text in error.message
    assert "\n" not in error.message


def test_line_separator_is_named() -> None:
    """A U+2028 that breaks the file is named with its line, because no editor shows it."""
    with pytest.raises(PromptError) as caught:
        load("a: |\n  one\u2028two\nb: 1\n".encode(), "p.yaml")
    assert "U+2028 on line 2" in caught.value.message


VALUES = {
    "no": "no",
    "yes": "yes",
    "on": "on",
    "off": "off",
    "true": True,
    "False": False,
    "~": None,
    "null": None,
    "": None,
    "1": 1,
    "1.0": 1.0,
    "-3": -3,
    "0x1F": 31,
    "0o17": 15,
    "017": 17,
    "1e3": 1000.0,
    "12:30:45": "12:30:45",
    "'1'": "1",
    '"1.10"': "1.10",
    "1.10.0": "1.10.0",
    "!!str 12": "12",
    "[1, a, [b]]": [1, "a", ["b"]],
    "{a: {b: c}}": {"a": {"b": "c"}},
    "=": "=",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_values_follow_yaml_1_2(text: str, value: object) -> None:
    """Scalars are read by the core schema of YAML 1.2, with the type that JSON has for them."""
    read = load(f"a: {text}\n".encode(), "p.yaml").value["a"]
    assert read == value
    assert type(read) is type(value)


def test_positions_and_text_lines() -> None:
    """Each field knows the line and column of its key and value, a text its first and last line."""
    document = load(
        b"# c\nname: x\nmessages:\n  - role: user\n    content: |\n      hi\n", "p.yaml"
    )
    assert str(document.positions["name"]) == "p.yaml:2:7"
    assert str(document.positions["messages.0.role"]) == "p.yaml:4:11"
    assert str(document.positions["messages.0.content#key"]) == "p.yaml:5:5"
    (message,) = document.items("messages")
    assert line_of(message) == 4
    assert text_lines(child(message, "content")) == (6, 6)


def test_byte_order_mark_moves_nothing() -> None:
    """A byte order mark is remembered, and columns count without it."""
    document = load(b"\xef\xbb\xbfname: x\n", "p.yaml")
    assert document.bom
    assert str(document.positions["name"]) == "p.yaml:1:7"


def test_merge_keys() -> None:
    """A merge key fills in what the mapping does not say itself; earlier sources win, as places."""
    text = b"d: &d {a: 1, b: 2}\ne: &e {b: 3, c: 4}\nx:\n  <<: [*d, *e]\n  a: 0\n"
    document = load(text, "p.yaml")
    assert document.value["x"] == {"a": 0, "b": 2, "c": 4}
    places = {key: str(document.positions[f"x.{key}"]) for key in "abc"}
    assert places == {"a": "p.yaml:5:6", "b": "p.yaml:1:17", "c": "p.yaml:2:17"}
    x = child(document.root, "x")
    assert [line_of(child(x, key)) for key in "abc"] == [5, 1, 2]


def test_scalar_as_written() -> None:
    """The text of a root field is to be had as written, before YAML makes a number of it."""
    document = load(b"version: 1.10\ndigest: 123456789012\nname: ~\n", "p.yaml")
    assert document.scalar("version") == "1.10"
    assert document.scalar("digest") == "123456789012"
    assert document.scalar("name") is None
    assert document.scalar("model") is None


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=5), _JSON, min_size=1, max_size=5),
    st.booleans(),
)
def test_json_is_read_as_itself(value: dict[str, object], ascii_only: bool) -> None:  # noqa: FBT001
    """Every JSON object is a YAML file with the same value and types, however it is escaped."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    read = load(text.encode(), "p.yaml").value
    assert json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_pairs_of_escapes_move_nothing_and_change_no_digest() -> None:
    """What Python's json writes for an emoji is that emoji, and every field keeps its place."""
    text = r'{"name": "\ud83d\ude00\\ud83d", "\ud83d\uDE00": "\ue000", "version": "1.0.0"}'
    document = load(text.encode(), "p.yaml")
    assert document.value == {
        "name": "\U0001f600\\ud83d",
        "\U0001f600": "\ue000",
        "version": "1.0.0",
    }
    assert document.positions["version"].column == text.index('"1.0.0"') + 1
    assert document.text == text
    written = set_version_and_digest(text.encode(), "p.yaml", version="2.0.0", digest="a" * 12)
    assert written.decode() == text.replace('"1.0.0"', '"2.0.0", "digest": "aaaaaaaaaaaa"')


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        (
            'name: "x\\ud83d\\ude00"',
            "1:9",
            "two escapes",
            "write \\U0001F600, or \U0001f600 itself",
        ),
        ('name: "x\n  \\ude00"', "2:3", "half a character", "write the whole character"),
        ('{"a": "\\ud83d\\ude00 \\ud83d"}', "1:21", "half a character", "write the whole"),
    ],
)
def test_halves_of_characters_say_what_to_write(
    text: str, place: str, message: str, fix: str
) -> None:
    """An escape that YAML does not know is named at its place, with what to write instead."""
    with pytest.raises(PromptError) as caught:
        load(text.encode(), "p.yaml")
    assert str(caught.value.location) == f"p.yaml:{place}"
    assert message in caught.value.message
    assert fix in (caught.value.fix or "")


def test_backslashes_that_parse_today_stay_text() -> None:
    """Where YAML reads no escapes, the letters of a pair are letters."""
    for text in ("x: |\n  \\ud83d\\ude00\n", "x: \\ud83d\\ude00\n", "x: '\\ud83d\\ude00'\n"):
        assert load(text.encode(), "p.yaml").value["x"].strip() == "\\ud83d\\ude00"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    """Whatever the bytes, the answer is a document or a PromptError."""
    try:
        load(data, "p.yaml")
    except PromptError as error:
        assert error.location is not None  # noqa: PT017 - most bytes raise, not all


def _outline(node: Any) -> Any:
    if node.id == "scalar":
        return node.tag, node.value, node.style, node.start_mark.index, node.end_mark.index
    parts = itertools.chain.from_iterable(node.value) if node.id == "mapping" else node.value
    return node.tag, node.start_mark.index, [_outline(part) for part in parts]


_SCALARS = """
    1 1.0 .5 -.inf .nan 0x1F 0o17 017 0b1 1_000 1e3 1.e3 +1 -0 12:30:45 2020-01-01 yes no on
    true True TRUE tRue null Null ~ '' "1" 'b' = << ! !!str !!int !!float !foo !!null words
"""


def test_the_loader_resolves_scalars_as_ruamel_does() -> None:
    """Every plain, quoted and tagged scalar has the tag that ruamel.yaml itself gives it."""
    text = "empty:\n" + "".join(f"k{n}: {scalar}\n" for n, scalar in enumerate(_SCALARS.split()))
    text += "".join(f"{scalar}: [{scalar}, {{a: {scalar}}}]\n" for scalar in ("1", "on", "~", "=x"))
    wanted = YAML(typ="safe", pure=False).compose(text)
    assert _outline(yamlnodes.compose(text, "x.yml")) == _outline(wanted)
