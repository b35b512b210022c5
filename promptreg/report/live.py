"""What each label serves, since when, and how it does against the version it replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from promptreg.errors import PromptregError
from promptreg.report.model import LabelRow
from promptreg.report.verdicts import label_verdict
from promptreg.report.versions import iso

if TYPE_CHECKING:
    from promptreg.operations.labelling import LabelEvent
    from promptreg.registry import Registry
    from promptreg.report.model import Comparison, VersionRow
    from promptreg.versioning import Version

__all__ = ["LiveLabels", "PromptLabels"]


class _Change(NamedTuple):
    """The last change of a label; times as the report writes them."""

    since: str
    author: str
    before: str | None


@dataclass(frozen=True, slots=True)
class PromptLabels:
    """What the labels serve of one prompt.

    Attributes:
        served: The version that each label names.
        changes: The last change of each label, where it is known.
    """

    served: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, _Change] = field(default_factory=dict)

    def by_version(self) -> dict[str, list[str]]:
        """Return the labels of each version."""
        found: dict[str, list[str]] = defaultdict(list)
        for label, version in self.served.items():
            found[version].append(label)
        return dict(found)

    def previous(self, measured: Sequence[str]) -> dict[str, str]:
        """Return for each label the version to compare with: the one before, if it has rows.

        Args:
            measured: The versions that have rows, lowest first.
        """
        found = {}
        for label, version in self.served.items():
            change = self.changes.get(label)
            before = change.before if change is not None else None
            if before is None or before not in measured:
                place = measured.index(version) if version in measured else 0
                before = measured[place - 1] if place else before
            if before is not None:
                found[label] = before
        return found

    def rows(
        self,
        name: str,
        versions: Sequence[VersionRow],
        comparisons: Sequence[Comparison],
        previous: Mapping[str, str],
    ) -> Iterator[LabelRow]:
        """Yield what each label serves.

        Args:
            name: The prompt's name.
            versions: Its versions, lowest first.
            comparisons: The pairs that were judged.
            previous: What `previous` returned.
        """
        stable = [v.version for v in versions if v.is_stable]
        for label, version in self.served.items():
            change = self.changes.get(label)
            place = stable.index(version) if version in stable else len(stable)
            row = LabelRow(
                label,
                name,
                version,
                change.since if change else "",
                change.author if change else "",
                previous.get(label),
                newer=tuple(stable[place + 1 :]),
            )
            wanted = (row.previous, version)
            pair = next((c for c in comparisons if (c.base, c.head) == wanted), None)
            verdict, tone = label_verdict(row, pair)
            yield row._replace(verdict=verdict, tone=tone)


class LiveLabels:
    """Gathers the rows of "live now" while prompts go by.

    Args:
        registry: Where the labels are.
        notes: Takes what cannot be read, one line each.
    """

    def __init__(self, registry: Registry, notes: list[str]) -> None:
        self._registry = registry
        self._notes = notes
        self._latest: dict[str, str] = {}
        self.rows: list[LabelRow] = []

    @cached_property
    def _labels(self) -> dict[str, Mapping[str, Version]]:
        labels = {}
        for label in self._registry.label_names():
            try:
                labels[label] = self._registry.label(label)
            except PromptregError as error:
                self._notes.append(str(error))
        return labels

    @cached_property
    def _events(self) -> dict[tuple[str, str], LabelEvent]:
        """The last change of each label for each prompt."""
        from promptreg.operations.labelling import label_history

        events: dict[tuple[str, str], LabelEvent] = {}
        for label in self._labels:
            try:
                history = label_history(self._registry, label)
            except PromptregError as error:
                self._notes.append(f"history of label {label}: {error.message}")
                continue
            for event in history:
                events.setdefault((label, event.name), event)
        return events

    def of(self, name: str) -> PromptLabels:
        """Return what the labels serve of a prompt."""
        served = {
            label: str(entries[name]) for label, entries in self._labels.items() if name in entries
        }
        events = {
            label: self._events[label, name] for label in served if (label, name) in self._events
        }
        changes = {
            label: _Change(iso(e.when), e.author, None if e.before is None else str(e.before))
            for label, e in events.items()
        }
        return PromptLabels(served, changes)

    def add(self, name: str, rows: Sequence[LabelRow], latest: str | None) -> None:
        """Add what the labels serve of a prompt.

        Args:
            name: The prompt's name.
            rows: What each label serves.
            latest: Its latest stable release; None when it has none, or the prompt is gone.
        """
        if latest is not None:
            self._latest[name] = latest
        self.rows += rows

    def unpromoted(self) -> tuple[tuple[str, str], ...]:
        """Return the latest releases that no label serves; none where there are no labels."""
        if not self._labels:
            return ()
        served = {(row.prompt, row.version) for row in self.rows}
        return tuple(pair for pair in self._latest.items() if pair not in served)
