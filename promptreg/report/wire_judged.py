"""Packs what the statistics say about pairs of versions, by metric and in columns.

``assets/judged.js`` unpacks exactly this.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.columns import by_metric, decimals_for, fixed, numbers, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptreg.report.columns import Pool
    from promptreg.report.model import Alert, Comparison, MetricComparison, ModelTest

__all__ = ["pack_alerts", "pack_comparisons"]

Means = dict[tuple[str, str], float]
"""The mean by version and metric."""
# A change is shown in percent with one decimal.
_EFFECT_DECIMALS = 4
_CONFIDENCE_DECIMALS = 4
# Other sums of the same rows differ by less; what is shown of a mean by more.
_EQUAL = 1e-6


class _Judged(NamedTuple):
    """A metric of a pair, with its versions' own means: as a rule the same, and written once."""

    metric: str
    row: MetricComparison
    base_mean: float | None
    head_mean: float | None


def pack_comparisons(
    comparisons: Sequence[Comparison], places: Mapping[str, int], means: Means, pool: Pool
) -> dict[str, Any]:
    """Pack the pairs of a prompt's versions.

    Args:
        comparisons: The pairs.
        places: Each version's place.
        means: What the page knows from the versions themselves.
        pool: Takes what is said again and again.
    """
    return {
        "base": whole([places[c.base] for c in comparisons]),
        "head": whole([places[c.head] for c in comparisons]),
        "basis": pool.column(c.basis for c in comparisons),
        "notes": pool.column(c.notes for c in comparisons),
        **_pack_groups(
            [
                [
                    _Judged(
                        m.metric, m, means.get((c.base, m.metric)), means.get((c.head, m.metric))
                    )
                    for m in c.metrics
                ]
                for c in comparisons
            ],
            pool,
        ),
    }


def pack_alerts(alerts: Iterable[Alert], pool: Pool) -> dict[str, Any]:
    """Pack the alerts of all prompts, each with the comparison it is about."""
    alerts = list(alerts)
    return {
        "prompt": pool.column(a.prompt for a in alerts),
        "base": pool.column(a.base for a in alerts),
        "head": pool.column(a.head for a in alerts),
        "severity": pool.column(a.severity for a in alerts),
        "current": whole([int(a.current) for a in alerts]),
        "live": pool.column(a.live for a in alerts),
        "basis": pool.column(a.basis for a in alerts),
        **_pack_groups(
            [[_Judged(a.comparison.metric, a.comparison, None, None)] for a in alerts], pool
        ),
    }


def _pack_groups(groups: Iterable[Sequence[_Judged]], pool: Pool) -> dict[str, Any]:
    names, found = by_metric(groups, pool)
    return {"names": names, "of": {name: _pack_metric(all_, pool) for name, all_ in found.items()}}


def _pack_metric(judged: Sequence[_Judged], pool: Pool) -> dict[str, Any]:
    rows = [one.row for one in judged]
    known = [
        (_is_equal(one.row.base, one.base_mean), _is_equal(one.row.head, one.head_mean))
        for one in judged
    ]
    packed = {
        # 1: the base has its version's mean; 2: the head has.
        "known": whole([base + 2 * head for base, head in known]),
        "relative": whole([int(row.relative) for row in rows]),
        "limit": pool.column(row.limit for row in rows),
        "verdict": pool.column(row.verdict for row in rows),
        "needed": whole([row.needed for row in rows]),
        "note": pool.column(row.note for row in rows),
        **_pack_rows(
            rows,
            [None if same else row.base for row, (same, _) in zip(rows, known, strict=True)],
            [None if same else row.head for row, (_, same) in zip(rows, known, strict=True)],
            pool,
        ),
    }
    tests = [test for row in rows for test in row.tests]
    if tests:
        packed["counts"] = whole([len(row.tests) for row in rows])
        packed["tests"] = {
            "model": pool.column(test.model for test in tests),
            **_pack_rows(tests, [t.base for t in tests], [t.head for t in tests], pool),
        }
    return packed


def _pack_rows(
    rows: Sequence[MetricComparison] | Sequence[ModelTest],
    bases: Sequence[float | None],
    heads: Sequence[float | None],
    pool: Pool,
) -> dict[str, Any]:
    """Pack what comparisons of all rows and of one model's rows have in common."""
    effects = [[getattr(row, end) for row in rows] for end in ("effect", "low", "high")]
    largest = max((abs(x) for ends in effects for x in ends if x and math.isfinite(x)), default=1.0)
    decimals = max(_EFFECT_DECIMALS, decimals_for(largest, 3))
    effect, low, high = (fixed(ends, decimals) for ends in effects)
    return {
        "base": numbers(bases),
        "head": numbers(heads),
        "baseN": whole([row.base_n for row in rows]),
        "headN": whole([row.head_n for row in rows]),
        "effect": effect,
        "low": low,
        "high": high,
        "state": pool.column(row.state for row in rows),
        "winner": pool.column(row.winner for row in rows),
        "confidence": fixed([row.confidence for row in rows], _CONFIDENCE_DECIMALS),
    }


def _is_equal(value: float | None, mean: float | None) -> bool:
    return value is not None and mean is not None and math.isclose(value, mean, rel_tol=_EQUAL)
