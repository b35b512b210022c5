"""Which version and digest a changed prompt file must state; pure but for the claims it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptreg.changes import Change, compare, level_of
from promptreg.errors import PromptError
from promptreg.values import dataclass, field
from promptreg.versioning import (
    Channel,
    Level,
    Version,
    hotfix_version,
    is_legal_successor,
    legal_successors,
    level_between,
    next_version,
)

if TYPE_CHECKING:
    from promptreg.history.claims import Claim, Claims
    from promptreg.prompt.content import Content

__all__ = ["BumpOptions", "BumpPlan", "level_given", "plan_bump", "suffices"]

_BELOW_ALL = Version(0, 0, 0, "0")


@dataclass(frozen=True, slots=True)
class BumpOptions:
    """What a person asks of a bump.

    Attributes:
        level: At least this level.
        version: Exactly this version.
        pre: Make a pre-release in this channel.
        hotfix: Take the next free patch of the file's own line.
        levels: Configured levels of rules.
    """

    level: Level = Level.NONE
    version: Version | None = None
    pre: Channel | None = None
    hotfix: bool = False
    levels: Mapping[str, Level] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BumpPlan:
    """What a file must state, and why.

    Attributes:
        version: The version.
        digest: The 12 hex digits.
        baseline: The version it was compared with; None for a prompt's first.
        level: The level of the change against it.
        changes: The changes.
        reason: Why, in a few words.
    """

    version: Version
    digest: str
    baseline: Version | None
    level: Level
    changes: tuple[Change, ...]
    reason: str

    def is_stated_by(self, content: Content) -> bool:
        """Tell whether a file states this already."""
        return content.prompt.version == self.version and content.prompt.digest == self.digest


def plan_bump(
    content: Content, claims: Claims, options: BumpOptions, *, floor: Version | None = None
) -> BumpPlan:
    """Decide what a file must state.

    Args:
        content: The file as it is.
        claims: The versions that are taken.
        options: What a person asked for.
        floor: A version the file must not fall below, when its own did; a file that comes back
            has one in any case.

    Raises:
        HistoryError: The content of the version it follows was not fetched.
        PromptError: The wished version is not free or not legal.
    """
    floor = floor or claims.floor(content.prompt.version)
    own = floor if floor is not None else content.prompt.version
    baseline = claims.baseline(own)
    if baseline is None:
        return _first(content, claims, options)
    before = baseline.load()
    if before.digest == content.digest:
        return _unchanged(content, baseline, claims, options)
    stable = claims.last_stable(baseline.version)
    reference = before if stable is None or baseline.version.is_stable else stable.load()
    changes, level = _changes(reference, content, options.levels)
    version, reason = _choose(own, baseline, claims, level, options)
    follows = claims.baseline(version)
    if follows is not None and follows.version > baseline.version:
        # Over numbers that others took the version follows theirs, and must be high enough for it.
        return plan_bump(content, claims, options, floor=version)
    return BumpPlan(version, content.short_digest, baseline.version, level, changes, reason)


def _first(content: Content, claims: Claims, options: BumpOptions) -> BumpPlan:
    """Keep the version a file comes with, from wherever; without any it begins at 1.0.0."""
    own = options.version or content.prompt.version
    # With only deleted versions behind it, whatever comes is a new prompt above them.
    if own is not None and own > max(claims.deleted, default=_BELOW_ALL):
        version = own.next_pre(options.pre) if options.pre and own.is_stable else own
    elif options.version is not None:
        raise PromptError(
            f"version {own} is not above the deleted {max(claims.deleted)}", rule="version-taken"
        )
    else:
        level = Level.MAJOR if claims.deleted else Level.NONE
        version = next_version(None, level, claims.deleted, pre=options.pre)
    return BumpPlan(version, content.short_digest, None, Level.NONE, (), "first version")


def _unchanged(content: Content, baseline: Claim, claims: Claims, options: BumpOptions) -> BumpPlan:
    wanted = options.version or content.prompt.version
    core = baseline.version.core
    # A pre-release that proved good becomes the stable version as it is.
    is_promoted = wanted == core and not baseline.version.is_stable and core not in claims.versions
    version = core if is_promoted else baseline.version
    if options.version is not None and options.version != version:
        raise PromptError(
            f"{content.prompt.name} has the content of {baseline.version} and keeps that version",
            location=content.prompt.at("version"),
            rule="version-skips",
        )
    reason = f"content of {baseline.version} ({baseline.origin})"
    return BumpPlan(version, content.short_digest, baseline.version, Level.NONE, (), reason)


def _changes(
    before: Content, after: Content, levels: Mapping[str, Level]
) -> tuple[tuple[Change, ...], Level]:
    changes = compare(
        before.prompt,
        after.prompt,
        old_includes=before.includes,
        new_includes=after.includes,
        levels=levels,
    )
    return changes, level_of(changes, same_digest=before.digest == after.digest)


def _choose(
    own: Version | None, baseline: Claim, claims: Claims, level: Level, options: BumpOptions
) -> tuple[Version, str]:
    taken = claims.versions
    needed = max(level, options.level)
    why = f"{needed.label} since {baseline.version} ({baseline.origin})"
    if options.version is not None:
        return _wished(options.version, baseline, claims, level), f"chosen by hand, {why}"
    if options.hotfix:
        return _hotfix(baseline.version, claims, needed), f"hotfix of {baseline.version}"
    if own is not None and own > baseline.version and own not in taken:
        given = level_given(own, claims)
        high_enough = given >= options.level and suffices(own, claims, level)
        if options.pre is None and high_enough:
            if is_legal_successor(own, baseline.version, taken):
                return own, why
            # Somebody chose the level but skipped numbers, which tags would make permanent.
            needed = max(needed, given)
    return next_version(baseline.version, needed, taken, pre=options.pre), why


def _hotfix(followed: Version, claims: Claims, needed: Level) -> Version:
    version = hotfix_version(followed, needed, claims.versions)
    if not followed.is_stable or not suffices(version, claims, needed):
        raise PromptError(
            f"{followed} is on no older line, so a {needed.label} change of it is no patch",
            fix="leave out --hotfix",
            rule="level-too-low",
        )
    return version


def level_given(version: Version, claims: Claims) -> Level:
    """Return the level by which a version exceeds the last stable one, as levels are meant.

    Before the first stable version any change fits.
    """
    stable = claims.last_stable(version)
    return level_between(stable.version, version) if stable else Level.MAJOR


def suffices(version: Version, claims: Claims, level: Level) -> bool:
    """Tell whether a version is high enough for a change.

    On an older line a patch is, unless the change is major: its minor numbers belong to others.
    """
    if level_given(version, claims) >= level:
        return True
    return level is not Level.MAJOR and claims.is_on_older_line(version)


def _wished(version: Version, baseline: Claim, claims: Claims, level: Level) -> Version:
    taken = claims.versions
    legal = [
        each for each in legal_successors(taken, baseline.version) if suffices(each, claims, level)
    ]
    fix = f"--version {', or '.join(map(str, legal))}"
    if version in taken:
        raise PromptError(f"version {version} is taken", rule="version-taken", fix=fix)
    if not is_legal_successor(version, baseline.version, taken):
        raise PromptError(
            f"version {version} cannot follow {baseline.version}: numbers would be skipped",
            rule="version-skips",
            fix=fix,
        )
    if not suffices(version, claims, level):
        raise PromptError(
            f"version {version} is too low: the change since {baseline.version} is {level.label}",
            rule="level-too-low",
            fix=fix,
        )
    return version
