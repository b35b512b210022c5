"""Writing version and digest: the two values change, every other byte stays."""

# ruff: noqa: E501 - each style is one line of the table

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.errors import PromptError
from promptreg.naming import MAX_BYTES
from promptreg.prompt.digest import compute_digest
from promptreg.prompt.splice import set_version_and_digest
from promptreg.prompt.yamldoc import load

OLD = ("1.2.3", "0123456789ab")
NEW = ("1.3.0", "fedcba987654")
TAIL = "messages:\n- role: user\n  content: hi\n"

# Where both values stand already: text before -> text after is the two values exchanged.
IN_PLACE = {
    "plain": "version: {v}\ndigest: {d}\n" + TAIL,
    "after-name": "name: x\nversion: {v}\ndigest: {d}\nmodel: m\n" + TAIL,
    "last": TAIL + "version: {v}\ndigest: {d}\n",
    "last-no-newline": TAIL + "version: {v}\ndigest: {d}",
    "crlf": ("version: {v}\ndigest: {d}\n" + TAIL).replace("\n", "\r\n"),
    "cr": ("version: {v}\ndigest: {d}\n" + TAIL).replace("\n", "\r"),
    "mixed-ends": "version: {v}\r\ndigest: {d}\n" + TAIL,
    "bom": "\ufeffversion: {v}\ndigest: {d}\n" + TAIL,
    "bom-crlf": "\ufeff" + ("version: {v}\ndigest: {d}\n" + TAIL).replace("\n", "\r\n"),
    "document-start": "---\nversion: {v}\ndigest: {d}\n" + TAIL,
    "document-end": "version: {v}\ndigest: {d}\n" + TAIL + "...\n",
    "trailing-comments": "version: {v}  # keep\ndigest: {d} # this\n" + TAIL,
    "trailing-spaces": "version: {v}   \ndigest: {d}\t\n" + TAIL,
    "single-quotes": "version: '{v}'\ndigest: '{d}'\n" + TAIL,
    "double-quotes": 'version: "{v}"\ndigest: "{d}"\n' + TAIL,
    "quoted-keys": "\"version\": {v}\n'digest': {d}\n" + TAIL,
    "all-quoted": '"version": "{v}"\n"digest": "{d}"\n' + TAIL,
    "aligned": "name:     x\nversion:  {v}\ndigest:   {d}\n" + TAIL,
    "space-before-colon": "version : {v}\ndigest : {d}\n" + TAIL,
    "indented-root": "  version: {v}\n  digest: {d}\n  name: x\n  messages:\n  - role: a\n    content: b\n",
    "explicit-tag": "version: !!str {v}\ndigest: !!str {d}\n" + TAIL,
    "tag-and-quotes": "version: !!str '{v}'\ndigest: {d}\n" + TAIL,
    "anchor": "version: &v {v}\ndigest: &d {d}\n" + TAIL,
    "explicit-key": "? version\n: {v}\n? digest\n: {d}\n" + TAIL,
    "flow": "{{version: {v}, digest: {d}, messages: [{{role: user, content: hi}}]}}\n",
    "flow-multiline": "{{\n  version: {v},\n  digest: {d},\n  messages: [{{role: a, content: b}}],\n}}\n",
    "flow-spaced": "{{ version : {v} , digest : {d} , messages : [{{role: a, content: b}}] }}",
    "flow-digest-apart": "{{digest: {d}, messages: [{{role: a, content: b}}], version: {v}}}\n",
    "json": '{{"version": "{v}", "digest": "{d}", "messages": [{{"role": "a", "content": "b"}}]}}\n',
    "json-tight": '{{"version":"{v}","digest":"{d}","messages":[{{"role":"a","content":"b"}}]}}',
    "flow-after-marker": "--- {{version: {v}, digest: {d}, messages: [{{role: a, content: b}}]}}\n",
    "nested-version": "metadata:\n  version: 9.9.9\n  digest: abc\nversion: {v}\ndigest: {d}\n"
    + TAIL,
    "version-in-text": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: |\n    version: 1.2.3\n    digest: x\n",
    "version-in-comment": "# version: 1.2.3\nversion: {v}\ndigest: {d}\n# digest: 0\n" + TAIL,
    "astral": "# \U0001f600 é\nname: \U0001f600\U0001f600\nversion: {v}\ndigest: {d}\n" + TAIL,
    "astral-same-line": "{{name: \U0001f600é, version: {v}, digest: {d}, messages: [{{role: a, content: ü}}]}}",
    "odd-separator-in-comment": "# a\u2028# version: 0.0.1\nversion: {v}\ndigest: {d}\n" + TAIL,
    "blank-lines": "\n\n\nversion: {v}\ndigest: {d}\n\n\n" + TAIL,
    "keep-block": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: |+\n    x\n\n\n",
    "strip-block": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: |-\n    x\n",
    "folded": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: >\n    x\n    y\n",
    "indent-indicator": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: |2\n      x\n",
    "trailing-whitespace-text": "version: {v}\ndigest: {d}\nmessages:\n- role: a\n  content: |\n    x  \n    \n",
    "aliases": "version: {v}\ndigest: {d}\nx: &a hi\nmessages:\n- role: a\n  content: *a\n",
    "merge": "version: {v}\ndigest: {d}\nx: &a {{role: a}}\nmessages:\n- <<: *a\n  content: b\n",
    "multiline-plain": "version: {v}\ndigest: {d}\ndescription: a\n  b\n  c\n" + TAIL,
    "multiline-quoted": 'version: {v}\ndigest: {d}\ndescription: "a\n  b \\\n  c"\n' + TAIL,
    "tab-after-colon": "version:\t{v}\ndigest:\t{d}\n" + TAIL,
}

# Where something has to be added or moved.
ADDED = {
    "nothing": (TAIL, "version: {v}\ndigest: {d}\n" + TAIL),
    "comments-stay-first": (
        "# c\n\n# d\n" + TAIL,
        "# c\n\n# d\nversion: {v}\ndigest: {d}\n" + TAIL,
    ),
    "modeline": (
        "# yaml-language-server: $schema=x\nname: a\n" + TAIL,
        "# yaml-language-server: $schema=x\nversion: {v}\ndigest: {d}\nname: a\n" + TAIL,
    ),
    "bom-nothing": ("\ufeff" + TAIL, "\ufeffversion: {v}\ndigest: {d}\n" + TAIL),
    "crlf-nothing": (
        TAIL.replace("\n", "\r\n"),
        ("version: {v}\ndigest: {d}\n" + TAIL).replace("\n", "\r\n"),
    ),
    "after-marker": ("---\n" + TAIL, "---\nversion: {v}\ndigest: {d}\n" + TAIL),
    "indented": (
        "  name: x\n  messages: [{{role: a, content: b}}]\n",
        "  version: {v}\n  digest: {d}\n  name: x\n  messages: [{{role: a, content: b}}]\n",
    ),
    "no-digest": ("version: 1.2.3\n" + TAIL, "version: {v}\ndigest: {d}\n" + TAIL),
    "no-digest-comment": (
        "version: 1.2.3  # keep\n" + TAIL,
        "version: {v}  # keep\ndigest: {d}\n" + TAIL,
    ),
    "no-digest-crlf": (
        ("version: 1.2.3\n" + TAIL).replace("\n", "\r\n"),
        ("version: {v}\ndigest: {d}\n" + TAIL).replace("\n", "\r\n"),
    ),
    "no-digest-at-end": (TAIL + "version: 1.2.3", TAIL + "version: {v}\ndigest: {d}"),
    "no-digest-quoted": ("version: '1.2.3'\n" + TAIL, "version: '{v}'\ndigest: {d}\n" + TAIL),
    "empty-values": ("version:\ndigest:\n" + TAIL, "version: {v}\ndigest: {d}\n" + TAIL),
    "empty-with-comment": (
        "version: # set by bump\ndigest:\n" + TAIL,
        "version: {v} # set by bump\ndigest: {d}\n" + TAIL,
    ),
    "null-values": ("version: ~\ndigest: null\n" + TAIL, "version: {v}\ndigest: {d}\n" + TAIL),
    "float-digest-moved": (
        "digest: 0123456789ab\nversion: 1.2.3\n" + TAIL,
        "version: {v}\ndigest: {d}\n" + TAIL,
    ),
    "digest-at-end": (
        "version: 1.2.3\n" + TAIL + "digest: 0123456789ab\n",
        "version: {v}\ndigest: {d}\n" + TAIL,
    ),
    "digest-at-end-no-newline": (
        "version: 1.2.3\n" + TAIL + "digest: 0123456789ab",
        "version: {v}\ndigest: {d}\n" + TAIL,
    ),
    "digest-below-a-comment": (
        "version: 1.2.3\n# about the digest\ndigest: 0123456789ab\n" + TAIL,
        "version: {v}\ndigest: {d}\n# about the digest\n" + TAIL,
    ),
    "digest-below-a-blank": (
        "version: 1.2.3\n\ndigest: 0123456789ab\n" + TAIL,
        "version: {v}\ndigest: {d}\n\n" + TAIL,
    ),
    "digest-without-version": (
        "name: x\ndigest: 0123456789ab\n" + TAIL,
        "version: {v}\ndigest: {d}\nname: x\n" + TAIL,
    ),
    "digest-alone-first": (
        "digest: 0123456789ab\n" + TAIL,
        "version: {v}\ndigest: {d}\n" + TAIL,
    ),
    "flow-nothing": (
        "{{messages: [{{role: a, content: b}}]}}\n",
        "{{version: {v}, digest: {d}, messages: [{{role: a, content: b}}]}}\n",
    ),
    "flow-no-digest": (
        "{{version: 1.2.3, messages: [{{role: a, content: b}}]}}\n",
        "{{version: {v}, digest: {d}, messages: [{{role: a, content: b}}]}}\n",
    ),
    "json-nothing": (
        '{{"messages": [{{"role": "a", "content": "b"}}]}}\n',
        '{{"version": "{v}", "digest": "{d}", "messages": [{{"role": "a", "content": "b"}}]}}\n',
    ),
    "json-no-digest": (
        '{{"version": "1.2.3", "messages": [{{"role": "a", "content": "b"}}]}}\n',
        '{{"version": "{v}", "digest": "{d}", "messages": [{{"role": "a", "content": "b"}}]}}\n',
    ),
    "digest-between-a-block-and-spaces": (
        "version: 1.2.3\nx: |\n  text\ndigest: 0123456789ab\n     \n" + TAIL,
        "version: {v}\ndigest: {d}\nx: |\n  text\n" + TAIL,
    ),
    "digest-between-a-keeping-block-and-blank-lines": (
        "version: 1.2.3\nx: |+\n  text\n \ndigest: 0123456789ab\n\n  \n" + TAIL,
        "version: {v}\ndigest: {d}\nx: |+\n  text\n \n" + TAIL,
    ),
    "digest-between-a-block-and-the-end": (
        "version: 1.2.3\n" + TAIL + "x: |\n  text\ndigest: 0123456789ab\n    ",
        "version: {v}\ndigest: {d}\n" + TAIL + "x: |\n  text\n",
    ),
    "digest-in-quoted-key": (
        "version: 1.2.3\n" + TAIL + '"digest": "0"\n',
        "version: {v}\ndigest: {d}\n" + TAIL,
    ),
    "merged-version": (
        "x: &x {{version: 0.0.1}}\n<<: *x\n" + TAIL,
        "version: {v}\ndigest: {d}\nx: &x {{version: 0.0.1}}\n<<: *x\n" + TAIL,
    ),
}

REFUSED = {
    "alias": "x: &v 1.2.3\nversion: *v\n" + TAIL,
    "anchor-used-elsewhere": "version: &v 1.2.3\nmetadata: {a: *v}\n" + TAIL,
    "block": "version: |\n  1.2.3\n" + TAIL,
    "list": "version: [1, 2, 3]\n" + TAIL,
    "mapping": "version: {a: b}\n" + TAIL,
}


def _write(text: str, version: str = NEW[0], digest: str = NEW[1]) -> str:
    data = text.encode()
    return set_version_and_digest(data, "p.yaml", version=version, digest=digest).decode()


@pytest.mark.parametrize("style", IN_PLACE.values(), ids=IN_PLACE)
def test_only_the_two_values_change(style: str) -> None:
    """In each style of writing YAML all bytes but the two values stay as they were."""
    before = style.format(v=OLD[0], d=OLD[1])
    assert _write(before) == style.format(v=NEW[0], d=NEW[1])
    assert _write(before, *OLD) == before


@pytest.mark.parametrize(("before", "after"), ADDED.values(), ids=ADDED)
def test_missing_lines_are_added(before: str, after: str) -> None:
    """What is missing is added directly under version or before the first field, and no more."""
    written = _write(before.format())
    assert written == after.format(v=NEW[0], d=NEW[1])
    assert _write(written) == written


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    """A version that cannot be exchanged without changing something else is refused with a mend."""
    with pytest.raises(PromptError) as caught:
        _write(text)
    assert "by hand" in str(caught.value.fix)


@pytest.mark.parametrize("digest", ["123456789012", "12345678e012", "1e2345678901", "00000000000a"])
def test_number_like_digest_stays_text(digest: str) -> None:
    """A digest that YAML could read as a number is written so that it reads as text."""
    written = _write(TAIL, digest=digest).encode()
    assert load(written, "p.yaml").value["digest"] == digest
    assert load(written, "p.yaml").scalar("digest") == digest


_KEY = st.sampled_from(["name", "model", "metadata", "tags", "x", '"q"', "'s'"])
_VALUE = st.sampled_from(
    [
        "a",
        "'it''s'",
        '"\\u00e9 \\" x"',
        "[1, {a: b}]",
        "{v: 1}",
        "|\n  version: 1.2.3\n\n  digest: x",
        ">-\n  folded\n  text",
        "!!str z",
        "\n  - 1\n  -   2",
        "\U0001f600 é",
        "# nothing",
    ]
)
_GAP = st.sampled_from(["", "# comment\n", "\n", "#\n\n# \U0001f600\n", " \n"])
_VERSION = st.sampled_from(["1.2.3", "'1.2.3'", '"1.2.3"', "", "~", "1.2.3 # c", "!!str 1.2.3"])


@st.composite
def _files(draw: st.DrawFn) -> str:
    keys = draw(st.lists(_KEY, min_size=1, max_size=5, unique=True))
    lines = [f"{draw(_GAP)}{key}: {draw(_VALUE)}\n" for key in keys]
    for field in ("version", "digest"):
        if draw(st.booleans()):
            place = draw(st.integers(0, len(lines)))
            lines.insert(place, f"{draw(_GAP)}{field}: {draw(_VERSION)}\n")
    text = "".join(lines)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    text = draw(st.sampled_from(["", "---\n", "# top\n"])) + text
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


@given(_files())
def test_any_file_keeps_its_content_and_comments(text: str) -> None:
    """Whatever the file: its value but for the two fields stays, and so does each comment."""
    before = load(text.encode(), "p.yaml")
    written = _write(text)
    after = load(written.encode(), "p.yaml")
    assert (after.value["version"], after.value["digest"]) == NEW
    assert compute_digest(before.value, {}) == compute_digest(after.value, {})
    for comment in re.findall(r"#[^\r\n]*", text):
        assert comment in written or "digest" in text
    assert _write(written) == written
    assert written.startswith("\ufeff") == text.startswith("\ufeff")
    kept = [line for line in text.splitlines() if not re.match(r"\ufeff?(version|digest)\b", line)]
    left = [
        line for line in written.splitlines() if not re.match(r"\ufeff?(version|digest)\b", line)
    ]
    assert [line.strip("\ufeff") for line in kept] == [line.strip("\ufeff") for line in left]


def test_a_file_without_room_for_the_lines() -> None:
    """What would be too large to be read again is not written, and the error says why."""
    text = "messages: [{role: user, content: x}]\n#"
    data = text.encode().ljust(MAX_BYTES, b"x")
    with pytest.raises(PromptError) as caught:
        set_version_and_digest(data, "p.yaml", version="1.0.0", digest="abcdefabcdef")
    assert caught.value.rule == "file-too-large"
