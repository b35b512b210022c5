"""From the store to comparable samples: which rows may be compared, and their statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from promptreg.gate.model import Context, Delta, PromptChange
from promptreg.gate.reading import read_pairs, read_samples
from promptreg.gate.sql import (
    LEAST_TAIL_ESTIMATE,
    GroupSize,
    Selection,
    contexts_query,
    latencies_query,
    pairs_query,
    samples_query,
)
from promptreg.stats.evidence import Stratum
from promptreg.stats.limits import merge_moments
from promptreg.stats.samples import (
    Pairs,
    Sample,
)

if TYPE_CHECKING:
    from promptreg.stats.metrics import Metric

__all__ = [
    "Collected",
    "Group",
    "Rows",
    "collect",
    "comparable_contexts",
    "groups_of",
    "selected_strata",
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


@dataclass(frozen=True, slots=True)
class Collected:
    """The statistics of one comparison.

    Attributes:
        strata: Metric name to its strata, one per model that both sides have.
        models: Those models.
        paired: Whether the strata carry pairs.
        n_base: Rows of the base, or cases when paired.
        n_head: Rows of the head, or cases when paired.
        deltas: Means of both sides per metric.
        notes: What was left out.
    """

    strata: Mapping[str, tuple[Stratum, ...]]
    models: tuple[str, ...]
    paired: bool
    n_base: int
    n_head: int
    deltas: tuple[Delta, ...]
    notes: tuple[str, ...]


def groups_of(store: Rows, change: PromptChange) -> list[Group]:
    """Return what rows there are of both contents of a prompt."""
    parameters = [change.prompt, change.base_digest, change.head_digest]
    rows = store.sql(contexts_query(has_keys=False), parameters)
    if any(has_keys for *_, has_keys, _ in rows):
        rows = store.sql(contexts_query(has_keys=True), parameters)
    return [
        Group(digest == change.head_digest, Context(*context), *counts)
        for digest, *rest in rows
        for context, counts in [(rest[:3], rest[3:])]
    ]


def comparable_contexts(groups: Sequence[Group]) -> tuple[list[Context], list[str]]:
    """Return the contexts in which head and base may be compared, and notes on the others.

    Evaluation rows decide when the head has any: production has not seen a new version yet, and
    its traffic differs from a suite's cases.
    """
    head = [group.context for group in groups if group.is_head]
    base = {group.context for group in groups if not group.is_head}
    evaluated = [context for context in head if context.suite]
    candidates = list(dict.fromkeys(evaluated or head))
    matching = [context for context in candidates if context in base]
    if matching:
        return matching, []
    return candidates[:1], [_why_not(context, base) for context in candidates[:1]]


def collect(
    store: Rows,
    change: PromptChange,
    context: Context,
    groups: Sequence[Group],
    metrics: Sequence[Metric],
) -> Collected:
    """Ask for the statistics of one comparison.

    Args:
        store: Where the rows are.
        change: Both contents of the prompt.
        context: Which rows of them.
        groups: All groups of the change.
        metrics: Which metrics to summarise.
    """
    here = [group for group in groups if group.context == context]
    has_keys = any(group.has_keys for group in here)
    sizes = [
        GroupSize(group.is_head, group.model, group.latencies)
        for group in here
        if group.latencies >= LEAST_TAIL_ESTIMATE
    ]
    digests = [change.head_digest, change.prompt, change.base_digest, change.head_digest]
    parameters = [*digests, context.suite, context.dataset_digest, context.environment]
    samples = read_samples(
        store.sql(
            samples_query(metrics, sizes, has_keys=has_keys),
            [*parameters, *(size.model for size in sizes)],
        ),
        metrics,
    )
    base = {group.model: group for group in here if not group.is_head}
    head = {group.model: group for group in here if group.is_head}
    # A new prompt has no base: only limits are judged, on all its rows.
    shared = base.keys() & head.keys() if change.base_digest else head.keys()
    models = tuple(sorted(shared))
    pairs: dict[tuple[str, str], Pairs] = {}
    matched: dict[str, int] = {}
    if _may_pair(context, [group for group in here if group.model in models]):
        rows = store.sql(pairs_query(metrics), parameters)
        pairs, matched = read_pairs(rows, metrics), {row[0]: row[1] for row in rows}
    paired = bool(matched) and _is_paired(models, matched, base, head)
    strata = {
        metric.name: tuple(
            Stratum(
                model,
                samples.get((False, model, metric.name), _NOTHING),
                samples.get((True, model, metric.name), _NOTHING),
                pairs.get((model, metric.name)) if paired else None,
            )
            for model in models
        )
        for metric in metrics
    }
    cases = sum(matched.get(model, 0) for model in models)
    notes = list(_notes(models, base, head, matched if paired else None)) if base else []
    notes += _dropped(strata.get("latency", ()))
    return Collected(
        strata=strata,
        models=models,
        paired=paired,
        n_base=cases if paired else _calls(base, models),
        n_head=cases if paired else _calls(head, models),
        deltas=tuple(_deltas(strata, metrics)),
        notes=tuple(notes),
    )


def selected_strata(
    store: Rows,
    selection: Selection,
    parameters: Sequence[Any],
    metrics: Sequence[Metric],
    *,
    all_logs: bool = False,
) -> dict[str, tuple[Stratum, ...]]:
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
    has_keys = any(row[2] for row in counted)
    if has_keys:
        counted = store.sql(latencies_query(selection, has_keys=True), parameters)
    large = [
        GroupSize(is_head, model, n) for is_head, model, _, n in counted if n >= LEAST_TAIL_ESTIMATE
    ]
    query = samples_query(
        metrics,
        large,
        has_keys=has_keys,
        selection=selection,
        all_logs=all_logs,
    )
    found = read_samples(store.sql(query, [*parameters, *(size.model for size in large)]), metrics)
    models = sorted({model for _, model, _ in found})
    return {
        metric.name: tuple(
            Stratum(
                model,
                found.get((False, model, metric.name), _NOTHING),
                found.get((True, model, metric.name), _NOTHING),
            )
            for model in models
        )
        for metric in metrics
    }


def _why_not(context: Context, base: set[Context]) -> str:
    if not base:
        return "the base has no rows"
    same_suite = {other for other in base if other.suite == context.suite}
    if context.suite and not same_suite:
        return f"the base has no rows of suite {context.suite}"
    if any(other.dataset_digest == context.dataset_digest for other in same_suite):
        return f"the base has no rows of environment {context.environment}"
    if context.suite:
        return f"the base ran suite {context.suite} on other cases"
    return "the base has no comparable rows"


def _may_pair(context: Context, groups: Sequence[Group]) -> bool:
    # Cases of no known dataset may share ids by accident only within one suite.
    return context.suite is not None and bool(groups) and all(group.cases for group in groups)


def _is_paired(
    models: Sequence[str],
    matched: Mapping[str, int],
    base: Mapping[str, Group],
    head: Mapping[str, Group],
) -> bool:
    """Tell whether enough cases match that leaving the others out costs less than it gains."""
    fewest = sum(min(base[model].cases, head[model].cases) for model in models)
    together = sum(matched.get(model, 0) for model in models)
    return together > 1 and 2 * together >= fewest


def _calls(groups: Mapping[str, Group], models: Sequence[str]) -> int:
    return sum(g.calls for g in groups.values() if not models or g.model in models)


def _notes(
    models: Sequence[str],
    base: Mapping[str, Group],
    head: Mapping[str, Group],
    matched: Mapping[str, int] | None,
) -> Iterator[str]:
    for side, own in (("base", base), ("head", head)):
        for model in sorted(own.keys() - set(models)):
            name = model or "rows without a model"
            yield f"{name}: {own[model].calls} rows in the {side} only, not compared"
    if matched is None:
        return
    for side, own in (("base", base), ("head", head)):
        unmatched = sum(own[model].cases - matched.get(model, 0) for model in models)
        if unmatched:
            yield f"{unmatched} cases ran in the {side} only, not compared"


def _dropped(strata: Sequence[Stratum]) -> Iterator[str]:
    """Tell latencies that have no logarithm, which are left out of the comparison."""
    for side in ("base", "head"):
        samples = [getattr(stratum, side) for stratum in strata]
        dropped = sum(sample.dropped_by_log for sample in samples)
        if dropped:
            share = dropped / sum(sample.n for sample in samples)
            yield f"{share:.1%} of the {side}'s latencies are not above 0, left out"


def _deltas(
    strata: Mapping[str, tuple[Stratum, ...]], metrics: Sequence[Metric]
) -> Iterator[Delta]:
    for metric in metrics:
        base = merge_moments([stratum.base.linear for stratum in strata[metric.name]])
        head = merge_moments([stratum.head.linear for stratum in strata[metric.name]])
        if base.n and head.n:
            yield Delta(metric.name, base.mean, head.mean, metric.unit)
