"""The check of a workflow: asked once, told as annotations, summary, comment, JSON and outputs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.ci.api import Api, ApiError
from promptreg.ci.autofix import Fix, may_fix, push_fix
from promptreg.ci.git import Git, with_fetches
from promptreg.ci.runner import fail, guarded, warn, write_outputs, write_summary
from promptreg.cli.errors import ExitCode, report_error
from promptreg.errors import PromptregError
from promptreg.formats import STICKY_MARKER, CheckFormat, CheckReport, render_check
from promptreg.operations.base import find_base
from promptreg.operations.check_report import report_of, with_gate
from promptreg.operations.checking import CheckResult, check_branch
from promptreg.registry import Registry

if TYPE_CHECKING:
    from promptreg.ci.settings import Event, Settings

__all__ = ["run_check"]

_MOST_DESCRIPTION = 140


@dataclass(frozen=True, slots=True)
class _Told:
    """What the following steps learn."""

    code: ExitCode
    markdown: str
    annotations: str = ""
    json: str = ""
    report: CheckReport | None = None
    fixed: str = ""


def run_check(settings: Settings, event: Event, environment: Mapping[str, str]) -> ExitCode:
    """Check, fix where wanted, and tell everybody.

    Args:
        settings: The action's inputs.
        event: What started the workflow.
        environment: Where GitHub says its files and the branch a pull request goes to.

    Returns:
        The exit code of the check; 3 also where history could not be fetched.
    """
    try:
        told = _judged(settings, event, environment)
    except PromptregError as error:
        told = _failed(error)
    settings.folder.mkdir(parents=True, exist_ok=True)
    (settings.folder / "comment.md").write_text(told.markdown, encoding="utf-8")
    if told.json:
        (settings.folder / "check.json").write_text(told.json + "\n", encoding="utf-8")
    if told.annotations:
        sys.stdout.write(told.annotations + "\n")
        sys.stdout.flush()
    write_summary(told.markdown, environment)
    write_outputs(_outputs(told, settings.folder), environment)
    return told.code


def _judged(settings: Settings, event: Event, environment: Mapping[str, str]) -> _Told:
    git = Git.authorized(settings.directory.absolute(), event.server, settings.token)
    chosen = settings.base or event.base_commit

    def check() -> CheckResult:
        with Registry(settings.directory) as registry:
            registry.config.require_version()
            base = find_base(registry, chosen, environment)
            return check_branch(registry, base, strict=settings.strict)

    with guarded():
        result = with_fetches(git, check, base_branch=event.base_branch)
    report = report_of(result)
    fix: Fix | None = None
    if may_fix(settings, event, report):
        assert result.base is not None
        fix = push_fix(settings, event, result.base, result)
        if fix is not None:
            report = report_of(fix.result)
    if settings.metrics:
        with guarded(), Registry(settings.directory) as registry:
            report = with_gate(report, registry, settings.thresholds)
    code = _code(report, settings)
    if fix is not None and not settings.autofix_token:
        # A push by the workflow's own token starts no workflow: nobody else judges this commit.
        _post_status(settings, event, fix.commit, code, report.summary)
    return _Told(
        code,
        _with_fix(render_check(report, CheckFormat.MARKDOWN), fix),
        render_check(report, CheckFormat.GITHUB),
        render_check(report, CheckFormat.JSON),
        report,
        fix.commit if fix else "",
    )


def _code(report: CheckReport, settings: Settings) -> ExitCode:
    if report.failed:
        return ExitCode.FOUND
    if report.undecided and settings.fail_on_inconclusive:
        return ExitCode.UNDECIDED
    return ExitCode.OK


def _failed(error: PromptregError) -> _Told:
    """Say an error in every place; the step after the others fails the job with its code."""
    from promptreg.formats.markdown import code as code_span
    from promptreg.formats.markdown import escape

    with guarded():
        code = report_error(error)
    fail(str(error))
    says = "cannot tell" if code is ExitCode.UNDECIDED else "the check could not run"
    blocks = [STICKY_MARKER, f"### promptreg: {says}", escape(error.message)]
    if error.fix:
        blocks.append(f"fix: {code_span(error.fix)}")
    return _Told(code, "\n\n".join(blocks) + "\n")


def _with_fix(markdown: str, fix: Fix | None) -> str:
    if fix is None:
        return markdown
    says = f"The missing bump was committed to this branch: {fix.commit}. Pull before you go on."
    return f"{markdown}\n{says}\n"


def _outputs(told: _Told, folder: Path) -> dict[str, str]:
    report = told.report
    return {
        "exit-code": str(told.code),
        "errors": str(len(report.errors)) if report else "",
        "warnings": str(len(report.warnings)) if report else "",
        "regressions": str(report.regressions) if report else "",
        "undecided": str(report.undecided) if report else "",
        "prompts": "\n".join(prompt.name for prompt in report.prompts) if report else "",
        "worth": "true" if report is None or _is_worth(report) else "false",
        "fixed": told.fixed,
        "json": str(folder / "check.json") if told.json else "",
    }


def _is_worth(report: CheckReport) -> bool:
    """Tell whether a pull request deserves a comment: most touch no prompt at all."""
    return bool(report.prompts or report.findings)


def _post_status(
    settings: Settings, event: Event, commit: str, code: ExitCode, summary: str
) -> None:
    status = {
        "state": "success" if code is ExitCode.OK else "failure",
        "context": settings.status_context,
        "description": summary[:_MOST_DESCRIPTION],
    }
    if event.run_url:
        status["target_url"] = event.run_url
    try:
        Api(event.api, event.repository, settings.token).set_status(commit, status)
    except PromptregError as error:
        denied = isinstance(error, ApiError) and error.denied
        hint = "; the job needs `statuses: write`" if denied else ""
        warn(f"No status on {commit[:7]}: {error.message}{hint}")
