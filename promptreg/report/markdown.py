"""The report for a terminal, a pull request or a chat: the most important as Markdown; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from promptreg.formats.markdown import code, escape
from promptreg.report.format import (
    alert_texts,
    figure_texts,
    money,
    number,
    value_text,
)

if TYPE_CHECKING:
    from promptreg.report.model import PromptRow, Report, VersionRow

__all__ = ["markdown_report"]


def markdown_report(report: Report) -> str:
    """Write figures, what is live, alerts and all prompts.

    Args:
        report: A whole report, its prompts included.
    """
    parts = [
        f"# {escape(report.title)}",
        _origin(report),
        *(f"> {escape(note)}" for note in report.notes),
        _table(("Figure", "Value"), [(f.title, f.text) for f in figure_texts(report)]),
        *_live(report),
        *_alerts(report),
        *_prompts(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(report: Report) -> str:
    parts = [escape(report.repository) if report.repository else ""]
    if report.commit:
        parts.append(f"commit {code(report.commit[:12])} of {report.commit_date[:10]}")
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
                (escape(r.label), escape(r.prompt), r.version, r.since[:10], escape(r.verdict))
                for r in rows
            ],
        )


def _alerts(report: Report) -> Iterator[str]:
    rows = alert_texts(report)
    yield "## Alerts"
    if not rows:
        yield "No version is measurably worse than the one before."
        return
    keys = ("severity", "prompt", "versions", "metric", "change", "limit", "verdict")
    yield _table(
        [key.capitalize() for key in keys], [[escape(row[key]) for key in keys] for row in rows]
    )


def _prompts(report: Report) -> Iterator[str]:
    yield "## Prompts"
    if not report.prompts:
        yield "No prompt yet."
        return
    heads = (
        *("Prompt", "Latest", "Versions", "Calls"),
        *("Median latency", "Cost per call", "Quality", "Success"),
    )
    yield _table(
        heads, [_prompt(row, report.currency) for row in report.prompts], right=range(2, 8)
    )


def _prompt(prompt: PromptRow, currency: str) -> list[str]:
    measured: VersionRow | None = next((v for v in reversed(prompt.versions) if v.calls), None)

    def mean(name: str, unit: str) -> str:
        found = measured.metric(name) if measured else None
        return value_text(found.mean if found else None, unit, currency)

    latency = measured.metric("latency") if measured else None
    cost = measured.metric("cost") if measured else None
    latest = next((v for v in reversed(prompt.versions) if v.released), None)
    return [
        escape(prompt.name),
        latest.version if latest else "none",
        str(sum(v.released for v in prompt.versions)),
        number(sum(v.calls for v in prompt.versions)),
        value_text(latency.p50 if latency else None, "ms", currency),
        money(cost.mean if cost else None, currency),
        mean("quality", ""),
        mean("success_rate", "ratio"),
    ]


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> str:
    aligned = set(right)
    rule = ["---:" if at in aligned else "---" for at in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(heads), rule, *rows])
