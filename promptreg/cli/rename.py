"""`promptreg rename`: another name for a prompt."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.completion import complete_names
from promptreg.cli.context import open_registry
from promptreg.cli.output import data, message, style, warning

__all__ = ["rename"]


def rename(
    old: Annotated[str, typer.Argument(help="The prompt.", autocompletion=complete_names)],
    new: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Rename a prompt; its versions, labels and history follow.

    Moves the file and records the old name in it under formerly. Released tags stay as they are,
    so callers of the old name keep what they have.
    """
    from promptreg.operations.renaming import rename_prompt

    with open_registry() as registry:
        result = rename_prompt(registry, old, new)
    data(f"{result.old} -> {style(result.new, 'bold')}")
    for before, after in result.moved:
        data(f"{before} -> {after}")
    for path in result.labels:
        data(f"{path}: {new} as {old}")
    for section in result.mentions:
        warning(f"{section} of the configuration still says {old}")
    message(f"Next: git add -A, git commit -m 'Rename {old} to {new}'. The version may stay.")
