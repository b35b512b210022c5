"""Packs one prompt with all its versions small for the page: columns, a table of lines, indices.

``assets/decode.js`` unpacks exactly this, and nothing else reads it: the documented shape is the
JSON of `promptreg.report.schema`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import Pool, numbers, whole
from promptreg.report.model import MetricSummary, ModelSummary, Point, VersionRow
from promptreg.report.schema import as_json
from promptreg.report.tables import by_metric, columns_of
from promptreg.report.wire_arms import pack_arms
from promptreg.report.wire_judged import pack_comparisons
from promptreg.report.wire_own import figures_of
from promptreg.report.wire_texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.report.model import Histogram, PromptRow, Series

__all__ = ["pack_prompt"]

_HEIGHTS = b"0123456789abcdefghijklmnopqrstuvwxyz".ljust(256)
_HIGHEST = 35
# Ids do not compress; the page shows their beginnings, the JSON has them whole.
_SHOWN_DIGEST = 12
_SHOWN_COMMIT = 10
_EPOCH = dt.date(1970, 1, 1).toordinal()


def pack_prompt(prompt: PromptRow) -> dict[str, Any]:
    """Pack one prompt with all its versions."""
    texts, pool = Texts(), Pool()
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
        "columns": _pack_measured(prompt, pool),
        "parts": texts.parts,
        "lines": texts.lines,
        "trees": texts.trees,
        "pool": pool.values,
    }


def _pack_versions(versions: Sequence[VersionRow], texts: Texts, pool: Pool) -> dict[str, Any]:
    of = columns_of(VersionRow, versions)
    return {
        "count": len(versions),
        "version": of["version"],
        # Of equal length they need nothing between them.
        "digest": "".join([digest[:_SHOWN_DIGEST].ljust(_SHOWN_DIGEST) for digest in of["digest"]]),
        "commit": "".join([commit[:_SHOWN_COMMIT].ljust(_SHOWN_COMMIT) for commit in of["commit"]]),
        "author": pool.column(of["author"]),
        "date": of["date"],
        "level": pool.column(of["level"]),
        "summary": of["summary"],
        "changes": pool.column(of["changes"]),
        "added": whole(of["lines_added"]),
        "removed": whole(of["lines_removed"]),
        "labels": pool.column(of["labels"]),
        "released": whole([*map(int, of["released"])]),
        "yanked": pool.column(of["yanked"]),
        "model": pool.column(of["model"]),
        "template": pool.column(of["template"]),
        "description": pool.column(of["description"]),
        "messages": [_pack_messages(v, texts) for v in versions],
        "fragments": [
            [texts.add(f.path, f.text, v.template) for f in v.fragments] for v in versions
        ],
        "variables": pool.column(of["variables"]),
        "settings": pool.column(of["settings"]),
        "annotations": pool.column(of["annotations"]),
        "calls": whole(of["calls"]),
        "cost": numbers(of["cost"], 6),
        "tokens": whole(of["tokens"]),
    }


def _pack_messages(v: VersionRow, texts: Texts) -> list[int]:
    return [
        texts.add(m.role, m.text, None if m.role == "placeholder" else v.template)
        for m in v.messages
    ]


def _pack_measured(prompt: PromptRow, pool: Pool) -> dict[str, Any]:
    """Pack all figures of a prompt's versions, and what they say about pairs of them."""
    versions = prompt.versions
    places = {v.version: place for place, v in enumerate(versions)}
    models = [(place, model) for place, v in enumerate(versions) for model in v.models]
    names, together = by_metric(MetricSummary, [v.metrics for v in versions], pool)
    model_names, by_model = by_metric(MetricSummary, [m.metrics for _, m in models], pool)
    own = figures_of(together, range(len(versions)))
    own_by_model = figures_of(by_model, [(place, m.model) for place, m in models])
    return {
        "metrics": {
            "count": len(versions),
            "names": names,
            "of": {metric: _pack_metric(table.of) for metric, table in together.items()},
        },
        "models": {
            **_pack_models(models, pool),
            "names": model_names,
            "of": {metric: _pack_brief(metric, table.of) for metric, table in by_model.items()},
        },
        "series": _pack_series([s for s in prompt.series if s.version in places], places),
        "comparisons": pack_comparisons(prompt.comparisons, places, own, pool),
        "arms": pack_arms(prompt.arms, places, own_by_model, pool),
    }


def _pack_metric(of: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    widest = max(map(len, of["quantiles"]))
    packed = _pack_means(of, is_share=not widest)
    if not widest:
        # The interval of a share lies unevenly around it.
        return packed | {"low": numbers(of["low"]), "high": numbers(of["high"])}
    half = [
        None if low is None or high is None else (high - low) / 2
        for low, high in zip(of["low"], of["high"], strict=True)
    ]
    quantiles = [each or (None,) * widest for each in of["quantiles"]]
    return packed | {
        "half": numbers(half, 3),
        "quantiles": [numbers(column) for column in zip(*quantiles, strict=True)],
        "histogram": _pack_histograms(of["histogram"]),
    }


def _pack_means(of: Mapping[str, Sequence[Any]], *, is_share: bool) -> dict[str, Any]:
    # What a share of 99.95 % leaves is an error rate, which shall have its digits, too.
    return {"n": whole(of["n"]), "mean": numbers(of["mean"], 6 if is_share else 4)}


def _pack_histograms(histograms: Sequence[Histogram | None]) -> list[Any]:
    lows, highs, counts = zip(*[each or (None, None, ()) for each in histograms], strict=True)
    return [numbers(lows), numbers(highs), " ".join([*map(_heights, counts)])]


def _heights(counts: Sequence[int]) -> str:
    """Write each bin's count as one character; of more than fit one, its share of the highest."""
    if counts and (most := max(counts)) > _HIGHEST:
        counts = [round(_HIGHEST * count / most) for count in counts]
    return bytes(counts).translate(_HEIGHTS).decode()


def _pack_models(models: Sequence[tuple[int, ModelSummary]], pool: Pool) -> dict[str, Any]:
    """Pack the models of all versions, each with its version's place."""
    of = columns_of(ModelSummary, [model for _, model in models])
    return {
        "count": len(models),
        "version": whole([place for place, _ in models]),
        "model": pool.column(of["model"]),
        "calls": whole(of["calls"]),
        "badges": pool.column(of["badges"]),
    }


def _pack_brief(metric: str, of: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Pack what the table of models shows: n and mean, of the latency also two percentiles."""
    packed = _pack_means(of, is_share=metric == "success_rate")
    if metric != "latency":
        return packed
    return packed | {
        "p50": numbers([each[2] if each else None for each in of["quantiles"]], 3),
        "p95": numbers([each[4] if each else None for each in of["quantiles"]], 3),
    }


def _pack_series(series: Sequence[Series], places: dict[str, int]) -> dict[str, Any]:
    of = columns_of(Point, [point for s in series for point in s.points])
    days = {day: dt.date.fromisoformat(day).toordinal() - _EPOCH for day in {*of["date"]}}
    return {
        "count": len(series),
        "version": whole([places[s.version] for s in series]),
        "counts": whole([len(s.points) for s in series]),
        "points": {
            "dates": whole([days[day] for day in of["date"]]),
            "calls": whole(of["calls"]),
            "cost": numbers(of["cost"], 3),
            "tokens": whole(of["tokens"]),
            "p50": numbers(of["latency_p50"], 3),
            "p95": numbers(of["latency_p95"], 3),
            "quality": numbers(of["quality"], 3),
            "success": numbers(of["success"], 3),
        },
    }
