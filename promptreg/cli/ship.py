"""`promptreg release`: tag what is merged."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.context import open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, message, print_json, style, warning

__all__ = ["release"]


def release(
    push: Annotated[bool, typer.Option("--push", help="Push the tags to origin.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be tagged, tag nothing.")
    ] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Tag merged versions.

    Only on a release branch. Makes annotated tags NAME@VERSION for what has none yet, oldest
    first; makes no commit, moves no tag, and does nothing when run again.
    """
    from promptreg.operations.releasing import release_all

    with open_registry(fast_start=False) as registry:
        result = release_all(registry, push=push, dry_run=dry_run)
    if output is DataFormat.JSON:
        print_json(result.as_json())
    else:
        for tag in result.tags:
            verb = "would tag" if dry_run else "tagged"
            level = tag.level.label if tag.level else "first version"
            data(f"{verb} {style(tag.tag, 'bold')} at {tag.commit[:7]} ({level})")
            for change in tag.changes:
                data(f"  {change.level.label:<5} {change.rule}: {change.detail}")
        if not result.tags and not result.conflicts:
            message("Nothing to release.")
        if result.pushed:
            message(f"Pushed {len(result.pushed)} tag{'s'[: len(result.pushed) != 1]} to origin.")
    for text in result.warnings:
        warning(text)
    for text in result.conflicts:
        message(f"{style('error:', 'red')} {text}")
    if result.conflicts:
        raise typer.Exit(ExitCode.FOUND)
