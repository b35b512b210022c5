"""YAML text to a tree of nodes, by the one pinned parser; pure.

ruamel.yaml's C parser reads every file: the pure Python parser disagrees with it on some input, and
a digest must not depend on which of them happens to be installed.
"""

from __future__ import annotations

import operator
import re
from functools import cache, lru_cache
from typing import Any

from promptreg.errors import ConfigError, Location, PromptError

__all__ = ["MAX_BRACKETS", "MAX_DEPTH", "TAG", "compose", "loader_class"]

MAX_DEPTH = 100
MAX_BRACKETS = MAX_DEPTH * 20
TAG = "tag:yaml.org,2002:"


def compose(text: str, path: str) -> Any:
    """Return the root node of a file's only document; None where it has none.

    Args:
        text: The file without byte order mark.
        path: The name to use in errors.

    Raises:
        PromptError: It is no YAML, with the line and column of the fault.
    """
    try:
        return _compose(text, path)
    except PromptError:
        # Rare enough to look only now: pairs of escapes that JSON knows.
        from promptreg.prompt.surrogates import join_pairs, take_out

        joined = join_pairs(text)
        if joined is None:
            raise
    root = _compose(joined[0], path)
    take_out(joined[1], root)
    return root


@cache
def loader_class() -> Any:
    """Return the class that parses; its `text` and `mapping` are the tags of untagged nodes.

    Raises:
        ConfigError: The C parser is not installed.
    """
    try:
        # The C parser's own module; ruamel.yaml falls back to the pure parser silently.
        from _ruamel_yaml import CParser
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.nodes import ScalarNode, SequenceNode
        from ruamel.yaml.resolver import Resolver
        from ruamel.yaml.tag import Tag
    except ImportError as error:
        raise ConfigError(
            "the C parser of ruamel.yaml is not installed",
            fix="pip install 'ruamel.yaml[oldlibyaml]'",
        ) from error
    text, sequence, mapping = (Tag(suffix=f"{TAG}{name}") for name in ("str", "seq", "map"))

    @cache
    def matchers(first: str) -> list[tuple[Any, Any]]:
        # Its patterns are made when they are used first, and found out again at each use.
        found = Resolver.yaml_implicit_resolvers.get(first, ())
        return [(Tag(suffix=tag), pattern.match) for tag, pattern in found]

    @lru_cache(maxsize=4096)
    def plain(value: str) -> Any:
        return next((tag for tag, match in matchers(value[:1]) if match(value)), text)

    class Loader(CParser):  # type: ignore[misc,unused-ignore]
        """The C parser with YAML 1.2's rules for plain scalars.

        ruamel.yaml's own way makes a class for each file and a tag for each node, and looks for
        the version of YAML at each of them: half of the time of a parse.
        """

        faults = (YAMLError, RecursionError)

        def resolve(self, kind: Any, value: Any, implicit: tuple[bool, bool]) -> Any:
            if kind is ScalarNode:
                return plain(value) if implicit[0] else text
            return sequence if kind is SequenceNode else mapping

        # No tag depends on a node's place. These are called for each node, and do nothing in a
        # tenth of the time that methods without a body take.
        descend_resolver = operator.is_
        ascend_resolver = bool

    Loader.text, Loader.mapping = text, mapping
    return Loader


def _compose(text: str, path: str) -> Any:
    loader = loader_class()
    if (nested := _too_deep(text)) is not None:
        raise PromptError(
            f"nested deeper than {MAX_DEPTH} levels",
            location=Location(path, nested),
            rule="invalid-yaml",
        )
    if directive := "%" in text and re.search(r"^%(?:YAML|TAG)\b", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        if not re.search(r"^[^#\s%]", text[: directive.start()], re.MULTILINE):
            raise PromptError(
                "directives are not allowed",
                location=Location(path, line, 1),
                rule="invalid-yaml",
                fix="remove the line; every file is read as YAML 1.2",
            )
    try:
        parser = loader(text)
        try:
            return parser.get_single_node()
        finally:
            parser.dispose()
    except loader.faults as error:
        from promptreg.prompt.yamlfaults import explain

        raise explain(error, text, path) from error


def _too_deep(text: str) -> int | None:
    """Return the line where the text nests so deep that the C parser's recursion could crash.

    Indentation needs no bound: within the size limit it reaches some 1,400 levels.
    """
    if text.count("- ") + text.count("? ") >= MAX_DEPTH:
        compact = re.search(rf"^[ ]*(?:[-?][ ]+){{{MAX_DEPTH},}}", text, re.MULTILINE)
        if compact is not None:
            return text.count("\n", 0, compact.start()) + 1
    if len(text) <= MAX_BRACKETS or text.count("[") + text.count("{") <= MAX_BRACKETS:
        return None
    depth = 0
    for match in re.finditer(r"[\[\]{}\n]", text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_BRACKETS:
                return text.count("\n", 0, match.start()) + 1
        elif match[0] in "]}":
            depth = max(0, depth - 1)
    return None
