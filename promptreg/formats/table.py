"""The gate's table for people; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptreg.formats import figures
from promptreg.formats.text import Styler, one_line
from promptreg.gate import accept_command, measure_command
from promptreg.gate.model import Comparison, GateRow, Outcome

__all__ = ["comparison_lines"]

_OUTCOME_STYLES = {
    Outcome.OK: ("green",),
    Outcome.REGRESSION: ("red", "bold"),
    Outcome.UNDECIDED: ("yellow",),
    Outcome.ACCEPTED: ("blue",),
}


def comparison_lines(comparison: Comparison, style: Styler) -> Iterator[str]:
    """Return the lines of one comparison: title, table, notes, what to do."""
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
