"""The check for programs: JSON, JUnit XML and GitLab's code quality; pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from promptreg.formats import figures
from promptreg.gate.model import Comparison, GateRow, Outcome

if TYPE_CHECKING:
    from promptreg.findings import Finding
    from promptreg.formats.report import CheckReport

__all__ = ["gitlab_report", "json_report", "junit_report"]

_ILLEGAL = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SCHEMA = 1
_GITLAB_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def json_report(report: CheckReport) -> str:
    """Render a check as one JSON object; `schema` grows when a field changes its meaning."""
    gate = report.gate
    return json.dumps(
        {
            "schema": _SCHEMA,
            "failed": report.failed,
            "base": {
                "ref": report.base,
                "commit": report.base_commit,
                "source": report.base_source,
            },
            "report_url": report.report_url or None,
            "prompts": [_prompt(prompt) for prompt in report.prompts],
            "findings": [_finding(finding) for finding in report.findings],
            "gate": None
            if gate is None
            else {
                "verdict": gate.verdict.value,
                "comparisons": [_comparison(comparison) for comparison in gate.comparisons],
            },
            "counts": {
                "errors": len(report.errors),
                "warnings": len(report.warnings),
                "regressions": report.regressions,
                "undecided": report.undecided,
                "accepted": gate.accepted if gate else 0,
            },
        },
        indent=2,
        ensure_ascii=False,
    )


def junit_report(report: CheckReport) -> str:
    """Render a check as JUnit XML: one suite for the files, one for the metrics."""
    files = [_file_case(report, prompt.name, prompt.path) for prompt in report.prompts]
    known = {prompt.path for prompt in report.prompts}
    others = [f for f in report.findings if f.location.path not in known]
    files += [
        _case(f.rule, f.location.path, failure=_says(f) if f.severity == "error" else "")
        for f in others
    ]
    suites = [_suite("promptreg.files", files)]
    if report.gate is not None:
        metrics = [case for c in report.gate.comparisons for case in _metric_cases(c)]
        suites.append(_suite("promptreg.metrics", metrics))
    body = "\n".join(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{body}\n</testsuites>'


def gitlab_report(report: CheckReport) -> str:
    """Render a check as GitLab's code quality report."""
    issues = [
        _issue(
            finding.rule,
            finding.message,
            _GITLAB_SEVERITIES[finding.severity],
            finding.location.path,
            finding.location.line,
        )
        for finding in report.findings
    ]
    for comparison in report.gate.comparisons if report.gate else ():
        for row in comparison.rows:
            if row.outcome in {Outcome.REGRESSION, Outcome.UNDECIDED}:
                bad = row.outcome is Outcome.REGRESSION
                issues.append(
                    _issue(
                        f"metrics-{row.name}",
                        sentence(row, comparison),
                        "critical" if bad else "info",
                        comparison.change.path,
                        comparison.change.line,
                    )
                )
    return json.dumps(issues, indent=2, ensure_ascii=False)


def sentence(row: GateRow, comparison: Comparison) -> str:
    """Say a verdict in one line, for places that have no table."""
    judgement = row.judgement
    figure = " ".join(
        part
        for part in (
            figures.values(judgement),
            figures.change(judgement),
            figures.interval(judgement),
        )
        if part
    )
    subject = f"{comparison.change.prompt} {comparison.change.versions}: {row.name}"
    details = f"{figure}, {figures.limit(judgement)}" if figure else figures.limit(judgement)
    return f"{subject} {details}: {figures.outcome(row, comparison)}"


def _prompt(prompt: Any) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "path": prompt.path,
        "line": prompt.line,
        "base_version": prompt.base_version,
        "head_version": prompt.head_version,
        "base_digest": prompt.base_digest,
        "head_digest": prompt.head_digest,
        "level": prompt.level,
        "changes": list(prompt.changes),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.location.path,
        "line": finding.location.line,
        "column": finding.location.column,
        "prompt": finding.prompt,
        "fix": finding.fix,
        "possible": list(finding.possible),
        "suggestion": finding.suggestion,
        "fixable": finding.fixable,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    change, context = comparison.change, comparison.context
    return {
        "prompt": change.prompt,
        "base_version": change.base_version,
        "head_version": change.head_version,
        "base_digest": change.base_digest,
        "head_digest": change.head_digest,
        "suite": context.suite if context else None,
        "dataset_digest": context.dataset_digest if context else None,
        "environment": context.environment if context else None,
        "models": list(comparison.models),
        "paired": comparison.paired,
        "n_base": comparison.n_base,
        "n_head": comparison.n_head,
        "verdict": comparison.verdict.value,
        "metrics": [_row(row) for row in comparison.rows],
        "deltas": [
            {"name": d.name, "base": d.base, "head": d.head, "change": d.change}
            for d in comparison.deltas
        ],
        "notes": list(comparison.notes),
    }


def _row(row: GateRow) -> dict[str, Any]:
    judgement = row.judgement
    interval = judgement.interval
    return {
        "metric": row.name,
        "threshold": judgement.threshold.text,
        "outcome": row.outcome.value,
        "verdict": judgement.verdict.value,
        "base": _number(judgement.base),
        "head": _number(judgement.head),
        "change": _number(judgement.change),
        "relative": judgement.relative,
        "interval": [_number(interval.low), _number(interval.high)] if interval else None,
        "n_base": judgement.n_base,
        "n_head": judgement.n_head,
        "p_harm": _number(judgement.p_harm),
        "p_within": _number(judgement.p_within),
        "needed": judgement.needed,
        "note": row.note or judgement.note,
        "accepted_until": row.accepted.until.isoformat() if row.accepted else None,
    }


def _number(number: float | None) -> float | None:
    """Return None for what JSON cannot hold."""
    return number if number is not None and math.isfinite(number) else None


def _file_case(report: CheckReport, name: str, path: str) -> str:
    own = [f for f in report.findings if f.location.path == path]
    failure = "\n".join(_says(f) for f in own if f.severity == "error")
    output = "\n".join(_says(f) for f in own if f.severity != "error")
    return _case(name, path, failure=failure, output=output)


def _says(finding: Finding) -> str:
    fix = f" (fix: {finding.fix})" if finding.fix else ""
    return f"{finding.location}: {finding.severity} {finding.rule}: {finding.message}{fix}"


def _metric_cases(comparison: Comparison) -> Iterator[str]:
    classname = f"{comparison.change.prompt} {comparison.change.versions}"
    for row in comparison.rows:
        says = sentence(row, comparison)
        if row.outcome is Outcome.REGRESSION:
            yield _case(row.name, classname, failure=says)
        elif row.outcome is Outcome.UNDECIDED:
            yield _case(row.name, classname, skipped=says)
        else:
            yield _case(row.name, classname, output=says)
    if comparison.is_empty and comparison.change.base_digest:
        yield _case("metrics", classname, skipped="; ".join(comparison.notes))


def _case(
    name: str, classname: str, *, failure: str = "", skipped: str = "", output: str = ""
) -> str:
    inner = ""
    if failure:
        first = failure.splitlines()[0]
        inner += f"<failure message={_attribute(first)}>{_xml(failure)}</failure>"
    if skipped:
        inner += f"<skipped message={_attribute(skipped)}/>"
    if output:
        inner += f"<system-out>{_xml(output)}</system-out>"
    start = f"    <testcase name={_attribute(name)} classname={_attribute(classname)}"
    return f"{start}>{inner}</testcase>" if inner else f"{start}/>"


def _suite(name: str, cases: list[str]) -> str:
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    body = "".join(f"{case}\n" for case in cases)
    return (
        f'  <testsuite name="{name}" tests="{len(cases)}" failures="{failures}" errors="0" '
        f'skipped="{skipped}">\n{body}  </testsuite>'
    )


def _xml(text: str) -> str:
    return escape(_legal(text))


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


def _legal(text: str) -> str:
    # XML 1.0 has no way to write these characters, not even escaped.
    return _ILLEGAL.sub(" ", text)


def _issue(rule: str, message: str, severity: str, path: str, line: int) -> dict[str, Any]:
    # The line is left out of the fingerprint: an issue that moves is not a new one.
    known = f"{rule}\0{path}\0{message}".encode("utf-8", "surrogateescape")
    fingerprint = hashlib.sha256(known).hexdigest()
    return {
        "description": message,
        "check_name": f"promptreg/{rule}",
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": max(1, line)}},
    }
