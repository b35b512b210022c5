"""The page's diff and preview against their Python twins, in the browser."""

from __future__ import annotations

import copy
import itertools
import json
import random
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from jinja2.tests import TESTS

from promptreg.diffs.textdiff import TextDiff, compare_texts
from promptreg.render.sandbox import render_text
from promptreg.render.sandbox.filters import FILTERS
from promptreg.render.templating import TemplateFault, render_fstring
from promptreg.report import html
from promptreg.report.bundle import script_of
from promptreg.report.model import MessageRow, PromptRow, VersionRow
from promptreg.report.template_tree import template_tree
from promptreg.report.wire_prompt import pack_prompt
from tests.report import template_grid as grid
from tests.report.conftest import Pages
from tests.report.synthetic import histories, synthetic_report
from tests.report.template_corpus import EVERYDAY, VALUES, templates

pytestmark = pytest.mark.browser

DIFF = script_of("diff.js", "globalThis.twin = m_diff;")
TREE = script_of(
    "tree.js",
    """
globalThis.render = (tree, values, fragments) => {
  try {
    const trees = new Map(Object.entries(fragments));
    return ["text", m_tree.renderTree(tree, m_pyjson.fromJson(values), trees)];
  } catch (error) {
    if (error instanceof m_pyclasses.Unsupported) return ["unsupported", error.message];
    if (error instanceof m_pyclasses.TemplateError) return ["error", error.message];
    return ["bug", `${error.name}: ${error.message}`];
  }
};""",
)


def _rows(diff: TextDiff) -> list[list[Any]]:
    return [
        [r.kind, r.old_number, r.new_number, r.old, r.new, [[s.kind, s.text] for s in r.spans]]
        for r in diff.rows
    ]


def _pairs() -> list[tuple[str, str]]:
    rng = random.Random(7)
    words = [
        "the",
        "quick",
        "\u65e5\u672c",
        "fox.",
        " ",
        "  ",
        "\t",
        "\U0001f600",
        "e\u0301",
        ",",
        "Fox",
    ]
    made = []
    for _ in range(400):
        lines = ["".join(rng.choices(words, k=rng.randint(0, 9))) for _ in range(rng.randint(0, 9))]
        other = [line for line in lines if rng.random() > 0.25]
        for _ in range(rng.randint(0, 4)):
            at = rng.randint(0, len(other))
            other.insert(at, "".join(rng.choices(words, k=rng.randint(0, 9))))
        made.append(("\n".join(lines), "\n".join(other) + rng.choice(("", "\n"))))
    for texts in histories():
        made += [*itertools.pairwise(texts), (texts[0], texts[-1])]
    return made


def test_the_diff_is_the_same_row_for_row(pages: Pages) -> None:
    """Every row, number and word mark equals Python's, on random and on real edits."""
    page = pages.open()
    page.evaluate(DIFF)
    pairs = _pairs()
    found = page.evaluate(
        """(pairs) => pairs.map(([a, b]) => {
          const rows = twin.compareTexts(a, b);
          const figures = twin.diffFigures(rows);
          return [rows.map((r) => [r.kind, r.oldNumber, r.newNumber, r.old, r.new, r.spans]),
            [figures.similarity, figures.wordsAdded, figures.wordsRemoved,
             figures.linesAdded, figures.linesRemoved]];
        })""",
        pairs,
    )
    for (old, new), (rows, figures) in zip(pairs, found, strict=True):
        diff = compare_texts(old, new)
        assert rows == _rows(diff), (old, new)
        assert figures == [
            diff.similarity,
            diff.words_added,
            diff.words_removed,
            diff.lines_added,
            diff.lines_removed,
        ]


def _python(template: str, values: dict[str, Any]) -> tuple[str, str]:
    try:
        return "text", render_text(template, copy.deepcopy(values), grid.FRAGMENTS)
    except TemplateFault as fault:
        return "error", fault.message


Found = dict[str, list[tuple[str, Any, str, str]]]


def _compare(pages: Pages, cases: Sequence[tuple[str, dict[str, Any]]]) -> Found:
    """Render each template with its values in the page and in Python; return what came of it."""
    page = pages.open()
    page.evaluate(TREE)
    templates = list(dict.fromkeys(template for template, _ in cases))
    numbers = {template: number for number, template in enumerate(templates)}
    trees = [template_tree(template) for template in templates]
    given = [[numbers[template], json.dumps(values)] for template, values in cases]
    fragments = {path: template_tree(text) for path, text in grid.FRAGMENTS.items()}
    # As one text: playwright takes seconds for lists of this size.
    packed = page.evaluate(
        """(packed) => {
          const [trees, cases, fragments] = JSON.parse(packed);
          return JSON.stringify(cases.map(([n, values]) => render(trees[n], values, fragments)));
        }""",
        json.dumps([trees, given, fragments]),
    )
    found: Found = defaultdict(list)
    for (template, values), (kind, text) in zip(cases, json.loads(packed), strict=True):
        python, expected = _python(template, values)
        found[_verdict(kind, text, python, expected)].append((template, values, text, expected))
    assert found["bug"] == []
    return found


def _verdict(kind: str, text: str, python: str, expected: str) -> str:
    if kind in {"bug", "unsupported"}:
        return kind
    if kind == "error":
        return "both fail" if python == "error" else "only page fails"
    return "equal" if python == "text" and text == expected else "silent"


def test_the_preview_never_differs_silently(pages: Pages) -> None:
    """Random templates render as jinja2 in our sandbox does, or say that they cannot."""
    found = _compare(pages, [(template, VALUES) for template in templates(400)])
    assert found["silent"] == []
    assert found["only page fails"] == []
    assert len(found["equal"]) > 250
    assert len(found["unsupported"]) < 10


def test_each_filter_test_operator_and_construct_renders_as_in_python(pages: Pages) -> None:
    """All that the sandbox allows renders as in Python, or fails in both, on any value."""
    cases = [
        (template, {"v": value})
        for template in grid.FILTERED + grid.TESTED + grid.CONSTRUCTS
        for value in grid.VALUES
    ]
    amounts = list(grid.numbers(40))
    cases += [(f, {"v": v}) for f in grid.FORMATS for v in [*amounts, *grid.VALUES[::3]]]
    cases += [(f, {"v": v}) for f in grid.ROUNDED for v in amounts]
    cases += [(o, {"v": v, "w": w}) for o in grid.OPERATED for v, w in grid.pairs(40)]
    found = _compare(pages, cases)
    assert found["silent"] == []
    assert found["only page fails"] == []
    told = {text for _, _, text, _ in found["unsupported"]}
    assert told <= grid.NOT_TOLD
    assert len(found["unsupported"]) < len(cases) / 100
    rendered = {template for template, *_ in found["equal"]}
    for name in [*FILTERS, "e", "d", "count"]:
        assert any(re.search(rf"\|{name}\b", template) for template in rendered), name
    for name in TESTS:
        asked = f" is {name}" if name.isidentifier() else f"'{name}'"
        assert any(asked in template for template in rendered), name


def test_letters_have_the_case_and_the_quotes_of_python(pages: Pages) -> None:
    """Every character of Unicode is treated as in Python, or told to be unknown."""
    page = pages.open()
    page.evaluate(script_of("pytext.js", "globalThis.text = m_pytext;"))
    everything = (code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    # All letters with a case are asked, and of the others only some, because a million takes long.
    codes = [c for c in everything if c < 0x800 or c % 97 == 0 or chr(c).lower() != chr(c).upper()]
    packed = page.evaluate(
        """(codes) => JSON.stringify(JSON.parse(codes).map((code) => {
          const [one, t] = [String.fromCodePoint(code), text];
          const asked = [() => t.upper(`A${one}b`), () => t.lower(`A${one}b A${one}`),
            () => t.capitalized(`${one}A${one}`), () => String(t.isUpper(one)),
            () => String(t.isLower(one)), () => t.quoted(one), () => t.stripped(one)];
          return asked.map((ask) => {
            try {
              return ask();
            } catch {
              return null;
            }
          });
        }))""",
        json.dumps(codes),
    )
    unknown = 0
    for code, found in zip(codes, json.loads(packed), strict=True):
        one = chr(code)
        expected = (
            f"A{one}b".upper(),
            f"A{one}b A{one}".lower(),
            f"{one}A{one}".capitalize(),
            str(one.isupper()).lower(),
            str(one.islower()).lower(),
            repr(one),
            one.strip(),
        )
        for shown, right in zip(found, expected, strict=True):
            unknown += shown is None and unicodedata.category(one) != "Cn"
            assert shown in {right, None}, (hex(code), shown, right)
        # Some browsers know this digit of 2026, others do not.
        assert found[:6] == [None] * 6 or code != 0x16DA5
    assert unknown < 100


def test_the_preview_renders_everyday_templates(pages: Pages) -> None:
    """What prompts really use is rendered, not refused."""
    found = _compare(pages, [(template, VALUES) for template in EVERYDAY])
    assert found["silent"] == []
    assert found["only page fails"] == []
    refused = [template for template, *_ in found["unsupported"]]
    assert refused == []


def test_the_preview_and_the_sandbox_agree_on_defaults(pages: Pages) -> None:
    """An undefined field with a default renders the default in both."""
    found = _compare(
        pages, [(t, VALUES) for t in ("{{ d.zzz | default('none') }}", "{{ missing|d(3) }}")]
    )
    assert len(found["equal"]) == 2


def test_the_page_puts_texts_and_trees_together_again(pages: Pages) -> None:
    """Packed texts and trees of all versions are on the page what they are in Python."""
    texts = [*EVERYDAY, "a\n{{ b }}\n\n{{ c }}", "{{ a }}\n", "\n{{ a }}", "x\r\n{{ a }}", "", "\n"]
    texts += ["\n".join(texts[at : at + 4]) for at in range(len(texts))]
    versions = tuple(
        VersionRow(f"1.{n}.0", "0" * 64, messages=(MessageRow("user", text),))
        for n, text in enumerate(texts)
    )
    page = pages.open()
    page.evaluate(script_of("decode.js", "globalThis.decode = m_decode.decode;"))
    found = page.evaluate(
        "(packed) => decode(packed).versions.map(({ messages: [m] }) => [m.text, m.tree()])",
        pack_prompt(PromptRow("p", versions=versions)),
    )
    for text, (shown, tree) in zip(texts, found, strict=True):
        assert shown == text
        assert tree == template_tree(text)


def test_the_preview_follows_includes_and_fstrings(pages: Pages) -> None:
    """Fragments see the variables around them, and braces that are no placeholder stay text."""
    page = pages.open()
    page.evaluate(TREE)
    outer = "{% set a = 1 %}{% for p in people %}{% include 'x.md' %}{% endfor %}"
    fragment = "{{ p.name }}:{{ a }};"
    found = page.evaluate(
        "([tree, values, fragments]) => render(tree, values, fragments)",
        [template_tree(outer), json.dumps(VALUES), {"x.md": template_tree(fragment)}],
    )
    assert found == ["text", render_text(outer, VALUES, {"x.md": fragment})]
    text = 'Say {name}: {"json": {n}} {{name}} {} { name }'
    found = page.evaluate(
        "([tree, values]) => render(tree, values, {})",
        [template_tree(text, "fstring"), json.dumps(VALUES)],
    )
    assert found == ["text", render_fstring(text, VALUES)]


def test_few_and_many_prompts_are_searched_alike(
    pages: Pages, write_report: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts read from the prompts' own data are those that a large report keeps for the search."""
    report = synthetic_report(3, 4)
    few = pages.open(write_report(report))
    monkeypatch.setattr(html, "FEW_PROMPTS", 0)
    monkeypatch.setattr(html, "SEARCHED", 2)
    many = pages.open(write_report(report))
    read = "m_search.loadTexts(3).then(({ texts }) => texts)"
    load = script_of("search.js", f"globalThis.texts = {read};")
    for page in (few, many):
        page.evaluate(load)
    texts = many.evaluate("texts")
    assert few.evaluate("texts") == texts
    newest = report.prompts[0].versions[-1].messages[0]
    assert [newest.role, newest.text] in texts[0]
    place, versions = texts[2][-1]
    assert (place, versions.split("\n")[1]) == ("version", report.prompts[2].versions[1].version)
