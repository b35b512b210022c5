"""What each label serves, since when, and how it does against the version it replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from promptreg.errors import PromptregError
from promptreg.report.model import LabelRow
from promptreg.report.verdicts import label_verdict
from promptreg.report.versions import iso

if TYPE_CHECKING:
    from promptreg.operations.labelling import LabelEvent
    from promptreg.registry import Registry
    from promptreg.report.model import Comparison, VersionRow
    from promptreg.versioning import Version

__all__ = ["LiveLabels"]


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

    def by_version(self, name: str) -> dict[str, list[str]]:
        """Return the labels of each version of a prompt."""
        found: dict[str, list[str]] = defaultdict(list)
        for label, version in self._versions(name).items():
            found[version].append(label)
        return found

    def previous(self, name: str, measured: Sequence[str]) -> dict[str, str]:
        """Return for each label the version to compare with: the one before, if it has rows.

        Args:
            name: The prompt's name.
            measured: Its versions that have rows, lowest first.
        """
        found = {}
        for label, version in self._versions(name).items():
            event = self._events.get((label, name))
            before = str(event.before) if event is not None and event.before is not None else None
            if before is None or before not in measured:
                place = measured.index(version) if version in measured else 0
                before = measured[place - 1] if place else before
            if before is not None:
                found[label] = before
        return found

    def served(self, name: str) -> dict[str, str]:
        """Return the version that each label names."""
        return self._versions(name)

    def add(
        self,
        name: str,
        versions: Sequence[VersionRow],
        comparisons: Sequence[Comparison],
        previous: Mapping[str, str],
    ) -> None:
        """Add the rows of one prompt.

        Args:
            name: The prompt's name.
            versions: Its versions, lowest first.
            comparisons: The pairs that were judged.
            previous: What `previous` returned.
        """
        stable = [v.version for v in versions if v.released and "-" not in v.version]
        if stable:
            self._latest[name] = stable[-1]
        for label, version in self._versions(name).items():
            event = self._events.get((label, name))
            place = stable.index(version) if version in stable else len(stable)
            row = LabelRow(
                label,
                name,
                version,
                iso(event.when) if event else "",
                event.author if event else "",
                previous.get(label),
                newer=tuple(stable[place + 1 :]),
            )
            wanted = (row.previous, version)
            pair = next((c for c in comparisons if (c.base, c.head) == wanted), None)
            verdict, tone = label_verdict(row, pair)
            self.rows.append(replace(row, verdict=verdict, tone=tone))

    def unpromoted(self) -> tuple[tuple[str, str], ...]:
        """Return the latest releases that no label serves; none where there are no labels."""
        if not self._labels:
            return ()
        served = {(row.prompt, row.version) for row in self.rows}
        return tuple(pair for pair in self._latest.items() if pair not in served)

    def _versions(self, name: str) -> dict[str, str]:
        return {
            label: str(entries[name]) for label, entries in self._labels.items() if name in entries
        }
