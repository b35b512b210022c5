"""`promptreg bump`: write version and digest of changed prompts."""

# No `annotations` from `__future__` here: Typer compiles those texts again, twice in every run.

from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.context import open_registry, repository_path
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, message, print_json, style

if TYPE_CHECKING:
    from promptreg.operations.bumping import BumpResult

__all__ = ["bump"]


def bump(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Prompts by name or file, and fragments; all changed prompts by default."
        ),
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="At least this level: patch, minor or major.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Exactly this version.")] = None,
    pre: Annotated[str | None, typer.Option(help="Make a pre-release: rc, m or snapshot.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Let a commit's versions count; repairs decreased ones.")
    ] = None,
    hotfix: Annotated[
        bool, typer.Option("--hotfix", help="Take the next free patch of the file's own line.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="All prompts, also those without a version yet.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be written, write nothing.")
    ] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Set version and digest of changed prompts.

    Writes the working files only, never the index. Exits with 1 if it wrote (or would write), as
    pre-commit expects of a hook that changes files.
    """
    from promptreg.operations.bumping import BumpRequest, bump_each

    with open_registry() as registry:
        paths = [repository_path(registry, file) for file in files] if files else None
        request = BumpRequest.parse(
            level=level, version=version, pre=pre, base=base, hotfix=hotfix, every=every
        )
        results = []
        try:
            for result in bump_each(registry, paths, request, dry_run=dry_run):
                results.append(result)
                if result.wrote and output is DataFormat.TEXT:
                    _show(result)
        finally:
            # A file that is refused ends it; those before it are written, which must be told.
            if output is DataFormat.JSON:
                print_json([result.as_json() for result in results])
    wrote = sum(result.wrote for result in results)
    if output is DataFormat.TEXT and not wrote:
        message("Nothing to bump.")
    elif output is DataFormat.TEXT and dry_run:
        message(f"Would write {wrote} file{'s'[: wrote != 1]}.")
    if wrote:
        raise typer.Exit(ExitCode.FOUND)


def _show(result: "BumpResult") -> None:
    before = result.before or "new"
    arrow = f"{before} -> {result.plan.version}"
    if str(result.plan.version) == str(result.before):
        arrow = f"{result.plan.version}, digest {result.plan.digest}"
    data(f"{result.path}: {style(arrow, 'bold')} ({result.plan.reason})")
    for change in result.plan.changes:
        data(f"  {change.level.label:<5} {change.rule}: {change.detail}")
