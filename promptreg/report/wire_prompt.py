"""Packs one prompt with all its versions small for the page: columns, a table of lines, indices.

``assets/decode.js`` unpacks exactly this, and nothing else reads it: the documented shape is the
JSON of `promptreg.report.schema`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import Pool, by_metric, numbers, whole
from promptreg.report.schema import as_json
from promptreg.report.wire_judged import Own, pack_comparisons
from promptreg.report.wire_texts import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptreg.report.model import Histogram, MetricSummary, PromptRow, Series, VersionRow

__all__ = ["pack_prompt"]

_HEIGHTS = "0123456789abcdefghijklmnopqrstuvwxyz"
_HIGHEST = len(_HEIGHTS) - 1
# Ids do not compress; the page shows their beginnings, the JSON has them whole.
_SHOWN_DIGEST = 12
_SHOWN_COMMIT = 10
_EPOCH = dt.date(1970, 1, 1).toordinal()


def pack_prompt(prompt: PromptRow) -> dict[str, Any]:
    """Pack one prompt with all its versions."""
    texts, pool = Texts(), Pool()
    places = {v.version: n for n, v in enumerate(prompt.versions)}
    own = _own_figures(prompt.versions)
    return {
        "name": prompt.name,
        "path": prompt.path,
        "title": prompt.title,
        "description": prompt.description,
        "tags": list(prompt.tags),
        "metadata": as_json(prompt.metadata),
        "bucket": prompt.bucket,
        "deleted": prompt.deleted,
        "versions": _pack_versions(prompt.versions, texts, pool),
        # Nothing but columns, which are deflated by themselves.
        "columns": {
            "metrics": _pack_metrics([v.metrics for v in prompt.versions], pool),
            "models": _pack_models(prompt.versions, pool),
            "series": _pack_series([s for s in prompt.series if s.version in places], places),
            "comparisons": pack_comparisons(prompt.comparisons, places, own, pool),
        },
        "parts": texts.parts,
        "lines": texts.lines,
        "trees": texts.trees,
        "pool": pool.values,
    }


def _own_figures(versions: Sequence[VersionRow]) -> Own:
    own: Own = {}
    for v in versions:
        for model, metrics in ((None, v.metrics), *((m.model, m.metrics) for m in v.models)):
            own |= {(v.version, model, s.metric): (s.mean, s.n) for s in metrics}
            # To the page an error rate is always what success leaves, whatever a score is called.
            success = own.get((v.version, model, "success_rate"))
            own[v.version, model, "error_rate"] = success and (1 - success[0], success[1])
    return own


def _pack_versions(versions: Sequence[VersionRow], texts: Texts, pool: Pool) -> dict[str, Any]:
    return {
        "count": len(versions),
        "version": [v.version for v in versions],
        # Of equal length they need nothing between them.
        "digest": "".join([v.digest[:_SHOWN_DIGEST].ljust(_SHOWN_DIGEST) for v in versions]),
        "commit": "".join([v.commit[:_SHOWN_COMMIT].ljust(_SHOWN_COMMIT) for v in versions]),
        "author": pool.column([v.author for v in versions]),
        "date": [v.date for v in versions],
        "level": pool.column([v.level for v in versions]),
        "summary": [v.summary for v in versions],
        "changes": pool.column([v.changes for v in versions]),
        "added": whole([v.lines_added for v in versions]),
        "removed": whole([v.lines_removed for v in versions]),
        "labels": pool.column([v.labels for v in versions]),
        "released": whole([int(v.released) for v in versions]),
        "yanked": pool.column([v.yanked for v in versions]),
        "model": pool.column([v.model for v in versions]),
        "template": pool.column([v.template for v in versions]),
        "description": pool.column([v.description for v in versions]),
        "messages": [_pack_messages(v, texts) for v in versions],
        "fragments": [
            [texts.add(f.path, f.text, v.template) for f in v.fragments] for v in versions
        ],
        "variables": pool.column([v.variables for v in versions]),
        "settings": pool.column([v.settings for v in versions]),
        "annotations": pool.column([v.annotations for v in versions]),
        "calls": whole([v.calls for v in versions]),
        "cost": numbers([v.cost for v in versions], 6),
        "tokens": whole([v.tokens for v in versions]),
    }


def _pack_messages(v: VersionRow, texts: Texts) -> list[int]:
    return [
        texts.add(m.role, m.text, None if m.role == "placeholder" else v.template)
        for m in v.messages
    ]


def _pack_metrics(groups: Sequence[Sequence[MetricSummary]], pool: Pool) -> dict[str, Any]:
    names, found = by_metric(groups, pool)
    of = {name: _pack_metric(rows) for name, rows in found.items()}
    return {"count": len(groups), "names": names, "of": of}


def _pack_metric(rows: Sequence[MetricSummary]) -> dict[str, Any]:
    widest = max(len(s.quantiles) for s in rows)
    packed = _pack_means(rows, is_share=not widest)
    if not widest:
        # The interval of a share lies unevenly around it.
        return packed | {
            "low": numbers([s.low for s in rows]),
            "high": numbers([s.high for s in rows]),
        }
    half = [None if s.low is None or s.high is None else (s.high - s.low) / 2 for s in rows]
    quantiles = [s.quantiles or (None,) * widest for s in rows]
    return packed | {
        "half": numbers(half, 3),
        "quantiles": [numbers(column) for column in zip(*quantiles, strict=True)],
        "histogram": _pack_histograms([s.histogram for s in rows]),
    }


def _pack_means(rows: Sequence[MetricSummary], *, is_share: bool) -> dict[str, Any]:
    # What a share of 99.95 % leaves is an error rate, which shall have its digits, too.
    return {
        "n": whole([s.n for s in rows]),
        "mean": numbers([s.mean for s in rows], 4 + 2 * is_share),
    }


def _pack_histograms(histograms: Sequence[Histogram | None]) -> list[Any]:
    return [
        numbers([None if h is None else h.low for h in histograms]),
        numbers([None if h is None else h.high for h in histograms]),
        " ".join([_heights(h.counts) if h else "" for h in histograms]),
    ]


def _heights(counts: Sequence[int]) -> str:
    """Write each bin's count as one character; of more than fit one, its share of the highest."""
    most = max(counts)
    if most > _HIGHEST:
        counts = [round(_HIGHEST * count / most) for count in counts]
    return "".join([_HEIGHTS[count] for count in counts])


def _pack_models(versions: Sequence[VersionRow], pool: Pool) -> dict[str, Any]:
    """Pack what the table of models shows: n and mean, of the latency also two percentiles."""
    places = [place for place, version in enumerate(versions) for _ in version.models]
    models = [model for version in versions for model in version.models]
    names, found = by_metric([m.metrics for m in models], pool)
    return {
        "count": len(models),
        "version": whole(places),
        "model": pool.column([m.model for m in models]),
        "calls": whole([m.calls for m in models]),
        "badges": pool.column([m.badges for m in models]),
        "names": names,
        "of": {name: _pack_brief(name, rows) for name, rows in found.items()},
    }


def _pack_brief(metric: str, rows: Sequence[MetricSummary]) -> dict[str, Any]:
    packed = _pack_means(rows, is_share=not any(s.quantiles for s in rows))
    if metric != "latency":
        return packed
    return packed | {
        "p50": numbers([s.p50 for s in rows], 3),
        "p95": numbers([s.p95 for s in rows], 3),
    }


def _pack_series(series: Sequence[Series], places: dict[str, int]) -> dict[str, Any]:
    points = [point for s in series for point in s.points]
    days = {
        day: dt.date.fromisoformat(day).toordinal() - _EPOCH for day in {p.date for p in points}
    }
    return {
        "count": len(series),
        "version": whole([places[s.version] for s in series]),
        "counts": whole([len(s.points) for s in series]),
        "points": {
            "dates": whole([days[p.date] for p in points]),
            "calls": whole([p.calls for p in points]),
            "cost": numbers([p.cost for p in points], 3),
            "tokens": whole([p.tokens for p in points]),
            "p50": numbers([p.latency_p50 for p in points], 3),
            "p95": numbers([p.latency_p95 for p in points], 3),
            "quality": numbers([p.quality for p in points], 3),
            "success": numbers([p.success for p in points], 3),
        },
    }
