"""The check's findings and verdicts in every format a terminal, a host or a program reads; pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from promptreg.formats.report import STICKY_MARKER, ChangedPrompt, CheckReport
from promptreg.formats.text import Styler, plain, text_report

__all__ = ["STICKY_MARKER", "ChangedPrompt", "CheckFormat", "CheckReport", "render_check"]


class CheckFormat(StrEnum):
    """How a check is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    JUNIT = "junit"
    GITLAB = "gitlab"


def render_check(
    report: CheckReport, form: CheckFormat = CheckFormat.TEXT, style: Styler = plain
) -> str:
    """Render a check.

    Args:
        report: What the check found.
        form: The format; the step summary of GitHub is MARKDOWN.
        style: Colours the text format.
    """
    if form is CheckFormat.TEXT:
        return text_report(report, style)
    return _renderer(form)(report)


def _renderer(form: CheckFormat) -> Callable[[CheckReport], str]:
    """Load the module of a format; the text alone must start at once."""
    match form:
        case CheckFormat.MARKDOWN:
            from promptreg.formats.markdown import markdown_report

            return markdown_report
        case CheckFormat.GITHUB:
            from promptreg.formats.github import github_annotations

            return github_annotations
        case _:
            from promptreg.formats import machine

            return {
                CheckFormat.JSON: machine.json_report,
                CheckFormat.JUNIT: machine.junit_report,
                CheckFormat.GITLAB: machine.gitlab_report,
            }[form]
