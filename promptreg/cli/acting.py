"""The one way of every command that changes a clone: plan, then show the plan or carry it out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli.output import DataFormat, data, message, print_json, style

if TYPE_CHECKING:
    from promptreg.git import Repository
    from promptreg.operations.planning import Step

__all__ = ["DryRun", "Format", "act", "commit_hint", "confirm"]

DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")
]
Format = Annotated[DataFormat, typer.Option("--format", help="How to answer.")]


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone.

    Args:
        question: What is asked.
        yes: Whether it was answered on the command line.

    Raises:
        ConfigError: Nobody is there to ask.
        Abort: The answer was no.
    """
    from promptreg.errors import ConfigError

    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} This needs an answer, and nobody is here", fix="pass --yes")
    typer.confirm(question, abort=True, err=True)


def commit_hint(steps: Sequence[Step], text: str, path: str) -> str:
    """Return how to commit the one file of a plan; git commits no new file by its name alone.

    Args:
        steps: What was done.
        text: The commit's message.
        path: The file.
    """
    is_new = any(step.action == "create" and step.target == path for step in steps)
    return f"{f'git add {path} && ' if is_new else ''}git commit -m '{text}' -- {path}"


def act(
    repository: Repository,
    steps: Sequence[Step],
    result: Mapping[str, Any],
    *,
    dry_run: bool,
    output: DataFormat,
) -> bool:
    """Carry out a plan, or show it under --dry-run; answer as JSON where that is asked.

    Args:
        repository: Where.
        steps: The plan.
        result: What comes of it, as JSON types; the steps are added.
        dry_run: Change nothing.
        output: How to answer.

    Returns:
        Whether the command has still to say in words what it did.
    """
    if steps:
        from promptreg.operations.planning import carry_out, rehearse

        (rehearse if dry_run else carry_out)(repository, steps)
    if output is DataFormat.JSON:
        listed = [{"action": s.action, "target": s.target, "note": s.note} for s in steps]
        print_json({**result, "dry_run": dry_run, "steps": listed})
        return False
    if dry_run:
        for step in steps:
            note = f"  ({step.note})" if step.note else ""
            data(f"would {step.action} {style(step.target, 'bold')}{note}")
        message("Nothing was changed: --dry-run." if steps else "There is nothing to do.")
    return not dry_run
