"""`promptreg rename`: another name for a prompt."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act
from promptreg.cli.completion import complete_names
from promptreg.cli.context import open_registry
from promptreg.cli.output import DataFormat, data, message, style, warning

__all__ = ["rename"]


def rename(
    old: Annotated[str, typer.Argument(help="The prompt.", autocompletion=complete_names)],
    new: Annotated[str, typer.Argument(help="Its new name.")],
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Rename a prompt; its versions, labels and history follow.

    Moves the file and records the old name in it under formerly. Released tags stay as they are,
    so callers of the old name keep what they have.
    """
    from promptreg.operations.renaming import plan_rename

    with open_registry() as registry:
        result = plan_rename(registry, old, new)
        root = registry.config.root
        told = act(
            registry.repository, result.steps, result.as_json(), dry_run=dry_run, output=output
        )
    for section in result.mentions:
        warning(f"{section} of the configuration still says {old}")
    if not told:
        return
    data(f"{result.old} -> {style(result.new, 'bold')}")
    for before, after in result.moved:
        data(f"{before} -> {after}")
    for path in result.labels:
        data(f"{path}: {new} as {old}")
    commit = f"git add -A -- {root} && git commit -m 'Rename {old} to {new}'"
    message(f"Next: {commit}. The version may stay.")
