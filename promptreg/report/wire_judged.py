"""Packs what the statistics say about pairs of versions, by metric and in columns.

``assets/judged.js`` unpacks exactly this.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import decimals_for, fixed, whole
from promptreg.report.model import Alert, MetricComparison, ModelTest
from promptreg.report.tables import by_metric, columns_of
from promptreg.report.wire_own import NOTHING, Own, pack_side

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from promptreg.report.columns import Pool
    from promptreg.report.model import Comparison
    from promptreg.report.tables import Table
    from promptreg.report.wire_own import Figures

    # The baseline and the other version of each pair, as the page's own figures know them.
    _Sides = tuple[Sequence[Hashable], Sequence[Hashable]]

__all__ = ["pack_alerts", "pack_comparisons"]

# A change is shown in percent with one decimal.
_EFFECT_DECIMALS = 4
_CONFIDENCE_DECIMALS = 4
_ENDS = ("effect", "low", "high")


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
    base = [places[c.base] for c in comparisons]
    head = [places[c.head] for c in comparisons]
    return {
        "base": whole(base),
        "head": whole(head),
        "basis": pool.column([c.basis for c in comparisons]),
        "notes": pool.column([c.notes for c in comparisons]),
        **_pack_groups([c.metrics for c in comparisons], (base, head), own, pool),
    }


def pack_alerts(alerts: Sequence[Alert], pool: Pool) -> dict[str, Any]:
    """Pack the alerts of all prompts, each with the comparison it is about."""
    of = columns_of(Alert, alerts)
    return {
        "prompt": pool.column(of["prompt"]),
        "base": pool.column(of["base"]),
        "head": pool.column(of["head"]),
        "severity": pool.column(of["severity"]),
        "current": whole([*map(int, of["current"])]),
        "live": pool.column(of["live"]),
        "basis": pool.column(of["basis"]),
        **_pack_groups(
            [[each] for each in of["comparison"]], (of["base"], of["head"]), Own({}, {}), pool
        ),
    }


def _pack_groups(
    groups: Sequence[Sequence[MetricComparison]], sides: _Sides, own: Own, pool: Pool
) -> dict[str, Any]:
    names, tables = by_metric(MetricComparison, groups, pool)
    return {
        "count": len(groups),
        "names": names,
        "of": {
            metric: _pack_metric(metric, table, sides, own, pool)
            for metric, table in tables.items()
        },
    }


def _pack_metric(metric: str, table: Table, sides: _Sides, own: Own, pool: Pool) -> dict[str, Any]:
    of = table.of
    base, head = [[*map(versions.__getitem__, table.places)] for versions in sides]
    packed = {
        "count": len(base),
        "relative": whole([*map(int, of["relative"])]),
        "limit": pool.column(of["limit"]),
        "verdict": pool.column(of["verdict"]),
        "needed": whole(of["needed"]),
        "note": pool.column(of["note"]),
        **_pack_rows(of, (base, head), own.together.get(metric, NOTHING), pool),
    }
    if any(of["tests"]):
        packed["counts"] = whole([*map(len, of["tests"])])
        packed["tests"] = _pack_tests(
            of["tests"], (base, head), own.by_model.get(metric, NOTHING), pool
        )
    return packed


def _pack_tests(
    groups: Sequence[Sequence[ModelTest]], sides: _Sides, own: Figures, pool: Pool
) -> dict[str, Any]:
    of = columns_of(ModelTest, [test for tests in groups for test in tests])
    base, head = [
        [
            (version, test.model)
            for version, tests in zip(versions, groups, strict=True)
            for test in tests
        ]
        for versions in sides
    ]
    return {"model": pool.column(of["model"]), **_pack_rows(of, (base, head), own, pool)}


def _pack_rows(
    of: Mapping[str, Sequence[Any]], sides: _Sides, own: Figures, pool: Pool
) -> dict[str, Any]:
    """Pack what comparisons of all rows and of one model's rows have in common.

    Args:
        of: The columns of the comparisons.
        sides: Under what the page knows the figures of both sides of each.
        own: What it knows.
        pool: Takes what is said again and again.
    """
    effects = filter(None, itertools.chain.from_iterable(of[end] for end in _ENDS))
    largest = max(map(abs, filter(math.isfinite, effects)), default=1.0)
    decimals = max(_EFFECT_DECIMALS, decimals_for(largest, 3))
    base, head = sides
    return {
        **pack_side("base", of["base"], of["base_n"], base, own),
        **pack_side("head", of["head"], of["head_n"], head, own),
        **{end: fixed(of[end], decimals) for end in _ENDS},
        "state": pool.column(of["state"]),
        "winner": pool.column(of["winner"]),
        "confidence": fixed(of["confidence"], _CONFIDENCE_DECIMALS),
    }
