"""`promptreg init`: make a repository a prompt registry."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.context import directory
from promptreg.cli.output import DataFormat, data, message, print_json, style
from promptreg.operations.providers import Provider, next_steps

__all__ = ["init"]

_COLORS = {"created": "green", "extended": "yellow", "kept": "dim"}


def init(
    provider: Annotated[
        Provider, typer.Option("--ci", help="Add the workflows of this CI too.")
    ] = Provider.NONE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be written, write nothing.")
    ] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Make this repository a prompt registry.

    Adds a configuration, a sample prompt, the pre-commit hooks and a .gitignore line; with --ci
    also workflows for pull requests, releases and the night. Overwrites nothing; run again, it
    changes nothing.
    """
    from promptreg.config import load_config
    from promptreg.errors import RepositoryError
    from promptreg.git import Repository
    from promptreg.operations.initializing import initialize

    repository = Repository.open(directory(), fast_start=True)
    top = repository.paths.work_tree
    if top is None:
        raise RepositoryError("the repository is bare", fix="git clone it and work there")
    head = repository.head
    config = load_config(top)
    steps = initialize(
        top,
        root=config.root,
        branch=head.branch,
        provider=provider,
        branches=config.release_branches if "release_branches" in config.sources else (),
        dry_run=dry_run,
    )
    if output is DataFormat.JSON:
        print_json([{"path": s.path, "outcome": s.outcome, "note": s.note} for s in steps])
        return
    for step in steps:
        note = f"  ({step.note})" if step.note else ""
        data(f"{style(f'{step.outcome:<9}', _COLORS[step.outcome])} {step.path}{note}")
    if any(step.outcome != "kept" for step in steps):
        message("Next: pre-commit install, promptreg bump --all, git add -A, git commit.")
        for line in next_steps(provider):
            message(f"  {line}")
