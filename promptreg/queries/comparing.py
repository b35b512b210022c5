"""`compare`: the figures of two versions beside the size of the change between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptreg.diffs.promptdiff import PromptDiff, compare_contents
from promptreg.stats.metrics import KNOWN_METRICS, Metric
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.gate import GateReport
    from promptreg.metrics.summary import Summary
    from promptreg.registry import Registry, Resolved

__all__ = ["FigurePair", "Side", "VersionComparison", "compare_versions"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what was resolved, and what its rows say; None without rows."""

    resolved: Resolved
    summary: Summary | None

    @property
    def title(self) -> str:
        """The version, or where the content was read from."""
        if self.resolved.release is None and self.resolved.commit is None:
            return "worktree"
        return str(self.resolved.version)

    @property
    def calls(self) -> int:
        """How many rows there are."""
        return self.summary.calls if self.summary else 0


@dataclass(frozen=True, slots=True)
class FigurePair:
    """One figure of both sides; None where no row has it.

    Attributes:
        name: The metric with its statistic, such as ``latency p95``.
        metric: What it is of, which says the unit.
        old: The figure of the earlier side.
        new: The figure of the later side.
    """

    name: str
    metric: Metric
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        """The relative change; None where it is not defined."""
        if self.old is None or self.new is None or not self.old:
            return None
        return self.new / self.old - 1.0


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Everything about two versions of a prompt.

    Attributes:
        old: The earlier side.
        new: The later side.
        diff: What changed.
        figures: The figures that at least one side has.
        gate: What the statistics carry.
    """

    old: Side
    new: Side
    diff: PromptDiff
    figures: tuple[FigurePair, ...]
    gate: GateReport

    @property
    def words_added(self) -> int:
        """Words that only the later side has."""
        return sum(section.text.words_added for section in self.diff.sections)

    @property
    def words_removed(self) -> int:
        """Words that only the earlier side has."""
        return sum(section.text.words_removed for section in self.diff.sections)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "prompt": self.old.resolved.reference.name,
            "old": _side_json(self.old),
            "new": _side_json(self.new),
            "level": self.diff.level.label,
            "changes": [
                {"rule": c.rule, "level": c.level.label, "detail": c.detail}
                for c in self.diff.changes
            ],
            "words_added": self.words_added,
            "words_removed": self.words_removed,
            "figures": [
                {"name": f.name, "old": f.old, "new": f.new, "change": f.change}
                for f in self.figures
            ],
            "verdicts": list(_verdicts_json(self.gate)),
        }


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "version": side.title,
        "digest": side.resolved.content.digest,
        "calls": side.calls,
        "model": side.resolved.content.prompt.model,
    }


def _verdicts_json(gate: GateReport) -> Iterator[dict[str, Any]]:
    for comparison in gate.comparisons:
        for row in comparison.rows:
            interval = row.judgement.interval
            yield {
                "context": str(comparison.context),
                "paired": comparison.paired,
                "n_old": comparison.n_base,
                "n_new": comparison.n_head,
                "metric": row.name,
                "limit": row.judgement.threshold.text,
                "outcome": row.outcome.value,
                "change": row.judgement.change,
                "low": interval.low if interval else None,
                "high": interval.high if interval else None,
            }


def compare_versions(registry: Registry, old: Resolved, new: Resolved) -> VersionComparison:
    """Compare two versions by text and by figures.

    Rows are matched by digest, so those of content that was renumbered count too. The verdicts are
    the gate's: by its thresholds, and only between rows that may be compared.

    Args:
        registry: The registry.
        old: The earlier version.
        new: The later version.

    Raises:
        ConfigError: The extra `metrics` is missing, or a threshold is wrong.
        MetricsError: The store cannot be read.
    """
    from promptreg.gate import PromptChange, judge

    sides = Side(old, _summary(registry, old)), Side(new, _summary(registry, new))
    change = PromptChange(
        prompt=new.reference.name,
        base_version=sides[0].title,
        base_digest=old.content.digest,
        head_version=sides[1].title,
        head_digest=new.content.digest,
        path=new.content.prompt.path,
    )
    return VersionComparison(
        old=sides[0],
        new=sides[1],
        diff=compare_contents(old.content, new.content, registry.config.levels),
        figures=tuple(_figures(sides[0].summary, sides[1].summary)),
        gate=judge(registry.metrics, [change], registry.config),
    )


def _summary(registry: Registry, resolved: Resolved) -> Summary | None:
    found = registry.metrics.summary(
        resolved.reference.name, digest=resolved.content.digest, by=("prompt",), scores=True
    )
    return found[0] if found else None


_SHOWN = (
    ("quality", "quality", "mean"),
    ("accuracy", "accuracy", "mean"),
    ("success rate", "success_rate", ""),
    ("latency p50", "latency", "p50"),
    ("latency p95", "latency", "p95"),
    ("cost per call", "cost", "mean"),
    ("input tokens", "input_tokens", "mean"),
    ("output tokens", "output_tokens", "mean"),
)


def _figures(old: Summary | None, new: Summary | None) -> Iterator[FigurePair]:
    for title, name, statistic in _SHOWN:
        pair = FigurePair(
            title, KNOWN_METRICS[name], _value(old, name, statistic), _value(new, name, statistic)
        )
        if pair.old is not None or pair.new is not None:
            yield pair
    from promptreg.stats.metrics import metric_named

    scores = {name for side in (old, new) if side is not None for name in side.scores}
    for name in sorted(scores):
        yield FigurePair(name, metric_named(name), _score(old, name), _score(new, name))


def _value(summary: Summary | None, name: str, statistic: str) -> float | None:
    if summary is None:
        return None
    value = getattr(summary, name)
    found: float | None = getattr(value, statistic) if statistic else value
    return found


def _score(summary: Summary | None, name: str) -> float | None:
    figures = summary.scores.get(name) if summary is not None else None
    return figures.mean if figures is not None else None
