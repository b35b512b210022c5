"""Pseudo-versions: names for untagged content that sort between the versions around it; pure.

The form is that of Go's modules: the next patch's core, ``-0.``, the commit's time in UTC and the
first 12 hex digits of the content's digest, as in ``1.3.1-0.20261122141500-abcdef123456``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from promptreg.errors import PromptError
from promptreg.values import dataclass
from promptreg.versioning.version import Level, Version

__all__ = ["PseudoVersion", "is_pseudo", "parse_pseudo", "pseudo_version"]

_TAIL = re.compile(r"(?:(?P<before>.+)\.)?(?P<stamp>[0-9]{14})-(?P<digest>[0-9a-f]{12})")
_STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class PseudoVersion:
    """What a pseudo-version says.

    Attributes:
        base: The version the content follows; None when there is none.
        moment: The time of the commit, in UTC, to the second.
        digest: The first 12 hex digits of the content's digest.
    """

    base: Version | None
    moment: datetime
    digest: str


def pseudo_version(base: Version | None, moment: datetime, digest: str) -> Version:
    """Name untagged content.

    Args:
        base: The greatest version below the content; None when there is none.
        moment: The time of the commit; a naive one counts as UTC.
        digest: At least 12 hex digits of the content's digest.

    Raises:
        PromptError: The digest is too short or no hexadecimal number.
    """
    if not re.fullmatch(r"[0-9a-f]{12,}", digest):
        raise PromptError(f"{digest!r} is not a digest", rule="invalid-version")
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    # Four digits by hand: strftime pads no year below 1000 on Linux.
    tail = f"{utc.year:04}{utc:%m%d%H%M%S}-{digest[:12]}"
    if base is None:
        return Version(0, 0, 0, tail)
    if base.prerelease:
        return Version(base.major, base.minor, base.patch, f"{base.prerelease}.0.{tail}")
    core = base.bump(Level.PATCH)
    return Version(core.major, core.minor, core.patch, f"0.{tail}")


def is_pseudo(version: Version) -> bool:
    """Tell whether a version names untagged content."""
    return parse_pseudo(version) is not None


def parse_pseudo(version: Version) -> PseudoVersion | None:
    """Read a pseudo-version back; None when it is an ordinary version."""
    found = _TAIL.fullmatch(version.prerelease) if version.prerelease else None
    if found is None:
        return None
    try:
        moment = datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC)
        base = _base(version.core, found["before"])
    except ValueError:
        return None
    return PseudoVersion(base, moment, found["digest"])


def _base(core: Version, before: str | None) -> Version | None:
    if before is None:
        if core.key[:3] == (0, 0, 0):
            return None
    elif before == "0":
        if core.patch:
            return Version(core.major, core.minor, core.patch - 1)
    elif before.endswith(".0"):
        return Version(core.major, core.minor, core.patch, before.removesuffix(".0"))
    raise ValueError(before)
