"""`search`: prompts by their texts, tags, metadata, model, label and figures."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError, NotFoundError, PromptError
from promptreg.prompt.content import includes_of
from promptreg.prompt.parsing import parse_prompt
from promptreg.queries.latest import LatestVersions
from promptreg.queries.matching import Match, find_matches, plain_text
from promptreg.queries.past import past_versions
from promptreg.queries.sifting import Sieve
from promptreg.values import dataclass, replace

if TYPE_CHECKING:
    from promptreg.metrics.summary import Summary
    from promptreg.prompt import Prompt
    from promptreg.queries.query import Query
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Found", "Search"]


@dataclass(frozen=True, slots=True)
class Found:
    """A prompt that has all that is searched for.

    Attributes:
        name: The prompt's name.
        path: Its file.
        version: The version the figures are of, or that the file states.
        matches: Where the texts stand.
        figures: The figures asked for, by name.
        calls: The rows behind them.
        is_past: Whether not the file holds it, but this released version.
    """

    name: str
    path: str
    version: Version | None
    matches: tuple[Match, ...] = ()
    figures: Mapping[str, float] | None = None
    calls: int = 0
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class _Measured:
    """The figures asked about, the calls behind them, and whether they are as asked."""

    figures: Mapping[str, float]
    calls: int
    holds: bool


class Search:
    """A search that gives each prompt as soon as it is found; iterate over it once.

    Figures are those of the version that the first label asked for names, otherwise of the latest
    stable release, otherwise of the version in the file.

    Args:
        registry: The registry, whose work tree is searched, or HEAD where there is none.
        query: What to search for.
        limit: How many prompts to find at most; None for all.
        history: Look for what the files do not hold in the released versions, deleted prompts
            included: the newest version that does is found.

    Attributes:
        broken: Files that are not valid and, as far as their bytes tell, may hold what is searched.
        without_figures: Prompts that hold all else and have no such figures.
        left: How many more files may hold it, as far as their bytes tell, behind the limit.

    Raises:
        ConfigError: A regular expression is wrong, or figures need the extra `metrics`.
        NotFoundError: There is no such label.
    """

    def __init__(
        self, registry: Registry, query: Query, limit: int | None = None, *, history: bool = False
    ) -> None:
        if history and query.labels:
            raise ConfigError("a label names one version, and --history looks into all of them")
        self.broken: list[str] = []
        self.without_figures: list[str] = []
        self.left = 0
        self._registry = registry
        self._files = registry.files
        self._query = query
        self._limit = limit
        self._history = history
        self._patterns = _patterns(query)
        self._sieve = Sieve(query)
        self._labels = [registry.label(label) for label in query.labels]
        self._latest = LatestVersions(registry)

    def __iter__(self) -> Iterator[Found]:
        found: set[str] = set()
        for name, path in self._registry.paths(self._files).items():
            if any(name not in versions for versions in self._labels):
                continue
            data = self._files.read(path) or b""
            if not self._sieve.may_match(name, data):
                continue
            if self._limit is not None and len(found) >= self._limit:
                self.left += 1
            elif (one := self._look_into(name, path, data)) is not None:
                found.add(name)
                yield one
        if self._history:
            # What stands today comes first: a limit that it reached ends the search.
            rest = None if self._limit is None else self._limit - len(found)
            yield from islice(self._past(found), rest)

    def _past(self, found: set[str]) -> Iterator[Found]:
        """Yield what only released versions hold, each prompt by the newest of them."""
        tags, present = self._registry.tags, self._registry.paths()
        former = {each for name in present for each in tags.lineage(name)[1:]}
        names = sorted({*present, *(tags.names().keys() - former)} - found)
        for name, versions in past_versions(self._registry, names, self._sieve):
            for version in versions:
                try:
                    content = tags.content(tags.release(name, version))
                    # A tag records no path, so where it lies now is the likeliest.
                    path = present.get(name, content.prompt.path)
                    prompt = replace(content.prompt, name=name, path=path)
                except (PromptError, NotFoundError):
                    continue  # an older promptreg took what this one refuses, or it was deleted
                one = self._check(prompt, content.data, content.includes, version)
                if one is not None:
                    yield one
                    break

    def _look_into(self, name: str, path: str, data: bytes) -> Found | None:
        layout, source = self._registry.config.layout, self._files
        version = self._released(name, data) if self._query.conditions else None
        measured = self._measure(name, version) if version is not None else None
        # Figures cost nothing once they are read, so they are asked before the file is parsed.
        if measured is not None and not measured.holds:
            return None
        if measured is not None and self._query.asks_figures_alone:
            return Found(name, path, version, (), measured.figures, measured.calls)
        try:
            prompt = parse_prompt(data, path, name)
            includes = includes_of(prompt, source, layout)
        except PromptError:
            self.broken.append(path)
            return None
        return self._check(prompt, data, includes)

    def _released(self, name: str, data: bytes) -> Version | None:
        return self._labels[0][name] if self._labels else self._latest.of(name, data)

    def _check(
        self,
        prompt: Prompt,
        data: bytes,
        includes: Mapping[str, str],
        version: Version | None = None,
    ) -> Found | None:
        """Return what was found in a prompt, or in that older version of it."""
        if not _has_fields(prompt, self._query):
            return None
        layout = self._registry.config.layout
        matches = find_matches(prompt, data, includes, layout, self._patterns)
        if matches is None:
            return None
        is_past = version is not None
        version = version or self._released(prompt.name, data) or prompt.version
        found = Found(prompt.name, prompt.path, version, tuple(matches), is_past=is_past)
        if not self._query.conditions:
            return found
        measured = self._measure(prompt.name, version)
        if measured is None:
            if not is_past:
                self.without_figures.append(prompt.name)
            return None
        if not measured.holds:
            return None
        return replace(found, figures=measured.figures, calls=measured.calls)

    def _measure(self, name: str, version: Version | None) -> _Measured | None:
        """Return the figures that are asked about; None where one is missing."""
        conditions = self._query.conditions
        summary = self._summaries.get((name, str(version)))
        figures = {c.name: c.figure(summary) if summary else None for c in conditions}
        numbers = {name: value for name, value in figures.items() if value is not None}
        if summary is None or len(numbers) < len(figures):
            return None
        holds = all(condition.holds(numbers[condition.name]) for condition in conditions)
        return _Measured(numbers, summary.calls, holds)

    @cached_property
    def _summaries(self) -> Mapping[tuple[str | None, str], Summary]:
        """The figures of every version, read when the first prompt holds all else."""
        conditions = self._query.conditions
        custom = any(condition.is_score for condition in conditions)
        columns = sorted({c.ordered_column for c in conditions} - {""})
        found = self._registry.metrics.summary(
            scores=custom, since=self._query.since, percentiles=columns
        )
        return {(summary.prompt, str(summary.version)): summary for summary in found}


def _patterns(query: Query) -> list[re.Pattern[str]]:
    try:
        return [
            re.compile(text if query.regex else re.escape(text), re.IGNORECASE)
            for text in query.texts
        ]
    except re.error as error:
        raise ConfigError(f"{error.pattern!r} is no regular expression: {error}") from error


def _has_fields(prompt: Prompt, query: Query) -> bool:
    model = prompt.model or ""
    if query.models and not any(
        fnmatch.fnmatchcase(model, wanted) or fnmatch.fnmatchcase(model.rpartition("/")[2], wanted)
        for wanted in query.models
    ):
        return False
    if not all(any(fnmatch.fnmatchcase(t, wanted) for t in prompt.tags) for wanted in query.tags):
        return False
    return all(_has_metadata(prompt.metadata, key, value) for key, value in query.metadata)


def _has_metadata(metadata: Mapping[str, Any], key: str, wanted: str) -> bool:
    value: Any = metadata
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    values = value if isinstance(value, list) else [value]
    return not wanted or any(plain_text(item).lower() == wanted.lower() for item in values)
