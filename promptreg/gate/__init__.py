"""The regression gate of a pull request: rows of the store in, verdicts out.

Production is judged after a release by the monitor; here the evaluation rows of the head are
compared with the rows of the content it replaces, matched by digest, so that a renumbering on
rebase keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from promptreg.gate.accepting import accept_command, measure_command, outcome_of
from promptreg.gate.collect import (
    Group,
    Rows,
    currencies_of,
    currency_notes,
    groups_of,
    joined_cases,
    observe_context,
    sides_of,
)
from promptreg.gate.model import (
    Comparison,
    Context,
    Delta,
    GateReport,
    GateRow,
    Outcome,
    PromptChange,
)
from promptreg.gate.pairing import Joined, Side, comparable_contexts, judge_pair, judge_sides
from promptreg.stats.gate import Verdict
from promptreg.stats.metrics import KNOWN_METRICS, Kind, in_currency
from promptreg.stats.thresholds import (
    DEFAULT_THRESHOLDS,
    Form,
    Threshold,
    merge_thresholds,
    parse_threshold,
    thresholds_from,
)

if TYPE_CHECKING:
    from promptreg.config import Config

__all__ = [
    "Comparison",
    "Context",
    "Delta",
    "GateReport",
    "GateRow",
    "Joined",
    "Outcome",
    "PromptChange",
    "Side",
    "Verdict",
    "accept_command",
    "gate_thresholds",
    "judge",
    "judge_pair",
    "measure_command",
]

_FOR_INFORMATION = ("input_tokens", "output_tokens", "cost")


def judge(
    store: Rows,
    changes: Sequence[PromptChange],
    config: Config,
    *,
    overrides: Sequence[str] = (),
    today: date | None = None,
) -> GateReport:
    """Judge every changed prompt against the content it replaces.

    Args:
        store: Answers SQL on the table `calls`.
        changes: What the pull request changes; only these prompts are judged.
        config: `[gate]`, `[gate."name"]` and `[[accept]]`.
        overrides: Thresholds of the command line, such as ``latency:+50%``.
        today: The day `[[accept]]` entries must still hold on; the current one by default.

    Raises:
        ConfigError: A threshold does not follow the grammar.
    """
    day = today or datetime.now(UTC).date()
    comparisons: list[Comparison] = []
    for change in changes:
        if change.base_digest != change.head_digest:
            thresholds = gate_thresholds(config, change.prompt, overrides)
            comparisons += _judge_prompt(store, change, thresholds, config, day)
    return GateReport(tuple(comparisons))


def gate_thresholds(
    config: Config, prompt: str, overrides: Sequence[str] = ()
) -> tuple[Threshold, ...]:
    """Return what a prompt is allowed: defaults, `[gate]`, `[gate."prompt"]`, command line.

    Raises:
        ConfigError: A threshold does not follow the grammar.
    """
    layers: list[list[tuple[str, tuple[Threshold, ...]]]] = [
        [(threshold.name, (threshold,)) for threshold in DEFAULT_THRESHOLDS]
    ]
    layers += [
        list(thresholds_from(config.gate[section]).items())
        for section in ("", prompt)
        if section in config.gate
    ]
    layers.append([(threshold.name, (threshold,)) for threshold in map(parse_threshold, overrides)])
    return merge_thresholds(*layers)


def _judge_prompt(
    store: Rows,
    change: PromptChange,
    thresholds: Sequence[Threshold],
    config: Config,
    today: date,
) -> list[Comparison]:
    groups = groups_of(store, change)
    head = [group.context for group in groups if group.is_head]
    base = [group.context for group in groups if not group.is_head]
    contexts, notes = comparable_contexts(head, base)
    if not contexts:
        return [_without_rows(change, groups)]
    if not change.base_digest:
        thresholds, notes = [t for t in thresholds if t.form is Form.LIMIT], []
    return [
        _compare(store, change, context, groups, thresholds, config, today, notes)
        for context in contexts
    ]


def _without_rows(change: PromptChange, groups: Sequence[Group]) -> Comparison:
    if not change.base_digest:
        return Comparison(change, notes=("a new prompt has nothing to be compared with",))
    sides = "the head has no rows" if groups else "no rows of either side"
    return Comparison(change, notes=(sides,))


def _compare(
    store: Rows,
    change: PromptChange,
    context: Context,
    groups: Sequence[Group],
    thresholds: Sequence[Threshold],
    config: Config,
    today: date,
    notes: Sequence[str],
) -> Comparison:
    currencies = currencies_of(groups, context)
    shown = [in_currency(KNOWN_METRICS[name], currencies) for name in _FOR_INFORMATION]
    thresholds = [t._replace(metric=in_currency(t.metric, currencies)) for t in thresholds]
    metrics = list({m.name: m for m in (*(t.metric for t in thresholds), *shown)}.values())
    if left_out := currency_notes(currencies):
        metrics = [metric for metric in metrics if metric.kind is not Kind.COST]
        notes = [*notes, *left_out]

    with observe_context(store, change, context, groups, metrics) as observed:
        sides = sides_of(observed, change, context, groups)
        found = judge_sides(
            context, *sides, thresholds, lambda _: joined_cases(observed), metrics=shown
        )
    rows = tuple(outcome_of(j, change, config.accept, today) for j in found.judgements)
    return Comparison(
        change,
        context,
        found.models,
        found.paired,
        found.n_base,
        found.n_head,
        rows,
        tuple(delta for delta in found.deltas if delta.name in _FOR_INFORMATION),
        (*notes, *found.notes),
    )
