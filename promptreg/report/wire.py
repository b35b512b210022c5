"""Packs everything of a report but the prompts' own data for the page.

Only the page reads it: the documented shape is the JSON of `promptreg.report.schema`.
"""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import Pool, short
from promptreg.report.model import latest_of, mean_of, median_of
from promptreg.report.schema import as_json
from promptreg.report.wire_judged import pack_alerts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptreg.report.model import Alert, PromptRow, Report, VersionRow
    from promptreg.report.origin import Links

__all__ = ["pack_index", "pack_row", "with_alerts", "with_links"]

SPARK_POINTS = 30


def pack_index(report: Report, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Pack everything but the prompts' own data.

    Args:
        report: The report; its prompts are not looked at.
        rows: What `pack_row` made of each prompt, in order.
    """
    overview, pool = report.overview, Pool()
    return {
        "title": report.title,
        "repository": report.repository,
        "commit": report.commit,
        "commitDate": report.commit_date,
        "dataDate": report.data_date,
        "since": report.since,
        "currency": report.currency,
        "notes": list(report.notes),
        "tool": report.tool,
        "metrics": as_json(report.metrics),
        "figures": as_json(overview.figures),
        "days": list(overview.days),
        "periodDays": overview.period_days,
        "labels": as_json(overview.labels),
        "unpromoted": as_json(overview.unpromoted),
        "alerts": {"pool": pool.values, **pack_alerts(report.alerts, pool)},
        "experiments": as_json(report.experiments),
        "prompts": list(rows),
    }


def pack_row(prompt: PromptRow) -> dict[str, Any]:
    """Pack what the list of prompts shows of one prompt."""
    latest = latest_of(prompt.versions)
    shown = latest_of([v for v in prompt.versions if v.calls]) or latest
    labels = sorted({label for version in prompt.versions for label in version.labels})
    dated = [v for v in reversed(prompt.versions) if v.released and v.date]
    newest = max(dated, key=attrgetter("date"), default=latest)
    return {
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "tags": list(prompt.tags),
        "owner": next((json.loads(v) for k, v in prompt.metadata if k == "owner"), None),
        "models": sorted({v.model for v in prompt.versions[-1:] if v.model}),
        "labels": labels,
        "versions": sum(v.released for v in prompt.versions),
        **_release(prompt, latest),
        # A pre-release, one of an older line or a withdrawn one.
        **({"newest": _release(prompt, newest)} if newest is not latest else {}),
        "draft": any(not v.released for v in prompt.versions),
        "calls": sum(v.calls for v in prompt.versions),
        "spent": short(_spent(prompt.versions)),
        "measured": shown.version if shown and shown.calls else None,
        **_figures(shown),
        "spark": _spark(prompt),
        "deleted": prompt.deleted,
        **({"formerly": list(prompt.formerly)} if prompt.formerly else {}),
        **({"live": _live(prompt.versions)} if labels else {}),
    }


def _release(prompt: PromptRow, v: VersionRow | None) -> dict[str, Any]:
    """Return what the page tells of a version among the releases."""
    if v is None:
        return {"latest": None, "date": "", "change": None, "author": ""}
    return {
        "latest": v.version,
        "date": v.date if v.released else "",
        "change": [v.level, _changed(prompt, v), _before(prompt.versions, v)],
        "author": v.author,
        **({"yanked": True} if v.yanked is not None else {}),
    }


def with_alerts(row: dict[str, Any], alerts: Iterable[Alert]) -> dict[str, Any]:
    """Add to a row of `pack_row` how many of the prompt's alerts still matter."""
    severities = [alert.severity for alert in alerts if alert.current]
    return row | {"alerts": {s: severities.count(s) for s in ("critical", "warning", "info")}}


def with_links(row: dict[str, Any], links: Links) -> dict[str, Any]:
    """Add to a row of `pack_row` where the prompt's file is.

    The address names the commit: among the prompt's own data it would make all of them new with
    every commit.
    """
    named = {"fileUrl": links.file, "editUrl": links.edit}
    return row | {key: url for key, url in named.items() if url}


def _changed(prompt: PromptRow, version: VersionRow) -> str:
    """Return what a version changed: in its author's words, otherwise by the rules."""
    # A tag's first line begins with what the page says already, unless the prompt was renamed.
    told = version.summary.removeprefix(f"{prompt.name} {version.version}").lstrip(": ")
    found = [": ".join(filter(None, (c.rule.replace("-", " "), c.detail))) for c in version.changes]
    return told or "; ".join(found)


def _spent(versions: Sequence[VersionRow]) -> float | None:
    costs = [v.cost for v in versions if v.cost is not None]
    return sum(costs) if costs else None


def _live(versions: Sequence[VersionRow]) -> dict[str, Any]:
    """Return the figures of each version that a label serves."""
    return {v.version: {"calls": v.calls} | _figures(v) for v in versions if v.labels}


def _figures(version: VersionRow | None) -> dict[str, Any]:
    return {
        "latency": short(median_of(version, "latency")),
        "cost": short(mean_of(version, "cost")),
        "quality": short(mean_of(version, "quality")),
        "success": short(mean_of(version, "success_rate")),
    }


def _before(versions: Sequence[VersionRow], version: VersionRow) -> str | None:
    place = versions.index(version)
    return versions[place - 1].version if place else None


def _spark(prompt: PromptRow) -> list[int]:
    """Return the calls of the last days or weeks, all versions together."""
    calls: dict[str, int] = {}
    for series in prompt.series:
        for point in series.points:
            calls[point.date] = calls.get(point.date, 0) + point.calls
    return [calls[date] for date in sorted(calls)[-SPARK_POINTS:]]
