"""What a release tag says: its message, and the trailers in it; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from promptreg.errors import PromptError
from promptreg.values import dataclass, field
from promptreg.versioning import Level, Version

if TYPE_CHECKING:
    from datetime import datetime

    from promptreg.changes import Change
    from promptreg.git.model import Signature, Tag

__all__ = ["Release", "Trailers", "change_lines", "parse_trailers", "release_message", "release_of"]

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_OID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Trailers:
    """The last paragraph of a release tag's message.

    Attributes:
        prompt: The prompt's name.
        version: The version.
        level: How much it changed.
        blob: The object id of the file.
        digest: The 64 hex digits of the content.
        includes: The object id of each fragment, by its path below the root.
    """

    prompt: str
    version: Version
    level: Level
    blob: str
    digest: str
    includes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """One released version: a tag of ours.

    Attributes:
        tag: The tag's name.
        commit: The commit that holds the file.
        tagger: Who made that commit and when.
        message: The tag's message.
        trailers: Its last paragraph.
    """

    tag: str
    commit: str
    tagger: Signature
    message: str
    trailers: Trailers

    @property
    def when(self) -> datetime:
        """When the commit was made."""
        return self.tagger.when

    @property
    def summary(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def body(self) -> str:
        """What stands between the first line and the trailers: the change list."""
        _, _, rest = _unsigned(self.message).partition("\n")
        return rest.rpartition("\n\n")[0].strip("\n")

    @property
    def changes(self) -> tuple[str, ...]:
        """The lines of the change list."""
        return tuple(line[2:] for line in self.message.splitlines() if line.startswith("- "))

    @property
    def version(self) -> Version:
        """The version."""
        return self.trailers.version

    @property
    def digest(self) -> str:
        """The 64 hex digits of the content."""
        return self.trailers.digest


def release_message(trailers: Trailers, changes: Sequence[Change]) -> str:
    """Return the message of a release tag, a pure function of the content.

    Two machines that release the same content so create the same object.
    """
    head = f"{trailers.prompt} {trailers.version}"
    last = [
        f"Prompt: {trailers.prompt}",
        f"Version: {trailers.version}",
        f"Bump: {trailers.level.label}",
        f"Blob: {trailers.blob}",
        *(f"Include: {path} {oid}" for path, oid in sorted(trailers.includes.items())),
        f"Digest: sha256:{trailers.digest}",
    ]
    return f"{head}\n\n{change_lines(changes)}\n\n" + "\n".join(last) + "\n"


def change_lines(changes: Sequence[Change]) -> str:
    """Return the change list of a release tag's message."""
    lines = [
        f"- {change.level.label} {change.rule}: {_one_line(change.detail)}" for change in changes
    ]
    return "\n".join(lines) if lines else "- first version"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unsigned(message: str) -> str:
    """Leave out the signature that a signed tag carries behind the last paragraph."""
    return message.partition("\n-----BEGIN ")[0].rstrip()


def parse_trailers(message: str) -> Trailers | None:
    """Return the trailers of a tag's message, or None for a foreign tag."""
    paragraph = _unsigned(message).rpartition("\n\n")[2]
    found: dict[str, list[str]] = {}
    for line in paragraph.split("\n"):
        key, colon, value = line.removesuffix("\r").partition(": ")
        if colon and "\r" not in value:
            found.setdefault(key, []).append(value)
    try:
        digest = _DIGEST.fullmatch(found["Digest"][-1])
        blob = found["Blob"][-1]
        version = Version.parse(found["Version"][-1])
        prompt = found["Prompt"][-1]
        level = Level.from_name(found.get("Bump", ["none"])[-1])
        pairs = [value.rpartition(" ") for value in found.get("Include", [])]
    except (KeyError, PromptError):
        return None
    if digest is None or not _OID.fullmatch(blob):
        return None
    includes = {path: oid for path, _, oid in pairs if path and _OID.fullmatch(oid)}
    return Trailers(prompt, version, level, blob, digest[1], includes)


def release_of(tag: Tag) -> Release | None:
    """Return the release that a tag stands for, or None for a foreign tag."""
    trailers = parse_trailers(tag.message)
    if trailers is None:
        return None
    return Release(tag.name, tag.target, tag.tagger, tag.message, trailers)
