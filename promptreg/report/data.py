"""Collects a report from the registry and its metrics, one group of prompts at a time."""

from __future__ import annotations

import fnmatch
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError
from promptreg.gate import gate_thresholds
from promptreg.report.asking import Scope, ask
from promptreg.report.assembly import Setting, shared_digests
from promptreg.report.figures import Totals, figures_of, read_totals
from promptreg.report.gaps import gaps
from promptreg.report.live import LiveLabels
from promptreg.report.model import (
    DEFAULT_METRICS,
    Alert,
    MetricInfo,
    Overview,
    PromptRow,
    Report,
)
from promptreg.report.origin import edit_branch, origin_of
from promptreg.report.versions import iso
from promptreg.stats.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from promptreg.metrics.summary import Rename
    from promptreg.registry import Registry
    from promptreg.report.asking import Answers
    from promptreg.report.assembly import Extract
    from promptreg.report.desk import Done, Outline, Staff
    from promptreg.report.live import PromptLabels

__all__ = ["Collector", "Options", "collect"]

OnStep = Callable[[int, int], None]

ROWS_AT_ONCE = 1_000_000
PROMPTS_AT_ONCE = 50
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


def collect(
    registry: Registry, options: Options | None = None, *, on_step: OnStep | None = None
) -> Report:
    """Collect a whole report.

    Args:
        registry: Where from.
        options: What it is about.
        on_step: See `Collector`.

    Raises:
        ConfigError: A pattern names no prompt, or a threshold is wrong.
    """
    collector = Collector(registry, options or Options(), on_step)
    prompts = tuple(collector.prompts())
    return collector.report()._replace(prompts=prompts)


class Collector:
    """Yields prompts one at a time, then the report around them.

    Args:
        registry: Where from.
        options: What the report is about.
        on_step: Called with how many steps are done and how many there are.
    """

    def __init__(self, registry: Registry, options: Options, on_step: OnStep | None = None) -> None:
        self._registry = registry
        self._on_step = on_step
        self._steps = 0
        self._options = options
        self._notes: list[str] = []
        self._alerts: list[Alert] = []
        self._versions = 0
        self._lost_rows: Counter[str] = Counter()
        self._unfetched = 0
        self._scores: set[str] = set()
        self._live = LiveLabels(registry, self._notes)
        since = options.since
        self._since = since.astimezone(UTC).replace(tzinfo=None) if since else None

    def count_versions(self) -> int:
        """Return how many versions the report has, by the names of their tags alone."""
        return sum(len(self._registry.tags.versions(name)) for name in self._names)

    def prompts(self) -> Iterator[PromptRow]:
        """Yield every prompt, by name.

        Raises:
            ConfigError: A pattern names no prompt, or a threshold is wrong.
        """
        from promptreg.report.desk import Desk

        desk = Desk(self._registry)
        for group in self._groups():
            labels = [self._live.of(name) for name in group]
            outlines = []
            for name, own in zip(group, labels, strict=True):
                outlines.append(desk.read(name, self._commit, own.by_version()))
                self._step()
            answers = self._answers(outlines)
            for outline, own in zip(outlines, labels, strict=True):
                found = desk.assemble(
                    outline.name, answers.get(outline.name), self._setting(outline, own)
                )
                self._add(outline.name, found.extract)
                yield found.row

    def finished(
        self, staff: Staff, known_mark: Callable[[str], str | None]
    ) -> Iterator[tuple[str, Done]]:
        """Yield every prompt packed, by name.

        While the store is asked about one group of prompts, the staff judges the one before and
        reads the one after.

        Args:
            staff: Who does the work.
            known_mark: Returns the mark of what is known of a prompt; None when nobody keeps it.

        Raises:
            ConfigError: A pattern names no prompt, or a threshold is wrong.
        """
        groups = [*self._groups()]
        labels = {name: self._live.of(name) for group in groups for name in group}
        waiting: deque[list[tuple[str, Future[Done]]]] = deque()
        reading = self._read(staff, groups[:1], labels)
        for number in range(len(groups)):
            outlines = []
            for future in reading:
                outlines.append(future.result())
                self._step()
            reading = self._read(staff, groups[number + 1 : number + 2], labels)
            answers = self._answers(outlines)
            waiting.append(
                [
                    (
                        outline.name,
                        staff.finish(
                            outline.name,
                            answers.pop(outline.name, None),
                            self._setting(outline, labels[outline.name]),
                            known_mark(outline.name),
                        ),
                    )
                    for outline in outlines
                ]
            )
            if len(waiting) > 1:
                yield from self._done(waiting.popleft())
        for group in waiting:
            yield from self._done(group)

    def _read(
        self, staff: Staff, groups: Sequence[Sequence[str]], labels: Mapping[str, PromptLabels]
    ) -> list[Future[Outline]]:
        commit = self._commit
        return [
            staff.read(name, commit, labels[name].by_version())
            for group in groups
            for name in group
        ]

    def _done(self, group: Sequence[tuple[str, Future[Done]]]) -> Iterator[tuple[str, Done]]:
        for name, future in group:
            found = future.result()
            self._add(name, found.extract)
            yield name, found

    def _step(self) -> None:
        """Tell that another prompt was read or finished."""
        self._steps += 1
        if self._on_step is not None:
            self._on_step(self._steps, 2 * len(self._names))

    def _add(self, name: str, found: Extract) -> None:
        """Keep of a prompt what the report around it takes."""
        self._step()
        self._versions += found.versions
        self._alerts += found.alerts
        self._live.add(name, found.labels, found.latest)
        self._scores |= found.metrics
        self._notes += found.notes
        self._unfetched += found.unfetched
        if found.lost_rows:
            self._lost_rows[name] += found.lost_rows

    def report(self) -> Report:
        """Return everything but the prompts, once they all were yielded."""
        commit = self._commit
        head = self._registry.repository.commit(commit) if commit else None
        order = {severity: rank for rank, severity in enumerate(_SEVERITIES)}
        alerts = sorted(self._alerts, key=lambda a: (not a.current, order[a.severity], a.prompt))
        totals = self._totals
        lacking = gaps(
            self._registry,
            self._lost_rows,
            self._unfetched,
            is_unreleased=bool(self._names) and not self._versions,
        )
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
            notes=tuple(dict.fromkeys([*totals.notes, *self._notes, *lacking])),
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
                now = next((e.name for e in self._renames if e.former == pattern), None)
                fix = f"it is called {now} now" if now else "promptreg list"
                raise ConfigError(f"no prompt matches {pattern!r}", fix=fix)
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
    def _branch(self) -> str:
        return edit_branch(self._registry, self._commit)

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

    def _answers(self, outlines: Sequence[Outline]) -> dict[str, Answers]:
        """Ask for the rows of some prompts."""
        names = tuple(o.name for o in outlines if self._totals.rows.get(o.name))
        if not names:
            return {}
        nameless = self._totals.nameless
        shared = tuple(
            (o.name, digest)
            for o in outlines
            for digest in sorted(shared_digests(v.digest for v in o.versions))
        )
        # A name that is used again has the tags of both prompts: one digest for each all the same.
        aliases = dict.fromkeys(
            (known, v.version, v.digest)
            for o in outlines
            for v in o.versions
            for known in (o.name, *(each.former for each in self._renames if each.name == o.name))
            # Where versions share their content, all rows go by the version they name.
            if (known, v.version) in nameless and (o.name, v.digest) not in shared
        )
        renames = tuple(each for each in self._renames if {each.name, each.former} & {*names})
        currency = self._totals.currency
        scope = Scope(names, self._since, currency, tuple(aliases), shared, renames)
        return ask(self._registry.metrics, scope).by_prompt()

    def _setting(self, outline: Outline, labels: PromptLabels) -> Setting:
        return Setting(
            len(self._names),
            labels,
            tuple(gate_thresholds(self._registry.config, outline.name)),
            self._origin.file_url(outline.path, self._commit),
            self._origin.edit_url(outline.path, self._branch),
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


def _tool() -> str:
    from promptreg import __version__

    return f"promptreg {__version__}"
