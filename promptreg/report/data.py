"""Collects a report from the registry and its metrics, one group of prompts at a time."""

from __future__ import annotations

import fnmatch
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError
from promptreg.gate import gate_thresholds
from promptreg.report.asking import ask
from promptreg.report.assembly import MANY_PROMPTS, Setting
from promptreg.report.figures import Totals, figures_of, read_totals
from promptreg.report.gaps import gaps
from promptreg.report.live import LiveLabels
from promptreg.report.memory import inputs_of
from promptreg.report.metric_infos import metric_infos
from promptreg.report.model import Alert, Overview, Report
from promptreg.report.origin import Links, edit_branch, origin_of
from promptreg.report.scoping import scope_of
from promptreg.report.versions import iso
from promptreg.report.watching import registry_state, store_state

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from promptreg.metrics.summary import Rename
    from promptreg.registry import Registry
    from promptreg.report.asking import Answers
    from promptreg.report.assembly import Extract
    from promptreg.report.brief import PromptLine
    from promptreg.report.desk import Done, Outline, Staff
    from promptreg.report.live import PromptLabels
    from promptreg.report.memory import Inputs, Memory

__all__ = ["Collector", "Options"]

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


class Collector:
    """Yields prompts one at a time, then the report around them.

    Args:
        registry: Where from.
        options: What the report is about.
        on_step: Called with how many steps are done and how many there are.
        memory: What was finished before; kept up to date for the next time.
        for_json: Whether prompts are finished for JSON, with all their figures, not for the page.

    Attributes:
        lines: The prompts that were yielded, in a line each.
    """

    def __init__(
        self,
        registry: Registry,
        options: Options,
        on_step: OnStep | None = None,
        memory: Memory | None = None,
        *,
        for_json: bool = False,
    ) -> None:
        self._registry = registry
        registry.tags.leave_edits_out()
        self._for_json = for_json
        self._on_step = on_step
        self._memory = memory
        # Looked at before anything is read: what changes meanwhile is then read again.
        self._state = registry_state(registry) if memory is not None else ""
        self._store_state = store_state(registry.metrics) if memory is not None else None
        self._steps = 0
        self._options = options
        self._notes: list[str] = []
        self._alerts: list[Alert] = []
        self.lines: list[PromptLine] = []
        self._versions = 0
        self._lost_rows: Counter[str] = Counter()
        self._unfetched = 0
        self._scores: set[str] = set()
        self._live = LiveLabels(registry, self._notes)
        since = options.since
        self._since = since.astimezone(UTC).replace(tzinfo=None) if since else None

    def count_versions(self) -> int:
        """Return how many versions are to be read, by the names of their tags alone."""
        names = (name for name in self._names if name not in self._known)
        return sum(len(self._registry.tags.versions(name)) for name in names)

    def finished(self, staff: Staff) -> Generator[tuple[Done, Links]]:
        """Yield every prompt packed, by name, and where its file is.

        What is remembered is taken over. Others are read by the staff while the store answers for
        those before them, and finished where they were read; at most two groups of answers wait.

        Args:
            staff: Who reads and finishes.

        Raises:
            ConfigError: A pattern names no prompt, or a threshold is wrong.
        """
        made = self._made(staff, [name for name in self._names if name not in self._known])
        done: dict[str, Done] = {}
        try:
            for name in self._names:
                if name in self._known:
                    self._step()
                found = self._known[name] if name in self._known else next(made)
                self._add(name, found.extract)
                if self._memory is not None:
                    done[name] = found
                yield found, self._links(found.extract.path)
        finally:
            # An interruption loses nothing that was finished. What was read while refs moved may
            # be half of before and half of now.
            if self._memory is not None and registry_state(self._registry) == self._state:
                self._memory.remember(self._registry, self._commit, self._inputs, done)

    def _made(self, staff: Staff, names: Sequence[str]) -> Iterator[Done]:
        groups = [*self._groups(names)]
        waiting: deque[list[Future[Done]]] = deque()
        reading = self._read(staff, groups[:1])
        for number in range(len(groups)):
            outlines = []
            for future in reading:
                outlines.append(future.result())
                self._step()
            reading = self._read(staff, groups[number + 1 : number + 2])
            answers = self._answers(outlines)
            waiting.append(
                [
                    staff.finish(name, answers.pop(name, None), self._setting(name))
                    for name in groups[number]
                ]
            )
            if len(waiting) > 1:
                yield from (future.result() for future in waiting.popleft())
        for group in waiting:
            yield from (future.result() for future in group)

    def _read(self, staff: Staff, groups: Sequence[Sequence[str]]) -> list[Future[Outline]]:
        return [
            staff.read(name, self._commit, self._labels[name].by_version())
            for group in groups
            for name in group
        ]

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
        self.lines.append(found.line)
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
            data_start=totals.first.isoformat() if totals.first else None,
            data_date=f"{totals.last.isoformat()}Z" if totals.last else None,
            since=f"{self._since.isoformat()}Z" if self._since else None,
            currency=totals.currency,
            metrics=metric_infos(self._registry.config, self._scores),
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
    def _labels(self) -> dict[str, PromptLabels]:
        return {name: self._live.of(name) for name in self._names}

    @cached_property
    def _branch(self) -> str:
        return edit_branch(self._registry, self._commit)

    @cached_property
    def _origin(self) -> Any:
        return origin_of(self._registry)

    def _links(self, path: str) -> Links:
        origin = self._origin
        return Links(origin.file_url(path, self._commit), origin.edit_url(path, self._branch))

    def _setting(self, name: str) -> Setting:
        return Setting(
            len(self._names) > MANY_PROMPTS,
            self._labels[name],
            tuple(gate_thresholds(self._registry.config, name)),
            self._for_json,
        )

    def _groups(self, names: Iterable[str]) -> Iterator[list[str]]:
        group: list[str] = []
        rows = 0
        for name in names:
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
        config, memory = self._registry.config, self._memory

        def read() -> Totals:
            return read_totals(
                self._registry.metrics,
                self._names,
                self._since,
                self._renames,
                is_partial=bool(self._options.prompts),
                with_checksums=memory is not None and config.engine != "spark",
            )

        if memory is None or self._store_state is None:
            return read()
        state = self._store_state, self._names, self._since, self._renames, config.prices
        return memory.totals(state, read)

    def _answers(self, outlines: Sequence[Outline]) -> dict[str, Answers]:
        """Ask for the rows of some prompts."""
        scope = scope_of(outlines, self._totals, self._since, self._renames)
        if scope is None:
            return {}
        scope = replace(scope, for_page=not self._for_json)
        return ask(self._registry.metrics, scope).by_prompt()

    # What is known from before

    @cached_property
    def _inputs(self) -> dict[str, Inputs]:
        """What each prompt is finished from, where that can be told."""
        settings = {name: self._setting(name) for name in self._names}
        return inputs_of(self._registry, self._commit, settings, self._totals, self._renames)

    @cached_property
    def _known(self) -> dict[str, Done]:
        if self._memory is None:
            return {}
        return self._memory.recall(self._registry, self._commit, self._inputs)


def _tool() -> str:
    from promptreg import __version__

    return f"promptreg {__version__}"
