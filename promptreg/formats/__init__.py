"""The check's findings and verdicts in every format a terminal, a host or a program reads; pure."""

from __future__ import annotations

from enum import StrEnum

from promptreg.formats.github import github_annotations
from promptreg.formats.machine import gitlab_report, json_report, junit_report
from promptreg.formats.markdown import STICKY_MARKER, markdown_report
from promptreg.formats.report import ChangedPrompt, CheckReport
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


_RENDERERS = {
    CheckFormat.JSON: json_report,
    CheckFormat.MARKDOWN: markdown_report,
    CheckFormat.GITHUB: github_annotations,
    CheckFormat.JUNIT: junit_report,
    CheckFormat.GITLAB: gitlab_report,
}


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
    return _RENDERERS[form](report)
