"""Packs the texts of a prompt's versions: each line, and each tree of a span of lines, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptreg.report.template_tree import template_spans

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Texts"]


class Texts:
    """Numbers messages and fragments; equal ones of many versions are one.

    Attributes:
        parts: What each consists of: its role or path, the runs of its lines, and of a template
            the spans with their trees.
        trees: The trees of spans.
    """

    def __init__(self) -> None:
        self.parts: list[list[Any]] = []
        self.trees: list[Any] = []
        self._numbers: dict[tuple[str, str, str | None], int] = {}
        self._lines: dict[str, int] = {}
        self._spans: dict[str, int] = {}

    @property
    def lines(self) -> list[str]:
        """All lines, by their numbers."""
        return list(self._lines)

    def add(self, label: str, text: str, language: str | None) -> int:
        """Return the number of a part.

        Args:
            label: Its role or path.
            text: Its text.
            language: That of its template; None when it is none.
        """
        key = label, text, language
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.parts)
            trees = () if language is None else (self._trees(text, language),)
            self.parts.append([label, self._runs(text), *trees])
        return number

    def _runs(self, text: str) -> list[int]:
        """Return where each run of neighbouring lines starts, and its length."""
        known = self._lines
        runs: list[int] = []
        after = -1
        for line in text.split("\n"):
            number = known.setdefault(line, len(known))
            if number == after:
                runs[-1] += 1
            else:
                runs += (number, 1)
            after = number + 1
        return runs

    def _trees(self, text: str, language: str) -> list[int]:
        spans = template_spans(text, language)
        lines = text.split("\n") if spans else []
        packed: list[int] = []
        for span in spans:
            source = language + "\n".join(lines[span.first : span.last])
            number = self._spans.get(source)
            if number is None:
                number = self._spans[source] = len(self.trees)
                # Nearly all spans are single lines, which hold no lines to share.
                has_lines = span.last - span.first > 1
                self.trees.append(_share_lines(span.nodes, self._runs) if has_lines else span.nodes)
            packed += (span.first, span.last, number)
        return packed


def _share_lines(tree: Any, runs: Callable[[str], list[int]]) -> Any:
    """Let a tree name the lines of its plain text instead of repeating them."""
    if not isinstance(tree, list):
        return tree
    if tree[:1] == ["TemplateData"] and tree[1].count("\n") > 1:
        return ["TemplateData", runs(tree[1])]
    return [_share_lines(item, runs) for item in tree]
