"""What a process that watches keeps of a report, so that the next one costs only what changed.

A prompt is taken over as it was finished where all it was made from is what it was. Refs, trees and
one question to the store tell, in less than a millisecond a prompt. Whatever is in doubt is made
again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from promptreg.errors import PromptregError

if TYPE_CHECKING:
    from promptreg.git.model import TreeEntry
    from promptreg.metrics import Metrics
    from promptreg.metrics.summary import Rename
    from promptreg.registry import Registry
    from promptreg.report.assembly import Extract, Setting
    from promptreg.report.desk import Done
    from promptreg.report.figures import Totals

__all__ = ["Inputs", "Memory", "inputs_of", "one_snapshot"]


class _RowsSign(NamedTuple):
    """What changes whenever the store's answers about a prompt may.

    Attributes:
        checksum: That of its rows in scope; None when it has none.
        currency: Costs in another one are left out.
        renames: Names under which it was logged before, or that it gave to another prompt.
    """

    checksum: int | None
    currency: str
    renames: tuple[Rename, ...]


class Inputs(NamedTuple):
    """All that a prompt is finished from, but for what only its own text tells; see `_at_head`.

    Attributes:
        tags: A digest of its tags and those of its former names, with their object ids.
        shallow: Commits whose parents were not fetched: other commits may be missing too.
        yanked: Its withdrawn versions and why.
        files: Its file at the reported commit, by path; several are a fault.
        setting: Labels, thresholds and whether the report is large.
        rows: What the store holds of it.
    """

    tags: str
    shallow: frozenset[str]
    yanked: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, TreeEntry], ...]
    setting: Setting
    rows: _RowsSign


class _Finished(NamedTuple):
    inputs: Inputs
    at_head: tuple[str, ...]
    done: Done


class Memory:
    """What was finished for the last report; a compressed prompt and its alerts each."""

    def __init__(self) -> None:
        self._finished: dict[str, _Finished] = {}
        self._totals: tuple[object, Totals] | None = None

    def totals(self, state: object, read: Callable[[], Totals]) -> Totals:
        """Return what all rows came to, read again only in another state.

        Args:
            state: Changes whenever the totals may.
            read: Reads them.
        """
        if self._totals is None or self._totals[0] != state:
            self._totals = state, read()
        found = self._totals[1]
        if not found.rows:
            # What could not be read may be readable without any change.
            self._totals = None
        return found

    def recall(
        self, registry: Registry, commit: str, inputs: Mapping[str, Inputs]
    ) -> dict[str, Done]:
        """Return the prompts that are what they were.

        Args:
            registry: Where they are.
            commit: The commit that the report describes.
            inputs: What each would be finished from.
        """
        return {
            name: known.done
            for name, own in inputs.items()
            if (known := self._finished.get(name)) is not None
            and known.inputs == own
            and known.at_head == _at_head(registry, commit, known.done.extract)
        }

    def remember(
        self,
        registry: Registry,
        commit: str,
        inputs: Mapping[str, Inputs],
        finished: Mapping[str, Done],
    ) -> None:
        """Keep what was finished, in the place of all that was kept before.

        Args:
            registry: Where the prompts are.
            commit: The commit that the report describes.
            inputs: What each was finished from.
            finished: The prompts.
        """
        self._finished = {
            name: _Finished(inputs[name], _at_head(registry, commit, done.extract), done)
            for name, done in finished.items()
            # What could not be read may be fetched or mended.
            if name in inputs and not done.extract.notes and not done.extract.unfetched
        }


def inputs_of(
    registry: Registry,
    commit: str,
    settings: Mapping[str, Setting],
    totals: Totals,
    renames: Iterable[Rename],
) -> dict[str, Inputs]:
    """Return what prompts would be finished from now, for those whose rows can be told.

    Args:
        registry: Where they are.
        commit: The commit that the report describes.
        settings: By name what a prompt's own history and rows do not say.
        totals: What the store holds of them.
        renames: The former names of all prompts.
    """
    concerned: dict[str, list[Rename]] = defaultdict(list)
    for each in renames:
        concerned[each.name].append(each)
        concerned[each.former].append(each)
    return {
        name: _inputs_of(
            registry,
            name,
            commit,
            setting,
            _RowsSign(totals.checksums.get(name), totals.currency, tuple(concerned[name])),
        )
        for name, setting in settings.items()
        # Not every store sums its rows up.
        if name in totals.checksums or name not in totals.rows
    }


def _inputs_of(
    registry: Registry, name: str, commit: str, setting: Setting, rows: _RowsSign
) -> Inputs:
    repository = registry.repository
    # Sorted, because packed refs come in another order than loose ones.
    tags = "\n".join(sorted(f"{tag} {oid}" for tag, oid in registry.tags.oids(name).values()))
    yanked = ((str(version), yank.reason) for version, yank in registry.yanks_of(name).items())
    paths = registry.config.layout.candidates(name)
    entries = ((path, repository.entry_at(commit, path)) for path in paths)
    return Inputs(
        hashlib.sha256(tags.encode("utf-8", "surrogateescape")).hexdigest(),
        repository.shallow_commits,
        tuple(sorted(yanked)),
        tuple((path, entry) for path, entry in entries if entry is not None),
        setting,
        rows,
    )


def _at_head(registry: Registry, commit: str, extract: Extract) -> tuple[str, ...]:
    """Return the commit where the prompt names it, and the object ids of what its file includes.

    The file is one of the inputs, and includes the same as long as it and all of these are.
    """
    repository, layout = registry.repository, registry.config.layout
    entries = (repository.entry_at(commit, layout.fragment(path)) for path in extract.fragments)
    fragments = (entry.oid if entry is not None else "" for entry in entries)
    # The row of content that has no tag is called after the commit and dated by it.
    return (commit if extract.is_unreleased else "", *fragments)


@contextmanager
def one_snapshot(metrics: Metrics) -> Iterator[None]:
    """Let every question of a block see the same rows, so that checksums are those of the answers.

    A store that cannot be read is a note in the report.
    """
    with ExitStack() as stack:
        with suppress(PromptregError):
            stack.enter_context(metrics.engine.pin())
        yield
