"""Writes what the page says where no script may run; pure.

The page's own scripts say the same in `overview_glance.js` and `overview_live.js`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.format import number, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptreg.report.model import Alert, LabelRow, Report

__all__ = [
    "Heads",
    "LiveTable",
    "LiveText",
    "glance_text",
    "head_style",
    "live_table",
    "row_texts",
    "table_heads",
]

_NOT_COMPARED = "What is live cannot be compared with earlier versions yet"
# Title, key and unit of what is known of a version.
_FIGURES = (
    ("Calls", "calls", "calls"),
    ("Median latency", "latency", "ms"),
    ("Cost per call", "cost", "money"),
    ("Quality", "quality", ""),
    ("Success", "success", "ratio"),
)


class Heads(NamedTuple):
    """The heads of a table's columns; those of figures come last."""

    texts: tuple[str, ...]
    figures: tuple[str, ...] = ()


class LiveText(NamedTuple):
    """What a label serves, with the version's figures as text."""

    row: LabelRow
    figures: tuple[str, ...]


class LiveTable(NamedTuple):
    """What is live.

    Attributes:
        heads: Titles of the figures that any live version has.
        rows: A row for each label and prompt; its figures are in the order of the heads.
    """

    heads: tuple[str, ...]
    rows: tuple[LiveText, ...]


def glance_text(report: Report) -> str:
    """Say in one sentence whether anything live, or newer, does worse.

    Args:
        report: The report; its prompts are not looked at.
    """
    tones = [row.tone for row in report.overview.labels]
    newer = len(_newer(report.alerts))
    if not tones:
        told = f"; {_versions(newer, 'latest')} worse than before" if newer else ""
        return f"No label says yet what is live{told}"
    if worse := tones.count("worse"):
        many = f"{number(worse)} live versions do worse than those they replaced"
        return "One live version does worse than the one it replaced" if worse == 1 else many
    # What nobody could compare may be worse all the same.
    is_certain = {*tones} <= {"better", "fine"}
    no_worse = f"Nothing live {'does' if is_certain else 'is known to do'} worse than before"
    if newer:
        return f"{no_worse}, but {_versions(newer, 'newer')}"
    if better := tones.count("better"):
        return f"{no_worse}; {_versions(better)} better"
    return _NOT_COMPARED if {*tones} == {"neutral"} else no_worse


def _versions(count: int, kind: str = "") -> str:
    """Return such as ``one newer version does``."""
    if count == 1:
        return " ".join(filter(None, ("one", kind, "version does")))
    return " ".join(filter(None, (number(count), kind, "versions do")))


def _newer(alerts: Iterable[Alert]) -> set[tuple[str, str]]:
    """Return the latest versions that no label serves and that do worse."""
    return {
        (alert.prompt, alert.head)
        for alert in alerts
        if alert.current and not alert.live and alert.severity != "info"
    }


def live_table(
    labels: Sequence[LabelRow], rows: Iterable[Mapping[str, Any]], currency: str
) -> LiveTable:
    """Write what each label serves, and how often and how well.

    Args:
        labels: What labels serve.
        rows: What `wire.pack_row` made of each prompt.
        currency: In which costs are.
    """
    live = {row["name"]: row.get("live", {}) for row in rows}
    found = [live.get(label.prompt, {}).get(label.version, {}) for label in labels]
    is_measured = any(values.get("calls") for values in found)
    # A cost or a success of 0 is known.
    shown = [
        figure
        for figure in _FIGURES
        if is_measured and any(values.get(figure[1]) is not None for values in found)
    ]
    return LiveTable(
        tuple(title for title, _, _ in shown),
        tuple(
            LiveText(label, tuple(_text(values.get(key), unit, currency) for _, key, unit in shown))
            for label, values in zip(labels, found, strict=True)
        ),
    )


def table_heads(live: LiveTable) -> dict[str, Heads]:
    """Return the heads of the plain tables by their ids.

    Args:
        live: What is live.
    """
    figures = tuple(title for title, _, _ in _FIGURES)
    changes = ("Versions", "Metric", "Change", "Limit", "Verdict")
    return {
        "plain-live": Heads(("Label", "Prompt", "Version", "Since", "How it does"), live.heads),
        "plain-prompts": Heads(("Prompt", "Latest"), ("Versions", *figures)),
        "plain-alerts": Heads(("Severity", "Prompt", *changes)),
    }


def head_style(tables: Mapping[str, Heads]) -> str:
    """Write rules that tell each cell its head, for windows in which a row stands as a card.

    An attribute of each cell would say the same, once for every prompt.

    Args:
        tables: The heads of each table by its id.
    """
    return "".join(
        f'#{name} td:nth-child({place}){{--head:"{head}"}}'
        for name, (texts, figures) in tables.items()
        for place, head in enumerate((*texts, *figures), start=1)
        if place > 1
    )


def row_texts(rows: Iterable[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """Write what the plain table shows of each prompt.

    Args:
        rows: What `wire.pack_row` made of each prompt.
        currency: In which costs are.
    """
    return [
        {
            "name": row["name"],
            "latest": f"{row['latest']} (yanked)" if "yanked" in row else row["latest"] or "none",
            "versions": number(row["versions"]),
            **{key: _text(row[key], unit, currency) for _, key, unit in _FIGURES},
        }
        for row in rows
    ]


def _text(value: float | None, unit: str, currency: str) -> str:
    return number(value) if unit == "calls" else value_text(value, unit, currency)
