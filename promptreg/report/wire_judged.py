"""Packs what the statistics say about pairs of versions, by metric and in columns.

``assets/judged.js`` unpacks exactly this.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.columns import by_metric, decimals_for, fixed, numbers, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.report.columns import Pool
    from promptreg.report.model import Alert, Comparison, MetricComparison, ModelTest

__all__ = ["Own", "pack_alerts", "pack_comparisons"]

Own = dict[tuple[str, str | None, str], tuple[float, int] | None]
"""Mean and rows that the page knows: by version, model (None for all together) and metric."""

# A change is shown in percent with one decimal.
_EFFECT_DECIMALS = 4
_CONFIDENCE_DECIMALS = 4
_ENDS = ("effect", "low", "high")
# Other sums of the same rows differ by less; what is shown of a mean by more.
_EQUAL = 1e-6


class _Pair(NamedTuple):
    """A metric of a pair of versions."""

    metric: str
    row: MetricComparison
    base: str
    head: str


def pack_comparisons(
    comparisons: Sequence[Comparison], places: Mapping[str, int], own: Own, pool: Pool
) -> dict[str, Any]:
    """Pack the pairs of a prompt's versions.

    Args:
        comparisons: The pairs.
        places: Each version's place.
        own: What the page knows from the versions themselves, and need not be told again.
        pool: Takes what is said again and again.
    """
    groups = [[_Pair(m.metric, m, c.base, c.head) for m in c.metrics] for c in comparisons]
    return {
        "base": whole([places[c.base] for c in comparisons]),
        "head": whole([places[c.head] for c in comparisons]),
        "basis": pool.column([c.basis for c in comparisons]),
        "notes": pool.column([c.notes for c in comparisons]),
        **_pack_groups(groups, own, pool),
    }


def pack_alerts(alerts: Sequence[Alert], pool: Pool) -> dict[str, Any]:
    """Pack the alerts of all prompts, each with the comparison it is about."""
    groups = [[_Pair(a.comparison.metric, a.comparison, "", "")] for a in alerts]
    return {
        "prompt": pool.column([a.prompt for a in alerts]),
        "base": pool.column([a.base for a in alerts]),
        "head": pool.column([a.head for a in alerts]),
        "severity": pool.column([a.severity for a in alerts]),
        "current": whole([int(a.current) for a in alerts]),
        "live": pool.column([a.live for a in alerts]),
        "basis": pool.column([a.basis for a in alerts]),
        **_pack_groups(groups, {}, pool),
    }


def _pack_groups(groups: Sequence[Sequence[_Pair]], own: Own, pool: Pool) -> dict[str, Any]:
    names, found = by_metric(groups, pool)
    of = {name: _pack_metric(pairs, own, pool) for name, pairs in found.items()}
    return {"count": len(groups), "names": names, "of": of}


def _pack_metric(pairs: Sequence[_Pair], own: Own, pool: Pool) -> dict[str, Any]:
    rows = [pair.row for pair in pairs]
    packed = {
        "count": len(rows),
        "relative": whole([int(row.relative) for row in rows]),
        "limit": pool.column([row.limit for row in rows]),
        "verdict": pool.column([row.verdict for row in rows]),
        "needed": whole([row.needed for row in rows]),
        "note": pool.column([row.note for row in rows]),
        **_pack_rows(
            rows,
            [own.get((pair.base, None, pair.metric)) for pair in pairs],
            [own.get((pair.head, None, pair.metric)) for pair in pairs],
            pool,
        ),
    }
    if any(row.tests for row in rows):
        packed["counts"] = whole([len(row.tests) for row in rows])
        packed["tests"] = _pack_tests(pairs, own, pool)
    return packed


def _pack_tests(pairs: Sequence[_Pair], own: Own, pool: Pool) -> dict[str, Any]:
    tests = [(pair, test) for pair in pairs for test in pair.row.tests]
    return {
        "model": pool.column([test.model for _, test in tests]),
        **_pack_rows(
            [test for _, test in tests],
            [own.get((pair.base, test.model, pair.metric)) for pair, test in tests],
            [own.get((pair.head, test.model, pair.metric)) for pair, test in tests],
            pool,
        ),
    }


def _pack_rows(
    rows: Sequence[MetricComparison | ModelTest],
    base: Sequence[tuple[float, int] | None],
    head: Sequence[tuple[float, int] | None],
    pool: Pool,
) -> dict[str, Any]:
    """Pack what comparisons of all rows and of one model's rows have in common.

    Args:
        rows: The comparisons.
        base: What the page knows of each baseline.
        head: The same of each other version.
        pool: Takes what is said again and again.
    """
    effects = [[getattr(row, end) for row in rows] for end in _ENDS]
    largest = max((abs(x) for ends in effects for x in ends if x and math.isfinite(x)), default=1.0)
    decimals = max(_EFFECT_DECIMALS, decimals_for(largest, 3))
    return {
        **_pack_side("base", [(row.base, row.base_n) for row in rows], base),
        **_pack_side("head", [(row.head, row.head_n) for row in rows], head),
        **{end: fixed(ends, decimals) for end, ends in zip(_ENDS, effects, strict=True)},
        "state": pool.column([row.state for row in rows]),
        "winner": pool.column([row.winner for row in rows]),
        "confidence": fixed([row.confidence for row in rows], _CONFIDENCE_DECIMALS),
    }


def _pack_side(
    side: str,
    figures: Sequence[tuple[float | None, int]],
    own: Sequence[tuple[float, int] | None],
) -> dict[str, Any]:
    """Pack the mean and the rows of one side, but for what the page knows from the version."""
    known = [
        one is not None and value is not None and math.isclose(value, one[0], rel_tol=_EQUAL)
        for (value, _), one in zip(figures, own, strict=True)
    ]
    return {
        f"{side}Known": whole([int(same) for same in known]),
        side: numbers(
            [None if same else value for (value, _), same in zip(figures, known, strict=True)]
        ),
        # There always is a number of rows: none stands for the version's own.
        f"{side}N": whole(
            [
                None if one is not None and one[1] == n else n
                for (_, n), one in zip(figures, own, strict=True)
            ]
        ),
    }
