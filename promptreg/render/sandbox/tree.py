"""Syntax trees: what a template may not say, and the budget written into its loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from promptreg.render.sandbox.filters import CONCAT, SPEND
from promptreg.render.templating import TemplateFault, check_include_path

__all__ = ["assigned_names", "check", "with_budget"]

_FORBIDDEN: Mapping[type[nodes.Node], str] = {
    nodes.Block: "{% block %}",
    nodes.EvalContextModifier: "{% autoescape %}",
    nodes.Extends: "{% extends %}",
    nodes.FromImport: "{% from %}",
    nodes.Import: "{% import %}",
    nodes.NSRef: "assigning to a field",
}
_CALLABLE = frozenset({"caller", "loop", "range"})
_LOOP_METHODS = frozenset({"changed", "cycle"})
_HIDDEN = frozenset({"self", "super"})
# Steps of a call, which takes ten times as long as a loop's round.
_CALL = 10


def check(tree: nodes.Template) -> None:
    """Refuse what a prompt's template may not say.

    Raises:
        TemplateFault: It says so.
    """
    macros = {node.name for node in tree.find_all(nodes.Macro)}
    for node in tree.find_all(nodes.Node):
        if found := next((said for kind, said in _FORBIDDEN.items() if isinstance(node, kind)), ""):
            raise _forbidden(f"a template cannot use {found}", node, "use {% include %} or a macro")
        if isinstance(node, nodes.Include):
            _check_include(node)
        elif isinstance(node, nodes.Call):
            _check_call(node, macros)
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise _forbidden(f"a template cannot reach {node.attr!r}", node, None)
        elif isinstance(node, nodes.Name) and node.name in _HIDDEN:
            raise _forbidden(f"a template cannot use {node.name!r}", node, "rename the variable")


def assigned_names(tree: nodes.Template) -> frozenset[str]:
    """Return the names a template gives values to, macros included."""
    stored = {n.name for n in tree.find_all(nodes.Name) if n.ctx in {"store", "param"}}
    return frozenset(stored | {node.name for node in tree.find_all(nodes.Macro)})


def with_budget(tree: nodes.Template) -> nodes.Template:
    """Return the tree with each loop round, macro call and concatenation charged."""
    changed: nodes.Template = _Charger().visit(tree)
    return changed


class _Charger(NodeTransformer):
    """Static text in a loop costs no expression that would be charged, so it is charged ahead."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - jinja2 looks for this name
        return self._charged(node, 1)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        return self._charged(node, _CALL)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        return self._charged(node, _CALL)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(CONCAT, node.nodes[0], node.nodes[1:], node)

    def _charged(self, node: Any, steps: int) -> nodes.Node:
        length = sum(len(data.data) for part in node.body for data in _texts(part))
        self.generic_visit(node)
        charge = _filter(SPEND, _constant(steps, node), [_constant(length, node)], node)
        output = nodes.Output([charge], lineno=node.lineno, environment=node.environment)
        node.body.insert(0, output)
        charged: nodes.Node = node
        return charged


def _constant(value: int, near: nodes.Node) -> nodes.Const:
    return nodes.Const(value, lineno=near.lineno, environment=near.environment)


def _texts(node: nodes.Node) -> list[nodes.TemplateData]:
    return list(node.find_all(nodes.TemplateData))


def _filter(
    name: str, value: nodes.Expr, arguments: list[nodes.Expr], near: nodes.Node
) -> nodes.Filter:
    return nodes.Filter(
        value, name, arguments, [], None, None, lineno=near.lineno, environment=near.environment
    )


def _check_include(node: nodes.Include) -> None:
    path = node.template.value if isinstance(node.template, nodes.Const) else None
    if not isinstance(path, str) or node.ignore_missing or not node.with_context:
        raise TemplateFault(
            "an include must name one file",
            rule="include-dynamic",
            line=node.lineno,
            fix='write it as {% include "shared/style.md" %}',
        )
    if fault := check_include_path(path):
        fault.line = node.lineno
        raise fault


def _check_call(node: nodes.Call, macros: set[str]) -> None:
    called = node.node
    if isinstance(called, nodes.Name) and (called.name in _CALLABLE or called.name in macros):
        return
    if isinstance(called, nodes.Getattr):
        on_loop = isinstance(called.node, nodes.Name) and called.node.name == "loop"
        if on_loop and called.attr in _LOOP_METHODS:
            return
        raise _forbidden(
            f"a template cannot call .{called.attr}()",
            node,
            f"use a filter, such as |{called.attr}",
        )
    name = f" {called.name}" if isinstance(called, nodes.Name) else ""
    raise _forbidden(f"a template cannot call{name}()", node, "call only range() and macros")


def _forbidden(message: str, node: nodes.Node, fix: str | None) -> TemplateFault:
    return TemplateFault(message, rule="template-unsafe", line=node.lineno, fix=fix)
