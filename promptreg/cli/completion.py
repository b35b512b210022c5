"""Shell completion of prompt names, references and files."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import typer

from promptreg.errors import PromptregError

__all__ = [
    "complete_files",
    "complete_labels",
    "complete_names",
    "complete_paths",
    "complete_references",
    "complete_selectors",
    "whole_words",
]


def complete_names(incomplete: str) -> list[str]:
    """Return the prompts that begin so; nothing outside a repository."""
    from promptreg.cli.context import open_registry

    try:
        with open_registry() as registry:
            return [name for name in registry.paths() if name.startswith(incomplete)]
    except (PromptregError, OSError):
        return []  # a completion has nowhere to complain


def complete_references(incomplete: str) -> list[str]:
    """Return prompts, or behind an @ the versions and labels of one."""
    name, at, beginning = incomplete.partition("@")
    if not at:
        return complete_names(incomplete)
    return [f"{name}@{text}" for text in _selectors(name) if text.startswith(beginning)]


def complete_selectors(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the labels and versions of the prompt that stands before on the command line."""
    given = (ctx.params.get(key) for key in ("reference", "name"))
    name = next((word for word in given if isinstance(word, str)), "").partition("@")[0]
    return [text for text in _selectors(name) if text.startswith(incomplete)]


def _selectors(name: str) -> list[str]:
    from promptreg.cli.context import open_registry

    try:
        with open_registry() as registry:
            versions = [str(v) for v in sorted(registry.tags.versions(name), reverse=True)]
            return [*registry.labels_of(name), *versions]
    except (PromptregError, OSError):
        return []


def complete_labels(incomplete: str) -> list[str]:
    """Return the labels that begin so."""
    from promptreg.cli.context import open_registry

    try:
        with open_registry() as registry:
            return [label for label in registry.label_names() if label.startswith(incomplete)]
    except (PromptregError, OSError):
        return []


def complete_files(incomplete: str) -> list[str]:
    """Return the prompt files that begin so."""
    from promptreg.cli.context import named_paths, open_registry

    try:
        with open_registry() as registry:
            return [path for path in named_paths(registry) if path.startswith(incomplete)]
    except (PromptregError, OSError):
        return []


def complete_paths(incomplete: str) -> list[str]:
    """Return files and folders that begin so where ``-C`` leads; without, the shell knows them."""
    from promptreg.cli.context import directory, given_path

    if directory() == Path():
        return []
    folder, beginning = os.path.split(incomplete)
    found = []
    with suppress(OSError):
        for entry in os.scandir(given_path(folder)):
            is_meant = beginning or not entry.name.startswith(".")
            if is_meant and entry.name.startswith(beginning):
                mark = "/" if entry.is_dir() else ""
                found.append(f"{os.path.join(folder, entry.name)}{mark}")  # noqa: PTH118
    return sorted(found)


@contextmanager
def whole_words() -> Iterator[None]:
    """Undo what bash does to ``NAME@REF``: it splits words at @ and replaces ``@REF`` only.

    @ is in COMP_WORDBREAKS for the completion of host names, and to change that variable would
    change every other completion of the shell.
    """
    prefix = _join_words()
    if not prefix:
        yield
        return
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        lines = (line.removeprefix(prefix) for line in answer.getvalue().splitlines())
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _join_words() -> str:
    """Join the parts of the current word, and return those that the shell will keep."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    current = int(os.environ.get("COMP_CWORD", "0"))
    at = next((i for i in (current - 1, current) if words[i : i + 1] == ["@"]), 0)
    if at < 1:
        return ""
    rest = words[at + 1] if current > at and at + 1 < len(words) else ""
    kept = words[at - 1]
    os.environ["COMP_WORDS"] = "\n".join([*words[: at - 1], f"{kept}@{rest}"])
    os.environ["COMP_CWORD"] = str(at - 1)
    return kept
