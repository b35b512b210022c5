"""Accepted regressions: reviewed `[[accept]]` entries, and the command that writes one; pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError
from promptreg.gate.model import GateRow, Outcome, PromptChange
from promptreg.stats.gate import Judgement, Verdict
from promptreg.stats.thresholds import Form, Threshold, parse_threshold

if TYPE_CHECKING:
    from promptreg.config import Accept

__all__ = ["accept_command", "measure_command", "outcome_of"]

_SHORTEST_DIGEST = 12
_OUTCOMES = {
    Verdict.PASS: Outcome.OK,
    Verdict.FAIL: Outcome.REGRESSION,
    Verdict.INCONCLUSIVE: Outcome.UNDECIDED,
}


def outcome_of(
    judgement: Judgement, change: PromptChange, accepts: Sequence[Accept], today: date
) -> GateRow:
    """Say what a verdict means for the check, accepted regressions considered.

    Args:
        judgement: The verdict.
        change: The prompt it is about.
        accepts: All `[[accept]]` entries.
        today: The day an entry must still hold on.
    """
    outcome = _OUTCOMES[judgement.verdict]
    if outcome is not Outcome.REGRESSION:
        return GateRow(judgement, outcome)
    note = ""
    for accept in accepts:
        if not _is_about(accept, judgement, change):
            continue
        limit = _limit(accept)
        if (limit.form is Form.LIMIT) is not (judgement.threshold.form is Form.LIMIT):
            continue  # it accepts the metric's change, or its absolute limit, not both
        if accept.until < today:
            note = f"was accepted until {accept.until}"
        elif _exceeds(limit, judgement):
            note = f"was accepted up to {accept.limit} only"
        else:
            until = f"accepted until {accept.until}: {accept.reason}"
            return GateRow(judgement, Outcome.ACCEPTED, accept, until)
    return GateRow(judgement, outcome, note=note)


def accept_command(change: PromptChange, rows: Sequence[GateRow]) -> str:
    """Return the command that accepts the regressions of a prompt, for a human to complete."""
    metrics = [row.name for row in rows if row.outcome is Outcome.REGRESSION]
    names = shlex.join([change.prompt, *metrics])
    return f"promptreg accept {names} --reason TEXT --until DATE"


def measure_command(change: PromptChange) -> str:
    """Return the command that brings the missing rows into the store."""
    return f"promptreg metrics log --from-jsonl FILE   (rows of {change.prompt} {change.versions})"


def _is_about(accept: Accept, judgement: Judgement, change: PromptChange) -> bool:
    digest = accept.digest.removeprefix("sha256:")
    return (
        accept.prompt == change.prompt
        and accept.metric == judgement.threshold.name
        and len(digest) >= _SHORTEST_DIGEST
        and change.head_digest.startswith(digest)
    )


def _limit(accept: Accept) -> Threshold:
    try:
        return parse_threshold(f"{accept.metric}:{accept.limit}")
    except ConfigError as error:
        raise ConfigError(
            f"[[accept]] of {accept.prompt}: {error.message}", fix=error.fix
        ) from error


def _exceeds(limit: Threshold, judgement: Judgement) -> bool:
    """Tell whether the observed harm is more than was accepted."""
    value = _measure(judgement, limit)
    return value is None or value * limit.metric.harm > limit.value * _sign(limit)


def _measure(judgement: Judgement, limit: Threshold) -> float | None:
    """Return the observed value in the form the accepted limit is written in."""
    base, head = judgement.base, judgement.head
    if limit.form is Form.LIMIT or head is None or base is None:
        return head
    if limit.form is Form.RELATIVE:
        return head / base - 1.0 if base else None
    return head - base


def _sign(limit: Threshold) -> int:
    return limit.metric.harm if limit.form is Form.LIMIT else 1
