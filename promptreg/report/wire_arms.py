"""Packs what A/B tests take of each version, by metric and in columns.

``assets/arms.js`` unpacks exactly this.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promptreg.report.columns import decimals_for, fixed, numbers, whole
from promptreg.report.model import Arm, ArmMetric
from promptreg.report.schema import as_json
from promptreg.report.tables import by_metric, columns_of
from promptreg.report.wire_own import NOTHING, pack_side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.report.columns import Column, Pool
    from promptreg.report.model import Arms
    from promptreg.report.tables import Table
    from promptreg.report.wire_own import Figures

__all__ = ["pack_arms"]

_DECIMALS = 4
# Rounded to a thousandth of its error, a mean neither makes nor takes a winner.
_DIGITS_OF_ERROR = 3
_DIGITS_OF_SD = 4
_DIGITS_OF_MEAN = 4
_DIGITS = 9


def pack_arms(
    arms: Arms, places: Mapping[str, int], own: Mapping[str, Figures], pool: Pool
) -> dict[str, Any]:
    """Pack the arms of a prompt's versions.

    Args:
        arms: The arms.
        places: Each version's place.
        own: What the page knows of each version's models, and need not be told again.
        pool: Takes what is said again and again.
    """
    of = columns_of(Arm, arms.arms)
    keys = [
        (places[version], model) for version, model in zip(of["version"], of["model"], strict=True)
    ]
    names, tables = by_metric(ArmMetric, of["metrics"], pool) if arms.arms else (None, {})
    scales = {each.metric: each.scale for each in arms.metrics}
    return {
        "count": len(arms.arms),
        "contexts": as_json(arms.contexts),
        "metrics": as_json(arms.metrics),
        "version": whole([place for place, _ in keys]),
        "context": whole(of["context"]),
        "model": pool.column(of["model"]),
        "calls": whole(of["calls"]),
        "names": names,
        "of": {
            metric: _pack_metric(table, keys, own.get(metric, NOTHING), scales[metric])
            for metric, table in tables.items()
        },
    }


def _pack_metric(
    table: Table, keys: Sequence[tuple[int, str]], own: Figures, scale: str
) -> dict[str, Column]:
    of = table.of
    counts, tested, deviations = of["n"], of["tested_n"], of["tested_sd"]
    return {
        **pack_side("mean", of["mean"], counts, [*map(keys.__getitem__, table.places)], own),
        "testedN": None
        if tested == counts
        else whole([None if a == b else a for a, b in zip(tested, counts, strict=True)]),
        "testedMean": fixed(of["tested_mean"], _decimals(of, scale), _DIGITS),
        "testedSd": numbers(deviations, _DIGITS_OF_SD),
    }


def _decimals(of: Mapping[str, Sequence[Any]], scale: str) -> int:
    errors = [
        sd / math.sqrt(n) for n, sd in zip(of["tested_n"], of["tested_sd"], strict=True) if sd > 0
    ]
    sizes = [(min(filter(math.isfinite, errors), default=1.0), _DIGITS_OF_ERROR)]
    if scale == "linear":
        # The effect is a share of the base's mean.
        means = [abs(mean) for mean in of["tested_mean"] if mean and math.isfinite(mean)]
        sizes.append((min(means, default=1.0), _DIGITS_OF_MEAN))
    return max(_DECIMALS, *(decimals_for(size, digits) for size, digits in sizes))
