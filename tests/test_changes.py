"""Changes: each difference falls under its rule, and the level is none exactly when equal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.changes import Change, compare, level_of
from promptreg.prompt.digest import compute_digest
from promptreg.prompt.parsing import parse_prompt
from promptreg.rules.book import CHANGE_RULES
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.prompt import Prompt

BASE = """
name: Summarizer
version: 1.2.0
digest: 000000000000
description: Sums up.
model: gpt
modelParameters: {temperature: 0.7, stop: [a]}
variables:
  article: string
  tone: {type: string, default: neutral, enum: [neutral, lively]}
  count: {type: integer, default: 2}
messages:
  - role: system
    content: You are {{tone}}.
  - placeholder: history
  - role: user
    content: |
      Sum up in {{count}} lines:

      {{article}}
  - role: assistant
    content: Sure.
responseFormat: json_schema
jsonSchema:
  type: object
  properties:
    summary: {type: string}
    score: {type: integer}
    parts: {type: array, items: {type: object, properties: {title: {type: string}}}}
  required: [summary, score]
tags: [news]
metadata: {owner: a}
testData: [{article: x}]
evaluators: [{name: short}]
"""


def prompt_of(text: str) -> Prompt:
    """Parse a prompt file."""
    return parse_prompt(text.encode(), "prompts/a/b.yaml", "a/b")


def edited(old: str, new: str) -> str:
    """Replace a text that stands once in the base."""
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def changes(old: str, new: str, **more: Any) -> tuple[Change, ...]:
    """Compare two files without fragments."""
    return compare(prompt_of(old), prompt_of(new), old_includes={}, new_includes={}, **more)


def rules(found: tuple[Change, ...]) -> list[str]:
    """Return the rules of changes, weightiest first."""
    return [change.rule for change in found]


SLOT = "  - placeholder: history\n"
QUESTION = """\
  - role: user
    content: |
      Sum up in {{count}} lines:

      {{article}}
"""
EDITS = [
    # none
    ("name: Summarizer", "# a comment\nname: 'Summarizer'", []),
    ("version: 1.2.0\n", "version: 7.0.0\n", []),
    ("digest: 000000000000\n", "", []),
    ("testData: [{article: x}]", "testData: [{article: y}]", []),
    ("evaluators: [{name: short}]", "formerly: old", []),
    ("{temperature: 0.7, stop: [a]}", "{stop: [a], temperature: 0.7}", []),
    ("metadata: {owner: a}", 'metadata:\n  "owner": a', []),
    # patch
    ("name: Summarizer", "name: Sum", ["title-changed"]),
    ("name: Summarizer\n", "", ["title-changed"]),
    ("description: Sums up.", "description: Sums it up.", ["description-changed"]),
    ("tags: [news]", "tags: [news, x]", ["tags-changed"]),
    ("metadata: {owner: a}", "metadata: {owner: b}", ["metadata-changed"]),
    ("You are {{tone}}.", "You  are {{ tone }}.", ["whitespace-changed"]),
    ("lines:\n\n      {{article}}", "lines:\n      {{article}}", ["whitespace-changed"]),
    ("integer, default: 2}", "integer, default: 2, description: x}", ["variable-described"]),
    ("article: string", "article: {type: string}", ["spelling-changed"]),
    ("article: string", "article: {type: string, required: true}", ["spelling-changed"]),
    ("tags: [news]", "tags: [news]\ntemplate: jinja2", ["spelling-changed"]),
    # minor
    ("You are {{tone}}.", "You are always {{tone}}.", ["message-changed"]),
    ("You are {{tone}}.", "Youare {{tone}}.", ["message-changed"]),
    ("You are {{tone}}.", "'{% if tone %}You are {{tone}}.{% endif %}'", ["message-changed"]),
    ("    content: Sure.", "    content: Sure.\n  - {role: user, content: Go}", ["message-added"]),
    ("  - role: assistant\n    content: Sure.\n", "", ["message-removed"]),
    ("role: assistant", "role: user", ["message-role-changed"]),
    (SLOT + QUESTION, QUESTION + SLOT, ["messages-reordered"]),
    ("model: gpt", "model: gpt-mini", ["model-changed"]),
    ("model: gpt\n", "", ["model-changed"]),
    ("temperature: 0.7", "temperature: 0.8", ["parameters-changed"]),
    ("temperature: 0.7", "temperature: 0.7, topP: 1", ["parameters-changed"]),
    ("temperature: 0.7, stop: [a]", "temperature: 1", ["parameters-changed"] * 2),
    ("  count:", "  extra: {default: x}\n  count:", ["variable-added"]),
    ("article: string", "article: {default: x}", ["default-added"]),
    ("{type: integer, default: 2}", "{type: integer, default: 3}", ["default-changed"]),
    ("enum: [neutral, lively]", "enum: [neutral, lively, dry]", ["enum-widened"]),
    (", enum: [neutral, lively]", "", ["enum-widened"]),
    ("score: {type: integer}", "score: {type: integer}\n    more: {}", ["output-field-added"]),
    ("{title: {type: string}}", "{title: {type: string}, b: {}}", ["output-field-added"]),
    ("score: {type: integer}", "score: {type: integer, maximum: 9}", ["output-schema-changed"]),
    ("required: [summary, score]", "required: [summary, score, parts]", ["output-schema-changed"]),
    ("enum: [neutral, lively]", "enum: [lively, neutral]", ["other-changed"]),
    ("tags: [news]", "tags: [news]\nx-own: 1", ["other-changed"]),
    ("  - role: assistant\n", "  - role: assistant\n    x-own: 1\n", ["other-changed"]),
    # major
    ("  count: {type: integer, default: 2}\n", "", ["variable-removed"]),
    ("{type: integer, default: 2}", "{type: number, default: 2}", ["variable-retyped"]),
    ("  count:", "  extra: string\n  count:", ["required-variable-added"]),
    ("{type: integer, default: 2}", "integer", ["default-lost"]),
    ("enum: [neutral, lively]", "enum: [neutral]", ["enum-narrowed"]),
    ("enum: [neutral, lively]", "enum: [neutral, dry]", ["enum-narrowed"]),
    ("{type: integer, default: 2}", "{type: integer, default: 2, enum: [2]}", ["enum-narrowed"]),
    ("    score: {type: integer}\n", "", ["output-field-removed"]),
    ("{title: {type: string}}", "{}", ["output-field-removed"]),
    ("score: {type: integer}", "score: {type: string}", ["output-field-retyped"]),
    ("score: {type: integer}", "score: {type: [integer, 'null']}", ["output-field-retyped"]),
    ("required: [summary, score]", "required: [summary]", ["output-field-optional"]),
    ("responseFormat: json_schema", "responseFormat: json_object", ["response-format-changed"]),
    ("responseFormat: json_schema\n", "", ["response-format-changed"]),
    ("  - placeholder: history\n", "", ["placeholder-removed"]),
    ("  - placeholder: history\n", "  - placeholder: history\n  - placeholder: more\n",
     ["placeholder-added"]),
    ("placeholder: history", "placeholder: past", ["placeholder-removed", "placeholder-added"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), EDITS)
def test_an_edit_falls_under_its_rule(old: str, new: str, expected: list[str]) -> None:
    """Each kind of edit is named by exactly its rules, in both the level and the place."""
    found = changes(BASE, edited(old, new))
    assert rules(found) == expected
    for change in found:
        assert change.level is CHANGE_RULES[change.rule].level
        assert change.location.path == "prompts/a/b.yaml"
        assert change.location.line > 0
        assert change.detail


def test_every_rule_is_shown_by_an_edit() -> None:
    """The table above, and the tests below, leave no rule out."""
    elsewhere = {
        "include-changed", "variable-renamed", "variables-declared", "template-language-changed",
    }  # fmt: skip
    assert {rule for *_, rules_ in EDITS for rule in rules_} | elsewhere == set(CHANGE_RULES)


def test_equal_contents_have_no_changes() -> None:
    """The same file has no changes and level none."""
    assert changes(BASE, BASE) == ()
    assert level_of((), same_digest=True) is Level.NONE


def test_the_level_is_the_highest_and_never_none_for_another_digest() -> None:
    """Several changes ask for the highest of their levels; an unnamed difference for minor."""
    found = changes(
        BASE, edited("name: Summarizer", "name: X").replace("article: string", "text: string")
    )
    assert level_of(found, same_digest=False) is Level.MAJOR
    assert [c.level for c in found] == sorted((c.level for c in found), reverse=True)
    assert level_of((), same_digest=False) is Level.MINOR
    assert level_of(found, same_digest=True) is Level.NONE


def test_the_configuration_gives_a_rule_another_level() -> None:
    """A team may find that another model is a major change."""
    new = edited("model: gpt", "model: other")
    assert changes(BASE, new)[0].level is Level.MINOR
    assert changes(BASE, new, levels={"model-changed": Level.MAJOR})[0].level is Level.MAJOR
    lowered = changes(BASE, edited("enum: [neutral, lively]", "enum: [neutral]"),
                      levels={"enum-narrowed": Level.PATCH})  # fmt: skip
    assert level_of(lowered, same_digest=False) is Level.PATCH


# --- variables ---


def small(content: str, more: str = "") -> str:
    """Return a file with one message."""
    return f"messages: [{{role: user, content: {json.dumps(content)}}}]\n{more}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (small("{{a}}"), small("{{b}}"), ["variable-renamed", "message-changed"]),
        (small("x {{a}} {{a}}"), small("y {{b}} {{b}}"), ["variable-renamed", "message-changed"]),
        (small("{% if a %}{{ a }}{% endif %}"), small("{% if b %}{{ b }}{% endif %}"),
         ["variable-renamed", "message-changed"]),
        (small("{{a}} {{c}}"), small("{{c}} {{b}}"),
         ["variable-removed", "required-variable-added", "message-changed"]),
        (small("{{a}}", "variables: {a: string}"), small("{{b}}", "variables: {b: {default: x}}"),
         ["variable-renamed", "message-changed"]),
        (small("{{a}}", "variables: {a: string}"), small("{{b}}", "variables: {b: integer}"),
         ["variable-removed", "required-variable-added", "message-changed"]),
        (small("{{a}}"), small("a"), ["variable-removed", "message-changed"]),
        (small("a"), small("{{a}}"), ["required-variable-added", "message-changed"]),
        (small("{a}", "template: fstring"), small("{b}", "template: fstring"),
         ["variable-renamed", "message-changed"]),
        # swapped names are two renames, told as what they are: a changed wording
        (small("{{a}} {{b}}"), small("{{b}} {{a}}"), ["message-changed"]),
        # declared now, with the same meaning
        (small("{{a}}"), small("{{a}}", "variables: {a: string}"), ["variables-declared"]),
        (small("{{a}}", "variables: {a: string}"), small("{{a}}"), ["variables-declared"]),
        (small("{{a}}"), small("{{a}}", "variables: {a: integer}"), ["variable-retyped"]),
        (small("{{a}}"), small("{{a}}", "variables: {a: string, b: string}"),
         ["required-variable-added"]),
        # another language
        (small("{{a}}"), small("{{a}}", "template: fstring"),
         ["variable-removed", "template-language-changed"]),
        (small("x"), small("x", "template: fstring"), ["template-language-changed"]),
        # 1, 1.0 and true are three values
        (small("{{a}}", "variables: {a: {type: any, default: 1}}"),
         small("{{a}}", "variables: {a: {type: any, default: 1.0}}"), ["default-changed"]),
        (small("{{a}}", "variables: {a: {type: any, default: 1}}"),
         small("{{a}}", "variables: {a: {type: any, default: true}}"), ["default-changed"]),
        (small("x", "modelParameters: {n: 1}"), small("x", "modelParameters: {n: 1.0}"),
         ["parameters-changed"]),
        # what cannot be read does not stop the comparison
        (small("{{ a"), small("{{ b"), ["message-changed"]),
        (small("{{ a.upper() }}"), small("{{ a }}"), ["message-changed"]),
        # null and missing differ in the digest and mean the same
        (small("x"), small("x", "variables:"), ["spelling-changed"]),
        (small("x"), small("x", "modelParameters:"), ["spelling-changed"]),
        (small("x"), small("x", "responseFormat: text"), ["spelling-changed"]),
    ],
)  # fmt: skip
def test_what_callers_pass(old: str, new: str, expected: list[str]) -> None:
    """Declared or found in the templates, a difference for callers is a major change."""
    assert rules(changes(old, new)) == expected


def test_a_rename_points_at_the_new_name() -> None:
    """The change stands where the new variable is declared, the wording where the line differs."""
    renamed = edited("article: string", "text: string").replace("{{article}}", "{{text}}")
    found = changes(BASE, renamed)
    assert [(c.rule, c.detail) for c in found] == [
        ("variable-renamed", "variable article is now text"),
        ("message-changed", "user message"),
    ]
    lines = renamed.split("\n")
    assert lines[found[0].location.line - 1].strip() == "text: string"
    assert lines[found[1].location.line - 1].strip() == "{{text}}"


# --- the schema of the answer ---


def tree(description: str) -> Any:
    """Return a schema that holds itself twice, as that of a binary tree does."""
    inside = {"left": {"$ref": "#"}, "right": {"$ref": "#"}}
    return {"type": "object", "description": description, "properties": inside}


def doubling(kind: str) -> Any:
    """Return a schema whose every level names the next one twice."""
    levels = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}
    return {"$defs": {**levels, "d30": {"type": kind}}, "items": {"$ref": "#/$defs/d0"}}


def schema(value: Any) -> str:
    """Return a file whose answer has a schema."""
    return small("x", f"jsonSchema: {json.dumps(value)}")


INNER = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (schema(INNER), schema(json.dumps(INNER)), ["spelling-changed"]),
        (schema(json.dumps(INNER)), schema(json.dumps(INNER, indent=2)), ["spelling-changed"]),
        (schema(INNER), schema({"name": "n", "strict": True, "schema": INNER}),
         ["output-schema-changed"]),
        (small("x"), schema(INNER), ["response-format-changed"]),
        (schema(INNER), small("x"), ["response-format-changed"]),
        (schema({"$ref": "#/definitions/x", "definitions": {"x": INNER}}), schema(INNER),
         ["output-schema-changed"]),
        (schema({"$ref": "#/definitions/x", "definitions": {"x": INNER}}),
         schema({"$ref": "#/definitions/x", "definitions": {"x": {"type": "object"}}}),
         ["output-field-removed"]),
        (schema({"type": "array", "items": INNER}),
         schema({"type": "array", "items": {"type": "object"}}),
         ["output-field-removed"]),
        (schema({"anyOf": [INNER, {"type": "null"}]}), schema({"anyOf": [INNER]}),
         ["output-field-retyped", "output-field-removed"]),
        (schema({"$ref": "#"}), schema({"$ref": "#/nowhere"}), ["output-field-removed"]),
        (schema({"type": "object", "properties": {"next": {"$ref": "#"}}}),
         schema({"type": "object", "properties": {"next": {"$ref": "#"}, "v": {}}}),
         ["output-field-added"] * 2),
        (schema(tree("x")), schema(tree("y")), ["output-schema-changed"]),
        (schema({"anyOf": [{"$ref": "#"}, {"type": "string"}]}),
         schema({"anyOf": [{"$ref": "#"}, {"type": "integer"}]}),
         ["output-field-retyped"] * 5),
    ],
)  # fmt: skip
def test_the_schema_of_the_answer(old: str, new: str, expected: list[str]) -> None:
    """Fields are followed through arrays, references and alternatives."""
    assert rules(changes(old, new)) == expected


def test_a_short_schema_cannot_say_endlessly_many_fields() -> None:
    """References that double at each of 30 levels are followed to a bound."""
    found = rules(changes(schema(doubling("string")), schema(doubling("number"))))
    assert set(found) == {"output-field-retyped"}
    assert len(found) <= 10_000


# --- fragments ---


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"s.md": "a"}, {"s.md": "a"}, []),
        ({"s.md": "a b"}, {"s.md": "a  b\n"}, ["whitespace-changed"]),
        ({"s.md": "a"}, {"s.md": "b"}, ["include-changed"]),
        ({"s.md": "a", "t.md": "x"}, {"s.md": "{{ v }}"},
         ["required-variable-added", "include-changed", "include-changed"]),
        ({"s.md": "a"}, {"s.md": "a", "t.md": "x"}, ["include-changed"]),
    ],
)  # fmt: skip
def test_fragments(old: dict[str, str], new: dict[str, str], expected: list[str]) -> None:
    """A fragment's text belongs to the prompt, its variables too."""
    prompt = prompt_of(small("{% include 's.md' %}"))
    found = compare(prompt, prompt, old_includes=old, new_includes=new)
    assert rules(found) == expected
    assert all(c.location.path.startswith("prompts/") for c in found)


def test_a_changed_fragment_points_at_its_own_line() -> None:
    """A person is sent to the fragment, not to the prompt that includes it."""
    prompt = prompt_of(small("{% include 's.md' %}"))
    (found,) = compare(prompt, prompt, old_includes={"s.md": "a\nb"}, new_includes={"s.md": "a\nc"})
    assert str(found.location) == "prompts/s.md:2"


# --- messages ---


def chat(*messages: str) -> str:
    """Return a file from messages such as `u:text` and placeholders such as `p:name`."""
    roles = {"u": "user", "s": "system", "a": "assistant"}
    entries: list[dict[str, str]] = []
    for message in messages:
        kind, _, text = message.partition(":")
        entry = {"placeholder": text} if kind == "p" else {"role": roles[kind], "content": text}
        entries.append(entry)
    return json.dumps({"messages": entries})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (chat("s:a", "u:b"), chat("u:b", "s:a"), ["messages-reordered"]),
        (chat("s:a", "u:b"), chat("s:x", "s:a", "u:b"), ["message-added"]),
        (chat("s:a", "u:b", "u:c"), chat("s:a", "u:c"), ["message-removed"]),
        (chat("s:a", "u:b"), chat("s:x", "u:y"), ["message-changed", "message-changed"]),
        (chat("s:a", "u:b"), chat("u:b"), ["message-removed"]),
        (chat("s:a"), chat("u:b"), ["message-added", "message-removed"]),
        (chat("s:a"), chat("u:a"), ["message-role-changed"]),
        (chat("s:a b"), chat("u:a  b"), ["message-role-changed", "whitespace-changed"]),
        (chat("s:a", "p:h", "u:b"), chat("s:a", "u:b", "p:h"), ["messages-reordered"]),
        (chat("s:a", "p:h"), chat("s:x", "p:h"), ["message-changed"]),
        (chat("s:a", "p:h", "p:h"), chat("s:a", "p:h"), ["placeholder-removed"]),
        (chat("s:a", "p:h", "u:b"), chat("p:h", "s:a", "u:c"), ["message-changed"]),
    ],
)  # fmt: skip
def test_messages(old: str, new: str, expected: list[str]) -> None:
    """Messages are paired by what they say and by their role."""
    assert rules(changes(old, new)) == expected


# --- properties ---

TEXTS = st.sampled_from(["Sum up.", "Sum  up.", "Sum it up.", "{{a}}", "{{ a }} {{b}}", ""])
VARIABLE = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "integer", "any"])},
    optional={"description": st.sampled_from(["x", "y"])},
)
MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": TEXTS}),
    st.fixed_dictionaries({"placeholder": st.sampled_from(["h", "i"])}),
)
SCHEMAS = st.none() | st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.dictionaries(
            st.sampled_from("ab"),
            st.fixed_dictionaries({"type": st.sampled_from(["string", "null"])}),
        ),
    },
    optional={"required": st.lists(st.sampled_from("ab"), unique=True)},
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, min_size=1, max_size=3)},
    optional={
        "name": st.sampled_from(["x", "y"]),
        "description": st.none() | st.just("d"),
        "model": st.sampled_from(["m", "n"]),
        "modelParameters": st.none()
        | st.dictionaries(st.sampled_from("tp"), st.sampled_from([0, 1, 1.0, True, None])),
        "variables": st.none() | st.dictionaries(st.sampled_from("ab"), VARIABLE),
        "template": st.sampled_from(["jinja2", "fstring"]),
        "responseFormat": st.sampled_from(["text", "json_schema"]),
        "jsonSchema": SCHEMAS,
        "tags": st.lists(st.sampled_from("xy"), max_size=2),
        "metadata": st.none() | st.just({}),
        "x-own": st.sampled_from([1, 1.0, "1"]),
        "testData": st.just([{"a": 1}]),
        "version": st.just("1.0.0"),
    },
)
FRAGMENT_SETS = st.dictionaries(
    st.sampled_from(["s.md", "t.md"]), st.sampled_from(["a", "a ", "b {{c}}"])
)


@given(VALUES, VALUES, FRAGMENT_SETS, FRAGMENT_SETS)
def test_there_are_changes_exactly_when_the_digests_differ(
    old: Any, new: Any, old_includes: dict[str, str], new_includes: dict[str, str]
) -> None:
    """Whatever two contents hold, no change means equal digests and the other way round."""
    before, after = prompt_of(json.dumps(old)), prompt_of(json.dumps(new))
    found = compare(before, after, old_includes=old_includes, new_includes=new_includes)
    digests = compute_digest(before.value, old_includes), compute_digest(after.value, new_includes)
    same = digests[0] == digests[1]
    assert (found == ()) == same
    assert (level_of(found, same_digest=same) is Level.NONE) == same
    assert {change.rule for change in found} <= set(CHANGE_RULES)


@given(VALUES)
def test_a_content_is_equal_to_itself(value: Any) -> None:
    """Comparing a content with itself finds nothing."""
    text = json.dumps(value)
    assert changes(text, text) == ()


@given(VALUES, VALUES)
def test_what_widens_one_way_narrows_the_other(old: Any, new: Any) -> None:
    """A variable added in one direction is removed in the other; likewise placeholders."""
    there = rules(changes(json.dumps(old), json.dumps(new)))
    back = rules(changes(json.dumps(new), json.dumps(old)))
    assert there.count("placeholder-added") == back.count("placeholder-removed")
    added = there.count("variable-added") + there.count("required-variable-added")
    assert added + there.count("variable-renamed") >= back.count("variable-removed")
