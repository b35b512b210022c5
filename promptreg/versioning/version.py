"""Semantic versions and the levels of a change, as values; pure.

The grammar and the precedence are those of SemVer 2.0.0. The `semver` package reads everything but
the plain ``X.Y.Z``, which most texts are and which needs no import that costs 15 ms.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from promptreg.errors import PromptError

__all__ = ["CHANNELS", "Channel", "Level", "Version", "other_channel"]

Channel: TypeAlias = Literal["rc", "m", "snapshot"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

_PLAIN = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
_OURS = re.compile(rf"({'|'.join(CHANNELS)})\.([1-9][0-9]{{0,8}})")
# A version is part of a tag's name, hence of a file's name, which may have 255 bytes.
_MAX_LENGTH = 128

_Identifier: TypeAlias = tuple[int, int | str]
_Key: TypeAlias = tuple[int, int, int, tuple[_Identifier, ...]]
_NO_PRERELEASE: tuple[_Identifier, ...] = ((2, 0),)


class Level(IntEnum):
    """How much a change asks of those who use the prompt, in rising order."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def label(self) -> str:
        """The level's name as people write it, in lower case."""
        return self.name.lower()

    @classmethod
    def from_name(cls, name: str) -> Level:
        """Return the level of a name such as ``minor``.

        Raises:
            PromptError: There is no such level.
        """
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(level.label for level in cls)
            raise PromptError(
                f"{name!r} is not a level", fix=f"use one of {known}", rule="invalid-level"
            ) from None


class Version:
    """A SemVer 2.0.0 version without build metadata: immutable, hashable, ordered by precedence.

    The constructor trusts its arguments; `parse` reads what people wrote.

    Args:
        major: Raised by changes that break callers.
        minor: Raised by changes that callers may notice.
        patch: Raised by changes that no caller notices.
        prerelease: Dot-separated identifiers such as ``rc.1``; None for a stable version.

    Attributes:
        key: A tuple that sorts as the versions do, for sorting many of them.
    """

    __slots__ = ("_hash", "key", "major", "minor", "patch", "prerelease")

    key: _Key
    major: int
    minor: int
    patch: int
    prerelease: str | None
    _hash: int

    def __init__(
        self, major: int, minor: int = 0, patch: int = 0, prerelease: str | None = None
    ) -> None:
        put = object.__setattr__
        put(self, "major", major)
        put(self, "minor", minor)
        put(self, "patch", patch)
        put(self, "prerelease", prerelease)
        identifiers = _identifiers(prerelease) if prerelease else _NO_PRERELEASE
        key = (major, minor, patch, identifiers)
        put(self, "key", key)
        put(self, "_hash", hash(key))

    @staticmethod
    def parse(text: str, *, strict: bool = False) -> Version:
        """Read a version.

        Args:
            text: Such as ``1.2.0`` or ``2.0.0-rc.1``.
            strict: Accept only the pre-releases promptreg makes: ``rc.N``, ``m.N``, ``snapshot.N``.

        Raises:
            PromptError: The text is not a version, or not one that may be released.
        """
        version = _parse(text)
        if strict and version.prerelease and not _OURS.fullmatch(version.prerelease):
            allowed = ", ".join(f"{version.core}-{channel}.1" for channel in CHANNELS)
            raise PromptError(
                f"version {text} has a pre-release that promptreg does not make",
                fix=f"use one of {allowed}",
                rule="version-channel",
            )
        return version

    @property
    def core(self) -> Version:
        """The version without its pre-release."""
        return Version(self.major, self.minor, self.patch) if self.prerelease else self

    @property
    def is_stable(self) -> bool:
        """Whether it is no pre-release."""
        return not self.prerelease

    @property
    def channel(self) -> Channel | None:
        """The pre-release channel; None for a stable version and for channels of other tools."""
        found = _OURS.fullmatch(self.prerelease) if self.prerelease else None
        return next(name for name in CHANNELS if name == found[1]) if found else None

    @property
    def pre_number(self) -> int:
        """The N of ``rc.N``; 0 without a channel."""
        found = _OURS.fullmatch(self.prerelease) if self.prerelease else None
        return int(found[2]) if found else 0

    def bump(self, level: Level) -> Version:
        """Return the stable version one step of a level above this one's core."""
        match level:
            case Level.MAJOR:
                return Version(self.major + 1)
            case Level.MINOR:
                return Version(self.major, self.minor + 1)
            case Level.PATCH:
                return Version(self.major, self.minor, self.patch + 1)
            case _:
                return self

    def next_pre(self, channel: Channel) -> Version:
        """Return the next pre-release of this core in a channel.

        Raises:
            PromptError: This core already has pre-releases of another channel, which SemVer would
                sort by the channel's name.
        """
        if channel not in CHANNELS:
            raise PromptError(
                f"{channel!r} is not a pre-release channel",
                fix=f"use one of {', '.join(CHANNELS)}",
                rule="version-channel",
            )
        if self.prerelease and self.channel != channel:
            raise other_channel(self, channel)
        return Version(self.major, self.minor, self.patch, f"{channel}.{self.pre_number + 1}")

    def __str__(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{self.prerelease}" if self.prerelease else core

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.key == other.key

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.key < other.key

    def __le__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.key <= other.key

    def __gt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.key > other.key

    def __ge__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.key >= other.key

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Version is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Version is immutable, {name} cannot be deleted")

    def __reduce__(self) -> tuple[type[Version], tuple[int, int, int, str | None]]:
        return type(self), (self.major, self.minor, self.patch, self.prerelease)


@lru_cache(maxsize=65536)
def _parse(text: str) -> Version:
    # Many prompts share few version texts, so 100,000 tags cost a few hundred parses.
    if plain := _PLAIN.fullmatch(text):
        return Version(int(plain[1]), int(plain[2]), int(plain[3]))
    if len(text) > _MAX_LENGTH:
        raise _not_a_version(text)
    import semver

    try:
        parsed = semver.Version.parse(text)
    except ValueError:
        raise _not_a_version(text) from None
    if parsed.build:
        raise PromptError(
            f"version {text} has build metadata, which SemVer ignores when it compares",
            fix=f"use {text.partition('+')[0]}",
            rule="version-build",
        )
    return Version(parsed.major, parsed.minor, parsed.patch, parsed.prerelease)


def _not_a_version(text: str) -> PromptError:
    shown = text if len(text) <= _MAX_LENGTH else text[:40] + "..."
    bare = text.removeprefix("v").removeprefix("V").removeprefix("=")
    fix = f"use {bare}" if bare != text and _PLAIN.fullmatch(bare) else "write it as 1.2.0"
    return PromptError(f"{shown!r} is not a version", fix=fix, rule="invalid-version")


def _identifiers(prerelease: str) -> tuple[_Identifier, ...]:
    # Precedence, SemVer 2.0.0 item 11: numbers before words, fewer fields before more.
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in prerelease.split("."))


def other_channel(held: Version, channel: str) -> PromptError:
    """Return the error for a second channel at the core of a pre-release."""
    return PromptError(
        f"{held.core} already has pre-releases such as {held}, {channel} would not sort with them",
        fix="stay in that channel or choose a higher version with --version",
        rule="version-channel",
    )
