"""What a check has to tell, as one frozen value that every format renders; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.findings import Finding
    from promptreg.gate.model import GateReport, PromptChange

__all__ = ["STICKY_MARKER", "ChangedPrompt", "CheckReport", "count"]

STICKY_MARKER = "<!-- promptreg-check -->"
"""The first line of the comment, by which the next run finds and replaces it."""


@dataclass(frozen=True, slots=True)
class ChangedPrompt:
    """One prompt that the branch changes.

    Attributes:
        name: The prompt's name.
        path: Its file in the repository.
        base_version: The version it replaces; None for a new prompt.
        head_version: The version the branch claims; None when the file has none.
        level: The level of the change: ``patch``, ``minor``, ``major`` or ``none``.
        changes: The change list, one line each.
        base_digest: The content it replaces, 64 hex digits; empty for a new prompt.
        head_digest: The branch's content, 64 hex digits.
        line: The line that changed, from 1.
    """

    name: str
    path: str
    base_version: str | None
    head_version: str | None
    level: str = ""
    changes: tuple[str, ...] = ()
    base_digest: str = ""
    head_digest: str = ""
    line: int = 1

    @property
    def versions(self) -> str:
        """Both versions: ``1.2.0 -> 1.3.0``, or ``new 1.0.0``."""
        head = self.head_version or "no version"
        return f"{self.base_version} -> {head}" if self.base_version else f"new {head}"

    def for_gate(self) -> PromptChange:
        """Return the same change as the gate takes it."""
        from promptreg.gate.model import PromptChange

        return PromptChange(
            self.name,
            self.base_version,
            self.base_digest,
            self.head_version or "",
            self.head_digest,
            self.path,
            self.line,
        )


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The whole answer of `promptreg check`.

    Attributes:
        base: The base as the user knows it, such as ``origin/main``; empty without one.
        base_commit: Its abbreviated commit.
        base_source: Who named it: ``from CI``, ``given`` and the like.
        prompts: What the branch changes.
        findings: What is wrong with the files.
        gate: The regression gate's answer; None when it was not asked.
        files: How many files were checked alone, without a base.
        report_url: Where the HTML report of the same run lies; empty when nowhere.
    """

    base: str = ""
    base_commit: str = ""
    base_source: str = ""
    prompts: tuple[ChangedPrompt, ...] = ()
    findings: tuple[Finding, ...] = ()
    gate: GateReport | None = None
    report_url: str = ""
    files: int = 0

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that fail the check."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that only warn."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @property
    def regressions(self) -> int:
        """How many metrics regressed."""
        return self.gate.regressions if self.gate else 0

    @property
    def undecided(self) -> int:
        """How many metrics cannot be told."""
        return self.gate.undecided if self.gate else 0

    @property
    def failed(self) -> bool:
        """Whether the check found an error or a regression."""
        return bool(self.errors) or self.regressions > 0

    @property
    def header(self) -> str:
        """The first line: which base, and how many prompts changed; or how many files it was."""
        if not self.base:
            return f"{count(self.files, 'file')} checked"
        changed = f"{count(len(self.prompts), 'prompt')} changed"
        details = ", ".join(part for part in (self.base_commit, self.base_source) if part)
        return f"Base {self.base}{f' ({details})' if details else ''}: {changed}"

    @property
    def summary(self) -> str:
        """The last line: how many of what."""
        fixable = self.errors and all(finding.fixable for finding in self.errors)
        parts = []
        if self.errors:
            hint = " (fixable with `promptreg bump`)" if fixable else ""
            parts.append(count(len(self.errors), "error") + hint)
        if self.warnings:
            parts.append(count(len(self.warnings), "warning"))
        if self.regressions:
            parts.append(count(self.regressions, "regression"))
        if self.gate and self.gate.accepted:
            parts.append(f"{self.gate.accepted} accepted")
        if self.undecided:
            parts.append(f"{self.undecided} undecided")
        return ", ".join(parts) + "." if parts else "Nothing found."


def count(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
