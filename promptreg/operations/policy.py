"""What a check proves about one changed prompt; pure but for the claims it asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding
from promptreg.operations.bump import BumpOptions, BumpPlan, level_given, plan_bump, suffices
from promptreg.values import dataclass, replace
from promptreg.versioning import Level, Version, is_legal_successor, legal_successors

if TYPE_CHECKING:
    from promptreg.changes import Change
    from promptreg.history.claims import Claims
    from promptreg.prompt.content import Content

__all__ = ["Judged", "judge_content", "judge_digest"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the check says of one changed prompt.

    Attributes:
        findings: Everything found.
        changes: What changed against the baseline.
        level: The level of that.
    """

    findings: tuple[Finding, ...]
    changes: tuple[Change, ...] = ()
    level: Level = Level.NONE


def judge_digest(content: Content) -> list[Finding]:
    """Check the version and digest lines of a file against its own content."""
    prompt = content.prompt
    if prompt.version is None:
        return [_finding(content, "version-missing", "file has no version", prompt.at("messages"))]
    if not content.states_its_digest:
        stated = f"digest {prompt.digest}" if prompt.digest else "no digest"
        message = f"{stated} does not match the content, which is {content.short_digest}"
        if prompt.digest is None:
            message = f"file has no digest, its content is {content.short_digest}"
        where = prompt.positions.get("digest") or prompt.at("version")
        return [_finding(content, "digest-mismatch", message, where)]
    return []


def judge_content(
    content: Content, base: Content | None, claims: Claims, *, base_name: str = "BASE"
) -> Judged:
    """Check a prompt that a branch changes.

    Args:
        content: The prompt as the branch has it.
        base: The prompt as the base has it; None when it is new.
        claims: The versions that tags and the base hold.
        base_name: How the base is called on the command line.

    Raises:
        HistoryError: The content of the version it follows was not fetched.
    """
    try:
        _require_channel(content.prompt.version, claims)
        plan = _plan(content, base, claims)
    except PromptError as error:
        where = error.location or content.prompt.at("version")
        finding = Finding(error.rule, "error", error.message, where, content.prompt.name, error.fix)
        return Judged((finding,))
    found = [*judge_digest(content)]
    if content.prompt.version is not None:
        found += _version_findings(content, base, claims, plan)
    successors = () if plan.baseline is None else legal_successors(claims.versions, plan.baseline)
    possible = tuple(str(version) for version in successors if version > plan.version)
    command = _Mend(plan, possible, base_name)
    completed = tuple(command.added_to(finding, content.prompt.path) for finding in found)
    return Judged(completed, plan.changes, plan.level)


def _require_channel(version: Version | None, claims: Claims) -> None:
    """Refuse a new pre-release of a kind that nothing could follow."""
    if version is not None and version.prerelease and version not in claims.versions:
        Version.parse(str(version), strict=True)


def _plan(content: Content, base: Content | None, claims: Claims) -> BumpPlan:
    """Plan as bump would; a decreased version follows the base's."""
    own = content.prompt.version
    base_version = base.prompt.version if base else None
    if base_version is not None and own is not None and own < base_version:
        return plan_bump(content, claims, BumpOptions(), floor=base_version)
    return plan_bump(content, claims, BumpOptions())


def _version_findings(
    content: Content, base: Content | None, claims: Claims, plan: BumpPlan
) -> Iterator[Finding]:
    own, prompt = content.prompt.version, content.prompt
    assert own is not None
    where = prompt.at("version")
    base_version = base.prompt.version if base is not None else None
    if base_version is not None and own < base_version:
        yield _finding(
            content, "version-decreased", f"{own} is below the base's {base_version}", where
        )
        return
    if (floor := claims.floor(own)) is not None:
        message = f"{own} is below {floor}: {prompt.name} was there before and goes on above that"
        yield _finding(content, "version-decreased", message, where)
        return
    if own in claims.deleted:
        message = f"{own} was deleted, and its number is never used again"
        yield _finding(content, "version-taken", message, where)
        return
    held = claims.by_version.get(own)
    if held is not None:
        if held.load().digest != content.digest:
            yield _finding(
                content,
                "version-taken",
                f"{own} is taken by {held.origin} with other content",
                where,
            )
        return
    if plan.baseline is None or own == plan.version:
        return
    yield from _successor_findings(content, claims, plan)


def _successor_findings(content: Content, claims: Claims, plan: BumpPlan) -> Iterator[Finding]:
    own, baseline = content.prompt.version, plan.baseline
    assert own is not None
    assert baseline is not None
    where = content.prompt.at("version")
    if plan.level is Level.NONE:
        message = f"{own} has the content of {baseline}, which needs no new version"
        yield _finding(content, "version-without-change", message, where)
        return
    if not suffices(own, claims, plan.level):
        given = level_given(own, claims)
        cause = max(plan.changes, key=lambda change: change.level, default=None)
        reason = f" ({cause.rule}{_line(cause)})" if cause else ""
        message = f"{own} is {given.label}, needs {plan.level.label}{reason}"
        yield _finding(content, "level-too-low", message, where)
    elif not is_legal_successor(own, baseline, claims.versions):
        message = f"{own} cannot follow {baseline}: tags are permanent, no number is skipped"
        yield _finding(content, "version-skips", message, where)


def _line(change: Change) -> str:
    return f", line {change.location.line}" if change.location.line else ""


def _finding(content: Content, rule: str, message: str, where: Location) -> Finding:
    return Finding(rule, "error", message, where, prompt=content.prompt.name, fixable=True)


@dataclass(frozen=True, slots=True)
class _Mend:
    """How all findings of a file are mended: the command, and the lines it would write."""

    plan: BumpPlan
    possible: tuple[str, ...]
    base_name: str

    def added_to(self, finding: Finding, path: str) -> Finding:
        """Return the finding with the command, the legal versions and the two exact lines."""
        base = f" --base {self.base_name}" if finding.rule == "version-decreased" else ""
        return replace(
            finding,
            fix=f"promptreg bump{base} {path}",
            possible=(str(self.plan.version), *self.possible),
            suggestion=f"version: {self.plan.version}\ndigest: {self.plan.digest}",
        )
