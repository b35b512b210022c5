"""Rendering: messages from values, clear errors for all that does not fit, and a tight sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.errors import NotFoundError, PromptError
from promptreg.prompt.parsing import parse_prompt
from promptreg.render import (
    find_includes,
    find_variables,
    inspect_templates,
    prompt_variables,
    render_messages,
)

if TYPE_CHECKING:
    from promptreg.prompt import Prompt

FRAGMENTS = {
    "shared/style.md": "Write in a {{ tone }} tone.\n",
    "shared/rules.md": "Rules:\n{% include 'shared/style.md' %}",
    "a.md": "{% include 'b.md' %}",
    "b.md": "{% include 'a.md' %}",
    "broken.md": "fine\n{{ a.b( }}",
    "item.md": "- {{ item }}\n",
    "undefined.md": "one\ntwo {{ nothing }}\n",
    "crlf.md": "\ufeffone\r\ntwo\r\n",
}


def load(path: str) -> str:
    """Return a fragment as a repository would."""
    if path not in FRAGMENTS:
        raise NotFoundError(f"no {path}")
    return FRAGMENTS[path]


def prompt_of(content: str, more: str = "", *, version: str = "1.3.0") -> Prompt:
    """Parse a prompt whose second message has the given content, which begins on line 5."""
    text = (
        f"version: {version}\nmessages:\n  - {{role: system, content: Be brief.}}\n"
        f"  - role: user\n    content: {json.dumps(content)}\n{more}"
    )
    return parse_prompt(text.encode(), "prompts/news/summarizer.yaml", "news/summarizer")


def text_of(content: str, more: str = "", **values: Any) -> str:
    """Render the second message."""
    prompt = prompt_of(content, more)
    return render_messages(prompt, values, load_include=load)[1]["content"]


def error_of(content: str, more: str = "", **values: Any) -> PromptError:
    """Return the error that rendering raises."""
    with pytest.raises(PromptError) as caught:
        text_of(content, more, **values)
    return caught.value


def outcome(action: Callable[[], Any]) -> Any:
    """Return what an action returns, or the error of ours that it raises."""
    try:
        return action()
    except PromptError as error:
        return error


# --- what is rendered ---


def test_messages_are_rendered_in_order() -> None:
    """Each message keeps its role and gets its values."""
    messages = render_messages(prompt_of("Sum up: {{text}}"), {"text": "News"}, load_include=load)
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Sum up: News"},
    ]


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("plain", {}, "plain"),
        ("ends with a line\n", {}, "ends with a line\n"),
        ("{{a}}{{ b }}", {"a": "1", "b": "2"}, "12"),
        ("{% if a == 'x' %}yes{% else %}no{% endif %}", {"a": "x"}, "yes"),
        ("{{ a|upper|truncate(4, true, '', 0) }}", {"a": "abcdef"}, "ABCD"),
        ("{% for c in a %}{{ loop.index }}{{ c }}{% endfor %}", {"a": "xy"}, "1x2y"),
        ("{% for c in a %}{{ loop.cycle('-', '+') }}{{ c }}{% endfor %}", {"a": "xy"}, "-x+y"),
        ("{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}", {}, "25"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m('a') }}", {}, "<1><a>"),
        ("{% set x = a ~ '!' %}{{ x }}", {"a": "hi"}, "hi!"),
        ("{{ 'a' * 3 + 'b' }} {{ 7 % 4 }} {{ 2 ** 10 }}", {}, "aaab 3 1024"),
        ("{{ '%s is %.1f'|format(a, 1.25) }}", {"a": "x"}, "x is 1.2"),
        ("{{ a|replace('x', 'yy')|length }}", {"a": "xx"}, "4"),
        ("{{ ['a', a]|join(', ') }}", {"a": "b"}, "a, b"),
        ("{{ a|tojson }}", {"a": "<é>"}, '"<é>"'),
        ("{{ a|e }}", {"a": "<b>"}, "&lt;b&gt;"),
        ("{% raw %}{{ a }}{% endraw %}", {}, "{{ a }}"),
        ("{# a comment #}x", {}, "x"),
        ("{{ true }} {{ none }}", {}, "True None"),
        ("{{ a }}", {"a": "{{ b }}{% if %}"}, "{{ b }}{% if %}"),
        ("{% macro m() %}{{ caller(5) }}{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}", {},
         "5"),
    ],
)  # fmt: skip
def test_jinja2(template: str, values: Mapping[str, str], expected: str) -> None:
    """Conditions, loops, filters, macros and plain text render as jinja2 does."""
    assert text_of(template, **values) == expected


TYPED = """variables:
  name: string
  count: {type: integer, default: 3}
  ratio: {type: number, default: 0.5}
  on: {type: boolean, default: false}
  items: {type: array, default: []}
  user: {type: object, default: {name: Ada}}
  extra: {type: any, default: null}
  tone: {type: string, default: neutral, enum: [neutral, lively]}
"""
ALL = "{{name}} {{count}} {{ratio}} {{on}} {{items}} {{user.name}} {{extra}} {{tone}}"


def test_typed_values_and_defaults() -> None:
    """Values are rendered by their types, and what is left out takes its default."""
    assert text_of(ALL, TYPED, name="x") == "x 3 0.5 False [] Ada None neutral"
    given_ = {"count": 4, "ratio": 2, "on": True, "items": [1, "b"], "user": {"name": "Bo"}}
    assert text_of(ALL, TYPED, name="x", **given_) == "x 4 2 True [1, 'b'] Bo None neutral"


def test_a_group_and_an_item_are_reached_by_name() -> None:
    """Fields of objects and the groups of groupby are values, not attributes."""
    template = "{% for g in items|groupby('k') %}{{ g.grouper }}:{{ g.list|length }} {% endfor %}"
    items = [{"k": "a"}, {"k": "b"}, {"k": "a"}]
    assert text_of(template, "variables: {items: array}", items=items) == "a:2 b:1 "
    shadow = "variables: {user: object}"
    assert (
        text_of("{{ user.items }} {{ user['keys'] }}", shadow, user={"items": 1, "keys": 2})
        == "1 2"
    )


def test_a_default_stands_in_for_what_is_missing() -> None:
    """`default` replaces a missing key, item or neighbour; nothing else takes a missing value."""
    found = text_of("{% set d = {'a': 1} %}{{ d.b | default('x') }}{{ [] | first | default('y') }}")
    assert found == "xy"
    loop = "{% for i in [1, 2] %}{{ loop.nextitem | default('-') }}{% endfor %}"
    assert text_of(loop) == "2-"
    with pytest.raises(PromptError, match="no attribute 'b'"):
        text_of("{% set d = {'a': 1} %}{{ d.b | upper }}")


def test_indent_refuses_what_it_would_change() -> None:
    """jinja2's own filter appends to a list it is given, in place."""
    assert text_of("{{ 'a\nb' | indent(2) }}") == "a\n  b"
    with pytest.raises(PromptError, match="indent wants a text"):
        text_of("{% set items = ['a'] %}{{ items | indent }}{{ items }}")


def test_placeholders_are_filled_with_messages() -> None:
    """A slot takes the caller's messages as they are, between the prompt's own."""
    text = (
        "messages:\n- {role: user, content: A}\n- placeholder: history\n- {role: user, content: B}"
    )
    prompt = parse_prompt(text.encode(), "prompts/x.yaml", "x")
    history = [{"role": "user", "content": "{{ not_a_template }}", "name": "Ada"}]
    messages = render_messages(prompt, {}, load_include=load, placeholders={"history": history})
    assert [m["content"] for m in messages] == ["A", "{{ not_a_template }}", "B"]
    assert messages[1] == history[0]
    assert messages[1] is not history[0]
    empty = render_messages(prompt, {}, load_include=load, placeholders={"history": []})
    assert [m["content"] for m in empty] == ["A", "B"]


@pytest.mark.parametrize(
    ("given_", "rule"),
    [
        ({}, "missing-placeholder"),
        ({"history": [], "other": []}, "unknown-placeholder"),
        ({"history": "hello"}, "placeholder-type"),
        ({"history": ["hello"]}, "placeholder-type"),
        ({"history": [{"content": "no role"}]}, "placeholder-type"),
        ({"history": {"role": "user"}}, "placeholder-type"),
    ],
)
def test_a_wrong_placeholder_is_an_error(given_: Any, rule: str) -> None:
    """A placeholder that is missing, unknown or no list of messages is named."""
    prompt = parse_prompt(b"messages:\n- placeholder: history\n", "prompts/x.yaml", "x")
    with pytest.raises(PromptError) as caught:
        render_messages(prompt, {}, load_include=load, placeholders=given_)
    assert caught.value.rule == rule


# --- f-strings ---

FSTRING = "template: fstring\n"


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("Hi {name}!", {"name": "Bo"}, "Hi Bo!"),
        ('{"a": {"b": [1, 2]}, "c": {name}}', {"name": "5"}, '{"a": {"b": [1, 2]}, "c": 5}'),
        ("{{name}} and {name}", {"name": "Bo"}, "{name} and Bo"),
        ('{{"doubled": 1}} {}', {}, '{{"doubled": 1}} {}'),
        ("{ name } {0} {a.b} {a!r} {a:>9}", {}, "{ name } {0} {a.b} {a!r} {a:>9}"),
        ("{name}", {"name": "{name} {other}"}, "{name} {other}"),
        ("{% include 'x.md' %} {{ 1 }}", {}, "{% include 'x.md' %} {{ 1 }}"),
    ],
)  # fmt: skip
def test_fstring(template: str, values: Mapping[str, str], expected: str) -> None:
    """Only `{name}` is a placeholder; braces of JSON and everything else are text."""
    assert text_of(template, FSTRING, **values) == expected


def test_fstring_values_are_checked_as_well() -> None:
    """Typed variables hold for both template languages."""
    more = FSTRING + "variables: {count: integer}\n"
    assert text_of("{count}", more, count=3) == "3"
    assert error_of("{count}", more, count="3").rule == "variable-type"
    assert error_of("{count} {other}", more, count=3).rule == "undeclared-variable"
    assert error_of("{name}", FSTRING).rule == "missing-variable"


# --- wrong values ---


@pytest.mark.parametrize(
    ("values", "rule", "words"),
    [
        ({}, "missing-variable", "'name' is missing"),
        ({"name": "x", "cuont": 3}, "unknown-variable", "did you mean 'count'"),
        ({"name": 5}, "variable-type", "'name' wants a string, not an integer"),
        ({"name": None}, "variable-type", "not null"),
        ({"name": "x", "count": "3"}, "variable-type", "'count' wants an integer, not a string"),
        ({"name": "x", "count": True}, "variable-type", "not a boolean"),
        ({"name": "x", "count": 1.0}, "variable-type", "not a number"),
        ({"name": "x", "ratio": True}, "variable-type", "not a boolean"),
        ({"name": "x", "on": 1}, "variable-type", "not an integer"),
        ({"name": "x", "items": "abc"}, "variable-type", "wants an array"),
        ({"name": "x", "user": [1]}, "variable-type", "wants an object"),
        ({"name": "x", "tone": "angry"}, "variable-enum", "none of: neutral, lively"),
        ({"name": "x", "extra": object()}, "variable-type", "JSON does not have"),
        ({"name": "x", "items": [[{"a": {1, 2}}]]}, "variable-type", "holds a set in 'a'"),
        ({"name": "x", "user": {1: 2}}, "variable-type", "has the key 1"),
    ],
)
def test_a_wrong_value_names_prompt_version_and_variable(
    values: dict[str, Any], rule: str, words: str
) -> None:
    """A missing, unknown or ill-typed value is an error that says of what and where."""
    error = error_of(ALL, TYPED, **values)
    assert error.rule == rule
    assert words in error.message
    assert error.message.startswith("news/summarizer 1.3.0: ")
    assert error.location is not None
    assert error.location.path == "prompts/news/summarizer.yaml"
    assert error.location.line > 0


def test_a_missing_variable_is_shown_where_the_template_uses_it() -> None:
    """The line is that of the file, also inside a block of text."""
    text = "version: 1.0.0\nmessages:\n- role: user\n  content: |\n    One\n    Two {{ who }}\n"
    prompt = parse_prompt(text.encode(), "prompts/x.yaml", "x")
    with pytest.raises(PromptError) as caught:
        render_messages(prompt, {}, load_include=load)
    assert str(caught.value.location) == "prompts/x.yaml:6"


def test_without_variables_every_name_is_a_required_string() -> None:
    """An undeclared name has to be given, and as text."""
    assert [v.name for v in prompt_variables(prompt_of("{{b}} {{ a|upper }}"), load)] == ["b", "a"]
    assert error_of("{{b}} {{a}}", b="x").rule == "missing-variable"
    assert error_of("{{a}}", a=["x"]).rule == "variable-type"
    assert error_of("{{a}}", a="x", b="y").rule == "unknown-variable"


class Tone(StrEnum):
    LIVELY = "lively"


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"

    def __format__(self, spec: str) -> str:
        return "LOUD"


def test_values_are_taken_as_the_plain_data_they_are() -> None:
    """A subclass of text renders as its text, and the caller's lists are not kept."""
    assert text_of("{{a}}{{ a ~ '' }}", a=Tone.LIVELY) == "livelylively"
    assert text_of("{{a}}{{ '%s'|format(a) }}", a=Loud("quiet")) == "quietquiet"


# --- includes ---


def test_includes_are_rendered_with_the_same_values() -> None:
    """A fragment, and what it includes, sees the prompt's values and its line ends are LF."""
    assert (
        text_of("{% include 'shared/rules.md' %}", tone="dry") == "Rules:\nWrite in a dry tone.\n"
    )
    assert text_of("{% include 'crlf.md' %}") == "one\ntwo\n"


def test_a_fragment_sees_what_its_includer_assigns() -> None:
    """A loop's variable reaches the fragment and is not asked of the caller."""
    template = "{% for item in items %}{% include 'item.md' %}{% endfor %}"
    assert text_of(template, "variables: {items: array}", items=["a", "b"]) == "- a\n- b\n"
    assert [v.name for v in prompt_variables(prompt_of(template), load)] == ["items"]


HERE = "prompts/news/summarizer.yaml:5"


@pytest.mark.parametrize(
    ("template", "rule", "place"),
    [
        ("{% include 'none.md' %}", "include-missing", HERE),
        ("{% include 'a.md' %}", "include-cycle", HERE),
        ("{% include 'broken.md' %}", "template-syntax", "prompts/broken.md:2"),
        ("{% include '../secret.md' %}", "include-escape", HERE),
        ("{% include '/etc/passwd.md' %}", "include-escape", HERE),
        ("{% include 'a/./b.md' %}", "include-escape", HERE),
        ("{% include 'a\\\\b.md' %}", "include-escape", HERE),
        (r"{% include 'a\x00b.md' %}", "include-escape", HERE),
        (r"{% include '\ud800.md' %}", "include-escape", HERE),
        ("{% include '' %}", "include-escape", HERE),
        ("{% include 'other.yaml' %}", "include-type", HERE),
        ("{% include x %}", "include-dynamic", HERE),
        ("{% include 'a' ~ '.md' %}", "include-dynamic", HERE),
        ("{% include ['a.md'] %}", "include-dynamic", HERE),
        ("{% include 'x.md' ignore missing %}", "include-dynamic", HERE),
        ("{% include 'item.md' without context %}", "include-dynamic", HERE),
    ],
)  # fmt: skip
def test_a_wrong_include_is_an_error_at_its_place(template: str, rule: str, place: str) -> None:
    """An include names one existing fragment inside the folder, and nothing goes in circles."""
    error = error_of(template)
    assert (error.rule, str(error.location)) == (rule, place)
    findings = inspect_templates(prompt_of(template), load)
    assert [(f.rule, str(f.location)) for f in findings] == [(rule, place)]


def test_an_error_inside_a_fragment_names_the_fragments_line() -> None:
    """What goes wrong in an included file is shown there."""
    error = error_of("{% include 'undefined.md' %}", "variables: {x: {default: a}}")
    assert (error.rule, str(error.location)) == ("undeclared-variable", "prompts/undefined.md:2")


def test_includes_and_variables_are_found_without_rendering() -> None:
    """Static discovery lists names and fragments in order of first use."""
    text = "{{ b }}{% include 'shared/x.md' %}{% for i in c %}{{ i.d }}{{ a }}{% endfor %}{{ b }}"
    assert find_variables(text) == ("b", "c", "a")
    assert find_includes(text + "{% if 0 %}{% include 'y.txt' %}{% endif %}") == (
        "shared/x.md",
        "y.txt",
    )
    assert find_variables("{a} {b} {{c}} {a}", "fstring") == ("a", "b")
    assert find_includes("{% include 'x.md' %}", "fstring") == ()
    with pytest.raises(PromptError, match="line 2: "):
        find_variables("fine\n{{ broken")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{a}} {{ a }} {{\n b\n}}", ("a", "b")),
        ("{{ true }} {{ None }} {{ loop }}", ("loop",)),
        ("{{ range(3) }}", ()),
        ("}} {{a}}", ("a",)),
        ("{{ a-b }}", ("a", "b")),
        ("{%- set a = b %}{{ a }}", ("b",)),
        ("{# {{ a }} #}", ()),
        ("{{ 'text' }}{{ 5 }}", ()),
        ("{{- a -}}", ("a",)),
        ("{{ a.b.c }}{{ d['e'] }}", ("a", "d")),
    ],
)
def test_find_variables(text: str, names: tuple[str, ...]) -> None:
    """Exactly the names taken from outside are variables."""
    assert find_variables(text) == names


@given(
    st.lists(st.sampled_from(["{{a}}", "{{ b }}", "text ", "{", "}", "\n", "{{ a|upper }}", "{%"]))
)
def test_the_short_cut_for_plain_templates_agrees_with_jinja2(parts: list[str]) -> None:
    """Reading plain placeholders without jinja2 finds what jinja2 would find."""
    from promptreg.render.sandbox import read_facts
    from promptreg.render.templating import TemplateFault, analyze

    text = "".join(parts)
    try:
        expected = read_facts(text)
    except TemplateFault:
        with pytest.raises(TemplateFault):
            analyze(text)
        return
    assert [u.name for u in analyze(text).variables] == [u.name for u in expected.variables]


@given(st.lists(st.sampled_from(["{{a}}", "{{ b }}", "{{ a\n}}", "x ", "}}", "\r\n"])))
def test_plain_templates_render_as_jinja2_renders_them(parts: list[str]) -> None:
    """Filling plain placeholders without jinja2 gives the same text."""
    from promptreg.render.sandbox import render_text
    from promptreg.render.templating import render_plain

    text, values = "".join(parts), {"a": "1\r\n{{ b }}", "b": "two"}
    plain = render_plain(text, values)
    assert plain is None or plain == render_text(text, values, {})


def test_plain_templates_do_not_load_jinja2() -> None:
    """A repository of plain prompts never pays for importing jinja2 to bump or to check."""
    code = (
        "import sys; from promptreg.render import find_includes, find_variables;"
        "from promptreg.prompt import Message, Prompt;"
        "from promptreg.render import render_messages;"
        "assert find_variables('Hi {{ name }}') == ('name',); find_includes('x');"
        "prompt = Prompt('x', 'prompts/x.yaml', {}, (Message('user', 'Hi {{ name }}'),));"
        "render_messages(prompt, {'name': 'Ada'}, load_include=str);"
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- inspection ---


def test_inspection_finds_undeclared_and_unused_variables() -> None:
    """Names without declaration are errors, declarations without use are warnings."""
    prompt = prompt_of("{{ artcle }}", "variables:\n  article: string\n  tone: string\n")
    found = [(f.rule, f.severity, f.location.line) for f in inspect_templates(prompt, load)]
    assert found == [
        ("undeclared-variable", "error", 5),
        ("unused-variable", "warning", 7),
        ("unused-variable", "warning", 8),
    ]
    assert "did you mean 'article'" in str(inspect_templates(prompt, load)[0].fix)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{a!r} {b.c}\n{d[0]} {e:>10} {f:.2f} {größe}", 6),
        ("{n:,} {p:.0%} {x:02d}", 3),
        ('{name} {"a": 1} {key: value} {a:1} {} {0} { b } {{c.d}} {x-y} {a, b} {http://x.y}', 0),
    ],
)
def test_inspection_finds_fields_of_python_in_an_fstring(text: str, fields: int) -> None:
    """What Python would fill and promptreg does not is a warning; JSON and code are text."""
    found = inspect_templates(prompt_of(text, "template: fstring"), load)
    assert [f.rule for f in found] == ["fstring-field"] * fields


def test_inspection_reports_each_broken_message() -> None:
    """All templates are looked at, not only the first that is wrong."""
    text = "messages:\n- {role: user, content: '{{ a'}\n- {role: user, content: '{% if %}'}\n"
    prompt = parse_prompt(text.encode(), "prompts/x.yaml", "x")
    found = inspect_templates(prompt, load)
    assert [(f.rule, f.location.line) for f in found] == [
        ("template-syntax", 2),
        ("template-syntax", 3),
    ]


def test_what_jinja2_cannot_compile_is_a_finding() -> None:
    """A name that jinja2 loses in the filter of a set block is told, not a crash."""
    prompt = prompt_of("{% set x | default(n) %}text{% endset %}{{ x }}")
    assert [f.rule for f in inspect_templates(prompt, load)] == ["template-syntax"]


def test_a_sound_prompt_has_no_findings() -> None:
    """A prompt that uses what it declares is left alone, with and without a declaration."""
    assert inspect_templates(prompt_of("{{ a }}", "variables: {a: string}"), load) == ()
    assert inspect_templates(prompt_of("{% include 'shared/rules.md' %}"), load) == ()


# --- the sandbox ---

UNSAFE = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ a|attr('__class__') }}",
    "{{ a['__class__'] }}",
    "{{ a['upper'] }}",
    "{{ a.upper() }}",
    "{{ [].append(1) }}",
    "{{ {}.items() }}",
    "{{ ''.join(['a']) }}",
    "{{ '{0.__class__}'.format(a) }}",
    "{{ 'x'.format_map({}) }}",
    "{{ '%s' % a }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ super() }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler('a') }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner() }}",
    "{{ namespace() }}",
    "{{ dict() }}",
    "{{ get_flashed_messages() }}",
    "{{ a() }}",
    "{{ (a)() }}",
    "{{ ['a'][0]() }}",
    "{{ range.__self__ }}",
    "{% for x in [1] %}{{ loop.__init__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% for x in [1] %}{{ loop['_iterator'] }}{% endfor %}",
    "{% for x in [1] %}{{ loop._undefined }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
    "{% macro m() %}{% endmacro %}{{ m.name }}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m() }}",
    "{% set x = namespace(a=1) %}",
    "{% set a.b = 1 %}",
    "{% import 'item.md' as x %}",
    "{% from 'item.md' import x %}",
    "{% extends 'item.md' %}",
    "{% block x %}{% endblock %}",
    "{% autoescape true %}{% endautoescape %}",
    "{{ a|map('attr', '__class__')|list }}",
    "{{ [a]|map(attribute='__class__')|list }}",
    "{{ [a]|selectattr('__class__')|list }}",
    "{{ [a, a]|sort(attribute='__class__') }}",
    "{{ [a, a]|groupby('__class__') }}",
    "{{ [a]|join(',', attribute='__class__') }}",
    "{{ [a]|sum(attribute='__class__') }}",
    "{{ a|random }}",
    "{{ a|xmlattr }}",
    "{{ a|safe }}",
    "{{ a|pprint }}",
    "{{ a|nothing }}",
    "{{ a is nothing }}",
    "{% do a %}",
    "{% debug %}",
    "{{ '%(a)s'|format(a=a.__class__) }}",
    "{{ a|format(a.__class__) }}",
    "{{ caller() }}",
    "{{ context }}{{ environment }}",
    "{{ a.__class__ is defined }}",
]


@pytest.mark.parametrize("template", UNSAFE)
def test_templates_reach_no_python(template: str) -> None:
    """No attribute, method, global or foreign template can be reached; each try is an error."""
    error = error_of(template, "variables: {a: {default: text}}")
    assert error.rule in {
        "template-unsafe", "template-syntax", "template-error", "undefined-field",
        "undeclared-variable",
    }  # fmt: skip
    assert "object at 0x" not in str(error)
    assert error.location is not None
    assert error.location.line == 5


BOMBS = [
    "{% for i in range(10**9) %}{% endfor %}",
    "{% for i in range(0 - 10**30, 10**30) %}{% endfor %}",
    "{{ range(100001)|list }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 9**(9**9) }}",
    "{{ 2 ** (10**10) }}",
    "{% set x = 99999 ** 200 %}{{ x * x }}",
    "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = x + x %}" * 40 + "{{ x }}",
    "{% set x = [1] %}" + "{% set x = x + x %}" * 40 + "{{ x }}",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}",
    "{% set x = {'a': 1} %}" + "{% set x = {'a': x, 'b': x} %}" * 40 + "{{ x|tojson }}",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40 + "{{ x|string|length }}",
    "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = [x, x]|join %}" * 40 + "{{ x }}",
    "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = x|replace('a', 'aa') %}" * 40 + "{{ x }}",
    "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = '%s%s'|format(x, x) %}" * 40 + "{{ x }}",
    "{% set x %}{% for i in range(100000) %}" + "x" * 500 + "{% endfor %}{% endset %}",
    "{% macro m() %}" + "x" * 5000 + "{% endmacro %}{% set y %}{% for i in range(99999) %}{{ m() }}"
    "{% endfor %}{% endset %}",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{{ '%999999999d'|format(1) }}",
    "{{ '%.999999999f'|format(1.0) }}",
    "{{ '%*d'|format(999999999, 1) }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'|indent(10**9) }}",
    "{{ ('a\\n' * 100000)|indent('b' * 100000) }}",
    "{{ [1]|batch(10**9, 0)|list }}",
    "{{ [1]|slice(10**9)|list }}",
    "{{ 1.5|round(10**9, 'ceil') }}",
    "{{ [1]|tojson(indent=10**9) }}",
    "{{ ('a' * 100000)|wordwrap(1, true, 'b' * 100000) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "[" * 150 + "1" + "]" * 150 + " }}",
    "{% if 1 %}" * 200 + "{% endif %}" * 200,
    "{{ " + "-" * 5000 + "1 }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ 1" + "9" * 10000 + " }}",
    "{% for a in range(99999) %}{{ range(99999)|sum }}{% endfor %}",
]


@pytest.mark.parametrize("template", BOMBS, ids=lambda text: text[:50])
def test_no_template_takes_all_time_or_memory(template: str) -> None:
    """A template that would run or grow without bound ends in an error, on its line."""
    error = error_of(template)
    assert error.rule in {"template-limit", "template-error", "template-syntax"}
    assert len(error.message) < 300
    assert error.location is not None
    assert error.location.line == 5


@pytest.mark.parametrize("constant", ["1", "1.5", "none", "true", "(-7)"])
def test_a_slice_of_a_constant_is_an_error_and_no_warning(constant: str) -> None:
    """Python would write a SyntaxWarning to stderr while it compiles; the template just fails."""
    assert error_of(f"{{{{ {constant}[1:2] }}}}").rule == "template-error"  # warnings are errors


@pytest.mark.parametrize(
    "text",
    [r"\d", r"\q\\\d\n\x41", r"\400\377", "\\é\\\n", r"\N{BULLET}\u2022", r"\{ \' \%"],
)
def test_an_unknown_escape_is_as_in_jinja2_without_warning(text: str) -> None:
    """Python would warn of an escape it does not know on stderr; the text is jinja2's own."""
    template = f'{{{{ "{text}"|trim }}}}'
    found = text_of(template)  # warnings are errors
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found == jinja2.Environment().from_string(template).render()


def test_many_placeholders_of_a_long_value_are_limited() -> None:
    """A plain template multiplies no value beyond what a rendering may put out."""
    assert error_of("{{a}}" * 2000, a="x" * 100_000).rule == "template-limit"


def test_a_large_honest_text_renders() -> None:
    """The budget leaves room for what models can read."""
    article = "word " * 400_000
    assert text_of("{{ a|trim }}\n{% for i in range(1000) %}{{ i }},{% endfor %}", a=article)
    many = {"items": [{"title": f"t{i}", "body": "b" * 50} for i in range(20_000)]}
    template = (
        "{% for item in items %}{{ loop.index }}. {{ item.title }}: {{ item.body }}\n{% endfor %}"
    )
    assert text_of(template, "variables: {items: array}", **many).count("\n") == 20_000


def test_one_renderings_budget_is_not_anothers() -> None:
    """What one rendering used up, the next one has again."""
    template = "{% for i in range(90000) %}{{ i }}{% endfor %}"
    assert len({text_of(template) for _ in range(15)}) == 1


@given(st.text(max_size=60))
def test_any_text_renders_or_fails_cleanly(template: str) -> None:
    """Whatever stands in a template, the answer is messages or an error of ours."""
    try:
        prompt = prompt_of(template)
    except PromptError:
        return  # not every text can stand in YAML
    answer = outcome(lambda: {v.name: "x" for v in prompt_variables(prompt, load)})
    if not isinstance(answer, PromptError):
        answer = outcome(lambda: render_messages(prompt, answer, load_include=load))
    if isinstance(answer, PromptError):
        assert answer.rule
        assert "\n" not in answer.message


PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " a ", "|", "(", ")", "'", ".", "_", "for x in ", "endfor",
     "if ", "endif", "set x = ", "[", "]", "1", "**", "*", "~", "macro m()", "endmacro", "m()",
     "loop", "self", "__class__", "range", ",", "include 'item.md'", "upper", "\n", "-"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_mixture_of_syntax_renders_or_fails_cleanly(template: str) -> None:
    """Random templates never get out of the sandbox with a foreign exception."""
    prompt = prompt_of(template, "variables: {a: {default: text}, item: {default: b}}")
    answer = outcome(lambda: render_messages(prompt, {}, load_include=load)[1]["content"])
    assert "<class" not in str(answer)
    assert "object at 0x" not in str(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_json_value_passes_through_tojson(value: Any) -> None:
    """What goes in as JSON comes out of `tojson` as the same JSON."""
    text = text_of("{{ a|tojson }}", "variables: {a: any}", a=value)
    assert json.loads(text) == value


@given(st.text())
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    """Braces in a value come out as they went in, in both languages."""
    assert text_of("<{{ a }}>", a=value) == f"<{value}>"
    assert text_of("<{a}>", FSTRING, a=value) == f"<{value}>"
