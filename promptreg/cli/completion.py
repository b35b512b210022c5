"""Shell completion of prompt names, references and files."""

from __future__ import annotations

from promptreg.errors import PromptregError

__all__ = ["complete_files", "complete_labels", "complete_names", "complete_references"]


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
    from promptreg.cli.context import open_registry

    name, at, beginning = incomplete.partition("@")
    if not at:
        return complete_names(incomplete)
    try:
        with open_registry() as registry:
            versions = [str(v) for v in sorted(registry.tags.oids(name), reverse=True)]
            labels = list(registry.labels_of(name))
    except (PromptregError, OSError):
        return []
    return [f"{name}@{text}" for text in (*labels, *versions) if text.startswith(beginning)]


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
    from promptreg.cli.context import open_registry

    try:
        with open_registry() as registry:
            return [path for path in registry.paths().values() if path.startswith(incomplete)]
    except (PromptregError, OSError):
        return []
