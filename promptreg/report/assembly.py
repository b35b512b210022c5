"""Puts one prompt of a report together: what git has, what was measured, what follows; pure."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptreg.report.arms import arms_of
from promptreg.report.brief import line_of
from promptreg.report.measures import VersionMeasures, measures_of
from promptreg.report.model import ModelSummary, PromptRow, Series
from promptreg.report.verdicts import alerts_of, compare_versions
from promptreg.report.winners import best_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptreg.report.asking import Answers
    from promptreg.report.brief import PromptLine
    from promptreg.report.live import PromptLabels
    from promptreg.report.model import Alert, Comparison, LabelRow, VersionRow
    from promptreg.report.versions import GitPrompt
    from promptreg.stats.thresholds import Threshold

__all__ = ["Assembled", "Extract", "Setting", "assemble", "pairs_of", "shared_digests"]

COMPARED_VERSIONS = 8
MANY_PROMPTS = 100


@dataclass(frozen=True, slots=True)
class Setting:
    """What a prompt's own history and rows do not say.

    Attributes:
        is_large: Whether the report has more than `MANY_PROMPTS`.
        labels: What the labels serve of it.
        thresholds: What the gate allows.
        for_json: Whether the prompt is finished for JSON, with all its figures, not for the page.
    """

    is_large: bool
    labels: PromptLabels
    thresholds: tuple[Threshold, ...]
    for_json: bool = False


class Extract(NamedTuple):
    """What the report around a prompt takes from it.

    Attributes:
        path: Its file at the reported commit; empty when it is gone.
        fragments: What that file includes, by path below the root.
        versions: How many released versions it has.
        is_unreleased: Whether the commit's own content is none of them.
        alerts: What somebody should look at.
        labels: What each label serves of it.
        latest: Its latest stable release; None when it has none, or the prompt is gone.
        lost_rows: Metric rows of versions that the commit does not know.
        metrics: The names of all metrics it has.
        unfetched: How many versions' texts this clone does not have.
        notes: What could not be read, one line each.
        line: The prompt in a line.
    """

    path: str
    fragments: tuple[str, ...]
    versions: int
    is_unreleased: bool
    alerts: tuple[Alert, ...]
    labels: tuple[LabelRow, ...]
    latest: str | None
    lost_rows: int
    metrics: frozenset[str]
    unfetched: int
    notes: tuple[str, ...]
    line: PromptLine


@dataclass(frozen=True, slots=True)
class Assembled:
    """One prompt, and what the report around it takes from it."""

    row: PromptRow
    extract: Extract


def assemble(prompt: GitPrompt, answers: Answers | None, setting: Setting) -> Assembled:
    """Put a prompt together.

    Args:
        prompt: What git has.
        answers: What the store said of it; None when it has no rows.
        setting: Everything else.
    """
    measures = measures_of(answers) if answers is not None else {}
    by_version = _by_version(prompt, measures)
    known = {id(m) for m in by_version.values()}
    versions = tuple(_measured(v, by_version.get(v.version)) for v in prompt.versions)
    labels = {v.version: v.labels for v in versions if v.labels}
    in_order = [*by_version]
    previous = setting.labels.previous(in_order)
    pairs = dict.fromkeys(pairs_of(in_order, is_large=setting.is_large))
    for label, live in setting.labels.served.items():
        if live in by_version and previous.get(label) in by_version:
            pairs[previous[label], live] = None
    # A thousand prompts would carry the models of a hundred thousand pairs.
    shown = {*in_order[-COMPARED_VERSIONS:], *labels} if setting.is_large else {*in_order}
    comparisons: list[Comparison] = []
    for base, head in pairs:
        comparisons += compare_versions(
            (base, by_version[base]),
            (head, by_version[head]),
            setting.thresholds,
            tests=setting.for_json,
            by_model=head in shown,
        )
    steps = {*itertools.pairwise(in_order)}
    judged = [c for c in comparisons if (c.base, c.head) in steps]
    yanked = {v.version for v in versions if v.yanked is not None}
    # Nobody need look at what is withdrawn already, unless a label still serves it.
    latest = next((version for version in reversed(in_order) if version not in yanked), None)
    row = PromptRow(
        name=prompt.name,
        path=prompt.path,
        title=prompt.title,
        description=prompt.description,
        tags=prompt.tags,
        metadata=prompt.metadata,
        versions=versions,
        bucket="week" if any(m.bucket == "week" for m in by_version.values()) else "day",
        series=tuple(Series(v, tuple(m.points)) for v, m in by_version.items() if m.points),
        comparisons=tuple(comparisons),
        deleted=not prompt.path,
        formerly=prompt.formerly,
        arms=arms_of(by_version, setting.thresholds),
    )
    extract = Extract(
        path=prompt.path,
        fragments=prompt.fragments,
        is_unreleased=any(not version.released for version in versions),
        versions=sum(version.released for version in versions),
        alerts=tuple(alerts_of(prompt.name, judged, labels, latest)),
        labels=tuple(setting.labels.rows(prompt.name, versions, comparisons, previous)),
        latest=next((v.version for v in reversed(versions) if v.is_stable), None)
        if prompt.path
        else None,
        lost_rows=sum(m.calls for m in measures.values() if id(m) not in known),
        metrics=frozenset(s.metric for m in by_version.values() for s in m.metrics),
        unfetched=prompt.unfetched,
        notes=prompt.notes,
        line=line_of(row),
    )
    return Assembled(row, extract)


def pairs_of(measured: Sequence[str], *, is_large: bool) -> list[tuple[str, str]]:
    """Return the pairs of versions that are judged: neighbours, and all among the latest.

    A thousand prompts have so many pairs that only neighbours are judged.

    Args:
        measured: The versions that have rows, lowest first.
        is_large: Whether the report has more than `MANY_PROMPTS`.
    """
    pairs = dict.fromkeys(itertools.pairwise(measured))
    if not is_large:
        pairs.update(dict.fromkeys(itertools.combinations(measured[-COMPARED_VERSIONS:], 2)))
    return list(pairs)


def shared_digests(digests: Iterable[str]) -> set[str]:
    """Return the contents that several versions have, as after a rollback.

    Args:
        digests: The content of each version.
    """
    return {digest for digest, count in Counter(digests).items() if count > 1}


def _by_version(
    prompt: GitPrompt, measures: Mapping[str, VersionMeasures]
) -> dict[str, VersionMeasures]:
    shared = shared_digests(version.digest for version in prompt.versions)
    found = {}
    for version in prompt.versions:
        key = version.version if version.digest in shared else version.digest
        if key in measures:
            found[version.version] = measures[key]
    return found


def _measured(version: VersionRow, measures: VersionMeasures | None) -> VersionRow:
    if measures is None:
        return version
    badges = best_models(measures)
    named = {model: m for model, m in measures.models.items() if model} or measures.models
    return version._replace(
        calls=measures.calls,
        cost=measures.cost,
        tokens=measures.tokens,
        last_call=f"{measures.last.isoformat()}Z" if measures.last else None,
        metrics=tuple(measures.metrics),
        models=tuple(
            ModelSummary(model, m.calls, tuple(m.metrics), badges.get(model, ()))
            for model, m in sorted(named.items())
        ),
    )
