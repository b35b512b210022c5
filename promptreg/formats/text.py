"""The check for people: aligned, short, in colours where the terminal shows them; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from promptreg.findings import Finding
    from promptreg.formats.report import CheckReport

__all__ = ["Styler", "one_line", "plain", "text_report"]

_SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "blue"}


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
        # Loaded here alone: a check without --metrics needs none of the statistics.
        from promptreg.formats.table import comparison_lines

        for comparison in report.gate.comparisons:
            lines += comparison_lines(comparison, style)
    tone = "red" if report.failed else "yellow" if report.undecided else "green"
    return "\n".join([*lines, style(report.summary, tone)])


def _finding(finding: Finding, style: Styler) -> Iterator[str]:
    label = style(finding.severity, _SEVERITY_STYLES[finding.severity])
    says = one_line(f"{finding.rule}: {finding.message}")
    yield f"{one_line(str(finding.location))}: {label} {says}"
    if finding.fix:
        versions = "; or ".join(finding.possible)
        yield one_line(f"  fix: {finding.fix}" + (f"   ({versions})" if versions else ""))


def one_line(text: str) -> str:
    """Return a text without line ends and control characters, which could forge output."""
    return "".join(c if c.isprintable() else " " for c in text)
