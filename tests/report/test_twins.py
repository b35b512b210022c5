"""The page's diff and preview against their Python twins, in the browser."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from promptreg.diffs.textdiff import TextDiff, compare_texts
from promptreg.render.sandbox import render_text
from promptreg.render.templating import TemplateFault, render_fstring
from promptreg.report import html
from promptreg.report.bundle import script_of
from promptreg.report.model import MessageRow, PromptRow, VersionRow
from promptreg.report.template_tree import template_tree
from promptreg.report.wire import pack_prompt
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
    return ["text", m_tree.renderTree(tree, m_pyvalues.fromJson(values), trees)];
  } catch (error) {
    if (error instanceof m_pyvalues.Unsupported) return ["unsupported", error.message];
    if (error instanceof m_pyvalues.TemplateError) return ["error", error.message];
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
        return "text", render_text(template, copy.deepcopy(values), {})
    except TemplateFault as fault:
        return "error", fault.message


def _compare(pages: Pages, cases: Sequence[str]) -> dict[str, list[Any]]:
    page = pages.open()
    page.evaluate(TREE)
    trees = [template_tree(template) for template in cases]
    values = json.dumps(VALUES)
    found = page.evaluate(
        "([trees, values]) => trees.map((tree) => render(tree, values, {}))", [trees, values]
    )
    sorted_out: dict[str, list[Any]] = defaultdict(list)
    for template, (kind, text) in zip(cases, found, strict=True):
        python, expected = _python(template, VALUES)
        if kind == "bug":
            pytest.fail(f"{template!r}: {text}")
        if kind == "unsupported":
            verdict = "unsupported"
        elif kind == "error":
            verdict = "both fail" if python == "error" else "only page fails"
        elif python == "error" or text != expected:
            verdict = "silent"
        else:
            verdict = "equal"
        sorted_out[verdict].append((template, text, expected))
    return sorted_out


def test_the_preview_never_differs_silently(pages: Pages) -> None:
    """Random templates render as jinja2 in our sandbox does, or say that they cannot."""
    found = _compare(pages, list(templates(1000)))
    assert found["silent"] == []
    assert found["only page fails"] == []
    assert len(found["equal"]) > 500
    assert len(found["unsupported"]) < 200


def test_the_preview_renders_everyday_templates(pages: Pages) -> None:
    """What prompts really use is rendered, not refused."""
    found = _compare(pages, EVERYDAY)
    assert found["silent"] == []
    assert found["only page fails"] == []
    refused = [template for template, *_ in found["unsupported"]]
    assert refused == []


def test_the_preview_and_the_sandbox_agree_on_defaults(pages: Pages) -> None:
    """An undefined field with a default renders the default in both."""
    found = _compare(pages, ["{{ d.zzz | default('none') }}", "{{ missing|d(3) }}"])
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
    page.evaluate(script_of("data.js", "globalThis.decode = m_data.decode;"))
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
    monkeypatch.setattr(html, "_FEW_PROMPTS", 0)
    many = pages.open(write_report(report))
    load = script_of("data.js", "globalThis.texts = m_data.loadTexts(3);")
    for page in (few, many):
        page.evaluate(load)
    texts = many.evaluate("texts")
    assert few.evaluate("texts") == texts
    assert report.prompts[0].versions[-1].messages[0].text in texts[0]
    assert report.prompts[2].versions[1].version in texts[2]
