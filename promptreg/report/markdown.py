"""The report for a terminal, a pull request or a chat: the most important as Markdown; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from promptreg.formats.markdown import code, escape
from promptreg.report.format import (
    alert_texts,
    figure_texts,
    money,
    number,
    value_text,
)
from promptreg.report.model import latest_of

if TYPE_CHECKING:
    from promptreg.report.model import PromptRow, Report, VersionRow

__all__ = ["markdown_report"]

_LATEST = 10
# A comment on GitHub holds 65,536 characters; what nobody would read need not be in it.
_MOST_ROWS = 50
_WIDEST = 40


def markdown_report(report: Report) -> str:
    """Write figures, what is live, what is new, alerts and all prompts.

    Args:
        report: A whole report, its prompts included.
    """
    parts = [
        f"# {escape(report.title)}",
        _origin(report),
        *(f"> {escape(note)}" for note in report.notes),
        _table(("Figure", "Value"), [(f.title, f.text) for f in figure_texts(report)]),
        *_live(report),
        *_unpromoted(report),
        *_alerts(report),
        *_releases(report),
        *_prompts(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(report: Report) -> str:
    parts = [escape(report.repository) if report.repository else ""]
    if report.commit:
        parts.append(f"commit {code(report.commit[:12])} of {report.commit_date[:10]}")
    if report.since:
        parts.append(f"calls since {report.since[:10]}")
    parts.append(f"last call {report.data_date[:10]}" if report.data_date else "no metrics")
    return " \u00b7 ".join(part for part in parts if part)


def _live(report: Report) -> Iterator[str]:
    rows = report.overview.labels
    if rows:
        yield "## Live now"
        heads = ("Label", "Prompt", "Version", "Since", "How it does")
        yield _table(
            heads,
            [
                (
                    escape(r.label),
                    escape(r.prompt),
                    r.version,
                    r.since[:10],
                    escape(r.verdict) or "no earlier version to compare with",
                )
                for r in rows
            ],
        )


def _unpromoted(report: Report) -> Iterator[str]:
    rows = report.overview.unpromoted
    if rows:
        yield "## Released, not promoted"
        names = [f"{escape(name)} {version}" for name, version in rows[:_MOST_ROWS]]
        yield ", ".join(names) + _more(len(rows))


def _alerts(report: Report) -> Iterator[str]:
    rows = alert_texts(report)
    yield "## Alerts"
    if not rows:
        yield "No version is measurably worse than the one before."
        return
    keys = ("severity", "prompt", "versions", "metric", "change", "limit", "verdict")
    yield _table(
        [key.capitalize() for key in keys],
        [[escape(row[key]) for key in keys] for row in rows[:_MOST_ROWS]],
    )
    yield _more(len(rows)).removeprefix(", ").capitalize()


def _releases(report: Report) -> Iterator[str]:
    released = [(p.name, v) for p in report.prompts for v in p.versions if v.released and v.date]
    # Of one moment stand those of one prompt together, the highest version first.
    released.sort(key=lambda found: found[1].date)
    if released:
        yield "## Latest releases"
        yield _table(
            ("Date", "Prompt", "Version", "Level", "By", "What changed"),
            [
                (v.date[:10], escape(name), v.version, v.level, escape(v.author), _changes(v))
                for name, v in reversed(released[-_LATEST:])
            ],
        )


def _changes(version: VersionRow) -> str:
    rules = dict.fromkeys(change.rule for change in version.changes)
    told = ", ".join(map(escape, rules))
    return f"yanked: {escape(version.yanked)}" if version.yanked is not None else told


def _prompts(report: Report) -> Iterator[str]:
    yield "## Prompts"
    if not report.prompts:
        yield "No prompt yet."
        return
    heads = (
        "Prompt",
        "Latest",
        "Versions",
        "Calls",
        "Measured",
        "Median latency",
        "Cost per call",
        "Quality",
        "Success",
    )
    rows = [_prompt(row, report.currency) for row in report.prompts]
    yield _table(heads, rows, right=(2, 3, *range(5, len(heads))))


def _prompt(prompt: PromptRow, currency: str) -> list[str]:
    measured = latest_of([v for v in prompt.versions if v.calls])

    def mean(name: str, unit: str) -> str:
        found = measured.metric(name) if measured else None
        return value_text(found.mean if found else None, unit, currency)

    latency = measured.metric("latency") if measured else None
    cost = measured.metric("cost") if measured else None
    latest = latest_of([v for v in prompt.versions if v.released])
    return [
        escape(prompt.name) + (" (deleted)" if prompt.deleted else ""),
        latest.version if latest else "none",
        str(sum(v.released for v in prompt.versions)),
        number(sum(v.calls for v in prompt.versions)),
        measured.version if measured else "none",
        value_text(latency.p50 if latency else None, "ms", currency),
        money(cost.mean if cost else None, currency),
        mean("quality", ""),
        mean("success_rate", "ratio"),
    ]


def _more(count: int) -> str:
    return f", and {count - _MOST_ROWS:,} more" if count > _MOST_ROWS else ""


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> str:
    """Write a table whose columns also stand below each other in a terminal."""
    aligned = set(right)
    lines = [list(heads), *map(list, rows)]
    widths = [min(max(map(_width, column)), _WIDEST) for column in zip(*lines, strict=True)]
    rule = ["-" * (w - 1) + ":" if at in aligned else "-" * w for at, w in enumerate(widths)]
    lines.insert(1, rule)
    return "\n".join(f"| {' | '.join(_padded(line, widths, aligned))} |" for line in lines)


def _padded(line: Sequence[str], widths: Sequence[int], aligned: Collection[int]) -> Iterator[str]:
    for at, cell in enumerate(line):
        room = " " * (widths[at] - _width(cell))
        yield room + cell if at in aligned else cell + room


def _width(text: str) -> int:
    """Return how many columns a terminal gives to a text."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
