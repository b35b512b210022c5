"""`promptreg check`: prove that changed prompts are fit to merge."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from promptreg.cli.completion import complete_files
from promptreg.cli.context import open_registry, repository_path
from promptreg.cli.errors import ExitCode

__all__ = ["check"]


class CheckFormat(StrEnum):
    """How a check writes what it found."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    JUNIT = "junit"
    GITLAB = "gitlab"


class OnInconclusive(StrEnum):
    """What a metric that cannot be decided does to the exit code."""

    WARN = "warn"
    FAIL = "fail"


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Check these files alone; without any, what HEAD changes against the base.",
            autocompletion=complete_files,
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="What to compare with: the CI's target or origin/HEAD by default."),
    ] = None,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Compare the logged metrics too: the gate.")
    ] = False,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="A threshold such as latency:+30% or success_rate:>=95%; repeatable."),
    ] = None,
    on_inconclusive: Annotated[
        OnInconclusive, typer.Option(help="Whether too little data fails the check with 3.")
    ] = OnInconclusive.WARN,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check.")] = False,
    output: Annotated[
        CheckFormat, typer.Option("--format", help="How to answer.")
    ] = CheckFormat.TEXT,
) -> None:
    """Prove that changed prompts are fit to merge.

    Read-only: versions and digests match the content, levels are high enough, nothing is taken
    twice, templates render, labels name tags; with --metrics also that nothing got worse.
    Exits with 1 when an error or a regression was found, with 3 when it cannot tell.
    """
    from promptreg.checking import check_branch, check_files, find_base
    from promptreg.errors import ConfigError

    if files and (base is not None or metrics):
        raise ConfigError("FILES are checked alone; leave out --base and --metrics, or the files")
    with open_registry(fast_start=not metrics) as registry:
        if files:
            paths = [repository_path(registry, file) for file in files]
            result = check_files(registry, paths, strict=strict)
        else:
            result = check_branch(registry, find_base(registry, base), strict=strict)
        gate = None
        if metrics:
            from promptreg.gating import judge_branch

            gate = judge_branch(registry, result, threshold or ())
    from promptreg.cli.checkout import write_check

    undecided = write_check(result, gate, output)
    if result.failed or (gate is not None and gate.regressed):
        raise typer.Exit(ExitCode.FOUND)
    if undecided and on_inconclusive is OnInconclusive.FAIL:
        raise typer.Exit(ExitCode.UNDECIDED)
