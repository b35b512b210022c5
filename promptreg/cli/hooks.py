"""`promptreg hooks`: git hooks without the pre-commit program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act
from promptreg.cli.context import open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import DataFormat, data, message, print_json, style

if TYPE_CHECKING:
    from promptreg.operations.hooks import HooksReport
    from promptreg.operations.planning import Step
    from promptreg.registry import Registry

__all__ = ["app"]

app = typer.Typer(
    help="Install git hooks without the pre-commit program, and a diff and merge driver.",
    no_args_is_help=True,
)


@app.command()
def install(
    diff: Annotated[
        bool, typer.Option("--diff", help="Let git diff and git log -p show prompts as text.")
    ] = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Let merges resolve version and digest themselves.")
    ] = False,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Install the hooks in this clone: bump on commit, check on push.

    A hook that is there already is kept and runs first. Teams that use pre-commit do not need
    this: its configuration does the same for everybody.
    """
    from promptreg.operations.hooks import plan_hooks

    with open_registry() as registry:
        _carry_out(registry, plan_hooks(registry, diff=diff, merge=merge), dry_run, output)


@app.command()
def uninstall(dry_run: DryRun = False, output: Format = DataFormat.TEXT) -> None:
    """Remove hooks and drivers from this clone; hooks of others are put back."""
    from promptreg.operations.hooks import plan_no_hooks

    with open_registry() as registry:
        _carry_out(registry, plan_no_hooks(registry), dry_run, output)


def _carry_out(
    registry: Registry, steps: tuple[Step, ...], dry_run: bool, output: DataFormat
) -> None:
    from promptreg.operations.hooks import hook_status

    if act(registry.repository, steps, {"changed": bool(steps)}, dry_run=dry_run, output=output):
        _write(hook_status(registry))


@app.command()
def status(output: Format = DataFormat.TEXT) -> None:
    """Show which hooks and drivers this clone has."""
    from promptreg.operations.hooks import hook_status

    with open_registry() as registry:
        report = hook_status(registry)
    if output is DataFormat.JSON:
        print_json(report.as_json())
    else:
        _write(report)


def _write(report: HooksReport) -> None:
    data(f"hooks in {report.folder}")
    for hook in report.hooks:
        data(f"  {hook.name:<17} {style(hook.state.value, 'bold')}")
    for name, present in (("git diff driver", report.diff), ("merge driver", report.merge)):
        data(f"  {name:<17} {style('installed' if present else 'missing', 'bold')}")


@app.command(hidden=True)
def run(
    hook: Annotated[str, typer.Argument(help="Such as pre-commit.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="What git passes.")] = None,  # noqa: ARG001 - git passes them, nothing here needs them
) -> None:
    """Do what a hook does; git calls it."""
    if hook == "pre-push":
        _check()
    else:
        _bump()


def _bump() -> None:
    from promptreg.operations.hooking import bump_staged

    with open_registry() as registry:
        written = bump_staged(registry)
    for result in written:
        data(f"{result.path}: {style(str(result.plan.version), 'bold')} ({result.plan.reason})")
    if written:
        paths = " ".join(result.path for result in written)
        message(f"promptreg bumped these: git add {paths}, and commit again.")
        raise typer.Exit(ExitCode.FOUND)


def _check() -> None:
    """Check what would be pushed; where that cannot be told, CI decides."""
    from promptreg.errors import HistoryError
    from promptreg.operations.base import find_base
    from promptreg.operations.check_report import report_of
    from promptreg.operations.checking import check_branch

    try:
        with open_registry() as registry:
            report = report_of(check_branch(registry, find_base(registry, None)))
    except HistoryError as error:
        message(f"promptreg cannot check this push: {error.message}")
        return
    if report.failed:
        from promptreg.formats import render_check

        sys.stderr.write(render_check(report).rstrip("\n") + "\n")
        message("Push with --no-verify to let CI say the same.")
        raise typer.Exit(ExitCode.FOUND)


@app.command(hidden=True)
def textconv(file: Annotated[Path, typer.Argument(help="A prompt file.")]) -> None:
    """Print a prompt as the text that git diff compares; git calls it."""
    from promptreg.operations.merging import text_of

    sys.stdout.write(text_of(file.read_bytes(), file.name))


@app.command(hidden=True)
def merge(
    base: Annotated[Path, typer.Argument(help="The common ancestor.")],
    ours: Annotated[Path, typer.Argument(help="The current branch's file, which is replaced.")],
    theirs: Annotated[Path, typer.Argument(help="The other branch's file.")],
    marker_size: Annotated[int, typer.Argument(help="Length of conflict markers.")] = 7,
    path: Annotated[str, typer.Argument(help="The file in the repository.")] = "prompt",
) -> None:
    """Merge three versions of a prompt file; git calls it."""
    from promptreg.operations.merging import merge_prompts

    # Git runs the driver with variables that would send its own merge-file elsewhere.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        os.environ.pop(name, None)
    result = merge_prompts(
        base.read_bytes(), ours.read_bytes(), theirs.read_bytes(), path, marker_size=marker_size
    )
    ours.write_bytes(result.data)
    if result.conflicts:
        raise typer.Exit(ExitCode.FOUND)
