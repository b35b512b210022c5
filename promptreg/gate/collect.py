"""From the store to comparable samples: which rows may be compared, and their statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from promptreg.gate.model import Context, PromptChange
from promptreg.gate.pairing import Joined, Side
from promptreg.gate.reading import read_pairs, read_samples
from promptreg.gate.sql import (
    LEAST_TAIL_ESTIMATE,
    GroupSize,
    Selection,
    contexts_query,
    gate_selection,
    latencies_query,
    pairs_query,
    samples_query,
)
from promptreg.metrics.renamed import of_prompt
from promptreg.stats.evidence import Stratum
from promptreg.stats.metrics import Kind
from promptreg.stats.samples import Sample
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.stats.metrics import Metric

__all__ = [
    "Group",
    "Rows",
    "Selected",
    "currencies_of",
    "currency_notes",
    "distinct_currencies",
    "groups_of",
    "joined_cases",
    "selected_strata",
    "sides_of",
]

_NOTHING = Sample.of(())


class Rows(Protocol):
    """What the gate asks of the metrics store."""

    def sql(self, query: str, parameters: Sequence[Any] = ...) -> list[tuple[Any, ...]]:
        """Answer a query on the table `calls`."""


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one side, model and context, counted."""

    is_head: bool
    context: Context
    model: str
    calls: int
    cases: int
    has_keys: bool
    latencies: int
    least_currency: str | None = None
    greatest_currency: str | None = None


class Selected(NamedTuple):
    """The samples of two sets of rows.

    Attributes:
        strata: By metric and model; costs in more than one currency have none.
        notes: What was left out.
    """

    strata: dict[str, tuple[Stratum, ...]]
    notes: tuple[str, ...]


def groups_of(store: Rows, change: PromptChange) -> list[Group]:
    """Return what rows there are of both contents of a prompt."""
    parameters = [change.prompt, change.base_digest, change.head_digest]
    ours = of_prompt(store, change.prompt)
    rows = store.sql(contexts_query(ours, has_keys=False), parameters)
    if any(row[7] for row in rows):
        rows = store.sql(contexts_query(ours, has_keys=True), parameters)
    return [
        Group(digest == change.head_digest, Context(*context), *counts)
        for digest, *rest in rows
        for context, counts in [(rest[:3], rest[3:])]
    ]


def currencies_of(groups: Sequence[Group], context: Context) -> tuple[str, ...]:
    """Return the currencies of a context's costs, sorted; of very many only some."""
    here = [group for group in groups if group.context == context]
    return distinct_currencies((g.least_currency, g.greatest_currency) for g in here)


def distinct_currencies(pairs: Iterable[Sequence[str | None]]) -> tuple[str, ...]:
    """Return the currencies among the least and the greatest ones of groups of rows, sorted."""
    return tuple(sorted({currency for currency in chain(*pairs) if currency is not None}))


def currency_notes(currencies: Sequence[str]) -> tuple[str, ...]:
    """Say that costs are left out, where they are in more than one currency."""
    if len(currencies) < 2:  # noqa: PLR2004 - two make a mix
        return ()
    return (f"costs in {' and '.join(currencies)} are not compared",)


def sides_of(
    store: Rows,
    change: PromptChange,
    context: Context,
    groups: Sequence[Group],
    metrics: Sequence[Metric],
) -> tuple[Side | None, Side]:
    """Ask for the statistics of both contents in one context; a new prompt has no base.

    Args:
        store: Where the rows are.
        change: Both contents of the prompt.
        context: Which rows of them.
        groups: All groups of the change.
        metrics: Which metrics to summarise.
    """
    here = [group for group in groups if group.context == context]
    sizes = [
        GroupSize(group.is_head, group.model, group.latencies)
        for group in here
        if group.latencies >= LEAST_TAIL_ESTIMATE
    ]
    has_keys = any(group.has_keys for group in here)
    selection = gate_selection(of_prompt(store, change.prompt))
    query = samples_query(metrics, sizes, has_keys=has_keys, selection=selection)
    parameters = [*_parameters(change, context), *(size.model for size in sizes)]
    samples = read_samples(store.sql(query, parameters), metrics)
    base, head = (
        Side(
            {group.model: group.calls for group in here if group.is_head is is_head},
            {group.model: group.cases for group in here if group.is_head is is_head},
            {(m, name): found for (side, m, name), found in samples.items() if side is is_head},
        )
        for is_head in (False, True)
    )
    return base if change.base_digest else None, head


def joined_cases(
    store: Rows, change: PromptChange, context: Context, metrics: Sequence[Metric]
) -> Joined:
    """Ask for the statistics of the cases that both contents ran in one context."""
    selection = gate_selection(of_prompt(store, change.prompt))
    rows = store.sql(pairs_query(metrics, selection), _parameters(change, context))
    return Joined({row[0]: row[1] for row in rows}, read_pairs(rows, metrics))


def selected_strata(
    store: Rows,
    selection: Selection,
    parameters: Sequence[Any],
    metrics: Sequence[Metric],
    *,
    all_logs: bool = False,
) -> Selected:
    """Ask for the samples of any two sets of rows, by metric and model.

    A model that only one side has gives a stratum whose other side is empty.

    Args:
        store: Where the rows are.
        selection: Which rows, and which of them are the head's.
        parameters: Those of `selection.is_head`, then those of `selection.where`.
        metrics: Which metrics to summarise.
        all_logs: Take logarithms of every metric.
    """
    counted = store.sql(latencies_query(selection, has_keys=False), parameters)
    notes: tuple[str, ...] = ()
    if any(metric.kind is Kind.COST for metric in metrics):
        notes = currency_notes(distinct_currencies(row[4:] for row in counted))
    asked = [metric for metric in metrics if not (notes and metric.kind is Kind.COST)]
    if not asked:
        return Selected({metric.name: () for metric in metrics}, notes)
    has_keys = any(row[2] for row in counted)
    if has_keys:
        counted = store.sql(latencies_query(selection, has_keys=True), parameters)
    large = [
        GroupSize(is_head, model, n)
        for is_head, model, _, n, *_ in counted
        if n >= LEAST_TAIL_ESTIMATE
    ]
    query = samples_query(
        asked,
        large,
        has_keys=has_keys,
        selection=selection,
        all_logs=all_logs,
    )
    found = read_samples(store.sql(query, [*parameters, *(size.model for size in large)]), asked)
    models = sorted({model for _, model, _ in found})
    strata = {
        metric.name: tuple(
            Stratum(
                model,
                found.get((False, model, metric.name), _NOTHING),
                found.get((True, model, metric.name), _NOTHING),
            )
            for model in models
        )
        for metric in asked
    }
    return Selected({metric.name: () for metric in metrics} | strata, notes)


def _parameters(change: PromptChange, context: Context) -> list[Any]:
    digests = [change.head_digest, change.prompt, change.base_digest, change.head_digest]
    return [*digests, context.suite, context.dataset_digest, context.environment]
