"""`promptreg check`: prove that changed prompts are fit to merge."""

# No `annotations` from `__future__` here: Typer compiles those texts again, twice in every run.

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from promptreg.cli.completion import complete_files
from promptreg.cli.context import given_path, open_registry, repository_path
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import data, style
from promptreg.errors import ConfigError
from promptreg.formats import CheckFormat, CheckReport, render_check
from promptreg.operations.base import find_base
from promptreg.operations.check_report import report_of, with_gate
from promptreg.operations.checking import check_branch, check_files
from promptreg.values import replace

__all__ = ["check"]


class OnInconclusive(StrEnum):
    """What a metric that cannot be decided does to the exit code."""

    WARN = "warn"
    FAIL = "fail"


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Check these prompts, by name or file, alone; by default what HEAD changes.",
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
    report_url: Annotated[
        str,
        typer.Option(
            envvar="PROMPTREG_REPORT_URL",
            show_envvar=True,
            help="Where this run's HTML report will lie; linked in markdown and JSON.",
        ),
    ] = "",
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=FILE",
            help="Write the answer to a file too, such as junit=check.xml; repeatable.",
        ),
    ] = None,
    output: Annotated[
        CheckFormat, typer.Option("--format", help="How to answer.")
    ] = CheckFormat.TEXT,
) -> None:
    """Prove that changed prompts are fit to merge.

    Read-only: versions and digests match the content, levels are high enough, nothing is taken
    twice, templates render, labels name tags; with --metrics also that nothing got worse.
    Exits with 1 when an error or a regression was found, with 3 when it cannot tell.
    """
    if files and (base is not None or metrics):
        raise ConfigError("FILES are checked alone; leave out --base and --metrics, or the files")
    if report_url and not re.fullmatch(r"https?://[^\s<>]+", report_url):
        raise ConfigError(
            f"{report_url!r} is no web address",
            fix="--report-url https://ci.example.org/report.html",
        )
    copies = [_copy(text) for text in also or ()]
    with open_registry() as registry:
        if files:
            paths = [repository_path(registry, file) for file in files]
            result = check_files(registry, paths, strict=strict)
        else:
            result = check_branch(registry, find_base(registry, base), strict=strict)
        report = replace(report_of(result), report_url=report_url)
        if metrics:
            report = with_gate(report, registry, threshold or ())
    for form, path in copies:
        text = render_check(report, form).rstrip("\n") + "\n"
        # A path in git may be any bytes; stdout writes those that are no text the same way.
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    _write(report, output)
    if report.failed:
        raise typer.Exit(ExitCode.FOUND)
    if report.undecided and on_inconclusive is OnInconclusive.FAIL:
        raise typer.Exit(ExitCode.UNDECIDED)


def _copy(text: str) -> tuple[CheckFormat, Path]:
    """Read ``FORMAT=FILE``."""
    form, _, file = text.partition("=")
    if form not in list(CheckFormat) or not file:
        raise ConfigError(
            f"--also {text!r} is no format and file",
            fix=f"--also junit=check.xml; the formats are {', '.join(CheckFormat)}",
        )
    path = given_path(file)
    # A check may take minutes, so nobody should wait for it to learn this.
    if not path.parent.is_dir():
        import shlex

        raise ConfigError(
            f"no folder {path.parent}", fix=f"mkdir -p {shlex.quote(str(path.parent))}"
        )
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", fix=f"--also {form}={Path(file, f'check.{form}')}")
    return CheckFormat(form), path


def _write(report: CheckReport, output: CheckFormat) -> None:
    text = render_check(report, output, style)
    if text:
        data(text.rstrip("\n"))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if output is CheckFormat.GITHUB and summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(render_check(report, CheckFormat.MARKDOWN) + "\n")
