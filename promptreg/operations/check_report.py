"""What a check found, in the form that all formats render."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from promptreg.formats.report import ChangedPrompt, CheckReport
from promptreg.values import replace

if TYPE_CHECKING:
    from promptreg.operations.checking import CheckedPrompt, CheckResult
    from promptreg.prompt.content import Content
    from promptreg.registry import Registry

__all__ = ["report_of", "with_gate"]


def report_of(result: CheckResult) -> CheckReport:
    """Return what a check found in the form that all formats render."""
    base = result.base
    return CheckReport(
        base=base.name if base else "",
        base_commit=base.commit[:7] if base else "",
        base_source=f"from {base.source}" if base else "",
        prompts=tuple(_changed(prompt) for prompt in result.prompts),
        findings=result.findings,
        files=result.files,
    )


def _changed(checked: CheckedPrompt) -> ChangedPrompt:
    base, head = checked.base, checked.head
    lines = [c.location.line for c in checked.changes if c.location.path == checked.path]
    return ChangedPrompt(
        name=checked.name,
        path=checked.path,
        base_version=_stated(base),
        head_version=_stated(head),
        level=checked.level.label,
        changes=tuple(f"{c.level.label} {c.rule}: {c.detail}" for c in checked.changes),
        base_digest=base.digest if base else "",
        head_digest=head.digest if head else "",
        line=next((line for line in lines if line), 1),
    )


def _stated(content: Content | None) -> str | None:
    version = content.prompt.version if content is not None else None
    return str(version) if version is not None else None


def with_gate(
    report: CheckReport, registry: Registry, thresholds: Sequence[str] = ()
) -> CheckReport:
    """Add the gate's verdict on every prompt that the branch changes.

    Args:
        report: What the check found.
        registry: Where the metrics are.
        thresholds: Thresholds that override the configuration, such as ``latency:+50%``.

    Raises:
        ConfigError: A threshold does not follow the grammar.
        MetricsError: The store cannot be read.
    """
    from promptreg.gate import judge

    changes = [p.for_gate() for p in report.prompts if p.head_digest != p.base_digest]
    judged = [change for change in changes if change.head_digest]
    gate = judge(registry.metrics, judged, registry.config, overrides=thresholds)
    return replace(report, gate=gate)
