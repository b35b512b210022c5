"""`search`: prompts by their texts, tags, metadata, model, label and figures."""

from __future__ import annotations

import fnmatch
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError, PromptError
from promptreg.prompt import Message
from promptreg.prompt.content import content_of
from promptreg.queries.sifting import may_hold, words_of
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.metrics.summary import Figures, Summary
    from promptreg.prompt import Prompt
    from promptreg.prompt.content import Content
    from promptreg.registry import Registry
    from promptreg.versioning import Version

__all__ = ["Condition", "Found", "Match", "Query", "SearchResult", "search"]

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
class Match:
    """Where a text stands: the file, the line from 1, which part of the prompt, and the line."""

    path: str
    line: int
    part: str
    text: str


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
    """

    name: str
    path: str
    version: Version | None
    matches: tuple[Match, ...] = ()
    figures: Mapping[str, float] | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found, and what could not be looked at.

    Attributes:
        found: By name.
        broken: Files that are not valid and, as far as their bytes tell, may hold what is searched.
        without_figures: Prompts that hold all else and have no such figures.
    """

    found: tuple[Found, ...]
    broken: tuple[str, ...]
    without_figures: tuple[str, ...]


def search(registry: Registry, query: Query) -> SearchResult:
    """Search the prompts of the work tree.

    Figures are those of the version that the first label asked for names, otherwise of the latest
    stable release, otherwise of the version in the file.

    Args:
        registry: The registry.
        query: What to search for.

    Raises:
        ConfigError: A regular expression is wrong, or figures need the extra `metrics`.
        NotFoundError: There is no such label.
    """
    patterns = _patterns(query)
    labels = [registry.label(label) for label in query.labels]
    found, broken = [], []
    for name, path in registry.paths().items():
        if any(name not in versions for versions in labels):
            continue
        data = registry.worktree.read(path) or b""
        if not _may_match(query, patterns, name, data):
            continue
        try:
            content = content_of(data, path, registry.worktree, registry.config.layout)
        except PromptError:
            broken.append(path)
            continue
        if not _has_fields(content.prompt, query):
            continue
        matches = _matches(registry, content, patterns)
        if matches is not None:
            version = labels[0][name] if labels else _latest(registry, content.prompt)
            found.append(Found(name, path, version, tuple(matches)))
    if query.conditions:
        kept, without = _with_figures(registry, query, found)
        return SearchResult(tuple(kept), tuple(broken), tuple(without))
    return SearchResult(tuple(found), tuple(broken), ())


def _patterns(query: Query) -> list[re.Pattern[str]]:
    try:
        return [
            re.compile(text if query.regex else re.escape(text), re.IGNORECASE)
            for text in query.texts
        ]
    except re.error as error:
        raise ConfigError(f"{error.pattern!r} is no regular expression: {error}") from error


def _may_match(query: Query, patterns: Sequence[re.Pattern[str]], name: str, data: bytes) -> bool:
    """Tell whether a file is worth parsing, which takes a hundred times as long."""
    plain = [] if query.regex else zip(query.texts, patterns, strict=True)
    if not all(p.search(name) or may_hold(data, words_of(text)) for text, p in plain):
        return False
    return all(may_hold(data, words_of(value)) for _, value in query.metadata)


def _latest(registry: Registry, prompt: Prompt) -> Version | None:
    return registry.latest(prompt.name) or prompt.version


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
    return not wanted or any(_plain(item).lower() == wanted.lower() for item in values)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _matches(
    registry: Registry, content: Content, patterns: Sequence[re.Pattern[str]]
) -> list[Match] | None:
    """Return where each pattern stands, or None when one stands nowhere."""
    parts = list(_parts(registry, content))
    found: dict[Match, None] = {}
    for pattern in patterns:
        here = [match for part in parts for match in part.find(pattern)]
        if not here and not pattern.search(content.prompt.name):
            return None
        found.update(dict.fromkeys(here))
    return sorted(found, key=lambda match: (match.path, match.line))


@dataclass(frozen=True, slots=True)
class _Part:
    """One text of a prompt: where it begins, and the lines of the file it stands in."""

    path: str
    line: int
    title: str
    text: str
    source: Sequence[str]

    def find(self, pattern: re.Pattern[str]) -> Iterator[Match]:
        for offset, line in enumerate(self.text.split("\n")):
            if pattern.search(line):
                yield Match(self.path, self._line(offset, line), self.title, line.strip())

    def _line(self, offset: int, line: str) -> int:
        """Count on from the first line where the text stands as it is; quoting may fold it."""
        place = self.line + offset
        if 0 < place <= len(self.source) and line.strip() in self.source[place - 1]:
            return place
        return self.line


def _parts(registry: Registry, content: Content) -> Iterator[_Part]:
    prompt = content.prompt
    source = content.data.decode("utf-8", "replace").splitlines()

    def part(field: str, title: str, text: str) -> _Part:
        return _Part(prompt.path, prompt.at(field).line, title, text, source)

    for field, text in (("name", prompt.title), ("description", prompt.description)):
        if text:
            yield part(field, field, text)
    for number, entry in enumerate(prompt.messages):
        if isinstance(entry, Message):
            yield _Part(prompt.path, entry.line, f"{entry.role} message", entry.content, source)
        else:
            yield part(f"messages.{number}", "placeholder", entry.name)
    for variable in prompt.variables:
        words = f"{variable.name} {variable.description or ''}".strip()
        yield part(f"variables.{variable.name}", "variable", words)
    for number, tag in enumerate(prompt.tags):
        yield part(f"tags.{number}", "tag", tag)
    for key, value in prompt.metadata.items():
        yield part(f"metadata.{key}", "metadata", f"{key}: {_plain(value)}")
    for include, text in content.includes.items():
        path = registry.config.layout.fragment(include)
        yield _Part(path, 1, "fragment", text, text.splitlines())


def _with_figures(
    registry: Registry, query: Query, found: Sequence[Found]
) -> tuple[list[Found], list[str]]:
    from dataclasses import replace

    known = {*_COLUMNS, "calls", "error_rate", "success_rate"}
    custom = any(condition.metric not in known for condition in query.conditions)
    ordered = {c.metric for c in query.conditions if c.statistic in ("p50", "p95")}
    columns = [_STORED.get(metric, metric) for metric in sorted(ordered & {*_COLUMNS})]
    found_summaries = registry.metrics.summary(
        scores=custom, since=query.since, percentiles=columns
    )
    summaries = {(summary.prompt, summary.version): summary for summary in found_summaries}
    kept, without = [], []
    for each in found:
        summary = summaries.get((each.name, str(each.version)))
        figures = {c.name: c.figure(summary) if summary else None for c in query.conditions}
        numbers = {name: value for name, value in figures.items() if value is not None}
        if summary is None or len(numbers) < len(figures):
            without.append(each.name)
        elif all(condition.holds(numbers[condition.name]) for condition in query.conditions):
            kept.append(replace(each, figures=numbers, calls=summary.calls))
    return kept, without
