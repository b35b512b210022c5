"""What the page knows from a prompt's versions themselves, so that no comparison repeats it."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.columns import numbers, whole

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from promptreg.report.tables import Table

__all__ = ["NOTHING", "Figures", "figures_of", "pack_side"]


class Figures(NamedTuple):
    """Means and numbers of rows of one metric, by what they are of."""

    means: dict[Hashable, float]
    counts: dict[Hashable, int]


NOTHING = Figures({}, {})
# Other sums of the same rows differ by less; what is shown of a mean by more.
_is_equal = functools.partial(math.isclose, rel_tol=1e-6)


def figures_of(tables: Mapping[str, Table], keys: Sequence[Hashable]) -> dict[str, Figures]:
    """Return what tables of `MetricSummary` say.

    Args:
        tables: The tables by metric.
        keys: What each group is that their rows are from.
    """
    found = {}
    for metric, (places, of) in tables.items():
        its = [*map(keys.__getitem__, places)]
        means, counts = zip(its, of["mean"], strict=True), zip(its, of["n"], strict=True)
        found[metric] = Figures(dict(means), dict(counts))
    # To the page an error rate is always what success leaves, whatever a score is called.
    success = found.get("success_rate", NOTHING)
    errors = {key: 1 - mean for key, mean in success.means.items()}
    return found | {"error_rate": Figures(errors, success.counts)}


def pack_side(
    side: str,
    means: Sequence[float | None],
    counts: Sequence[int],
    keys: Sequence[Hashable],
    own: Figures,
) -> dict[str, Any]:
    """Pack means and numbers of rows, but for what the page knows from the versions.

    Args:
        side: The column of the means is called so.
        means: The means.
        counts: The numbers of rows.
        keys: Under what the page knows the figures of each.
        own: What it knows.
    """
    own_means, own_counts = [*map(own.means.get, keys)], tuple(map(own.counts.get, keys))
    try:
        known = [*map(_is_equal, means, own_means)]
    except TypeError:
        known = [
            a is not None and b is not None and _is_equal(a, b)
            for a, b in zip(means, own_means, strict=True)
        ]
    return {
        f"{side}Known": whole([*map(int, known)]),
        side: None
        if all(known)
        else numbers([None if same else a for a, same in zip(means, known, strict=True)]),
        # There always is a number of rows: none stands for the version's own.
        f"{side}N": None
        if counts == own_counts
        else whole([None if a == b else a for a, b in zip(counts, own_counts, strict=True)]),
    }
