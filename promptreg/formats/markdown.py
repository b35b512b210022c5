"""The check as one sticky comment, and as the step summary; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from promptreg.formats import figures
from promptreg.formats.report import STICKY_MARKER, ChangedPrompt, CheckReport, count
from promptreg.gate import accept_command, measure_command
from promptreg.gate.model import Comparison, GateRow, Outcome
from promptreg.stats.metrics import metric_named

if TYPE_CHECKING:
    from promptreg.findings import Finding

__all__ = ["code", "escape", "markdown_report"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")
# Characters that move a terminal's cursor, change its colours or turn the direction of a line.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MOST_CHANGES = 20


def markdown_report(report: CheckReport) -> str:
    """Render a check as markdown: verdict, changes, findings, figures, what to do."""
    blocks = [STICKY_MARKER, f"### {_headline(report)}", escape(report.header)]
    if report.prompts:
        blocks.append(_changes(report.prompts))
    if report.findings:
        blocks.append("\n".join(_finding(finding) for finding in report.findings))
    if report.gate is not None:
        for comparison in report.gate.comparisons:
            blocks += _comparison(comparison)
    if report.report_url:
        blocks.append(f"[Full report]({report.report_url.replace(')', '%29').replace(' ', '%20')})")
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Make a text safe in markdown: no markup, no HTML, no table cells, no mentions."""
    single = _single_line(text)
    entities = single.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", entities).replace("@", "&#64;")


def code(text: str) -> str:
    """Put a text into a code span that its own backticks cannot leave."""
    single = _single_line(text).replace("|", "\\|")
    runs = re.findall(r"`+", single)
    fence = "`" * (max((len(run) for run in runs), default=0) + 1)
    pad = " " if single.startswith("`") or single.endswith("`") else ""
    return f"{fence}{pad}{single}{pad}{fence}"


def _single_line(text: str) -> str:
    return _UNSEEN.sub("\ufffd", " ".join(text.split()))


def _headline(report: CheckReport) -> str:
    if report.failed:
        return f"promptreg: {report.summary}"
    if report.undecided:
        return f"promptreg: no regression found, {report.undecided} undecided"
    return "promptreg: fit to merge"


def _changes(prompts: Sequence[ChangedPrompt]) -> str:
    lines = ["| prompt | version | level | changes |", "|---|---|---|---|"]
    for prompt in prompts:
        listed = [escape(change) for change in prompt.changes[:_MOST_CHANGES]]
        if len(prompt.changes) > _MOST_CHANGES:
            listed.append(f"{len(prompt.changes) - _MOST_CHANGES} more")
        changes = "<br>".join(listed)
        cells = (code(prompt.name), escape(prompt.versions), escape(prompt.level), changes)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _finding(finding: Finding) -> str:
    text = (
        f"- **{finding.severity}** {code(str(finding.location))} {escape(finding.rule)}: "
        f"{escape(finding.message)}"
    )
    if finding.fix:
        versions = f" ({escape('; or '.join(finding.possible))})" if finding.possible else ""
        text += f"<br>fix: {code(finding.fix)}{versions}"
    if finding.suggestion:
        lines = "".join(f"\n  {line}" for line in finding.suggestion.splitlines())
        longest = max((len(run) for run in re.findall(r"`+", finding.suggestion)), default=0)
        fence = "`" * max(3, longest + 1)
        text += f"\n\n  {fence}yaml{lines}\n  {fence}"
    return text


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield f"#### {escape(comparison.title)}"
    if comparison.rows:
        lines = [
            "| metric | base -> head | change | 95 % interval | limit | verdict |",
            "|---|---|---|---|---|---|",
        ]
        lines += [f"| {' | '.join(_cells(row, comparison))} |" for row in comparison.rows]
        yield "\n".join(lines)
    extra = [escape(note) for note in comparison.notes]
    if comparison.deltas:
        moved = [
            figures.delta(entry, metric_named(entry.name)._replace(unit=entry.unit))
            for entry in comparison.deltas
        ]
        extra.append("Means per row: " + escape(", ".join(moved)))
    if extra:
        yield "\n".join(f"- {line}" for line in extra)
    bad = sum(row.outcome is Outcome.REGRESSION for row in comparison.rows)
    if bad:
        command = accept_command(comparison.change, comparison.rows)
        yield f"To accept {count(bad, 'regression')}: {code(command)}"
    elif comparison.is_empty and comparison.change.base_digest:
        yield f"To measure: {code(measure_command(comparison.change))}"


def _cells(row: GateRow, comparison: Comparison) -> Sequence[str]:
    judgement = row.judgement
    verdict = escape(figures.outcome(row, comparison))
    return (
        code(row.name),
        escape(figures.values(judgement)),
        escape(figures.change(judgement)),
        escape(figures.interval(judgement)),
        escape(judgement.threshold.text),
        f"**{verdict}**" if row.outcome is Outcome.REGRESSION else verdict,
    )
