"""Large registries for benchmarks, made by git fast-import in seconds."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from promptreg.changes import Change
from promptreg.errors import Location
from promptreg.history.tags import Trailers, release_message
from promptreg.prompt.digest import canonical_json
from promptreg.prompt.parsing import parse_prompt
from promptreg.versioning import Level, Version

__all__ = ["Shape", "build_registry"]

_TEXT = """\
description: Answers questions of customers about {name}.
version: {version}
digest: {digest}
model: openai/gpt-4o-mini
modelParameters: {{temperature: 0.2, maxTokens: 300}}
variables:
  question: {{type: string, description: What the customer asks}}
  tone: {{type: string, default: friendly, enum: [friendly, formal]}}
messages:
  - role: system
    content: |
      You answer questions about {name} in a {{{{tone}}}} tone. This is text number {number}.
{filler}
  - role: user
    content: "{{{{question}}}}"
tags: [support]
metadata: {{owner: team-{number}}}
"""
_FILLER = "\n".join(
    f"      Rule {i}: say only what the manual says, and quote the page it stands on."
    for i in range(9)
)
_WHO = "Ada Example <ada@example.com>"
_CHANGE = Change("message-changed", Level.MINOR, "system message", Location("prompt"))


@dataclass(frozen=True)
class Shape:
    """How large a registry is.

    Attributes:
        prompts: How many prompts.
        versions: How many released versions each has, a commit each.
        loose: Keep the tags as loose refs.
        apart: Give each version behind the first a commit of its own: a long history.
    """

    prompts: int
    versions: int
    loose: bool = False
    apart: bool = False

    def commits(self) -> Iterator[tuple[int, range]]:
        """Yield the number of a version and the prompts that a commit brings it for."""
        for version in range(self.versions):
            if self.apart and version:
                yield from ((version, range(n, n + 1)) for n in range(self.prompts))
            else:
                yield version, range(self.prompts)


def build_registry(folder: Path, shape: Shape) -> Path:
    """Build a registry whose tags are as `promptreg release` makes them; return its folder.

    One commit carries the next version of every prompt unless asked for more, so that the history
    stays short where the number of tags is what matters.
    """
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    process = subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    write = process.stdin.write
    mark = 0
    for count, (version, prompts) in enumerate(shape.commits()):
        blobs = []
        for number in prompts:
            mark += 1
            name = f"team-{number % 32:02}/prompt-{number:05}"
            data, trailers = _prompt(name, number, Version(1, version, 0))
            write(b"blob\nmark :%d\ndata %d\n%s\n" % (mark, len(data), data))
            blobs.append((mark, name, trailers))
        mark += 1
        commit = mark
        when = 1_700_000_000 + count * 3600
        write(f"commit refs/heads/main\nmark :{commit}\ncommitter {_WHO} {when} +0000\n".encode())
        write(b"data 7\nRelease\n")
        for blob, name, _ in blobs:
            write(f"M 100644 :{blob} prompts/{name}.prompt.yml\n".encode())
        for _, name, trailers in blobs:
            message = release_message(trailers, [_CHANGE] if version else []).encode()
            tag = f"{name}@{trailers.version}"
            write(f"tag {tag}\nfrom :{commit}\ntagger {_WHO} {when} +0000\n".encode())
            write(b"data %d\n%s\n" % (len(message), message))
    write(b"done\n")
    process.stdin.close()
    assert process.wait() == 0
    if not shape.loose:
        _git(folder, "pack-refs", "--all")
    _git(folder, "checkout", "-q", "-f", "main")
    _git(folder, "config", "user.name", "Ada Example")
    _git(folder, "config", "user.email", "ada@example.com")
    return folder


@cache
def _canonical() -> bytes:
    """Return the canonical JSON of the text, with marks for what differs; parsed once."""
    text = _TEXT.format(name="@name@", version="1.0.0", digest="0", number="@no@", filler=_FILLER)
    value = parse_prompt(text.encode(), "prompt.yml", "prompt").value
    return canonical_json(value, {})


def _prompt(name: str, number: int, version: Version) -> tuple[bytes, Trailers]:
    label = f"{number}.{version}"
    canonical = _canonical().replace(b"@name@", name.encode()).replace(b"@no@", label.encode())
    digest = hashlib.sha256(canonical).hexdigest()
    data = _TEXT.format(
        name=name, version=version, digest=f'"{digest[:12]}"', number=label, filler=_FILLER
    ).encode()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return data, Trailers(name, version, Level.MINOR, blob, digest, {})


def _git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(folder), *args], check=True)
