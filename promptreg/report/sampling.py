"""The samples that versions are judged by, as the gate takes them; pure.

Rows of one case or unit are one observation. Where a suite ran cases their values are kept apart
as well, so that any two versions can be compared case by case.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.gate.model import Context
from promptreg.gate.pairing import Joined, Side
from promptreg.report.asking import VALUES
from promptreg.report.asking_samples import LOGGED
from promptreg.stats.samples import Moments, PairCounts, PairMoments, Pairs, Sample, Tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptreg.report.answers import Answers, Group
    from promptreg.report.measures import CaseValues, VersionMeasures

__all__ = ["add_samples", "join_cases"]

_NAMES = tuple(VALUES)
_LOGS = tuple(name for name in VALUES if name in LOGGED)
_NO_LOGS = itertools.repeat(Moments(0, 0.0, 0.0))
_NO_TAILS: itertools.repeat[Tail | None] = itertools.repeat(None)

_Place = tuple[str, Context]


class _Rows(NamedTuple):
    """What becomes a `Side`, by model."""

    calls: dict[str, int]
    cases: dict[str, int]
    samples: dict[tuple[str, str], Sample]

    def add(self, model: str, name: str, sample: Sample) -> None:
        """Add a model's sample, if it has values; success is kept as ``error_rate``."""
        if not sample.n:
            return
        if name == "success_rate":
            self.samples[model, "error_rate"] = sample.complement()
        else:
            self.samples[model, name] = sample


def add_samples(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    """Add the sides and cases of each version of a prompt.

    Args:
        answers: What the store answered about the prompt.
        found: Takes them, by key.
    """
    asked = answers.samples
    sides: dict[_Place, _Rows] = defaultdict(lambda: _Rows({}, {}, {}))
    groups = {group.number: (group.model, sides[_place(group)]) for group in answers.groups}
    for group, (number, cases, _) in zip(answers.groups, asked.observed.rows(), strict=True):
        model, side = groups[number]
        side.calls[model], side.cases[model] = group.calls, cases
    rows = asked.observed.column(2)
    tails = {number: Tail(*tail) for number, *tail in asked.tails.rows()}
    for name, moments in asked.moments.items():
        numbers, *columns = moments.columns
        own = map(tails.get, numbers) if name == "latency" else _NO_TAILS
        for number, sample in zip(numbers, _samples(rows, columns, own), strict=True):
            model, side = groups[number]
            side.add(model, name, sample)
    if asked.scores.columns:
        numbers, names, rows, *columns = asked.scores.columns
        for number, name, sample in zip(numbers, names, _samples(rows, columns), strict=True):
            model, side = groups[number]
            side.add(model, name, sample)
    for (key, context), side in sides.items():
        found[key].sides[context] = Side(*side)
    _add_cases(answers, found)


def _place(group: Group) -> _Place:
    return group.key, Context(group.suite, group.dataset_digest, group.environment)


def _samples(
    rows: Sequence[int], columns: Sequence[Sequence[Any]], tails: Iterable[Tail | None] = _NO_TAILS
) -> Iterator[Sample]:
    """Yield the samples of a metric, column by column.

    Args:
        rows: How many observations each group has.
        columns: As `promptreg.report.asking_samples` asks for them.
        tails: The p95 of each group that has one.
    """
    n, mean, var, least, most, ones, zeros, *of_log = columns
    linear = map(Moments, n, mean, var)
    log = map(Moments, *of_log) if of_log else _NO_LOGS
    missing = map(operator.sub, rows, n)
    return map(Sample, linear, log, least, most, ones, zeros, missing, tails)


def _add_cases(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    """Keep the values of each case of a suite; its scores are further metrics."""
    models = {
        group.number: found[group.key]
        .cases.setdefault(_place(group)[1], {})
        .setdefault(group.model, {})
        for group in answers.groups
        if group.suite is not None
    }
    for number, case, *averages in answers.samples.cases.rows():
        means = [None if math.isnan(mean) else mean for mean in averages]
        logged = dict(zip(_LOGS, means[len(_NAMES) :], strict=True))
        values: CaseValues = models[number].setdefault(case, {})
        values |= {
            name: (mean, logged.get(name)) for name, mean in zip(_NAMES, means, strict=False)
        }
    for number, case, name, mean in answers.samples.case_scores.rows():
        models[number].setdefault(case, {})[name] = (mean, None)


def join_cases(base: VersionMeasures, head: VersionMeasures, context: Context) -> Joined:
    """Join the cases that two versions ran in a context; success is that, not ``error_rate``."""
    matched = {}
    pairs = {}
    ours, theirs = base.cases.get(context, {}), head.cases.get(context, {})
    for model in ours.keys() & theirs.keys():
        before, after = ours[model], theirs[model]
        cases = sorted(before.keys() & after.keys())
        matched[model] = len(cases)
        names = dict.fromkeys(itertools.chain.from_iterable(before[case] for case in cases))
        for name in names:
            joined = [(before[c].get(name), after[c].get(name)) for c in cases]
            both = [(a, b) for a, b in joined if a is not None and b is not None]
            pairs[model, name] = _pairs(both)
    return Joined(matched, pairs)


def _pairs(values: Sequence[tuple[tuple[Any, Any], tuple[Any, Any]]]) -> Pairs:
    linear = [(a[0], b[0]) for a, b in values if a[0] is not None and b[0] is not None]
    logs = [(a[1], b[1]) for a, b in values if a[1] is not None and b[1] is not None]
    return Pairs(
        PairMoments.of([a for a, _ in linear], [b for _, b in linear]),
        PairMoments.of([a for a, _ in logs], [b for _, b in logs]),
        PairCounts(*(linear.count(cell) for cell in ((1, 1), (1, 0), (0, 1), (0, 0)))),
    )
