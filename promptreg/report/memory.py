"""What is kept of a report, so that the next one costs only what changed.

A prompt is taken over as it was finished where all it was made from is what it was. Refs, trees and
one question to the store tell, in less than a millisecond a prompt. Whatever is in doubt is made
again. One process keeps prompts as they are, `promptreg.report.cache` does from one to the next.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.errors import PromptregError
from promptreg.values import replace

if TYPE_CHECKING:
    from promptreg.git.model import TreeEntry
    from promptreg.metrics import Metrics
    from promptreg.metrics.summary import Rename
    from promptreg.registry import Registry
    from promptreg.report.assembly import Extract, Setting
    from promptreg.report.cache import Cache, Kept
    from promptreg.report.desk import Done
    from promptreg.report.figures import Totals

__all__ = ["Inputs", "Memory", "inputs_of", "one_snapshot"]

# A prompt's setting has its limits, the checksum tells of the store, where files are linked to is
# the page's, and the rest is for other commands.
_TOLD_OTHERWISE: dict[str, Any] = {
    "accept": (),
    "alerts": {},
    "environment": "",
    "gate": {},
    "hosts": {},
    "required_version": None,
    "ship": None,
    "store": "",
}


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
        shared: What is the same for all: a digest of the configuration, but for what is told
            otherwise or is no prompt's, and of the commits whose parents were not fetched, because
            others may be missing too.
        tags: A digest of its tags and those of its former names, with their object ids.
        yanked: Its withdrawn versions and why.
        files: Its file at the reported commit, by path; several are a fault.
        setting: Labels, thresholds and whether the report is large.
        rows: What the store holds of it.
    """

    shared: str
    tags: str
    yanked: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, TreeEntry], ...]
    setting: Setting
    rows: _RowsSign


class _Finished(NamedTuple):
    inputs: Inputs
    kept: Kept


class Memory:
    """What was finished for earlier reports; a compressed prompt and its alerts each.

    Args:
        cache: Where finished prompts outlast this process; None where they do not.
    """

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = cache
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
        found = {}
        for name, own in inputs.items():
            kept = self._recall(name, own)
            if kept is not None and kept.at_head == _at_head(registry, commit, kept.done.extract):
                found[name] = kept.done
        return found

    def _recall(self, name: str, inputs: Inputs) -> Kept | None:
        known = self._finished.get(name)
        if known is not None and known.inputs == inputs:
            return known.kept
        kept = self._cache.read(name, repr(inputs)) if self._cache is not None else None
        if kept is not None:
            self._finished[name] = _Finished(inputs, kept)
        return kept

    def remember(
        self,
        registry: Registry,
        commit: str,
        inputs: Mapping[str, Inputs],
        finished: Mapping[str, Done],
    ) -> None:
        """Keep what was finished, and forget prompts that there are no more.

        Args:
            registry: Where the prompts are.
            commit: The commit that the report describes.
            inputs: What each would be finished from.
            finished: Those of them that were finished.
        """
        from promptreg.report.cache import Kept

        before, self._finished = self._finished, {}
        made = {}
        for name, own in inputs.items():
            known, done = before.get(name), finished.get(name)
            if known is not None and (done is None or known.kept.done is done):
                self._finished[name] = known
            # What could not be read may be fetched or mended.
            elif done is not None and not done.extract.notes and not done.extract.unfetched:
                kept = Kept(_at_head(registry, commit, done.extract), done)
                self._finished[name] = _Finished(own, kept)
                made[name] = self._finished[name]
        if self._cache is not None and made:
            for name, each in made.items():
                self._cache.write(name, repr(each.inputs), each.kept)
            self._cache.tidy((name, repr(each.inputs)) for name, each in self._finished.items())


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
    config = repr(replace(registry.config, **_TOLD_OTHERWISE))
    # There may be as many as tags, and a digest each for a thousand prompts would take a minute.
    shared = _digest(config, *sorted(registry.repository.shallow_commits))
    concerned: dict[str, list[Rename]] = defaultdict(list)
    for each in renames:
        concerned[each.name].append(each)
        concerned[each.former].append(each)
    return {
        name: _inputs_of(
            registry,
            name,
            commit,
            shared,
            setting,
            _RowsSign(totals.checksums.get(name), totals.currency, tuple(concerned[name])),
        )
        for name, setting in settings.items()
        # Not every store sums its rows up.
        if name in totals.checksums or name not in totals.rows
    }


def _inputs_of(
    registry: Registry, name: str, commit: str, shared: str, setting: Setting, rows: _RowsSign
) -> Inputs:
    repository = registry.repository
    # Sorted, because packed refs come in another order than loose ones.
    tags = sorted(f"{tag} {oid}" for tag, oid in registry.tags.oids(name).values())
    yanked = ((str(version), yank.reason) for version, yank in registry.yanks_of(name).items())
    paths = registry.config.layout.candidates(name)
    entries = ((path, repository.entry_at(commit, path)) for path in paths)
    return Inputs(
        shared,
        _digest(*tags),
        tuple(sorted(yanked)),
        tuple((path, entry) for path, entry in entries if entry is not None),
        setting,
        rows,
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _at_head(registry: Registry, commit: str, extract: Extract) -> tuple[str, ...]:
    """Return the commit where the prompt names it, and the entries of what its file includes.

    The file is one of the inputs, and includes the same as long as it and all of these are.
    """
    repository, layout = registry.repository, registry.config.layout
    entries = (repository.entry_at(commit, layout.fragment(path)) for path in extract.fragments)
    # A link may have the object of a file.
    fragments = (f"{entry.mode} {entry.oid}" if entry is not None else "" for entry in entries)
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
