"""Every filter, test and operator of the sandbox, to be tried on values of every kind.

A template here takes ``v``, and ``w`` where it takes two, so that it is compiled once for all values.
"""

# ruff: noqa: E501 - tables of templates

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

__all__ = [
    "CONSTRUCTS",
    "FILTERED",
    "FORMATS",
    "FRAGMENTS",
    "NOT_TOLD",
    "OPERATED",
    "ROUNDED",
    "TESTED",
    "VALUES",
    "numbers",
    "pairs",
]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -3, 7, 250, 12345, 2**53, -(2**70) + 1, 10**30,
    0.0, -0.0, 0.5, 2.5, -2.675, 1e-7, 1.5e16, 123456.789, 1e300, -7.0,
    "", "a", "Ada \u00c9clair", "12", " 3.5 ", "-1e3", "0x1F", "\u0663\u0661", "1_000", "inf", "%s",
    "  Two  lines\nof <text> & 'more' \"quotes\"\n\nend. ", "both ' and \"", "line\r\nfeeds\x0b\u2028x",
    "stra\u00dfe \ufb01x \u01c6 \u1fb3 \u0391\u03a3 \u0130 \u10d0", "\u65e5\u672c\u8a9e and \U0001f600 e\u0301",
    "a well-known state-of-the-art thing -- really---long e-mail 3-4 x-", "control \x00\x7f\u200b\ue000 \ud7ff",
    "averyveryverylongwordwithout-anybreak-init and more", "title-case (of [these]) {words}<x",
    [], ["pear", "Apple", "fig", "apple", "pear"], [3, 1, 2.5, 1, -4], [1, "x", None], [[1, 2], [3, [4]], []],
    ["x", 1.0, 10**20, True], [0.1, 0.2, 0.3], [["k", "v w"], ["\u00e9/", 2]], [2, 10, True, 9.5],
    [{"name": "Bo", "age": 31, "t": ["a"]}, {"name": "al", "age": 25, "t": []}, {"name": "Cy", "age": 25, "t": ["c"]}],
    [{"name": "x"}, {"age": 3}], {}, {"b": 1, "A": [1, 2.0, None], "items": 2, "c": "it's"},
    {"10": "x", "9": {"k": 1e22}, "__proto__": 1, "a&b": "c d/"},
)  # fmt: skip
"""Plain JSON values, as variables have them."""

FILTERED: tuple[str, ...] = tuple(
    f"{{{{ v|{name} }}}}"
    for name in (
        "abs", "batch(2)|list", "batch(3, 'fill')|list", "batch(0)|list", "batch(2.0)|list",
        "capitalize", "center", "center(21)|replace(' ', '.')", "center(width=-1)", "count",
        "d", "default('q')", "default('q', true)", "d(boolean=true, default_value=3)",
        "dictsort", "dictsort(true)", "dictsort(by='value')", "dictsort(false, 'key', true)",
        "e", "escape", "filesizeformat", "filesizeformat(true)", "filesizeformat(binary=1)",
        "first", "float", "float(1)", "float(default='none')", "format", "format(7)",
        "format('a', 2)", "format(a=1)", "groupby('age')", "groupby('name', case_sensitive=true)|list",
        "groupby('zz', default='?')|list", "groupby(attribute=0)|map('last')|list", "groupby('zz')",
        "groupby('age')|map(attribute='grouper')|list", "indent", "indent(2, true)",
        "indent('> ', blank=true)", "int", "int(5)", "int(base=16)", "int(0, 0)", "int(-1, base=2)",
        "items|list", "items(1)", "join", "join(', ')", "join('-', attribute='name')",
        "join(attribute=1)", "last", "length", "list", "lower", "map('upper')|list",
        "map(attribute='age')|list", "map(attribute='age', default=0)|list", "map('nope')|list",
        "map('default', 'q')|list", "map(attribute='t.0', default='-')|join", "map|list",
        "map('round', precision=1)|list", "map('string')|map('length')|list", "map('first')|list",
        "max", "max(attribute='age')", "max(case_sensitive=true)", "min", "min(true)",
        "min(attribute='name')", "reject|list", "reject('odd')|list", "reject('in', [1, 'fig'])|list",
        "rejectattr('age')|list", "rejectattr('age', 'gt', 26)|map(attribute='name')|list",
        "replace('a', 'ZZ')", "replace('', '-')", "replace('', '-', 2)", "replace('l', 'L', count=1)",
        "replace('x', none)", "reverse|list", "reverse", "reverse|first", "round", "round(1)",
        "round(2)", "round(-1)", "round(1, 'floor')", "round(2, 'ceil')", "round(-2, 'floor')",
        "round(precision=0, method='ceil')", "round(none)", "select|list", "select('string')|list",
        "select('gt', 1)|list", "select('divisibleby', 5)|list", "select('sameas', true)|list",
        "selectattr('age')|list", "selectattr('age', 'defined')|list|length", "select('zz')|list",
        "select('==', 1)|list", "reject('!=', 1)|list", "select('>', 1)|list", "select('>=', 1)|list",
        "reject('<', 1)|list", "reject('<=', 1)|list", "select('divisibleby', num=5)|list",
        "selectattr('name', 'lower')|map(attribute='name')|join", "slice(2)|list", "selectattr|list",
        "slice(3, 'fill')|list", "slice(slices=0)|list", "slice(-1)|list", "sort", "sort(true)",
        "sort(case_sensitive=true)", "sort(attribute='name')", "sort(attribute='age,name')",
        "sort(true, attribute='age')|map(attribute='name')|list", "string", "sum", "sum(start=10)",
        "sum('age')", "sum(attribute='age', start=0.5)", "sum(start=[])", "title", "tojson",
        "tojson(2)", "tojson(indent=0)", "tojson('\t')", "trim", "trim('a ')", "trim(chars='')",
        "trim(2)", "truncate", "truncate(9)", "truncate(12, true, '~')", "truncate(5, false, '', 0)",
        "truncate(6, leeway=0, end='[..]')", "truncate(2)", "unique|list",
        "unique(case_sensitive=true)|list", "unique(attribute='age')|list|length", "upper",
        "urlencode", "wordcount", "wordwrap", "wordwrap(10)", "wordwrap(7, false)",
        "wordwrap(9, true, '|')", "wordwrap(8, break_on_hyphens=false)", "wordwrap(0)", "wordwrap(1)",
        "wordwrap(width=5, wrapstring='//', break_long_words=false, break_on_hyphens=false)",
        "nosuchfilter", "length(1)", "upper(x=1)", "list|tojson(1)", "string|list|unique|join",
        "list|string|tojson|e", "items|list|tojson", "list|reverse|map('string')|join('+')",
    )
)  # fmt: skip

TESTED: tuple[str, ...] = tuple(
    f"{{{{ v is {name} }}}}"
    for name in (
        "boolean", "callable", "defined", "divisibleby 3", "divisibleby(num=2)", "eq 7",
        "equalto('a')", "eq 1.0", "ne none", "ne(true)", "escaped", "even", "odd", "false", "true",
        "filter", "test", "float", "integer", "number", "ge 2", "gt 'b'", "greaterthan 0",
        "le 2.5", "lt 1", "lessthan 'b'", "in [1, 'a', none]",
        "in 'Ada 12'", "in({'a': 1, 7: 2, none: 3})", "in(seq=[2.5])", "iterable", "lower", "upper",
        "mapping", "none", "sameas none", "sameas(false)", "sequence", "string", "undefined",
        "nosuchtest", "eq", "in 5", "not odd",
    )
)  # fmt: skip

OPERATED: tuple[str, ...] = tuple(
    f"{{{{ {expression} }}}}"
    for expression in (
        "v + w", "v - w", "v * w", "v / w", "v // w", "v % w", "v ~ w", "v == w", "v != w", "v < w",
        "v <= w", "v > w", "v >= w", "v in w", "v not in w", "v and w", "v or w", "v ** w",
        "v[w]", "v[w:]", "v[:w]", "v[::w]", "[v, w]", "{w: v}", "(v, w)|sort", "[v, w]|max",
        "v if w else 'no'", "v if w", "0 < v < w", "(v, w) == (w, v)", "[v]|groupby(w)",
        "v is divisibleby w", "'%s %r'|format(v, w)", "[v, w]|sum", "v|join(w)", "-v", "+w",
        "v|replace(v, w)", "[v, w]|unique|list", "{v: 1, w: 2}", "v|batch(w)|list", "v|round(w)",
    )
)  # fmt: skip

FORMATS: tuple[str, ...] = tuple(
    f"{{{{ '{flags}'|format(v) }}}}"
    for flags in (
        "%s", "%5s|", "%-6s|", "%.2s", "%05s", "%r", "%.3r", "%a", "%d", "%05d", "%-4d|", "%i", "%u",
        "%+d", "% d", "%.3d", "%+08.4d", "%x", "%#x", "%#08X", "%o", "%#o", "%.5x", "%c", "%3c|", "%03c",
        "%f", "%.1f", "%.0f", "%#.0f", "%08.3f", "%+.2f", "% f", "%-9.2f|", "%F", "%e", "%.0e",
        "%#.0e", "%.3E", "%12.2e", "%g", "%G", "%.3g", "%#g", "%.0g", "%015g", "%.12g", "%ld", "%%",
        "100%% %s", "%", "%y", "%5%", "none", "%s %s", "%(a)s", "%1000d", "%*d", "%.20f", "%(", "%.40g",
    )
)  # fmt: skip

CONSTRUCTS: tuple[str, ...] = (
    "{% for x in v recursive %}{{ loop.depth }}{{ x if x is not iterable or x is string else loop(x) }};{% endfor %}",
    "{% for x in v recursive %}{{ loop.depth0 }}{% if x is sequence and x is not string %}({{ loop(x) }}){% else %}{{ loop.index }}{% endif %}{% else %}none{% endfor %}",
    "{% for x in v if x recursive %}{{ loop.revindex }}{{ loop([]) }}{% else %}-{% endfor %}",
    "{% for x in v %}{{ loop }}{{ loop.index0 }}{{ loop.last }}{{ loop.length }}{{ loop.previtem|d('<') }}{{ loop.nextitem|d('>') }}{% endfor %}",
    "{% for x in v|reverse %}{{ loop.revindex }}{{ loop.changed(x) }}{{ loop.cycle('a', 2) }}{% endfor %}",
    "{% for x in v|map('string') %}{{ loop.nextitem|d('.') }}{{ loop.length }}{{ loop.last }}{% endfor %}",
    "{% for a, b in v %}{{ a }}-{{ b }}{% endfor %}",
    "{% for k, (a, b) in v|items %}{{ k }}{{ a }}{% endfor %}",
    "{% for x in v %}{% for y in v %}{{ loop.index }}{% endfor %}{{ loop.index }}{% else %}e{% endfor %}",
    "{% for x in v %}{% for y in v if loop.first %}{{ y }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in v %}{% set v = x %}{{ v }}{% endfor %}{{ v }}",
    "{% for x in v %}{% if loop.first %}{% set y = x %}{% endif %}{{ y|d('gone') }}{% endfor %}",
    "{% set g = v|map('upper') %}{{ g|first }}{% for x in g %}{{ x }}{% endfor %}{{ g|list }}",
    "{% set g = v|select %}{% for x in g %}{{ x }}{{ g|first|d('end') }}{% endfor %}",
    "{% set unused = v|map('nosuch') %}{% set other = missing|map('upper') %}fine",
    "{{ (missing|select) is defined }}{{ missing in [] }}{{ [] is sameas [] }}",
    "{% macro m(a, b=v, c=a) %}{{ a }};{{ b }};{{ c }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=v) }}{{ m(*[1, 2]) }}{{ m(**{'a': 3}) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m() }}{{ m(v, 1, x=2) }}{{ m(*v) }}",
    "{% macro m(a) %}{{ a is defined }}{{ a|d('none') }}{% endmacro %}{{ m() }}{{ m(v) }}{{ m }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(zz=2) }}",
    "{% macro m(a=c, b=a, c=v) %}{{ a|d('?') }}{{ b|d('?') }}{{ c }}{% endmacro %}{{ m() }}{{ m(1) }}{{ m(c=2) }}",
    "{% for x in v %}{% include 'loop.md' %}{% endfor %}",
    "{% for x in v %}{{ loop.index }}{% include 'loop.md' %}{% endfor %}",
    "{% set q = 1 %}{% macro inside() %}{{ q }}{% endmacro %}{% include 'outer.md' %}{{ made is defined }}",
    "{% with q = v %}{% include 'outer.md' %}{% endwith %}{% include 'none.md' %}",
    "{% macro m(q) %}{% include 'outer.md' %}{% endmacro %}{{ m(v) }}",
    "{% macro m(a, b=b) %}{{ a }}{{ b }}{% endmacro %}{{ m(v) }}",
    "{% macro m(x) %}[{{ caller(x) }}{{ caller }}]{% endmacro %}{% call(y) m(v) %}{{ y }}{{ v }}{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=5, c=v) m() %}{{ a }}{{ b }}{{ c }}{% endcall %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}{{ v }}{% endcall %}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %},{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}{{ f(v|length) }}",
    "{% set a = 1 %}{% macro m() %}{{ a }}{{ z|d('no') }}{% endmacro %}{% set a = 2 %}{{ m() }}{% for z in [5] %}{{ m() }}{% endfor %}",
    "{% macro loopy(loop) %}{{ loop }}{% endmacro %}{{ loopy(3) }}",
    "{% for loop in v %}x{% endfor %}",
    "{% for x in v %}{% set loop = x %}{% endfor %}",
    "{% set a, b = 1, v %}{{ b }}{{ a }}{% set (c, d) = v %}{{ c }}{{ d }}",
    "{% set block | upper | replace('A', v) %}a{{ v }}{% endset %}{{ block }}",
    "{% set block %}{% set inner = 1 %}{{ v }}{% endset %}{{ block|length }}{{ inner is defined }}",
    "{% filter upper|indent(2) %}a{{ v }}\nb{% set q = 3 %}{% endfilter %}{{ q is defined }}",
    "{% filter replace('a', v) %}banana{% endfilter %}",
    "{% with a = v, b = a|d('outer') %}{{ a }}{{ b }}{% set c = 1 %}{% endwith %}{{ a is defined }}{{ c is defined }}",
    "{% if v is none %}n{% elif v is string %}{% set kind = 's' %}{% elif v %}t{% else %}f{% endif %}{{ kind|d('-') }}",
    "  {%- if v -%}  yes  {%- endif -%}  {{- v -}}  \n {#- gone -#} x",
    "{% raw %}{{ v }}{% endraw %}{# {{ v }} #}{{ '{{' }}{{ \"}}\" }}",
    "{{ v[0] }}{{ v[-1] }}", "{{ v.a }}", "{{ v.items }}", "{{ v['10'] }}{{ v['__proto__'] }}",
    "{{ v[1:3] }}{{ v[::-1] }}{{ v[-2:] }}{{ v[:100:2] }}", "{{ v[true] }}", "{{ v[missing]|d('m') }}",
    "{{ v.x.y }}", "{{ v.name|d('no name') }}", "{{ v.__class__ }}", "{{ v.upper() }}", "{{ v() }}",
    "{{ 12345678901234567890 + 1 }} {{ 0x1F }} {{ 1_000 }} {{ 1e999 }} {{ 2 ** 200 }} {{ 2 ** 5000 }}",
    "{{ 9007199254740993 * 3 }} {{ -7 // 2 }} {{ (10 ** 25) // 7 }} {{ (10 ** 25) % 7 }} {{ 10 ** 25 / 3 }}",
    "{{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ 10.0 ** 3 }} {{ 1.1 ** 10 }} {{ 0 ** 0 }} {{ 9 ** 0.5 }} {{ 1e16 ** 2 }}",
    "{{ range(3) }}{{ range(1, 9, 3) }}{{ range(10)[2:5] }}{{ range(3)|list }}{{ range(5)|sum }}{{ 3 in range(5) }}",
    "{{ range(0) == range(0, -5) }}{{ range(3)[0] is defined }}{{ range(9, 0, -4)|list }}{{ range is callable }}",
    "{% for g in v|groupby('age') %}{{ g.grouper }}:{{ g.list|length }}:{{ g[0] }}:{{ g }};{% endfor %}",
    "{{ (1, 2) + (3,) }}{{ (v,) * 2 }}{{ () }}{{ ('a',) }}{{ [1] * 3 }}{{ 'ab' * 2 }}{{ (1, 'x')[0] }}",
    "{{ {1: 'a', true: 'b', 1.0: 'c', none: v, (1, 2): 3} }}{{ {'a': 1}['a'] }}{{ {}|length }}",
    "{{ 1 == 1.0 == true }}{{ [1] == [true] }}{{ (1,) == [1] }}{{ 'a' < 'B' }}{{ [1, 2] < [1, 3] }}{{ none == false }}",
    "{{ not v }}{{ v and 'yes' }}{{ v or 'no' }}{{ v is not none }}{{ 'x' if v }}",
    "{{ 'a' 'b' ~ 1 ~ v }}{{ -2 ** 2 }}{{ 7 - 3 - 2 }}{{ 2 + 3 * 4 }}{{ (2 + 3) * 4 }}{{ not true or true }}",
    "{{ '\\u00e9\\n\\x41\\t\\\\' }}{{ ['\\n', '\\''] }}",
    "{{ 'upper' is filter }}{{ 'attr' is filter }}{{ 'odd' is test }}{{ v if 'nosuch' is filter else 0 }}",
    "{% if 'nosuch' is filter %}{{ v|nosuch }}{% else %}skipped{% endif %}",
    "{{ missing }}", "{{ missing.x }}", "{{ missing is undefined }}{{ missing|d(v) }}",
    "{{ [missing]|length }}", "{{ [missing] }}", "{{ [missing]|join }}", "{{ [[missing]]|join }}", "{{ missing == 1 }}",
    "{{ missing + 1 }}", "{{ 'x' ~ missing }}", "{{ [missing]|string }}", "{{ [missing]|upper }}", "{{ {'a': missing}|tojson }}",
    "{{ loop is defined }}", "{{ v|attr('x') }}", "{{ v|safe }}", "{{ v|pprint }}", "{{ v|random }}", "{{ self }}",
    "{% block x %}{% endblock %}", "{% import 'x' as y %}", "{% set ns = namespace(a=1) %}", "{% set x.y = 1 %}",
    "{{ v|map(attribute='name')|map('upper')|sort|join(', ') }}", "{{ v|sum * 2 }}{{ v|length // 2 }}",
    "{{ v|list|batch(2)|map('join', '-')|join('|') }}", "{{ v|tojson|length }}{{ v|string|wordcount }}",
    "{% set x | default(n) %}text{% endset %}{{ x }}", "{{ v|default(**{'default_value': 2}) }}{{ v|join(*['-']) }}",
    "{{ v is divisibleby(*[2]) }}", "{% for x in [1, 2, 3] %}{{ loop.cycle(*v) }}{% endfor %}",
)  # fmt: skip

ROUNDED = tuple(
    f"{{{{ {expression} }}}}"
    for expression in (
        "v", "v|round", "v|round(2)", "v|round(-2)", "v|round(1, 'floor')", "v|filesizeformat",
        "v|int", "v|abs ** 0.5", "v ** 3", "v|tojson", "7 / v", "v // 0.3", "v % 7", "[v]",
    )
)  # fmt: skip

FRAGMENTS = {
    "loop.md": "{{ loop is defined }}{{ loop.index|d('-') if loop is defined }}{{ x }}",
    "outer.md": "[{{ v }}{{ q|d('no q') }}{% set made = 1 %}{% include 'leaf.md' %}]",
    "leaf.md": "{{ made }}{{ inside is defined }}\n",
}
"""Included files by path."""

NOT_TOLD = frozenset(
    {
        "a complex number",
        "a power of this size",
        "a value this long",
        "printing an object that is no plain value",
        "sameas between values like these",
        "sorting what has no order",
        "the last digit of this power",
        "this attribute",
        "this sum of floats, which versions of Python round differently",
    }
)
"""What the page may say it does not know; everything else must render, or fail in both."""


def numbers(count: int, seed: int = 1) -> Iterator[Any]:
    """Yield random numbers of all sizes, those that are hard to print and to round among them."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.randrange(6)
        if kind == 0:
            yield rng.randint(-100, 100) / rng.choice((2, 4, 8, 10, 16, 100, 1000))
        elif kind == 1:
            yield rng.uniform(-1, 1) * 10.0 ** rng.randint(-12, 22)
        elif kind == 2:
            yield rng.choice(
                (0.5, 1.5, 2.5, 0.125, 0.375, 2.675, 1.005, 9.995, 99.5, 999.95)
            ) * rng.choice((1, 10, -1))
        elif kind == 3:
            yield rng.randint(-(10 ** rng.randint(1, 40)), 10 ** rng.randint(1, 40))
        elif kind == 4:
            yield rng.randint(-12, 12)
        else:
            yield float(rng.randint(-(10**6), 10**6))


def pairs(count: int, seed: int = 2) -> Iterator[tuple[Any, Any]]:
    """Yield random pairs of values, half of them numbers."""
    rng = random.Random(seed)
    amounts = list(numbers(count * 2, seed))
    for at in range(count):
        if rng.random() < 0.5:
            yield amounts[2 * at], amounts[2 * at + 1]
        else:
            yield rng.choice(VALUES), rng.choice(VALUES)
