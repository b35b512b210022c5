"""The check for people: aligned, short, in colours where the terminal shows them; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from promptreg.formats import figures
from promptreg.gate import accept_command, measure_command
from promptreg.gate.model import Comparison, GateRow, Outcome

if TYPE_CHECKING:
    from promptreg.findings import Finding
    from promptreg.formats.report import CheckReport

__all__ = ["Styler", "plain", "text_report"]

_SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "blue"}
_OUTCOME_STYLES = {
    Outcome.OK: ("green",),
    Outcome.REGRESSION: ("red", "bold"),
    Outcome.UNDECIDED: ("yellow",),
    Outcome.ACCEPTED: ("blue",),
}


class Styler(Protocol):
    """Puts a text into colours."""

    def __call__(self, text: str, *names: str) -> str:
        """Return the text in the named styles."""


def plain(text: str, *_names: str) -> str:
    """Return a text as it is."""
    return text


def text_report(report: CheckReport, style: Styler = plain) -> str:
    """Render a check as text.

    Args:
        report: What the check found.
        style: Colours texts; the default leaves them plain.
    """
    lines = [one_line(report.header)]
    for finding in report.findings:
        lines += _finding(finding, style)
    if report.gate is not None:
        for comparison in report.gate.comparisons:
            lines += _comparison(comparison, style)
    tone = "red" if report.failed else "yellow" if report.undecided else "green"
    return "\n".join([*lines, style(report.summary, tone)])


def _finding(finding: Finding, style: Styler) -> Iterator[str]:
    label = style(finding.severity, _SEVERITY_STYLES[finding.severity])
    says = one_line(f"{finding.rule}: {finding.message}")
    yield f"{one_line(str(finding.location))}: {label} {says}"
    if finding.fix:
        versions = "; or ".join(finding.possible)
        yield one_line(f"  fix: {finding.fix}" + (f"   ({versions})" if versions else ""))


def _comparison(comparison: Comparison, style: Styler) -> Iterator[str]:
    yield style(one_line(comparison.title), "bold")
    rows = [_cells(row, comparison) for row in comparison.rows]
    label = max((len(row[0]) for row in rows), default=0)
    label = max(label, len("accept:"))
    widths = [label, *(max(len(row[i]) for row in rows) for i in range(1, 5))] if rows else []
    for row, cells in zip(comparison.rows, rows, strict=True):
        aligned = [cell.ljust(width) for cell, width in zip(cells[:5], widths, strict=True)]
        verdict = style(cells[5], *_OUTCOME_STYLES[row.outcome])
        # The interval belongs to the change before it, hence one blank.
        yield f"  {aligned[0]}  {aligned[1]}  {aligned[2]} {aligned[3]}  {aligned[4]}  {verdict}"
    for note in comparison.notes:
        yield f"  {'note:'.ljust(label)}  {one_line(note)}"
    if comparison.is_empty and comparison.change.base_digest:
        yield f"  {'fix:'.ljust(label)}  {measure_command(comparison.change)}"
    if any(row.outcome is Outcome.REGRESSION for row in comparison.rows):
        command = accept_command(comparison.change, comparison.rows)
        yield f"  {'accept:'.ljust(label)}  {command}"


def _cells(row: GateRow, comparison: Comparison) -> Sequence[str]:
    judgement = row.judgement
    return (
        row.name,
        figures.values(judgement),
        figures.change(judgement),
        figures.interval(judgement),
        figures.limit(judgement),
        one_line(figures.outcome(row, comparison)),
    )


def one_line(text: str) -> str:
    """Return a text without line ends and control characters, which could forge output."""
    return "".join(c if c.isprintable() else " " for c in text)
