"""The report for a terminal, a pull request or a chat: the most important as Markdown; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from promptreg.formats.markdown import code, escape
from promptreg.report.brief import LATEST_RELEASES
from promptreg.report.format import (
    alert_texts,
    alerts_text,
    figure_texts,
    money,
    number,
    value_text,
)
from promptreg.report.plain import glance_text

if TYPE_CHECKING:
    from promptreg.report.brief import PromptLine, ReleaseLine
    from promptreg.report.model import Report

__all__ = ["markdown_report"]

# A comment on GitHub holds 65,536 characters; what nobody would read need not be in it.
_MOST_ROWS = 50
_WIDEST = 40


def markdown_report(report: Report, lines: Sequence[PromptLine]) -> str:
    """Write figures, what is live, what is new, alerts and all prompts.

    Args:
        report: The report; its prompts are not looked at.
        lines: The prompts, by name.
    """
    parts = [
        f"# {escape(report.title)}",
        _origin(report),
        f"**{escape(glance_text(report))}**" if lines else "",
        *(f"> {escape(note)}" for note in report.notes),
        _table(("Figure", "Value"), [(f.title, f.text) for f in figure_texts(report)]),
        *_live(report),
        *_unpromoted(report),
        *_alerts(report),
        *_releases(lines),
        *_prompts(lines, report.currency),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(report: Report) -> str:
    parts = [escape(report.repository) if report.repository else ""]
    if report.commit:
        parts.append(f"commit {code(report.commit[:12])} of {report.commit_date[:10]}")
    start = (report.since or report.data_start or "")[:10]
    if report.data_date:
        parts.append(f"calls from {start} until {report.data_date[:10]}")
    else:
        parts.append(f"no calls since {start}" if start else "no metrics")
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
                    escape(r.verdict) or "no calls of an earlier version",
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
    if rows:
        keys = ("severity", "prompt", "versions", "metric", "change", "limit", "verdict")
        yield _table(
            [key.capitalize() for key in keys],
            [[escape(row[key]) for key in keys] for row in rows[:_MOST_ROWS]],
        )
        yield _more(len(rows)).removeprefix(", ").capitalize()
    yield alerts_text(report)


def _releases(lines: Iterable[PromptLine]) -> Iterator[str]:
    released = [(line.name, release) for line in lines for release in line.releases]
    # Of one moment stand those of one prompt together, the highest version first.
    released.sort(key=lambda found: found[1].date)
    if released:
        yield "## Latest releases"
        yield _table(
            ("Date", "Prompt", "Version", "Level", "By", "What changed"),
            [
                (r.date[:10], escape(name), r.version, r.level, escape(r.author), _changes(r))
                for name, r in reversed(released[-LATEST_RELEASES:])
            ],
        )


def _changes(release: ReleaseLine) -> str:
    told = ", ".join(map(escape, release.rules))
    return f"yanked: {escape(release.yanked)}" if release.yanked is not None else told


def _prompts(lines: Sequence[PromptLine], currency: str) -> Iterator[str]:
    yield "## Prompts"
    if not lines:
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
    rows = [_prompt(line, currency) for line in lines]
    yield _table(heads, rows, right=(2, 3, *range(5, len(heads))))


def _prompt(line: PromptLine, currency: str) -> list[str]:
    return [
        escape(line.name) + (" (deleted)" if line.deleted else ""),
        line.latest or "none",
        str(line.versions),
        number(line.calls),
        line.measured or "none",
        value_text(line.latency, "ms", currency),
        money(line.cost, currency),
        value_text(line.quality, "", currency),
        value_text(line.success, "ratio", currency),
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
