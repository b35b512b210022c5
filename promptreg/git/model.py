"""Git's objects as values: commits, tags and trees from their raw bytes; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from promptreg.values import dataclass

__all__ = [
    "Commit",
    "Signature",
    "Tag",
    "TreeEntry",
    "blob_ids",
    "parse_commit",
    "parse_tag",
    "parse_tree",
]

# A text and no pattern: most commands read no commit, and `re` keeps what it compiled.
_SIGNATURE = r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<time>-?\d+) (?P<zone>[+-]\d{4})"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who did something and when; `raw` is the line as git keeps it.

    A walk reads thousands of them and looks at few, so each is taken apart when it is.
    """

    raw: str

    @property
    def name(self) -> str:
        """The name."""
        return _parts(self.raw)[0]

    @property
    def email(self) -> str:
        """The e-mail address; empty where the line is broken."""
        return _parts(self.raw)[1]

    @property
    def when(self) -> datetime:
        """The moment, in the zone that was noted; 1970 where the line is broken."""
        return _parts(self.raw)[2]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `parents` are as recorded, whether fetched or not."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str

    @property
    def summary(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Tag:
    """One annotated tag object."""

    oid: str
    target: str
    target_kind: str
    name: str
    tagger: Signature
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree; the mode tells folders (40000) from files."""

    mode: str
    name: str
    oid: str

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a tree."""
        return self.mode == "40000"

    @property
    def is_file(self) -> bool:
        """Whether the entry is a regular file; links and submodules are not."""
        return self.mode.startswith("100")


def parse_commit(oid: str, data: bytes) -> Commit:
    """Read a commit's raw bytes."""
    headers, message = _split(data)
    return Commit(
        oid=oid,
        tree=headers["tree"][0],
        parents=tuple(headers.get("parent", ())),
        author=Signature(headers["author"][0]),
        committer=Signature(headers["committer"][0]),
        message=message,
    )


def parse_tag(oid: str, data: bytes) -> Tag:
    """Read an annotated tag's raw bytes."""
    headers, message = _split(data)
    return Tag(
        oid=oid,
        target=headers["object"][0],
        target_kind=headers["type"][0],
        name=headers["tag"][0],
        # Tags made by very old git have no tagger.
        tagger=Signature(headers.get("tagger", ["unknown <> 0 +0000"])[0]),
        message=message,
    )


def parse_tree(data: bytes) -> Iterator[TreeEntry]:
    """Read a tree's raw bytes."""
    position = 0
    while position < len(data):
        end = data.index(b"\0", position)
        mode, _, name = data[position:end].partition(b" ")
        position = end + 21
        oid = data[end + 1 : position].hex()
        yield TreeEntry(mode.decode("ascii"), name.decode("utf-8", "surrogateescape"), oid)


def _split(data: bytes) -> tuple[dict[str, list[str]], str]:
    head, _, message = data.partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        # Signatures continue on lines that begin with a space.
        if line and not line.startswith(" "):
            key, _, value = line.partition(" ")
            headers.setdefault(key, []).append(value)
    return headers, message.decode("utf-8", "replace")


@lru_cache(maxsize=4096)
def _parts(raw: str) -> tuple[str, str, datetime]:
    match = re.fullmatch(_SIGNATURE, raw)
    if match is None:
        return raw, "", datetime.fromtimestamp(0, UTC)
    sign = -1 if match["zone"].startswith("-") else 1
    offset = timedelta(hours=int(match["zone"][1:3]), minutes=int(match["zone"][3:5]))
    try:
        when = datetime.fromtimestamp(int(match["time"]), timezone(sign * offset))
    except (ValueError, OverflowError):
        when = datetime.fromtimestamp(0, UTC)
    return match["name"], match["email"], when


def blob_ids(data: bytes) -> frozenset[str]:
    """Return the object ids git may know a file by: as it is, and with LF from a CRLF checkout."""
    import hashlib

    def oid(text: bytes) -> str:
        return hashlib.sha1(b"blob %d\0%s" % (len(text), text), usedforsecurity=False).hexdigest()

    texts = (data, data.replace(b"\r\n", b"\n")) if b"\r" in data else (data,)
    return frozenset(map(oid, texts))
