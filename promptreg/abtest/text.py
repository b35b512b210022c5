"""An A/B test's answer as text, markdown and JSON; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptreg.formats import figures
from promptreg.formats.markdown import code, escape
from promptreg.formats.text import Styler, plain
from promptreg.stats.abtest import LEAST_PER_ARM
from promptreg.stats.decision import ArmComparison, State
from promptreg.stats.gate import Verdict
from promptreg.stats.metrics import Scale, ab_scale

if TYPE_CHECKING:
    from promptreg.abtest.model import ABResult, Arm, Guardrail

__all__ = ["json_result", "markdown_result", "text_result"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_RATIO_WARNING = 0.001
_WORDS = {Verdict.PASS: "ok", Verdict.FAIL: "REGRESSION", Verdict.INCONCLUSIVE: "cannot tell"}
_TONES = {
    State.WINNER: "green",
    State.EQUIVALENT: "green",
    State.EXHAUSTED: "yellow",
    State.RUNNING: "yellow",
    State.COLLECTING: "yellow",
}


def text_result(result: ABResult, style: Styler = plain) -> str:
    """Render a test as a short report with the distribution of each arm."""
    lines = [style(_title(result), "bold")]
    width = max(len(arm.name) for arm in result.arms)
    scale = "geometric mean" if ab_scale(result.metric) is Scale.LOG else "mean"
    for arm in result.arms:
        typical = figures.value(arm.typical, result.metric) if arm.n else "-"
        lines.append(f"  {arm.name.ljust(width)}  n {arm.n:<8} {scale} {typical:<10} {_plot(arm)}")
    if bounds := _bounds(result):
        lines.append(f"  {''.ljust(width)}  values {bounds}")
    lines += [f"  {line}" for line in _comparison_lines(result)]
    lines += [f"  guardrail {_guardrail(guardrail)}" for guardrail in result.guardrails]
    lines += [f"  note: {note}" for note in notes(result)]
    lines.append(style(_verdict(result), _TONES[result.state]))
    return "\n".join(lines)


def markdown_result(result: ABResult) -> str:
    """Render a test as markdown."""
    lines = [f"#### {escape(_title(result))}", "", f"**{escape(_verdict(result))}**", ""]
    lines += ["| arm | n | typical | change | interval | confidence |", "|---|---|---|---|---|---|"]
    against = {comparison.arm: comparison for comparison in result.comparisons}
    for arm in result.arms:
        cells = [code(arm.name), str(arm.n)]
        cells.append(escape(figures.value(arm.typical, result.metric)) if arm.n else "")
        comparison = against.get(arm.name)
        if comparison is None:
            cells += ["", "", ""]
        else:
            cells += [escape(_change(comparison, result)), escape(_interval(comparison, result))]
            cells.append(_confidence(comparison.confidence))
        lines.append(f"| {' | '.join(cells)} |")
    extra = [f"- guardrail {escape(_guardrail(guardrail))}" for guardrail in result.guardrails]
    extra += [f"- {escape(note)}" for note in notes(result)]
    return "\n".join([*lines, *([""] if extra else []), *extra]) + "\n"


def json_result(result: ABResult) -> dict[str, Any]:
    """Return a test as plain JSON values."""
    return {
        "schema": 1,
        "prompt": result.prompt,
        "metric": result.metric.name,
        "model": result.model,
        "models": list(result.models),
        "state": result.state.value,
        "ready": result.is_ready,
        "winner": result.winner,
        "confidence": result.confidence,
        "max_samples": result.max_samples,
        "needed": result.needed,
        "sample_ratio_p": result.ratio_p,
        "arms": [
            {"name": arm.name, "n": arm.n, "mean": arm.mean, "typical": arm.typical}
            for arm in result.arms
        ],
        "comparisons": [
            {
                "base": comparison.base,
                "arm": comparison.arm,
                "change": _finite(comparison.change),
                "interval": [_finite(comparison.low), _finite(comparison.high)],
                "difference": _differences(comparison),
                "p": comparison.p_adjusted,
            }
            for comparison in result.comparisons
        ],
        "guardrails": [
            {
                "arm": guardrail.arm,
                "metric": guardrail.judgement.threshold.name,
                "threshold": guardrail.judgement.threshold.text,
                "verdict": guardrail.judgement.verdict.value,
                "change": guardrail.judgement.change,
            }
            for guardrail in result.guardrails
        ],
        "notes": list(notes(result)),
    }


def notes(result: ABResult) -> Iterator[str]:
    """Say what to know before acting on a result."""
    yield from result.notes
    if result.ratio_p < _RATIO_WARNING:
        counts = " / ".join(str(arm.n) for arm in result.arms)
        yield (
            f"the arms' sizes ({counts}) do not fit the intended split, p {result.ratio_p:.1g}: "
            "look for lost rows before you trust this"
        )
    if result.winner is not None and result.regressed_guardrails:
        names = ", ".join(g.judgement.threshold.name for g in result.regressed_guardrails)
        yield f"the winner regresses on {names}"


def _title(result: ABResult) -> str:
    arms = " vs ".join(arm.name for arm in result.arms)
    direction = {1: ", lower is better", -1: ", higher is better", 0: ""}[result.metric.harm]
    model = f" · {result.model}" if result.model else ""
    if len(result.models) > 1:
        model = f" · within {', '.join(result.models)}"
    plan = f" · planned, {result.max_samples} per arm" if result.max_samples else ""
    return f"{result.prompt} {arms} · {result.metric.name}{direction}{model}{plan}"


def _verdict(result: ABResult) -> str:
    more = "" if not result.needed else f", about {result.needed} more per arm would settle it"
    match result.state:
        case State.WINNER:
            return f"Winner: {result.winner}, {_confidence(result.confidence)} confidence."
        case State.EQUIVALENT:
            return "Equivalent: no difference that would matter."
        case State.EXHAUSTED:
            return "No winner: the planned samples are used up."
        case State.COLLECTING:
            fewest = min(arm.n for arm in result.arms)
            if fewest >= LEAST_PER_ARM:
                return "Collecting: too few values of both arms can be compared so far."
            return f"Collecting: {fewest} in the smallest arm so far{more}."
        case State.RUNNING:
            return f"Running: no decision yet{more}."


def _confidence(value: float) -> str:
    # 100.0 % would claim what no statistics can.
    return f"{min(value, 0.999) * 100:.1f}%"


def _comparison_lines(result: ABResult) -> Iterator[str]:
    for comparison in result.comparisons:
        yield (
            f"{comparison.arm} against {comparison.base}: {_change(comparison, result)} "
            f"{_interval(comparison, result)}, confidence {_confidence(comparison.confidence)}"
        )


def _change(comparison: ArmComparison, result: ABResult) -> str:
    if comparison.difference is None:
        return figures.percent(comparison.change)
    return figures.difference(comparison.difference[0], result.metric)


def _differences(comparison: ArmComparison) -> list[float | None] | None:
    """Return the difference and its ends where a zero baseline leaves no relative change."""
    found = comparison.difference
    return None if found is None else [_finite(number) for number in found]


def _interval(comparison: ArmComparison, result: ABResult) -> str:
    if comparison.difference is not None:
        ends = (figures.difference(number, result.metric) for number in comparison.difference[1:])
        return f"[{', '.join(ends)}]"
    low, high = (
        figures.percent(bound).removesuffix("%") for bound in (comparison.low, comparison.high)
    )
    return f"[{low}, {high}]"


def _guardrail(guardrail: Guardrail) -> str:
    judgement = guardrail.judgement
    parts = [guardrail.arm, judgement.threshold.name, figures.change(judgement)]
    parts += [figures.interval(judgement), figures.limit(judgement)]
    return " ".join(part for part in parts if part) + f": {_WORDS[judgement.verdict]}"


def _plot(arm: Arm) -> str:
    if arm.histogram is None:
        return ""
    most = max(arm.histogram.counts) or 1
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[math.ceil(count / most * top)] for count in arm.histogram.counts)


def _bounds(result: ABResult) -> str:
    histogram = next((arm.histogram for arm in result.arms if arm.histogram is not None), None)
    if histogram is None:
        return ""
    low, high = (figures.value(edge, result.metric) for edge in (histogram.low, histogram.high))
    return f"{low} to {high}"


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
