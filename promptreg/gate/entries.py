"""Write `[[accept]]` entries into a configuration without touching any other byte; pure."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from promptreg.config import Accept
from promptreg.errors import ConfigError
from promptreg.gate.model import Comparison, GateReport, GateRow, Outcome
from promptreg.stats.metrics import Kind
from promptreg.stats.thresholds import Form, parse_threshold

if TYPE_CHECKING:
    from promptreg.stats.gate import Judgement

__all__ = ["accept_entries", "append_entries", "harm_text"]

_DIGEST = 12


def accept_entries(
    gate: GateReport,
    prompt: str,
    metrics: Sequence[str],
    *,
    reason: str,
    until: date,
    today: date,
    limit: str | None = None,
) -> tuple[Accept, ...]:
    """Return the entries that accept a prompt's regressions.

    Args:
        gate: What the check found.
        prompt: The prompt's name.
        metrics: Which regressions; all of the prompt's when empty.
        reason: Why, one line.
        until: The last day they hold.
        today: The current day.
        limit: How far they may go; as far as was measured, rounded up, by default.

    Raises:
        ConfigError: The day is over, the reason is empty, or such a metric did not regress.
    """
    if until < today:
        raise ConfigError(f"{until} is over", fix="give a later day to --until")
    if not reason.strip():
        raise ConfigError("an accepted regression needs a reason", fix="say why with --reason")
    found = {
        row.name: (comparison, row)
        for comparison in gate.comparisons
        if comparison.change.prompt == prompt
        for row in comparison.rows
        if row.outcome is Outcome.REGRESSION
    }
    chosen = list(dict.fromkeys(metrics)) or list(found)
    if not chosen:
        raise ConfigError(f"no metric of {prompt} regressed, so there is nothing to accept")
    for name in chosen:
        if name not in found:
            regressed = ", ".join(found) or "nothing"
            raise ConfigError(
                f"{name} of {prompt} did not regress; {regressed} did",
                fix=None if found else "give the same --base as the check had",
            )
    return tuple(_entry(*found[name], reason, until, limit) for name in chosen)


def append_entries(text: str, entries: Sequence[Accept], *, section: str = "") -> str:
    """Return a TOML text with entries appended.

    Args:
        text: The file as it is.
        entries: What to append.
        section: ``tool.promptreg.`` in a pyproject.toml.

    Raises:
        ConfigError: The result would not be TOML, as when `accept` is written inline.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    result = text if not text or text.endswith("\n") else text + newline
    for entry in entries:
        lines = [
            f"[[{section}accept]]",
            f"prompt = {_string(entry.prompt)}",
            f"digest = {_string(entry.digest)}",
            f"metric = {_string(entry.metric)}",
            f"limit = {_string(entry.limit)}",
            f"reason = {_string(entry.reason)}",
            f"until = {entry.until.isoformat()}",
        ]
        gap = newline if result else ""
        result += gap + newline.join(lines) + newline
    try:
        tomllib.loads(result)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"the entry cannot be appended: {error}", fix="write accept as [[accept]] tables"
        ) from error
    return result


def harm_text(judgement: Judgement) -> str:
    """Write the measured harm as a threshold, rounded up to a whole percent or two digits."""
    threshold, metric = judgement.threshold, judgement.threshold.metric
    sign = "+" if metric.harm > 0 else "-"
    if threshold.form is Form.LIMIT:
        value = judgement.head or 0.0
        unit = "%" if metric.kind is Kind.RATE else ""
        scaled = value * 100 if unit else value
        operator = "<=" if metric.harm > 0 else ">="
        return f"{operator}{_outward(scaled, metric.harm)}{unit}"
    harm = abs(judgement.change or 0.0)
    if judgement.relative:
        return f"{sign}{_whole_above(harm * 100)}%"
    if metric.kind is Kind.RATE:
        return f"{sign}{_whole_above(harm * 100)}pp"
    return f"{sign}{_outward(harm, 1)}"


def _entry(
    comparison: Comparison, row: GateRow, reason: str, until: date, limit: str | None
) -> Accept:
    chosen = limit or harm_text(row.judgement)
    parse_threshold(f"{row.name}:{chosen}")
    digest = comparison.change.head_digest[:_DIGEST]
    one_line = " ".join(reason.split())
    return Accept(comparison.change.prompt, digest, row.name, chosen, one_line, until)


def _whole_above(number: float) -> int:
    # 15.000000000000002 is fifteen.
    return math.ceil(number - 1e-9)


def _outward(number: float, harm: int) -> str:
    if number == 0.0:
        return "0"
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    steps = number / unit
    rounded = math.ceil(steps - 1e-9) if harm > 0 else math.floor(steps + 1e-9)
    return f"{rounded * unit:.12f}".rstrip("0").rstrip(".")


def _string(text: str) -> str:
    # JSON's strings are TOML's basic strings, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
