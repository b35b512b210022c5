"""`search`: prompts by their texts, tags, metadata, model, label and figures."""

from __future__ import annotations

import fnmatch
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
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
    from promptreg.metrics.summary import Figures, Summary
    from promptreg.prompt import Prompt
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Condition", "Found", "Query", "Search"]

_CONDITION = re.compile(
    r"(?P<metric>[A-Za-z_][A-Za-z0-9_-]*)(?:\.(?P<statistic>mean|p50|p95|min|max))?\s*"
    r"(?P<sign><=|>=|==?|<|>)\s*\$?(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s)?"
)
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
}
_COLUMNS = ("quality", "accuracy", "cost", "latency", "input_tokens", "output_tokens")
_STORED = {"quality": "quality_score", "latency": "latency_ms"}
_FACTORS = {None: 1.0, "%": 0.01, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on a figure of a version: ``quality<0.8``, ``latency.p95>=2s``, ``calls>100``.

    Attributes:
        metric: The metric, a key of the rows' scores, or ``calls``.
        statistic: ``mean``, ``p50``, ``p95``, ``min`` or ``max``.
        sign: How it compares.
        value: In the metric's unit: milliseconds, the currency, shares from 0 to 1.
    """

    metric: str
    statistic: str
    sign: str
    value: float

    @classmethod
    def parse(cls, text: str) -> Condition | None:
        """Read a condition; None where the text is none and may be searched for.

        Raises:
            ConfigError: The unit does not fit the metric.
        """
        match = _CONDITION.fullmatch(text.strip())
        if match is None:
            return None
        metric, unit = match["metric"], match["unit"]
        if unit in ("ms", "s") and metric != "latency":
            raise ConfigError(f"{text!r}: only latency is a time")
        if unit == "%" and metric in ("latency", "cost", "calls", "input_tokens", "output_tokens"):
            raise ConfigError(f"{text!r}: {metric} is no share")
        statistic = match["statistic"] or "mean"
        if statistic != "mean" and metric in ("calls", "error_rate", "success_rate"):
            raise ConfigError(f"{text!r}: {metric} is one number and has no {statistic}")
        return cls(metric, statistic, match["sign"], float(match["number"]) * _FACTORS[unit])

    @property
    def name(self) -> str:
        """The metric, with its statistic where it is not the mean."""
        return self.metric if self.statistic == "mean" else f"{self.metric}.{self.statistic}"

    def figure(self, summary: Summary) -> float | None:
        """Return the figure it is about; None where no row has one."""
        if self.metric == "calls":
            return float(summary.calls)
        if self.metric in ("error_rate", "success_rate"):
            rate: float | None = getattr(summary, self.metric)
            return rate
        figures: Figures | None = (
            getattr(summary, self.metric)
            if self.metric in _COLUMNS
            else summary.scores.get(self.metric)
        )
        value = getattr(figures, self.statistic) if figures is not None else None
        return value if value is not None and math.isfinite(value) else None

    def holds(self, figure: float) -> bool:
        """Tell whether a figure is as asked."""
        return _SIGNS[self.sign](figure, self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for; everything must hold.

    Attributes:
        texts: Each must stand in the name or a text of the prompt, in any letter case.
        regex: Whether the texts are regular expressions.
        tags: Tags the prompt must have, as shell patterns.
        models: One of these must be its model, as shell patterns; ``gpt-4o`` also finds
            ``openai/gpt-4o``.
        labels: Labels that must name a version of it.
        metadata: Values its metadata must have, by dotted key; an empty value asks for the key.
        conditions: Bounds on its figures.
        since: The figures' first moment.
    """

    texts: tuple[str, ...] = ()
    regex: bool = False
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    since: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Query(regex=self.regex, since=self.since)


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


class Search:
    """A search that gives each prompt as soon as it is found; iterate over it once.

    Figures are those of the version that the first label asked for names, otherwise of the latest
    stable release, otherwise of the version in the file.

    Args:
        registry: The registry, whose work tree is searched.
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
        self._query = query
        self._limit = limit
        self._history = history
        self._patterns = _patterns(query)
        self._sieve = Sieve(query)
        self._labels = [registry.label(label) for label in query.labels]
        self._latest = LatestVersions(registry)

    def __iter__(self) -> Iterator[Found]:
        found: set[str] = set()
        for name, path in self._registry.paths().items():
            if any(name not in versions for versions in self._labels):
                continue
            data = self._registry.worktree.read(path) or b""
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
                    prompt = replace(content.prompt, name=name)
                except (PromptError, NotFoundError):
                    continue  # an older promptreg took what this one refuses, or it was deleted
                one = self._check(prompt, content.data, content.includes, version)
                if one is not None:
                    yield one
                    break

    def _look_into(self, name: str, path: str, data: bytes) -> Found | None:
        layout, source = self._registry.config.layout, self._registry.worktree
        try:
            prompt = parse_prompt(data, path, name)
            includes = includes_of(prompt, source, layout)
        except PromptError:
            self.broken.append(path)
            return None
        return self._check(prompt, data, includes)

    def _check(
        self,
        prompt: Prompt,
        data: bytes,
        includes: Mapping[str, str],
        version: Version | None = None,
    ) -> Found | None:
        """Return what was found in a prompt; it is the version that the figures are of."""
        if not _has_fields(prompt, self._query):
            return None
        layout = self._registry.config.layout
        matches = find_matches(prompt, data, includes, layout, self._patterns)
        if matches is None:
            return None
        is_past = version is not None
        if version is None and self._labels:
            version = self._labels[0][prompt.name]
        elif version is None:
            version = self._latest.of(prompt.name, data) or prompt.version
        found = Found(prompt.name, prompt.path, version, tuple(matches), is_past=is_past)
        return self._with_figures(found)

    def _with_figures(self, found: Found) -> Found | None:
        conditions = self._query.conditions
        if not conditions:
            return found
        summary = self._summaries.get((found.name, str(found.version)))
        figures = {c.name: c.figure(summary) if summary else None for c in conditions}
        numbers = {name: value for name, value in figures.items() if value is not None}
        if summary is None or len(numbers) < len(figures):
            if not found.is_past:
                self.without_figures.append(found.name)
            return None
        if not all(condition.holds(numbers[condition.name]) for condition in conditions):
            return None
        return replace(found, figures=numbers, calls=summary.calls)

    @cached_property
    def _summaries(self) -> Mapping[tuple[str | None, str], Summary]:
        """The figures of every version, read when the first prompt holds all else."""
        conditions = self._query.conditions
        known = {*_COLUMNS, "calls", "error_rate", "success_rate"}
        custom = any(condition.metric not in known for condition in conditions)
        ordered = {c.metric for c in conditions if c.statistic in ("p50", "p95")}
        columns = [_STORED.get(metric, metric) for metric in sorted(ordered & {*_COLUMNS})]
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
