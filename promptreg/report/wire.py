"""Packs a report's rows small for the page: columns, a table of lines, indices.

``assets/data.js`` unpacks exactly this. Nothing else reads it: the documented shape is the JSON of
`promptreg.report.schema`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from promptreg.report.schema import as_json
from promptreg.report.template_tree import template_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from promptreg.report.model import (
        Alert,
        Comparison,
        Histogram,
        MetricComparison,
        MetricSummary,
        ModelTest,
        PromptRow,
        Report,
        VersionRow,
    )

__all__ = ["pack_alert", "pack_index", "pack_prompt", "pack_row", "with_alerts"]

SPARK_POINTS = 30
_HEIGHTS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Ids do not compress; the page shows their beginnings, the JSON has them whole.
SHOWN_DIGEST = 12
SHOWN_COMMIT = 10


class _Pool:
    """Gives equal values one number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def add(self, value: Hashable) -> int:
        """Return the number of a value: of a text, of None, or of rows."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(as_json(value))
        return number


class _Texts:
    """Keeps each line, and each tree of a span of lines, once for all versions."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._spans: dict[str, int] = {}
        self._packed: dict[tuple[str, str | None], list[Any]] = {}
        self.trees: list[Any] = []

    @property
    def lines(self) -> list[str]:
        return list(self._lines)

    def add(self, text: str, language: str | None) -> list[Any]:
        """Return the runs of a text's lines, and of a template the spans with their trees."""
        key = (text, language)
        if key not in self._packed:
            packed: list[Any] = [self._runs(text)]
            if language is not None:
                packed.append(self._trees(text, language))
            self._packed[key] = packed
        return self._packed[key]

    def _runs(self, text: str) -> list[int]:
        """Return where each run of neighbouring lines starts, and its length."""
        known = self._lines
        runs: list[int] = []
        after = -1
        for line in text.split("\n"):
            number = known.setdefault(line, len(known))
            if number == after:
                runs[-1] += 1
            else:
                runs += (number, 1)
            after = number + 1
        return runs

    def _trees(self, text: str, language: str) -> list[int]:
        packed: list[int] = []
        lines = text.split("\n")
        for span in template_spans(text, language):
            source = language + "\n".join(lines[span.first : span.last])
            number = self._spans.get(source)
            if number is None:
                number = self._spans[source] = len(self.trees)
                self.trees.append(_share_lines(span.nodes, self._runs))
            packed += (span.first, span.last, number)
        return packed


def pack_index(report: Report, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Pack everything but the prompts' own data.

    Args:
        report: The report; its prompts are not looked at.
        rows: What `pack_row` made of each prompt, in order.
    """
    overview = report.overview
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
        "alerts": [pack_alert(alert) for alert in report.alerts],
        "experiments": as_json(report.experiments),
        "prompts": list(rows),
    }


def pack_alert(alert: Alert) -> dict[str, Any]:
    """Pack one alert for the index."""
    return {
        "prompt": alert.prompt,
        "base": alert.base,
        "head": alert.head,
        "severity": alert.severity,
        "current": alert.current,
        "live": list(alert.live),
        "basis": alert.basis,
        "c": _pack_metric_comparison(alert.comparison),
    }


def pack_row(prompt: PromptRow) -> dict[str, Any]:
    """Pack what the list of prompts shows of one prompt."""
    latest = _latest(prompt.versions)
    shown = _latest([v for v in prompt.versions if v.calls]) or latest
    labels = sorted({label for version in prompt.versions for label in version.labels})
    return {
        "name": prompt.name,
        "title": prompt.title,
        "description": prompt.description,
        "tags": list(prompt.tags),
        "owner": next((json.loads(v) for k, v in prompt.metadata if k == "owner"), None),
        "models": sorted({v.model for v in prompt.versions[-1:] if v.model}),
        "labels": labels,
        "versions": sum(v.released for v in prompt.versions),
        "latest": latest.version if latest else None,
        "date": max((v.date for v in prompt.versions if v.released), default=""),
        "change": [latest.level, latest.summary, _before(prompt.versions, latest)]
        if latest
        else None,
        "draft": any(not v.released for v in prompt.versions),
        "author": latest.author if latest else "",
        "calls": sum(v.calls for v in prompt.versions),
        "measured": shown.version if shown and shown.calls else None,
        "latency": _short(_quantile(shown, "latency")),
        "cost": _short(_mean(shown, "cost")),
        "quality": _short(_mean(shown, "quality")),
        "success": _short(_mean(shown, "success_rate")),
        "spark": _spark(prompt),
        "deleted": prompt.deleted,
        **({"formerly": list(prompt.formerly)} if prompt.formerly else {}),
    }


def with_alerts(row: dict[str, Any], alerts: Iterable[Alert]) -> dict[str, Any]:
    """Add to a row of `pack_row` how many of the prompt's alerts still matter."""
    severities = [alert.severity for alert in alerts if alert.current]
    return row | {"alerts": {s: severities.count(s) for s in ("critical", "warning", "info")}}


def pack_prompt(prompt: PromptRow) -> dict[str, Any]:
    """Pack one prompt with all its versions."""
    texts, pool = _Texts(), _Pool()
    numbers = {v.version: n for n, v in enumerate(prompt.versions)}
    versions = [_pack_version(v, texts.add, pool.add) for v in prompt.versions]
    return {
        "name": prompt.name,
        "path": prompt.path,
        "title": prompt.title,
        "description": prompt.description,
        "tags": list(prompt.tags),
        "metadata": as_json(prompt.metadata),
        "fileUrl": prompt.file_url,
        "editUrl": prompt.edit_url,
        "bucket": prompt.bucket,
        "deleted": prompt.deleted,
        "versions": versions,
        "metrics": _pack_metrics([v.metrics for v in prompt.versions]),
        "models": [
            [
                number,
                pool.add(m.model),
                m.calls,
                list(m.badges),
                [_pack_brief(x, pool.add) for x in m.metrics],
            ]
            for number, v in enumerate(prompt.versions)
            for m in v.models
        ],
        "series": [
            [
                numbers[s.version],
                [p.date for p in s.points],
                [p.calls for p in s.points],
                _shorts((p.cost for p in s.points), ".3g"),
                [p.tokens for p in s.points],
                _shorts((p.latency_p50 for p in s.points), ".3g"),
                _shorts((p.latency_p95 for p in s.points), ".3g"),
                _shorts((p.quality for p in s.points), ".3g"),
                _shorts((p.success for p in s.points), ".3g"),
            ]
            for s in prompt.series
            if s.version in numbers
        ],
        "comparisons": [_pack_comparison(c, numbers, pool.add) for c in prompt.comparisons],
        "lines": texts.lines,
        "pool": pool.values,
        "trees": texts.trees,
    }


def _share_lines(tree: Any, runs: Callable[[str], list[int]]) -> Any:
    """Let a tree name the lines of its plain text instead of repeating them."""
    if not isinstance(tree, list):
        return tree
    if tree[:1] == ["TemplateData"] and tree[1].count("\n") > 1:
        return ["TemplateData", runs(tree[1])]
    return [_share_lines(item, runs) for item in tree]


def _pack_version(
    v: VersionRow, text: Callable[[str, str | None], list[Any]], pool: Callable[[Hashable], int]
) -> dict[str, Any]:
    packed: dict[str, Any] = {
        "version": v.version,
        "digest": v.digest[:SHOWN_DIGEST],
        "commit": v.commit[:SHOWN_COMMIT],
        "author": pool(v.author),
        "date": v.date,
        "level": v.level,
        "messages": [
            [pool(m.role), *text(m.text, None if m.role == "placeholder" else v.template)]
            for m in v.messages
        ],
        "variables": pool(v.variables),
        "settings": pool(v.settings),
        "model": pool(v.model),
        "lines": [v.lines_added, v.lines_removed],
    }
    optional = {
        "summary": v.summary,
        "changes": [[c.rule, c.level, c.detail] for c in v.changes],
        "labels": list(v.labels),
        "unreleased": not v.released,
        "yanked": v.yanked,
        "template": v.template if v.template != "jinja2" else None,
        "description": None if v.description is None else pool(v.description),
        "fragments": [[f.path, *text(f.text, v.template)] for f in v.fragments],
        "annotations": as_json(v.annotations),
        "calls": v.calls,
        "cost": _short(v.cost, ".6g"),
        "tokens": v.tokens,
        "last": v.last_call,
    }
    packed.update({key: value for key, value in optional.items() if value not in (None, "", [], 0)})
    return packed


def _pack_metrics(groups: Sequence[Sequence[MetricSummary]]) -> dict[str, Any]:
    """Turn one tuple of summaries per version into one set of columns per metric."""
    names = dict.fromkeys(s.metric for group in groups for s in group)
    packed = {}
    for name in names:
        column = [next((s for s in group if s.metric == name), None) for group in groups]
        packed[name] = {
            "n": [s.n if s else 0 for s in column],
            "mean": [_short(s.mean) if s else None for s in column],
            "interval": [_pack_interval(s) for s in column],
            "quantiles": [_shorts(s.quantiles) if s else [] for s in column],
            "histogram": [_pack_histogram(s.histogram if s else None) for s in column],
        }
    return packed


def _pack_interval(s: MetricSummary | None) -> Any:
    """Pack the interval of a mean by its half width, that of a share by both ends."""
    if s is None or s.low is None or s.high is None:
        return None
    if s.quantiles:
        return _short((s.high - s.low) / 2, ".3g")
    return [_short(s.low), _short(s.high)]


def _pack_brief(s: MetricSummary, pool: Callable[[Hashable], int]) -> list[Any]:
    """Pack what the table of models shows: n, mean, median and 95th percentile."""
    packed = [pool(s.metric), s.n, _short(s.mean, ".3g")]
    return (
        [*packed, _short(s.p50, ".3g"), _short(s.p95, ".3g")] if s.metric == "latency" else packed
    )


def _pack_histogram(histogram: Histogram | None) -> list[Any] | int:
    """Pack a histogram; each bin's height is one character, a share of the highest bin."""
    if histogram is None:
        return 0
    most = max(histogram.counts) or 1
    heights = "".join(_HEIGHTS[round(35 * count / most)] for count in histogram.counts)
    return [_short(histogram.low), _short(histogram.high), heights]


def _pack_comparison(
    c: Comparison, numbers: dict[str, int], pool: Callable[[Hashable], int]
) -> list[Any]:
    return [
        numbers[c.base],
        numbers[c.head],
        pool(c.basis),
        [_pack_metric_comparison(m) for m in c.metrics],
        *([pool(c.notes)] if c.notes else ()),
    ]


def _pack_metric_comparison(m: MetricComparison) -> list[Any]:
    return [
        m.metric,
        _short(m.base),
        _short(m.head),
        m.base_n,
        m.head_n,
        int(m.relative),
        # A share is shown in percent, by three digits at most.
        *_shorts((m.effect, m.low, m.high), ".3g" if m.relative else ".4g"),
        m.limit,
        m.verdict,
        m.state,
        m.winner,
        _short(m.confidence),
        m.needed,
        m.note,
        *([[_pack_test(test) for test in m.tests]] if m.tests else ()),
    ]


def _pack_test(t: ModelTest) -> list[Any]:
    numbers = [_short(value) for value in (t.base, t.head)]
    ends = _shorts((t.effect, t.low, t.high), ".3g")
    return [
        t.model,
        *numbers,
        t.base_n,
        t.head_n,
        *ends,
        t.state,
        t.winner,
        _short(t.confidence),
    ]


def _short(value: float | None, digits: str = ".4g") -> float | int | None:
    """Round to significant digits; a whole number loses its point."""
    if value is None or not math.isfinite(value):
        return None
    text = format(value, digits)
    # A report writes ten million of these; most whole numbers show by their digits.
    if text.isdigit():
        return int(text)
    rounded = float(text)
    return int(rounded) if rounded.is_integer() else rounded


def _shorts(values: Iterable[float | None], digits: str = ".4g") -> list[float | int | None]:
    return [_short(value, digits) for value in values]


def _before(versions: Sequence[VersionRow], version: VersionRow) -> str | None:
    place = versions.index(version)
    return versions[place - 1].version if place else None


def _latest(versions: Sequence[VersionRow]) -> VersionRow | None:
    """Return the highest stable release, or the highest version when none is stable."""
    stable = [v for v in versions if v.released and "-" not in v.version and v.yanked is None]
    candidates = stable or versions
    return candidates[-1] if candidates else None


def _mean(version: VersionRow | None, metric: str) -> float | None:
    found = version.metric(metric) if version else None
    return found.mean if found else None


def _quantile(version: VersionRow | None, metric: str) -> float | None:
    found = version.metric(metric) if version else None
    return found.p50 if found else None


def _spark(prompt: PromptRow) -> list[int]:
    """Return the calls of the last days or weeks, all versions together."""
    calls: dict[str, int] = {}
    for series in prompt.series:
        for point in series.points:
            calls[point.date] = calls.get(point.date, 0) + point.calls
    return [calls[date] for date in sorted(calls)[-SPARK_POINTS:]]
