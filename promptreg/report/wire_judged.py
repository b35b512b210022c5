"""Packs what the gate says about pairs of versions, by metric and in columns.

The page runs A/B tests itself, from what `promptreg.report.wire_arms` packs.

``assets/judged.js`` unpacks exactly this.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import decimals_for, fixed, whole
from promptreg.report.model import Alert, MetricComparison
from promptreg.report.tables import by_metric, columns_of
from promptreg.report.wire_own import NOTHING, pack_side

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
_ENDS = ("effect", "low", "high")


def pack_comparisons(
    comparisons: Sequence[Comparison],
    places: Mapping[str, int],
    own: Mapping[str, Figures],
    pool: Pool,
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
        **_pack_groups([[each] for each in of["comparison"]], (of["base"], of["head"]), {}, pool),
    }


def _pack_groups(
    groups: Sequence[Sequence[MetricComparison]],
    sides: _Sides,
    own: Mapping[str, Figures],
    pool: Pool,
) -> dict[str, Any]:
    names, tables = by_metric(MetricComparison, groups, pool)
    return {
        "count": len(groups),
        "names": names,
        "of": {
            metric: _pack_metric(table, sides, own.get(metric, NOTHING), pool)
            for metric, table in tables.items()
        },
    }


def _pack_metric(table: Table, sides: _Sides, own: Figures, pool: Pool) -> dict[str, Any]:
    of = table.of
    base, head = [[*map(versions.__getitem__, table.places)] for versions in sides]
    return {
        "count": len(base),
        "relative": whole([*map(int, of["relative"])]),
        "limit": pool.column(of["limit"]),
        "verdict": pool.column(of["verdict"]),
        "needed": whole(of["needed"]),
        "note": pool.column(of["note"]),
        **pack_side("base", of["base"], of["base_n"], base, own),
        **pack_side("head", of["head"], of["head_n"], head, own),
        **_pack_effects(of),
    }


def _pack_effects(of: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    effects = filter(None, itertools.chain.from_iterable(of[end] for end in _ENDS))
    largest = max(map(abs, filter(math.isfinite, effects)), default=1.0)
    decimals = max(_EFFECT_DECIMALS, decimals_for(largest, 3))
    return {end: fixed(of[end], decimals) for end in _ENDS}
