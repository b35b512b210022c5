"""From the store to comparable samples: which rows may be compared, and their statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from promptreg.gate.model import Context, PromptChange
from promptreg.gate.pairing import Joined, Side
from promptreg.gate.reading import read_pairs, read_samples
from promptreg.gate.sql import (
    GroupSize,
    Selection,
    contexts_query,
    gate_selection,
    latencies_query,
    observations_query,
    pairs_query,
    samples_query,
    sizes_query,
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
    "Observed",
    "Rows",
    "Selected",
    "currencies_of",
    "currency_notes",
    "distinct_currencies",
    "groups_of",
    "joined_cases",
    "observe",
    "observe_context",
    "selected_strata",
    "sides_of",
]

_NOTHING = Sample.of(())


class Rows(Protocol):
    """What the gate asks of the metrics store."""

    def sql(self, query: str, parameters: Sequence[Any] = ...) -> list[tuple[Any, ...]]:
        """Answer a query on the table `calls`."""

    def keep(
        self, name: str, query: str, parameters: Sequence[Any] = ...
    ) -> AbstractContextManager[Rows]:
        """Hold the answer to a query as a table that the queries of a block may select from."""


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one side, model and context, counted; `currencies` are those of their costs."""

    is_head: bool
    context: Context
    model: str
    calls: int
    has_keys: bool
    latencies: int
    currencies: tuple[str, ...] = ()


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
    rows = store.sql(contexts_query(of_prompt(store, change.prompt)), parameters)
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for *key, currency, calls, has_keys, latencies in rows:
        found.setdefault(tuple(key), []).append((currency, calls, has_keys, latencies))
    return [
        Group(
            digest == change.head_digest,
            Context(*context),
            model,
            sum(calls),
            any(has_keys),
            sum(latencies),
            tuple(sorted(currency for currency in currencies if currency is not None)),
        )
        for (digest, *context, model), parts in found.items()
        for currencies, calls, has_keys, latencies in [zip(*parts, strict=True)]
    ]


def currencies_of(groups: Sequence[Group], context: Context) -> tuple[str, ...]:
    """Return the currencies of a context's costs, sorted."""
    return distinct_currencies(group.currencies for group in groups if group.context == context)


def distinct_currencies(pairs: Iterable[Sequence[str | None]]) -> tuple[str, ...]:
    """Return the currencies among those of groups of rows, sorted; None is none."""
    return tuple(sorted({currency for currency in chain(*pairs) if currency is not None}))


def currency_notes(currencies: Sequence[str]) -> tuple[str, ...]:
    """Say that costs are left out, where they are in more than one currency."""
    if len(currencies) < 2:  # noqa: PLR2004 - two make a mix
        return ()
    return (f"costs in {' and '.join(currencies)} are not compared",)


class Observed(NamedTuple):
    """The observations of two sets of rows, to be asked for their statistics.

    Attributes:
        rows: Who answers.
        source: SQL that defines `observed`, where that is not held as a table.
        parameters: Those of the source.
        metrics: Which metrics are summarised.
        sizes: The sizes of the groups.
        all_logs: Whether every metric has logarithms.
    """

    rows: Rows
    source: str
    parameters: Sequence[Any]
    metrics: Sequence[Metric]
    sizes: Sequence[GroupSize]
    all_logs: bool

    def samples(self) -> dict[tuple[bool, str, str], Sample]:
        """Return the samples by side, model and metric name."""
        query = samples_query(self.metrics, self.sizes, all_logs=self.all_logs)
        rows = self.rows.sql(self.source + query, self.parameters)
        return read_samples(rows, self.metrics, self.sizes)


@contextmanager
def observe(
    store: Rows,
    selection: Selection,
    parameters: Sequence[Any],
    metrics: Sequence[Metric],
    counted: Sequence[GroupSize],
    *,
    has_keys: bool,
    all_logs: bool = False,
) -> Iterator[Observed]:
    """Make observations of rows: those of one case, user or retry are one.

    Args:
        store: Where the rows are.
        selection: Which rows, and which of them are the head's.
        parameters: Those of `selection.is_head`, then those of `selection.where`.
        metrics: Which metrics to summarise.
        counted: The sizes of the groups, where each row is an observation.
        has_keys: Whether rows name a case or a unit.
        all_logs: Take logarithms of every metric.
    """
    query = observations_query(metrics, selection, has_keys=has_keys, all_logs=all_logs)
    if not has_keys:
        source = f"WITH observed AS ({query})\n"
        yield Observed(store, source, parameters, metrics, counted, all_logs)
        return
    # Sizes, samples and pairs are three questions to it, and to make it is most of the work.
    with store.keep("observed", query, parameters) as kept:
        sizes = [GroupSize(*row) for row in kept.sql(sizes_query(metrics))]
        yield Observed(kept, "", (), metrics, sizes, all_logs)


def observe_context(
    store: Rows,
    change: PromptChange,
    context: Context,
    groups: Sequence[Group],
    metrics: Sequence[Metric],
) -> AbstractContextManager[Observed]:
    """Make observations of the rows of both contents in one context.

    Args:
        store: Where the rows are.
        change: Both contents of the prompt.
        context: Which rows of them.
        groups: All groups of the change.
        metrics: Which metrics to summarise.
    """
    here = [group for group in groups if group.context == context]
    return observe(
        store,
        gate_selection(of_prompt(store, change.prompt)),
        _parameters(change, context),
        metrics,
        [GroupSize(group.is_head, group.model, 0, group.latencies) for group in here],
        has_keys=any(group.has_keys for group in here),
    )


def sides_of(
    observed: Observed, change: PromptChange, context: Context, groups: Sequence[Group]
) -> tuple[Side | None, Side]:
    """Ask for the statistics of both contents in one context; a new prompt has no base.

    Args:
        observed: The observations of the context.
        change: Both contents of the prompt.
        context: Which rows of them were observed.
        groups: All groups of the change.
    """
    samples = observed.samples()
    cases = {(size.is_head, size.model): size.cases for size in observed.sizes}

    def side(*, is_head: bool) -> Side:
        here = [g for g in groups if g.context == context and g.is_head is is_head]
        return Side(
            {group.model: group.calls for group in here},
            {group.model: cases.get((is_head, group.model), 0) for group in here},
            {(m, name): found for (own, m, name), found in samples.items() if own is is_head},
        )

    base, head = side(is_head=False), side(is_head=True)
    return base if change.base_digest else None, head


def joined_cases(observed: Observed) -> Joined:
    """Ask for the statistics of the cases that both contents ran; the observations have keys."""
    rows = observed.rows.sql(pairs_query(observed.metrics))
    return Joined({row[0]: row[1] for row in rows}, read_pairs(rows, observed.metrics))


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
    counted = store.sql(latencies_query(selection), parameters)
    notes: tuple[str, ...] = ()
    if any(metric.kind is Kind.COST for metric in metrics):
        notes = currency_notes(distinct_currencies(row[4:] for row in counted))
    asked = [metric for metric in metrics if not (notes and metric.kind is Kind.COST)]
    if not asked:
        return Selected({metric.name: () for metric in metrics}, notes)
    sizes = [GroupSize(is_head, model, 0, n) for is_head, model, _, n, *_ in counted]
    has_keys = any(row[2] for row in counted)
    with observe(
        store, selection, parameters, asked, sizes, has_keys=has_keys, all_logs=all_logs
    ) as observed:
        found = observed.samples()
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
