"""What is wrong with one prompt file, whatever its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding, finding_of
from promptreg.naming import NAME
from promptreg.prompt.conflicts import conflict_line
from promptreg.prompt.content import Content, content_of
from promptreg.prompt.parsing import lint_prompt
from promptreg.render import inspect_templates
from promptreg.render.testdata import inspect_test_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptreg.naming import Layout
    from promptreg.registry import Registry
    from promptreg.sources import Source

__all__ = ["conflicts_in_fragments", "lint_file"]


def lint_file(
    registry: Registry, source: Source, path: str, data: bytes
) -> tuple[Content | None, list[Finding]]:
    """Parse one prompt file, its templates and its test data.

    Args:
        registry: The layout.
        source: Where the file and its fragments are.
        path: The file in the repository.
        data: Its bytes.

    Returns:
        The content, None when an error was found, and everything found.
    """
    layout = registry.config.layout
    name = layout.name_of(path) or path
    found: list[Finding] = []
    if not NAME.fullmatch(name):
        found.append(
            Finding(
                "invalid-name",
                "error",
                f"{name!r} is not a prompt name",
                Location(path, 1, 1),
                name,
                "rename the file: lower case with digits, - and _, folders separated by /",
            )
        )
    others = [c for c in layout.candidates(name) if c != path and source.read(c) is not None]
    if others:
        message = f"{others[0]} has the name {name} too"
        found.append(Finding("duplicate-name", "error", message, Location(path, 1, 1), name))
    parsed = lint_prompt(data, path, name)
    found += parsed.findings
    if parsed.prompt is None:
        return None, found
    try:
        content = content_of(data, path, source, layout)
    except PromptError as error:
        return None, [*found, finding_of(error, path, prompt=name)]
    found += conflicts_in_fragments(content, layout)
    found += inspect_templates(parsed.prompt, content.includes.__getitem__)
    if not any(f.severity == "error" for f in found):
        found += inspect_test_data(parsed.prompt, content.includes.__getitem__)
    failed = any(f.severity == "error" for f in found)
    return (None if failed else content), found


def conflicts_in_fragments(content: Content, layout: Layout) -> Iterator[Finding]:
    """Yield a finding for each fragment that holds an unresolved conflict, which nobody means.

    Args:
        content: The prompt with its fragments.
        layout: Where the fragments are.
    """
    for path, text in content.includes.items():
        if (line := conflict_line(text)) is not None:
            yield Finding(
                "conflict-markers",
                "error",
                "fragment holds an unresolved git conflict",
                Location(layout.fragment(path), line, 1),
                content.prompt.name,
                "resolve it; an example of one is indented",
            )
