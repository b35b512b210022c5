"""Rules: each id that the code uses is explained, and the document is up to date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptreg.errors import NotFoundError
from promptreg.rules import level_of_rule
from promptreg.rules.book import (
    CHANGE_RULES,
    FINDING_RULES,
    RULES,
    Rule,
    explain,
    rule,
    rules_document,
)
from promptreg.versioning import Level

ROOT = Path(__file__).parents[1]
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
MAKERS = {"Difference", "Finding", "_finding", "_error"}
ALL = pytest.mark.parametrize("found", RULES.values(), ids=RULES.keys())


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts in an expression that look like the id of a rule."""
    for part in ast.walk(node):
        value = part.value if isinstance(part, ast.Constant) else None
        if isinstance(value, str) and ID.fullmatch(value):
            yield value


def rule_ids(path: Path) -> Iterator[str]:
    """Yield every id that a module gives to an error, a finding or a difference."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.keyword(arg="rule", value=value):
                yield from texts(value)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in MAKERS:
                for argument in node.args:
                    if isinstance(argument, ast.Constant | ast.IfExp):
                        yield from texts(argument)
            case ast.Assign(targets=[ast.Name(id="rule")], value=value):
                yield from texts(value)
            case _:
                continue


def test_every_rule_that_the_code_names_is_explained() -> None:
    """No finding can be printed that `promptreg explain` does not know."""
    named = {
        (id_, path.name) for path in (ROOT / "promptreg").rglob("*.py") for id_ in rule_ids(path)
    }
    assert len(named) > 50
    assert {(id_, where) for id_, where in named if id_ not in RULES} == set()


def test_the_document_is_up_to_date() -> None:
    """`docs/rules.md` is what the code says; `python -m promptreg.rules` makes it."""
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == rules_document()


@ALL
def test_every_rule_is_complete(found: Rule) -> None:
    """Each rule has an id of one form, a title, an explanation in sentences and an example."""
    assert ID.fullmatch(found.id)
    assert found.title[0].isupper()
    assert not found.title.endswith(".")
    assert found.explanation.endswith(".")
    assert found.example.strip()
    assert (found.level is None) != (found.severity is None)
    assert found.weight in {"patch", "minor", "major", "error", "warning", "info"}


@ALL
def test_explain_shows_all_of_a_rule(found: Rule) -> None:
    """The terminal gets the title, the reason, the example and the weight."""
    text = explain(found.id)
    assert text.startswith(f"{found.id}: {found.title}\n")
    assert found.explanation in text
    assert all(f"    {line}".rstrip() in text for line in found.example.splitlines())
    assert found.weight in text


def test_an_unknown_rule_is_an_error_that_names_the_nearest() -> None:
    """A mistyped id is answered with the ids that look like it."""
    with pytest.raises(NotFoundError, match="no rule 'variable-remvoed'") as caught:
        rule("variable-remvoed")
    assert "variable-removed" in str(caught.value.fix)
    with pytest.raises(NotFoundError) as caught:
        rule("zzz")
    assert "docs/rules.md" in str(caught.value.fix)


def test_ids_are_unique() -> None:
    """A change and a finding never share an id."""
    assert not CHANGE_RULES.keys() & FINDING_RULES.keys()
    assert len(RULES) == len(CHANGE_RULES) + len(FINDING_RULES)


def test_the_configuration_overrides_a_level() -> None:
    """`[levels]` replaces the level of the rule it names and of no other."""
    levels = {"model-changed": Level.MAJOR}
    assert level_of_rule("model-changed", levels) is Level.MAJOR
    assert level_of_rule("model-changed", {}) is Level.MINOR
    assert level_of_rule("message-changed", levels) is Level.MINOR
