"""Puts the rows of many versions into columns, those of each metric together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptreg.report.columns import Column, Pool

__all__ = ["Table", "by_metric", "columns_of"]


def columns_of(kind: type[Any], rows: Iterable[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Turn rows into their columns by name.

    Args:
        kind: What the rows are.
        rows: The rows.
    """
    # All at once they take a fifth of the time of one after the other by its name.
    columns = tuple(zip(*rows, strict=True)) or ((),) * len(kind._fields)
    return dict(zip(kind._fields, columns, strict=True))


class Table(NamedTuple):
    """The rows of one metric.

    Attributes:
        places: The place of the group that each row is from.
        of: Their columns by name.
    """

    places: Sequence[int]
    of: dict[str, tuple[Any, ...]]


def by_metric(
    kind: type[Any], groups: Sequence[Sequence[Any]], pool: Pool
) -> tuple[Column, dict[str, Table]]:
    """Put what is of one metric together.

    Args:
        kind: What the rows are; they have the name of a metric.
        groups: What each version or pair of versions has of some metrics, in order.
        pool: Takes the metrics' names.

    Returns:
        The names of each group, to deal everything out again, and the table of each metric.
    """
    names = [tuple([row.metric for row in group]) for group in groups]
    column = pool.column(names)
    if len({*names}) == 1 and len({*names[0]}) == len(names[0]):
        # All have the same metrics, as nearly always.
        every = range(len(groups))
        rows_of = zip(names[0], zip(*groups, strict=True), strict=True)
        return column, {metric: Table(every, columns_of(kind, rows)) for metric, rows in rows_of}
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for place, group in enumerate(groups):
        for row in group:
            places, rows = found.setdefault(row.metric, ([], []))
            places.append(place)
            rows.append(row)
    return column, {
        metric: Table(places, columns_of(kind, rows)) for metric, (places, rows) in found.items()
    }
