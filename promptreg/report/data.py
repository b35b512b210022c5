"""Collects a report from the registry and its metrics, one group of prompts at a time."""

from __future__ import annotations

import fnmatch
import itertools
from collections import Counter, deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError
from promptreg.gate import gate_thresholds
from promptreg.report.figures import Totals, figures_of, read_totals
from promptreg.report.live import LiveLabels
from promptreg.report.measures import Scope, VersionMeasures, measure
from promptreg.report.model import (
    DEFAULT_METRICS,
    Alert,
    Comparison,
    MetricInfo,
    ModelSummary,
    Overview,
    PromptRow,
    Report,
    Series,
    VersionRow,
)
from promptreg.report.origin import origin_of
from promptreg.report.verdicts import alerts_of, best_models, compare_versions
from promptreg.report.versions import GitPrompt, iso, read_prompt
from promptreg.stats.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from promptreg.metrics.summary import Rename
    from promptreg.registry import Registry
    from promptreg.report.workers import Workers
    from promptreg.stats.thresholds import Threshold

__all__ = ["Collector", "Options", "collect", "pairs_of"]

ROWS_AT_ONCE = 1_000_000
PROMPTS_AT_ONCE = 100
COMPARED_VERSIONS = 8
MANY_PROMPTS = 100
_SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Options:
    """What a report is about.

    Attributes:
        prompts: Names or shell patterns; none means all prompts.
        since: Leave out metric rows before this time.
        title: The page's title.
    """

    prompts: tuple[str, ...] = ()
    since: datetime | None = None
    title: str = "Prompt report"


def collect(registry: Registry, options: Options | None = None) -> Report:
    """Collect a whole report.

    Args:
        registry: Where from.
        options: What it is about.

    Raises:
        ConfigError: A pattern names no prompt, or a threshold is wrong.
    """
    collector = Collector(registry, options or Options())
    prompts = tuple(collector.prompts())
    return replace(collector.report(), prompts=prompts)


class Collector:
    """Yields prompts one at a time, then the report around them.

    Args:
        registry: Where from.
        options: What the report is about.
    """

    def __init__(self, registry: Registry, options: Options) -> None:
        self._registry = registry
        self._options = options
        self._workers: Workers | None = None
        self._notes: list[str] = []
        self._alerts: list[Alert] = []
        self._versions = 0
        self._lost_rows: Counter[str] = Counter()
        self._scores: set[str] = set()
        self._live = LiveLabels(registry, self._notes)
        since = options.since
        self._since = since.astimezone(UTC).replace(tzinfo=None) if since else None

    def count_versions(self) -> int:
        """Return how many released versions the report has."""
        return sum(len(self._registry.tags.releases(name)) for name in self._names)

    def prompts(self, workers: Workers | None = None) -> Iterator[PromptRow]:
        """Yield every prompt, by name.

        Args:
            workers: Processes that read; without any it is done here.

        Raises:
            ConfigError: A pattern names no prompt, or a threshold is wrong.
        """
        self._workers = workers
        for found in self._read(list(self._groups())):
            measures = self._measures(found)
            for prompt in found:
                self._notes.extend(prompt.notes)
                yield self._row(prompt, measures.get(prompt.name, {}))

    def _read(self, groups: Sequence[Sequence[str]]) -> Iterator[list[GitPrompt]]:
        """Yield the prompts of each group; workers read one group ahead."""
        commit, live = self._commit, self._live
        if self._workers is None:
            for group in groups:
                yield [read_prompt(self._registry, n, commit, live.by_version(n)) for n in group]
            return
        asked: deque[list[Future[GitPrompt]]] = deque()
        for group in [*groups, []]:
            asked.append([self._workers.read(n, commit, live.by_version(n)) for n in group])
            if len(asked) > 1:
                yield [future.result() for future in asked.popleft()]

    def report(self) -> Report:
        """Return everything but the prompts, once they all were yielded."""
        commit = self._commit
        head = self._registry.repository.commit(commit) if commit else None
        lost = sum(self._lost_rows.values())
        if lost:
            names = ", ".join(sorted(self._lost_rows)[:3])
            self._notes.append(
                f"{lost:,} metric rows are of versions that this commit does not know: {names}"
            )
        order = {severity: rank for rank, severity in enumerate(_SEVERITIES)}
        alerts = sorted(self._alerts, key=lambda a: (not a.current, order[a.severity], a.prompt))
        totals = self._totals
        return Report(
            title=self._options.title,
            repository=self._origin.name,
            commit=commit,
            commit_date=iso(head.committer.when) if head else "",
            data_date=f"{totals.last.isoformat()}Z" if totals.last else None,
            since=f"{self._since.isoformat()}Z" if self._since else None,
            currency=totals.currency,
            metrics=self._metric_infos(),
            overview=Overview(
                figures=figures_of(totals, len(self._names), self._versions),
                days=totals.days[-30:],
                labels=tuple(self._live.rows),
                unpromoted=self._live.unpromoted(),
            ),
            alerts=tuple(alerts),
            notes=tuple(dict.fromkeys([*totals.notes, *self._notes])),
            tool=_tool(),
        )

    # What there is

    @cached_property
    def _commit(self) -> str:
        return self._registry.repository.head.oid or ""

    @cached_property
    def _names(self) -> list[str]:
        from promptreg.sources import CommitSource

        if not self._commit:
            return []
        source = CommitSource(self._registry.repository, self._commit)
        present = self._registry.paths(source)
        gone = {each.former for each in self._renames if each.versions is None}
        names = sorted({*present, *self._registry.tags.names()} - gone)
        chosen = self._options.prompts
        if not chosen:
            return names
        for pattern in chosen:
            if not fnmatch.filter(names, pattern):
                raise ConfigError(f"no prompt matches {pattern!r}", fix="promptreg list")
        return [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in chosen)]

    @cached_property
    def _renames(self) -> tuple[Rename, ...]:
        """The former names of the prompts, whose rows carry them for ever."""
        from promptreg.history.renames import find_renames
        from promptreg.sources import CommitSource

        if not self._commit:
            return ()
        source = CommitSource(self._registry.repository, self._commit)
        tags = self._registry.tags
        return find_renames(tags, source, lambda: self._registry.paths(source), None)

    @cached_property
    def _origin(self) -> Any:
        return origin_of(self._registry)

    def _groups(self) -> Iterator[list[str]]:
        group: list[str] = []
        rows = 0
        for name in self._names:
            count = self._totals.rows.get(name, 0)
            if group and (rows + count > ROWS_AT_ONCE or len(group) >= PROMPTS_AT_ONCE):
                yield group
                group, rows = [], 0
            group.append(name)
            rows += count
        if group:
            yield group

    # Metrics

    @cached_property
    def _totals(self) -> Totals:
        return read_totals(
            self._registry.metrics,
            self._names,
            self._since,
            self._renames,
            is_partial=bool(self._options.prompts),
        )

    def _measures(self, prompts: Sequence[GitPrompt]) -> dict[str, dict[str, VersionMeasures]]:
        names = tuple(p.name for p in prompts if self._totals.rows.get(p.name))
        if not names:
            return {}
        nameless = self._totals.nameless
        shared = tuple((p.name, digest) for p in prompts for digest in _shared_digests(p))
        # A name that is used again has the tags of both prompts: one digest for each all the same.
        aliases = dict.fromkeys(
            (known, v.version, v.digest)
            for p in prompts
            for v in p.versions
            for known in (p.name, *(each.former for each in self._renames if each.name == p.name))
            # Where versions share their content, all rows go by the version they name.
            if (known, v.version) in nameless and (p.name, v.digest) not in shared
        )
        renames = tuple(each for each in self._renames if {each.name, each.former} & {*names})
        currency = self._totals.currency
        scope = Scope(names, self._since, currency, tuple(aliases), shared, renames)
        return measure(self._registry.metrics, scope)

    def _row(self, prompt: GitPrompt, measures: Mapping[str, VersionMeasures]) -> PromptRow:
        shared = _shared_digests(prompt)
        by_version = {}
        for version in prompt.versions:
            key = version.version if version.digest in shared else version.digest
            if key in measures:
                by_version[version.version] = measures[key]
        known = {id(m) for m in by_version.values()}
        if lost := sum(m.calls for m in measures.values() if id(m) not in known):
            self._lost_rows[prompt.name] += lost
        versions = tuple(_measured(v, by_version.get(v.version)) for v in prompt.versions)
        self._versions += sum(version.released for version in versions)
        labels = {v.version: v.labels for v in versions if v.labels}
        previous = self._live.previous(prompt.name, [*by_version])
        pairs = dict.fromkeys(pairs_of([*by_version], len(self._names)))
        for label, live in self._live.served(prompt.name).items():
            if live in by_version and previous.get(label) in by_version:
                pairs[previous[label], live] = None
        thresholds = gate_thresholds(self._registry.config, prompt.name)
        in_order = [*by_version]
        # A thousand prompts would carry the models of a hundred thousand pairs.
        is_large = len(self._names) > MANY_PROMPTS
        shown = {*in_order[-COMPARED_VERSIONS:], *labels} if is_large else {*in_order}
        comparisons = _compare([*pairs], by_version, thresholds, shown)
        steps = {(a, b) for a, b in itertools.pairwise(in_order)}
        judged = [c for c in comparisons if (c.base, c.head) in steps]
        latest = in_order[-1] if in_order else None
        self._alerts += alerts_of(prompt.name, judged, labels, latest)
        self._live.add(prompt.name, prompt.versions, comparisons, previous)
        for m in by_version.values():
            self._scores.update(summary.metric for summary in m.metrics)
        branch = self._registry.repository.head.branch or ""
        return PromptRow(
            name=prompt.name,
            path=prompt.path,
            title=prompt.title,
            description=prompt.description,
            tags=prompt.tags,
            metadata=prompt.metadata,
            file_url=self._origin.file_url(prompt.path, self._commit),
            edit_url=self._origin.edit_url(prompt.path, branch.removeprefix("refs/heads/")),
            versions=versions,
            bucket="week" if any(m.bucket == "week" for m in by_version.values()) else "day",
            series=tuple(Series(v, tuple(m.points)) for v, m in by_version.items() if m.points),
            comparisons=tuple(comparisons),
            deleted=not prompt.path,
        )

    def _metric_infos(self) -> tuple[MetricInfo, ...]:
        known = {metric.name for metric in DEFAULT_METRICS}
        infos = list(DEFAULT_METRICS)
        thresholds = {t.metric.name: t.metric for t in gate_thresholds(self._registry.config, "")}
        for name in sorted(self._scores - known):
            try:
                harm = thresholds[name].harm if name in thresholds else metric_named(name).harm
            except ConfigError:
                harm = 0
            title = name.replace("_", " ").capitalize()
            infos.append(
                MetricInfo(name, title, "", {1: "lower", -1: "higher"}.get(harm), zero=False)  # type: ignore[arg-type]
            )
        return tuple(infos)


def pairs_of(measured: Sequence[str], prompts: int) -> list[tuple[str, str]]:
    """Return the pairs of versions that are judged: neighbours, and all among the latest.

    A thousand prompts have so many pairs that only neighbours are judged.

    Args:
        measured: The versions that have rows, lowest first.
        prompts: How many prompts the report has.
    """
    pairs = dict.fromkeys(itertools.pairwise(measured))
    if prompts <= MANY_PROMPTS:
        pairs.update(dict.fromkeys(itertools.combinations(measured[-COMPARED_VERSIONS:], 2)))
    return list(pairs)


def _shared_digests(prompt: GitPrompt) -> set[str]:
    """Return the contents that several versions have, as after a rollback."""
    counts = Counter(version.digest for version in prompt.versions)
    return {digest for digest, count in counts.items() if count > 1}


def _measured(version: VersionRow, measures: VersionMeasures | None) -> VersionRow:
    if measures is None:
        return version
    badges = best_models(measures)
    named = {model: m for model, m in measures.models.items() if model} or measures.models
    return replace(
        version,
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


def _compare(
    pairs: Sequence[tuple[str, str]],
    measures: Mapping[str, VersionMeasures],
    thresholds: Sequence[Threshold],
    by_model: Container[str],
) -> list[Comparison]:
    found: list[Comparison] = []
    for base, head in pairs:
        found += compare_versions(
            (base, measures[base]),
            (head, measures[head]),
            thresholds,
            by_model=head in by_model,
        )
    return found


def _tool() -> str:
    from promptreg import __version__

    return f"promptreg {__version__}"
