"""The check for GitHub: annotations on the lines that changed; pure.

A step shows ten errors, ten warnings and ten notices; the rest stands in the step summary, which is
the markdown of the same report.
"""

from __future__ import annotations

from collections.abc import Iterator

from promptreg.formats.machine import sentence
from promptreg.formats.report import CheckReport, count
from promptreg.gate.model import Comparison, Outcome
from promptreg.stats.gate import Verdict
from promptreg.values import dataclass

__all__ = ["github_annotations"]

_MOST = 10
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


@dataclass(frozen=True, slots=True)
class _Annotation:
    command: str
    path: str
    line: int
    column: int
    title: str
    message: str

    def __str__(self) -> str:
        place = f"file={_property(self.path)},line={max(1, self.line)}"
        if self.column:
            place += f",col={self.column}"
        title = f",title={_property(self.title)}"
        return f"::{self.command} {place}{title}::{_data(self.message)}"


def github_annotations(report: CheckReport) -> str:
    """Render a check as workflow commands, at most ten of each kind.

    The last line, an ordinary one, says what was found and how much of it is left out.
    """
    shown: list[str] = []
    counts: dict[str, int] = {}
    for annotation in _annotations(report):
        counts[annotation.command] = counts.get(annotation.command, 0) + 1
        if counts[annotation.command] <= _MOST:
            shown.append(str(annotation))
    hidden = sum(max(0, number - _MOST) for number in counts.values())
    rest = f" {count(hidden, 'more annotation')} in the step summary." if hidden else ""
    return "\n".join([*shown, _data(report.summary) + rest])


def _annotations(report: CheckReport) -> Iterator[_Annotation]:
    for finding in report.findings:
        message = finding.message
        if finding.fix:
            versions = f"   ({'; or '.join(finding.possible)})" if finding.possible else ""
            message += f"\nfix: {finding.fix}{versions}"
        if finding.suggestion:
            message += f"\n{finding.suggestion}"
        place = finding.location
        yield _Annotation(
            _COMMANDS[finding.severity],
            place.path,
            place.line,
            place.column,
            finding.rule,
            message,
        )
    for comparison in report.gate.comparisons if report.gate else ():
        yield from _of_comparison(comparison)


def _of_comparison(comparison: Comparison) -> Iterator[_Annotation]:
    change = comparison.change
    for row in comparison.rows:
        if row.outcome is Outcome.REGRESSION:
            title = f"{row.name} regression"
            says = sentence(row, comparison)
            yield _Annotation("error", change.path, change.line, 0, title, says)
    open_rows = [row for row in comparison.rows if row.outcome is Outcome.UNDECIDED]
    if open_rows:
        says = "\n".join(sentence(row, comparison) for row in open_rows)
        yield _Annotation("warning", change.path, change.line, 0, "cannot tell", says)
    elif comparison.is_empty and comparison.verdict is Verdict.INCONCLUSIVE:
        says = f"{comparison.title}: {'; '.join(comparison.notes)}"
        yield _Annotation("warning", change.path, change.line, 0, "cannot tell", says)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
