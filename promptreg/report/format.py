"""Writes the report's values for people: figures, rows and alerts as text; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.report.model import Alert, MetricComparison, Report

__all__ = [
    "Text",
    "alert_texts",
    "alerts_text",
    "change_text",
    "figure_texts",
    "limit_text",
    "money",
    "number",
    "value_text",
]

NO_DATA = "no data"
_NO_ALERT = "No version is measurably worse than the one before."
FIGURE_TITLES = {
    "prompts": "Prompts",
    "versions": "Versions",
    "calls": "Calls",
    "cost": "Cost",
    "tokens": "Tokens",
    "success_rate": "Success rate",
}
_SIGNS = {"USD": "$", "EUR": "\u20ac", "GBP": "\u00a3"}
# From here on amounts need no decimals; below the next, more than four.
_WHOLE, _SMALL = 100, 0.01
# From so many milliseconds on seconds read better; from so many percent on decimals do not matter.
_SECONDS, _COARSE = 10_000, 10
_LIMIT_SIGNS = (
    ("<=", "\u2264\u00a0"),
    (">=", "\u2265\u00a0"),
    ("-", "\u2212"),
    ("pp", "\u00a0pp"),
)
# The page rounds a half up: so does Python, and what computing kept a trifle below it too.
_HALF_UP = 1 + 1e-12
_SUFFIXES = ((1e9, "\u00a0bn"), (1e6, "\u00a0M"))


@dataclass(frozen=True, slots=True)
class Text:
    """A key figure for people."""

    title: str
    text: str


def number(value: float | None) -> str:
    """Write a count with thousands separated; millions and billions shortened."""
    if value is None:
        return NO_DATA
    value *= _HALF_UP
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{_three_digits(value / size)}{suffix}"
    return f"{value:,.0f}"


def money(value: float | None, currency: str) -> str:
    """Write an amount with as many decimals as its size needs."""
    if value is None:
        return NO_DATA
    value *= _HALF_UP
    sign = _SIGNS.get(currency)
    if abs(value) >= _WHOLE:
        text = f"{value:,.0f}"
    elif abs(value) >= 1 or value == 0:
        text = f"{value:.2f}"
    else:
        # Below the sixth decimal three digits are left.
        place = int(f"{value:.2e}".partition("e")[2])
        text = f"{value:.{max(6, 2 - place)}f}" if abs(value) < _SMALL else f"{value:.4f}"
    return f"{sign}{text}" if sign else f"{text}\u00a0{currency}"


def value_text(value: float | None, unit: str, currency: str) -> str:
    """Write one value of a metric with its unit."""
    if value is None:
        return NO_DATA
    if unit == "money":
        return money(value, currency)
    value *= _HALF_UP
    match unit:
        case "ms":
            return f"{value / 1000:.2f}\u00a0s" if value >= _SECONDS else f"{value:,.0f}\u00a0ms"
        case "ratio":
            return f"{value * 100:.1f}%"
        case "tokens":
            return f"{value:,.0f}"
        case _:
            # Scores between 0 and 1 stand in columns: each has as many digits.
            return f"{value:#.3g}" if _SMALL <= abs(value) < 1 else _three_digits(value)


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):.15g}"


def change_text(c: MetricComparison) -> str:
    """Write an effect with its interval, such as ``+12% [+4, +20]``."""
    if c.effect is None:
        return f"beyond {c.limit}" if c.verdict == "regression" else c.note or NO_DATA
    unit = "%" if c.relative else "\u00a0pp" if c.metric == "error_rate" else ""
    scale = 100 if unit else 1

    def signed(value: float) -> str:
        # The page has as many decimals; what lies in the middle is rounded up, as it does.
        shown = round(value, 4) * scale
        digits = 0 if abs(shown) >= _COARSE or shown == int(shown) else 1 if unit else 3
        text = f"{shown * _HALF_UP:+.{digits}f}"
        # What rounds to nothing has no sign.
        return text[1:] if not text.strip("+-0.") else text.replace("-", "\u2212")

    text = f"{signed(c.effect)}{unit}"
    if c.low is not None and c.high is not None:
        text += f" [{signed(c.low)}, {signed(c.high)}]"
    return text


def limit_text(limit: str) -> str:
    """Write a limit of the gate, such as ``+5pp``, as figures beside it are written."""
    for written, shown in _LIMIT_SIGNS:
        limit = limit.replace(written, shown)
    return limit


def figure_texts(report: Report) -> list[Text]:
    """Write the key figures."""
    texts = []
    for figure in report.overview.figures:
        if figure.name == "cost":
            text = money(figure.value, report.currency)
        elif figure.name == "success_rate":
            text = value_text(figure.value, "ratio", report.currency)
        else:
            text = number(figure.value)
        texts.append(Text(FIGURE_TITLES.get(figure.name, figure.name), text))
    return texts


def alert_texts(report: Report) -> list[dict[str, str]]:
    """Write the alerts that still matter, without those that only say that nobody can tell."""
    titles = {metric.name: metric.title for metric in report.metrics}
    return [_alert_text(alert, titles) for alert in report.alerts if _is_open(alert)]


def alerts_text(report: Report) -> str:
    """Say in a sentence or two what no list of alerts says."""
    unsettled = sum(alert.current and alert.severity == "info" for alert in report.alerts)
    several = f"{number(unsettled)} comparisons have"
    told = [
        "" if any(map(_is_open, report.alerts)) else _NO_ALERT,
        f"{several if unsettled > 1 else '1 comparison has'} too few calls to tell."
        if unsettled
        else "",
    ]
    calls = next((f.value for f in report.overview.figures if f.name == "calls"), None)
    return " ".join(filter(None, told)) if calls or report.alerts else "Nothing is measured yet."


def _is_open(alert: Alert) -> bool:
    return alert.current and alert.severity != "info"


def _alert_text(alert: Alert, titles: dict[str, str]) -> dict[str, str]:
    c = alert.comparison
    # In the page's words, such as "Latency p95".
    name, _, statistic = c.metric.partition(".")
    title = titles.get(name, name.replace("_", " ").capitalize())
    return {
        "severity": alert.severity,
        "prompt": alert.prompt,
        "versions": f"{alert.base} \u2192 {alert.head}",
        "metric": f"{title} {statistic}".rstrip(),
        "change": change_text(c),
        "limit": limit_text(c.limit),
        "verdict": c.verdict,
    }
