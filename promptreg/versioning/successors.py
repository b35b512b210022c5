"""Which version may follow which: semantic versioning of prompts; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from promptreg.errors import PromptError
from promptreg.versioning.version import CHANNELS, Channel, Level, Version, other_channel

__all__ = [
    "CHANNELS",
    "FIRST",
    "Channel",
    "Level",
    "Version",
    "hotfix_version",
    "is_legal_successor",
    "last_stable",
    "legal_successors",
    "level_between",
    "next_version",
]

FIRST = Version(1)


def last_stable(baseline: Version | None, taken: Iterable[Version]) -> Version | None:
    """Return the greatest stable version not above the baseline, which levels compare with."""
    if baseline is None or baseline.is_stable:
        return baseline
    return max((v for v in taken if v.is_stable and v <= baseline), default=None)


def level_between(old: Version, new: Version) -> Level:
    """Return the level by which a version exceeds another; NONE when it is not above it.

    A step to, from or between pre-releases of one core is of level PATCH.
    """
    if new <= old:
        return Level.NONE
    if new.major != old.major:
        return Level.MAJOR
    return Level.MINOR if new.minor != old.minor else Level.PATCH


def next_version(
    baseline: Version | None,
    level: Level,
    taken: Collection[Version],
    *,
    pre: Channel | None = None,
) -> Version:
    """Return the smallest legal version of at least a level that nobody has taken.

    Args:
        baseline: The version the content follows; None for a prompt's first.
        level: The level of the change since the last stable version.
        taken: All versions that are tagged or claimed.
        pre: Make a pre-release in this channel; without it a pre-release stays one.

    Raises:
        PromptError: The pre-releases of that core belong to another channel.
    """
    if baseline is None:
        if taken:
            return next_version(max(taken), level, taken, pre=pre)
        return FIRST.next_pre(pre) if pre else FIRST
    if baseline.prerelease and baseline.core not in taken:
        return _next_after_pre(baseline, level, taken, pre)
    core = _step(baseline.core, level, taken)
    return _pre_of(core, pre, taken) if pre else core


def hotfix_version(baseline: Version, level: Level, taken: Collection[Version]) -> Version:
    """Return the next free patch of an older line, whatever stands above it.

    Raises:
        PromptError: The change is major, which no patch may hide.
    """
    if level is Level.MAJOR:
        raise PromptError(
            f"a major change cannot be a hotfix of {baseline}",
            fix="leave out --hotfix",
            rule="level-too-low",
        )
    return _step(baseline.core, Level.PATCH, taken)


def legal_successors(taken: Collection[Version], baseline: Version | None) -> tuple[Version, ...]:
    """Return the versions that may follow a baseline, lowest first.

    The idea is that of Elm's ``bump``: one step of each level, over what is already taken. Behind a
    pre-release come the next of its channel and the stable version it leads to. Each stable
    successor may also begin with a pre-release; `is_legal_successor` accepts those too.

    Args:
        taken: All versions that are tagged or claimed.
        baseline: The version the content follows; None for a prompt's first.
    """
    if baseline is None:
        return legal_successors(taken, max(taken)) if taken else (FIRST,)
    levels = (Level.PATCH, Level.MINOR, Level.MAJOR)
    if baseline.is_stable or baseline.core in taken:
        return tuple(_step(baseline.core, level, taken) for level in levels)
    found = {baseline.core}
    if stable := last_stable(baseline, taken):
        found.update(_step(stable, level, taken) for level in levels)
    if channel := baseline.channel:
        found.add(_pre_of(baseline.core, channel, taken))
    return tuple(sorted(version for version in found if version > baseline))


def is_legal_successor(
    version: Version, baseline: Version | None, taken: Collection[Version]
) -> bool:
    """Tell whether a version may follow a baseline: free, and no number is skipped.

    Args:
        version: What a file claims.
        baseline: The version the content follows; None for a prompt's first.
        taken: All versions that are tagged or claimed.
    """
    if version in taken or (baseline is not None and version <= baseline):
        return False
    successors = legal_successors(taken, baseline)
    if version in successors:
        return True
    channel = version.channel
    if channel is None or version.core not in successors:
        return False
    peers = _pres_of(version.core, taken)
    in_channel = all(peer.channel == channel for peer in peers)
    return in_channel and version.pre_number == _greatest_number(peers) + 1


def _step(core: Version, level: Level, taken: Collection[Version]) -> Version:
    """Go one step of a level up in the core's line, over what is taken in that line."""
    major, minor, patch = core.major, core.minor, core.patch
    stable = [v for v in taken if v.is_stable]
    if level is Level.MAJOR:
        return Version(max([major, *(v.major for v in stable)]) + 1)
    if level is Level.MINOR:
        return Version(major, max([minor, *(v.minor for v in stable if v.major == major)]) + 1)
    line = (v.patch for v in stable if (v.major, v.minor) == (major, minor))
    return Version(major, minor, max([patch, *line]) + 1)


def _next_after_pre(
    baseline: Version, level: Level, taken: Collection[Version], pre: Channel | None
) -> Version:
    stable = last_stable(baseline, taken)
    needed = stable.bump(level) if stable else baseline.core
    core = baseline.core
    if stable and core < needed:
        core = _step(stable, level, taken)
    channel = pre or baseline.channel
    if channel is None:
        raise PromptError(
            f"{baseline} has a pre-release that promptreg does not make, so it cannot count on",
            fix=f"choose the next version yourself, such as --version {core}",
            rule="version-channel",
        )
    return _pre_of(core, channel, taken)


def _pres_of(core: Version, taken: Iterable[Version]) -> list[Version]:
    return [v for v in taken if v.prerelease and v.core == core]


def _greatest_number(versions: Iterable[Version]) -> int:
    return max((v.pre_number for v in versions), default=0)


def _pre_of(core: Version, channel: Channel, taken: Collection[Version]) -> Version:
    peers = _pres_of(core, taken)
    for peer in peers:
        if peer.channel != channel:
            raise other_channel(peer, channel)
    return max(peers, default=core).next_pre(channel)
