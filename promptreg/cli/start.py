"""`promptreg init`: make a repository a prompt registry."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format
from promptreg.cli.context import directory
from promptreg.cli.output import DataFormat, data, message, print_json, style
from promptreg.operations.providers import Provider, next_steps

__all__ = ["init"]

_COLORS = {"created": "green", "extended": "yellow", "kept": "dim"}


def init(
    provider: Annotated[
        Provider, typer.Option("--ci", help="Add the workflows of this CI too.")
    ] = Provider.NONE,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Make this repository a prompt registry.

    Adds a configuration, a sample prompt, the pre-commit hooks and a .gitignore line; with --ci
    also workflows for pull requests, releases and the night. Overwrites nothing; run again, it
    changes nothing.
    """
    from promptreg.config import load_config
    from promptreg.errors import RepositoryError
    from promptreg.git import Repository
    from promptreg.operations.initializing import plan_registry
    from promptreg.operations.planning import carry_out, rehearse

    repository = Repository.open(directory(), fast_start=True)
    top = repository.paths.work_tree
    if top is None:
        raise RepositoryError("the repository is bare", fix="git clone it and work there")
    head = repository.head
    config = load_config(top)
    config.require_version()
    outcomes = plan_registry(
        top,
        root=config.root,
        branch=head.branch,
        provider=provider,
        branches=config.release_branches if "release_branches" in config.sources else (),
    )
    steps = [each.step for each in outcomes if each.step is not None]
    (rehearse if dry_run else carry_out)(repository, steps)
    if output is DataFormat.JSON:
        print_json([{"path": o.path, "outcome": o.outcome, "note": o.note} for o in outcomes])
        return
    for each in outcomes:
        note = f"  ({each.note})" if each.note else ""
        verb = f"would {each.step.action}" if dry_run and each.step else each.outcome
        data(f"{style(f'{verb:<9}', _COLORS[each.outcome])} {each.path}{note}")
    if steps and dry_run:
        message("Nothing was changed: --dry-run.")
    elif steps:
        message("Next: pre-commit install, promptreg bump --all, git add -A, git commit.")
        for line in next_steps(provider):
            message(f"  {line}")
