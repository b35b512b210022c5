"""Templates and values for the preview's differential test: seeded, from a small grammar."""

# ruff: noqa: E501, PLR0911 - a grammar is a list of alternatives

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

VALUES: dict[str, Any] = {
    "name": "Ada \u00c9clair",
    "text": "  Two  lines\nof <text> & 'more' \"quotes\"\n\nend. ",
    "n": 7,
    "big": 123456,
    "zero": 0,
    "neg": -3,
    "x": 2.5,
    "tiny": 1e-7,
    "huge": 1.5e16,
    "whole": 3.0,
    "yes": True,
    "no": False,
    "none": None,
    "items": ["pear", "Apple", "fig", "apple"],
    "numbers": [3, 1, 2.5, 1, -4],
    "empty": [],
    "people": [
        {"name": "Bo", "age": 31, "tags": ["a", "b"]},
        {"name": "al", "age": 25, "tags": []},
        {"name": "Cy", "age": 25, "tags": ["c"]},
    ],
    "d": {"b": 1, "a": [1, 2.0, None, True, "it's"], "items": 2},
    "nested": [[1, 2], [3, [4]]],
    "cjk": "\u65e5\u672c\u8a9e and \U0001f600 emoji",
    "quote": "both ' and \"",
}
_SCALARS = ("name", "text", "n", "big", "zero", "neg", "x", "tiny", "huge", "whole", "yes", "no")
_MORE = ("none", "items", "numbers", "empty", "people", "d", "nested", "cjk", "quote", "missing")
_LITERALS = ("'a b'", '"it\'s"', "3", "-2", "0", "1.5", "10", "true", "false", "none", "[1, 'x']")
_PLAIN_FILTERS = (
    "upper", "lower", "title", "capitalize", "trim", "length", "first", "last", "list", "string",
    "int", "float", "abs", "sum", "sort", "unique|list", "reverse|list", "tojson", "e", "join",
    "default('dflt')", "d('x', true)", "wordcount", "max", "min", "round", "items|list",
    "dictsort", "count", "escape", "urlencode", "reverse", "map('upper')|list",
    "select|list", "reject|list",
)  # fmt: skip
_ARGUMENT_FILTERS = (
    "join(', ')", "join('-', attribute='name')", "replace('a', 'ZZ')", "replace('', '-')",
    "replace('l', 'L', 1)", "truncate(9)", "truncate(12, true, '~')", "truncate(5, false, '', 0)",
    "indent(2)", "indent(3, true)", "indent('> ', true, true)", "center(20)", "batch(2)|list",
    "batch(3, 'fill')|list", "map(attribute='name')|join('/')", "map(attribute='age')|sum",
    "selectattr('age', 'gt', 26)|map(attribute='name')|list", "rejectattr('tags')|list",
    "selectattr('tags')|list|length", "select('odd')|list", "sort(reverse=true)",
    "sort(attribute='name')", "sort(true, true)", "sort(case_sensitive=true)", "round(1)",
    "round(0, 'floor')", "round(2, 'ceil')", "tojson(2)", "tojson(indent=1)", "int(5)",
    "float(1.5)", "default(n)", "sum(start=10)", "sum(attribute='age')", "max(attribute='age')",
    "min(attribute='name')", "dictsort(true)", "dictsort(by='value')", "trim('Ad ')",
    "unique(attribute='age')|map(attribute='name')|list", "dictsort(reverse=true)",
    "map('default', 'q')|list", "first|default('none')", "reverse|join", "slice(3)|list",
    "slice(2, 'fill')|list", "groupby('age')", "groupby('name', case_sensitive=true)|list",
    "groupby('zzz', default=1)", "filesizeformat", "filesizeformat(true)", "format(n)",
    "format(name, x)", "wordwrap(12)", "wordwrap(5, false, '|')", "sort(attribute='age,name')",
    "round(-1)", "int(base=16)", "tojson('.')", "unique|list|tojson", "groupby('age')|map('first')|list",
    "map(attribute='age', default=0)|list", "urlencode|length",
)  # fmt: skip
_TESTS = (
    "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping",
    "sequence", "iterable", "true", "false", "odd", "even", "divisibleby(3)", "eq(7)", "ne(7)",
    "gt(2)", "lt(2)", "ge(7)", "le(0)", "in([7, 'fig'])", "upper", "lower", "sameas(true)", "callable", "filter", "test", "escaped",
)  # fmt: skip
_OPERATORS = (
    "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
    "and", "or",
)  # fmt: skip


def expression(rng: random.Random, depth: int = 3) -> str:
    """Return a random expression."""
    draw = rng.random()
    if depth <= 0 or draw < 0.22:
        return rng.choice(_SCALARS + _MORE if rng.random() < 0.8 else _LITERALS)
    inner = expression(rng, depth - 1)
    if draw < 0.5:
        return f"({inner})|{rng.choice(_PLAIN_FILTERS + _ARGUMENT_FILTERS)}"
    if draw < 0.66:
        return f"({inner} {rng.choice(_OPERATORS)} {expression(rng, depth - 1)})"
    if draw < 0.74:
        return f"({inner} is {rng.choice(('', 'not '))}{rng.choice(_TESTS)})"
    if draw < 0.82:
        key = rng.choice(("0", "-1", "1:", ":2", "::-1", "'name'", "'a'", "5", "1:3", "n"))
        return f"({inner})[{key}]"
    if draw < 0.88:
        return f"({inner}).{rng.choice(('name', 'age', 'a', 'items', 'zzz'))}"
    if draw < 0.93:
        return f"({inner} if {expression(rng, depth - 1)} else {expression(rng, depth - 1)})"
    if draw < 0.96:
        return f"not {inner}" if rng.random() < 0.5 else f"-({inner})"
    return f"[{inner}, {expression(rng, depth - 1)}]" if draw < 0.98 else f"{{'k': {inner}}}"


_FORMATS = (
    "'%s'", "'%5s|'", "'%-6s|'", "'%.2s'", "'%d'", "'%05d'", "'%-4d|'", "'%i'", "'%f'", "'%.1f'",
    "'%.0f'", "'%08.3f'", "'100%% %s'", "'%x'", "'%+d'", "'none'", "'%s %s'", "'%r'", "'%'", "'%e'", "'%.3g'", "'%#o'", "'%c'",
    "'%a'", "'% .2e'", "'%+.0f'",
)  # fmt: skip
_STRINGS = ("name", "text", "cjk", "quote", "'a b'", '"it\'s"', "people[0].name", "items[1]")
_NUMBERS = ("n", "big", "zero", "neg", "x", "whole", "3", "-2", "1.5", "people[1].age", "tiny")
_LISTS = ("items", "numbers", "empty", "people", "nested", "d.a", "[1, 'x']", "range(4)|list")
_STRING_FILTERS = (
    "upper", "lower", "title", "capitalize", "trim", "e", "replace('a', 'ZZ')", "replace('', '-')",
    "replace('l', 'L', 1)", "truncate(9)", "truncate(12, true, '~')", "indent(2)",
    "truncate(5, false, '', 0)", "indent('> ', true, true)", "center(20)", "urlencode",
    "trim('Ad ')", "reverse", "string", "tojson", "default('x')", "list|join('.')",
    "wordwrap(9)", "wordwrap(4, true, '/', false)",
    "indent(3, true)", "replace('%', '')|format",
)  # fmt: skip
_NUMBER_FILTERS = (
    "filesizeformat", "filesizeformat(true)", "abs", "round", "round(1)", "int", "float",
    "round(0, 'floor')", "d(1, true)",
)  # fmt: skip
_LIST_FILTERS = (
    "slice(2)|list", "slice(3, 'fill')|list", "slice(n)|list",
    "reverse|list", "list", "batch(2)|list", "batch(3, 'fill')|list", "select|list", "reject|list",
    "map('string')|sort", "map('default', 'q')|list", "unique|list",
)  # fmt: skip
_STRING_LISTS = (
    "items|sort", "items|sort(reverse=true)", "items|unique|list", "items|map('upper')|list",
    "people|map(attribute='name')|list", "people|map(attribute='name')|sort",
    "items|sort(case_sensitive=true)", "people|selectattr('tags')|map(attribute='name')|list",
    "people|rejectattr('age', 'gt', 26)|map(attribute='name')|list", "text|list",
    "people|sort(attribute='name')|map(attribute='name')|list", "items|batch(2)|map('join')|list",
    "people|sort(attribute='age', reverse=true)|map(attribute='name')|list",
)  # fmt: skip
_NUMBER_LISTS = (
    "numbers|sort", "numbers|select('odd')|list", "people|map(attribute='age')|list", "[n, x]",
    "numbers|reject('lt', 2)|list", "range(1, n, 2)|list", "people|unique(attribute='age')|list",
)  # fmt: skip


def text_expression(rng: random.Random, depth: int) -> str:
    """Return a random expression whose value is a text."""
    draw = rng.random()
    if depth <= 0 or draw < 0.2:
        return rng.choice(_STRINGS)
    if draw < 0.55:
        return f"({text_expression(rng, depth - 1)})|{rng.choice(_STRING_FILTERS)}"
    if draw < 0.6:
        arguments = [any_expression(rng, depth - 1) for _ in range(rng.choice((1, 1, 1, 2)))]
        return f"{rng.choice(_FORMATS)}|format({', '.join(arguments)})"
    if draw < 0.65:
        return f"({text_expression(rng, depth - 1)} ~ {any_expression(rng, depth - 1)})"
    if draw < 0.75:
        return f"({rng.choice(_STRING_LISTS)})|join({rng.choice(_STRINGS)})"
    if draw < 0.85:
        return (
            f"({text_expression(rng, depth - 1)})[{rng.choice((':3', '2:', '::-1', '-3:', '::2'))}]"
        )
    if draw < 0.92:
        one, other = text_expression(rng, depth - 1), text_expression(rng, depth - 1)
        return f"({one} if {truth(rng, depth - 1)} else {other})"
    return f"({any_expression(rng, depth - 1)})|{rng.choice(('string', 'tojson', 'e'))}"


def number_expression(rng: random.Random, depth: int) -> str:
    """Return a random expression whose value is a number."""
    draw = rng.random()
    if depth <= 0 or draw < 0.25:
        return rng.choice(_NUMBERS)
    if draw < 0.45:
        return f"({number_expression(rng, depth - 1)})|{rng.choice(_NUMBER_FILTERS)}"
    if draw < 0.8:
        operator = rng.choice(("+", "-", "*", "/", "//", "%", "**"))
        one, other = number_expression(rng, depth - 1), number_expression(rng, depth - 1)
        return f"({one} {operator} {other})"
    if draw < 0.9:
        return f"({list_expression(rng, depth - 1)})|length"
    return f"({rng.choice(_NUMBER_LISTS[:5])})|{rng.choice(('sum', 'max', 'min', 'first', 'last'))}"


def list_expression(rng: random.Random, depth: int) -> str:
    """Return a random expression whose value is a list."""
    draw = rng.random()
    if depth <= 0 or draw < 0.3:
        return rng.choice(_LISTS + _STRING_LISTS + _NUMBER_LISTS)
    if draw < 0.7:
        return f"({list_expression(rng, depth - 1)})|{rng.choice(_LIST_FILTERS)}"
    if draw < 0.85:
        return f"({list_expression(rng, depth - 1)})[{rng.choice((':2', '1:', '::-1', '-2:'))}]"
    return f"({list_expression(rng, depth - 1)} + {list_expression(rng, depth - 1)})"


def truth(rng: random.Random, depth: int) -> str:
    """Return a random expression whose value is true or false."""
    draw = rng.random()
    if draw < 0.3:
        operator = rng.choice(("==", "!=", "<", "<=", ">", ">="))
        return (
            f"({number_expression(rng, depth - 1)} {operator} {number_expression(rng, depth - 1)})"
        )
    if draw < 0.5:
        operator = rng.choice(("==", "<", ">", "in", "not in"))
        return f"({text_expression(rng, depth - 1)} {operator} {text_expression(rng, depth - 1)})"
    if draw < 0.7:
        test = rng.choice(("string", "number", "mapping", "sequence", "none", "defined", "boolean"))
        return f"({any_expression(rng, depth - 1)} is {rng.choice(('', 'not '))}{test})"
    if draw < 0.85:
        return f"(n {rng.choice(('in', 'not in'))} {list_expression(rng, depth - 1)})"
    return f"({truth(rng, depth - 1)} {rng.choice(('and', 'or'))} not {truth(rng, depth - 1)})"


def any_expression(rng: random.Random, depth: int = 3) -> str:
    """Return a random expression, mostly one that has a value."""
    kinds = (text_expression, number_expression, list_expression, truth, expression)
    kind = rng.choices(kinds, (5, 3, 3, 2, 1))[0]
    return kind(rng, depth)


def _calling(rng: random.Random, draw: float, body: str) -> str:
    """Return a loop that calls itself, a block that is called, or groups."""
    if draw < 0.58:
        return (
            "{% for x in nested recursive %}{{ loop.depth }}"
            f"{{{{ loop(x) if x is iterable else x }}}}{body}{{% endfor %}}"
        )
    if draw < 0.61:
        return (
            "{% macro w(a) %}[{{ caller(a) }}{{ varargs }}]{% endmacro %}"
            f"{{% call(y) w({any_expression(rng, 1)}, *items) %}}{{{{ y }}}}{body}{{% endcall %}}"
        )
    return (
        "{% for g in people|groupby('age') %}{{ g.grouper }}{{ g.list|length }}"
        f"{body}{{% endfor %}}"
    )


def statement(rng: random.Random, depth: int = 2) -> str:
    """Return a random piece of a template."""
    draw = rng.random()
    if depth <= 0 or draw < 0.4:
        return f"<{{{{ {any_expression(rng)} }}}}>"
    body = statement(rng, depth - 1)
    if draw < 0.55:
        other = statement(rng, depth - 1)
        return f"{{% if {truth(rng, 2)} %}}{body}{{% else %}}{other}{{% endif %}}"
    if draw < 0.63:
        return _calling(rng, draw, body)
    if draw < 0.75:
        source = rng.choice(("items", "numbers", "people", "empty", "d", "name", "range(3)"))
        extra = rng.choice(("", " if it", " if loop is defined"))
        loop = rng.choice(
            ("loop.index", "loop.revindex0", "loop.last", "loop.cycle('a', 'b')", "loop.length",
             "loop.previtem is defined", "loop.nextitem|default('-')", "loop.changed(it)", "it")
        )  # fmt: skip
        end = "{% else %}none{% endfor %}" if rng.random() < 0.5 else "{% endfor %}"
        return f"{{% for it in {source}{extra} %}}[{{{{ {loop} }}}}]{body}{end}"
    if draw < 0.83:
        return f"{{% set v = {any_expression(rng)} %}}{{{{ v }}}}{body}{{{{ v is defined }}}}"
    if draw < 0.88:
        return f"{{% with q = {any_expression(rng, 1)} %}}{{{{ q }}}}{body}{{% endwith %}}"
    if draw < 0.92:
        name = rng.choice(("upper", "trim", "indent(2)", "replace('a', 'b')|upper"))
        return f"{{% filter {name} %}}{body}\n x{{% endfilter %}}"
    if draw < 0.96:
        return (
            f"{{% macro m(a, b=3) %}}({{{{ a }}}};{{{{ b }}}}){{% endmacro %}}"
            f"{{{{ m({any_expression(rng, 1)}) }}}}{{{{ m(1, b={any_expression(rng, 1)}) }}}}"
        )
    return f"{{% set block %}}{body}{{% endset %}}{{{{ block|trim }}}}"


def templates(count: int, seed: int = 1) -> Iterator[str]:
    """Yield random templates, each a pure function of its number."""
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        yield " ".join(statement(rng) for _ in range(rng.randint(1, 3)))


EVERYDAY = (
    "Hello {{ name }}!",
    "{# a comment #}{{ n }} of {{ big }}",
    "{% for p in people %}{{ loop.index }}. {{ p.name }} ({{ p.age }})\n{% endfor %}",
    "{% if items %}{{ items | join(', ') }}{% else %}nothing{% endif %}",
    "{% for k, v in d.items() %}{% endfor %}",
    "{% for k, v in d | dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d|items %}{{ k }}={{ v }};{% endfor %}",
    "{{ people | tojson }}",
    "{{ people | tojson(indent=2) }}",
    "{{ d }} {{ nested }} {{ x }} {{ whole }} {{ tiny }} {{ huge }} {{ none }} {{ yes }}",
    "{{ cjk | length }} {{ cjk[::-1] }} {{ cjk | upper }} {{ cjk | truncate(5, true) }}",
    "{{ 10 / 5 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }}",
    "{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 0.125 | round(2) }}",
    "{{ missing }}",
    "{{ missing | default('none given') }}",
    "{% if missing is defined %}yes{% else %}no{% endif %}",
    "{{ name.upper() }}",
    "{{ ''.__class__ }}",
    "{% set ns = 1 %}{% for i in items %}{% set ns = ns + 1 %}{% endfor %}{{ ns }}",
    "{{ '%s' | format(1) }}",
    "{%- if yes -%}  trimmed  {%- endif -%}  {{ name }}",
    "{{ 'a' 'b' }} {{ 1 < n < 10 }} {{ not yes }} {{ n in numbers }} {{ 'x' ~ n ~ x }}",
    "{% raw %}{{ raw }}{% endraw %}",
    "{{ range(5) | list }} {% for i in range(10, 0, -3) %}{{ i }},{% endfor %}",
    "{% call(u) m2() %}{{ u }}{% endcall %}",
    "{% macro m3() %}<{{ caller('v') }}>{% endmacro %}{% call(u) m3() %}[{{ u }}]{% endcall %}",
    "{{ '%.2f' | format(x) }} {{ '%05.1f' | format(2.25) }} {{ '%.1f' | format(0.25) }}",
    "{{ '%s is %d years' | format('Bo', 31) }} {{ '%(a)s-%(b)03d' | format(a=1, b=2) }}",
    "{% for age, some in people | groupby('age') %}{{ age }}: {{ some | length }};{% endfor %}",
    "{% for column in items | slice(3) %}[{{ column | join(',') }}]{% endfor %}",
    "{{ big | filesizeformat }} {{ 1250 | filesizeformat }} {{ 1536 | filesizeformat(true) }}",
    "{{ 1 | filesizeformat }} {{ 999999 | filesizeformat }} {{ 1e15 | filesizeformat(true) }}",
    "{{ quote }} {{ [quote] }} {{ ['a\\nb', \"c'd\"] }} {{ ('one',) }} {{ (1, 2) }}",
)
