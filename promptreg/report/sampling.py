"""The samples that versions are judged by, as the gate takes them; pure.

Rows of one case or unit are one observation. Where a suite ran cases their values are kept apart
as well, so that any two versions can be compared case by case.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from promptreg.gate.model import Context
from promptreg.gate.pairing import Joined, Side
from promptreg.report.asking import VALUES
from promptreg.report.asking_samples import LOGGED
from promptreg.report.spread import steady
from promptreg.stats.samples import Moments, PairCounts, PairMoments, Pairs, Sample, Tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptreg.report.asking import Answers, Group
    from promptreg.report.measures import CaseValues, VersionMeasures

__all__ = ["add_samples", "join_cases"]

_NAMES = tuple(VALUES)
_LOGS = tuple(name for name in VALUES if name in LOGGED)
_WIDTH = 11

_Place = tuple[str, Context]


def add_samples(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    """Add the sides and cases of each version of a prompt.

    Args:
        answers: What the store answered about the prompt.
        found: Takes them, by key.
    """
    groups = {group.number: group for group in answers.groups}
    places = {number: _place(group) for number, group in groups.items()}
    samples: dict[_Place, dict[tuple[str, str], Sample]] = defaultdict(dict)
    calls: dict[_Place, dict[str, int]] = defaultdict(dict)
    cases: dict[_Place, dict[str, int]] = defaultdict(dict)
    tails = {number: Tail(*tail) for number, *tail in answers.samples.tails}
    for number, count, *values in answers.samples.moments:
        model, place = groups[number].model, places[number]
        calls[place][model] = groups[number].calls
        cases[place][model] = count
        own = samples[place]
        for at, name in enumerate(_NAMES):
            _add_sample(own, (model, name), values[_WIDTH * at : _WIDTH * at + _WIDTH])
        if number in tails:
            own[model, "latency"] = own[model, "latency"]._replace(tail=tails[number])
    for number, name, *values in answers.samples.scores:
        _add_sample(samples[places[number]], (groups[number].model, name), values)
    for place, own_calls in calls.items():
        key, context = place
        found[key].sides[context] = Side(own_calls, cases[place], samples[place])
    _add_cases(answers, found)


def _place(group: Group) -> _Place:
    return group.key, Context(group.suite, group.dataset_digest, group.environment)


def _add_sample(
    samples: dict[tuple[str, str], Sample], place: tuple[str, str], values: Sequence[Any]
) -> None:
    """Add the sample of a model's metric; success is kept as ``error_rate``."""
    n, mean, var, least, most, ones, zeros, missing, logs, log_mean, log_var = values
    if not n:
        return
    linear = Moments(n, steady(mean), steady(var or 0.0))
    log = Moments(logs, steady(log_mean or 0.0), steady(log_var or 0.0))
    sample = Sample(linear, log, least, most, ones, zeros, missing)
    model, name = place
    if name == "success_rate":
        samples[model, "error_rate"] = sample.complement()
    else:
        samples[place] = sample


def _add_cases(answers: Answers, found: Mapping[str, VersionMeasures]) -> None:
    """Keep the values of each case of a suite; its scores are further metrics."""
    models = {
        group.number: found[group.key]
        .cases.setdefault(_place(group)[1], {})
        .setdefault(group.model, {})
        for group in answers.groups
        if group.suite is not None
    }
    for number, case, *averages in answers.samples.cases:
        means = [None if mean is None else steady(mean) for mean in averages]
        logged = dict(zip(_LOGS, means[len(_NAMES) :], strict=True))
        values: CaseValues = models[number].setdefault(case, {})
        values |= {
            name: (mean, logged.get(name)) for name, mean in zip(_NAMES, means, strict=False)
        }
    for number, case, name, mean in answers.samples.case_scores:
        models[number].setdefault(case, {})[name] = (steady(mean), None)


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
