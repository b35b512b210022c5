"""What the page knows from a prompt's versions themselves, so that no comparison repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from promptreg.report.tables import Table

__all__ = ["NOTHING", "Figures", "Own", "figures_of"]


class Figures(NamedTuple):
    """Means and numbers of rows of one metric, by what they are of."""

    means: dict[Hashable, float]
    counts: dict[Hashable, int]


class Own(NamedTuple):
    """The figures of a prompt's versions by metric.

    Attributes:
        together: By the version's place.
        by_model: By the version's place and the model.
    """

    together: Mapping[str, Figures]
    by_model: Mapping[str, Figures]


NOTHING = Figures({}, {})


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
