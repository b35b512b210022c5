"""How figures of the gate are written, the same in every format; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from promptreg.gate.model import Comparison, Delta, GateRow, Outcome
from promptreg.stats.metrics import Kind, Metric
from promptreg.stats.thresholds import Form

if TYPE_CHECKING:
    from promptreg.stats.gate import Judgement

__all__ = [
    "change",
    "delta",
    "difference",
    "interval",
    "limit",
    "outcome",
    "percent",
    "value",
    "values",
]

_SECOND = 10_000.0
_WORDS = {Outcome.OK: "ok", Outcome.REGRESSION: "REGRESSION", Outcome.ACCEPTED: "accepted"}


def value(number: float, metric: Metric) -> str:
    """Write one value with its unit, to about three digits."""
    if metric.kind is Kind.RATE:
        return f"{number * 100:.1f}%"
    if metric.kind is Kind.LATENCY:
        return f"{number / 1000:.1f} s" if number >= _SECOND else f"{number:.0f} ms"
    if metric.kind is Kind.COST:
        amount = _digits(number)
        return f"${amount}" if metric.unit == "$" else f"{amount} {metric.unit}"
    if metric.kind is Kind.TOKENS:
        return f"{number:.0f}"
    return f"{number:.2f}" if abs(number) < 100 else f"{number:.0f}"  # noqa: PLR2004


def values(judgement: Judgement) -> str:
    """Write base and head values, once when they read the same."""
    metric = judgement.threshold.metric
    written = [
        value(number, metric) for number in (judgement.base, judgement.head) if number is not None
    ]
    if len(written) > 1 and all(text.endswith(" ms") for text in written):
        written[0] = written[0].removesuffix(" ms")
        if f"{written[0]} ms" == written[1]:
            return written[1]
    return " -> ".join(dict.fromkeys(written))


def change(judgement: Judgement) -> str:
    """Write the change: ``-14%``, ``+1.2pp`` or ``+120 ms``; empty for limits."""
    if judgement.change is None:
        return ""
    if _has_no_share(judgement):
        assert judgement.base is not None
        assert judgement.head is not None
        return difference(judgement.head - judgement.base, judgement.threshold.metric)
    return _signed(judgement.change, judgement) + _unit(judgement)


def interval(judgement: Judgement) -> str:
    """Write the interval of the change, or of a limit's value: ``[-18, -10]``."""
    if judgement.interval is None or _has_no_share(judgement):
        return ""
    low, high = judgement.interval.low, judgement.interval.high
    if judgement.threshold.form is Form.LIMIT:
        metric = judgement.threshold.metric
        return f"[{value(low, metric)}, {value(high, metric)}]"
    return f"[{_signed(low, judgement)}, {_signed(high, judgement)}]"


def limit(judgement: Judgement) -> str:
    """Write the threshold as it was given."""
    return f"limit {judgement.threshold.text}"


def outcome(row: GateRow, comparison: Comparison) -> str:
    """Write the verdict; an open one says what would settle it."""
    judgement = row.judgement
    if row.outcome is not Outcome.UNDECIDED:
        word = _WORDS[row.outcome]
        return f"{word} ({row.note})" if row.note else word
    reasons = [judgement.note] if judgement.note else []
    if judgement.needed is not None:
        unit = "cases" if comparison.paired else "rows a side"
        reasons.append(f"{judgement.needed:,} more {unit}".replace(",", " "))
    elif not judgement.note:
        reasons.append("too close to the limit for any practical number of rows")
    return f"cannot tell: {', '.join(reasons)}"


def delta(entry: Delta, metric: Metric) -> str:
    """Write how a mean moved: ``input_tokens 812 -> 934 (+15%)``."""
    text = f"{entry.name} {value(entry.base, metric)} -> {value(entry.head, metric)}"
    return text if entry.change is None else f"{text} ({percent(entry.change)})"


def difference(number: float, metric: Metric) -> str:
    """Write a difference in the metric's unit with its sign: ``+$0.002``, ``-1.2pp``."""
    if metric.kind is Kind.RATE:
        return f"{number * 100:+.1f}pp"
    if not math.isfinite(number):
        return f"{number:+}"
    return f"{'-' if number < 0 else '+'}{value(abs(number), metric)}"


def _has_no_share(judgement: Judgement) -> bool:
    """Tell whether a change has no percentage, because the base is zero."""
    both = judgement.base is not None and judgement.head is not None
    infinite = judgement.change is not None and math.isinf(judgement.change)
    return both and infinite and judgement.relative


def percent(share: float) -> str:
    """Write a relative change with its sign."""
    return f"{_percent_number(share)}%"


def _signed(number: float, judgement: Judgement) -> str:
    if judgement.relative:
        return _percent_number(number)
    if math.isinf(number):
        return "+inf" if number > 0 else "-inf"
    if judgement.threshold.metric.kind is Kind.RATE:
        return f"{number * 100:+.1f}"
    return f"{number:+.3g}"


def _unit(judgement: Judgement) -> str:
    if judgement.relative:
        return "%"
    metric = judgement.threshold.metric
    if metric.kind is Kind.RATE:
        return "pp"
    return f" {metric.unit}" if metric.unit else ""


def _percent_number(share: float) -> str:
    if math.isinf(share):
        return "+inf" if share > 0 else "-inf"
    number = share * 100
    rounded = f"{number:+.0f}"
    # A change below one percent would read as none at all.
    return f"{number:+.1f}" if rounded in {"+0", "-0"} and round(number, 1) else rounded


def _digits(number: float) -> str:
    if number == 0:
        return "0"
    decimals = max(2, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals > 2 else text  # noqa: PLR2004 - cents
