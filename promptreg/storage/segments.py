"""Reading and claiming write-ahead segments. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from promptreg.metrics.wal import is_segment_name
from promptreg.values import dataclass

__all__ = ["Claim", "Segment", "claim", "is_alive", "list_segments", "split_lines", "sync_file"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as a directory listing shows it; sizes in bytes, times in seconds since 1970."""

    path: Path
    inode: int
    size: int
    modified: float

    @property
    def name(self) -> str:
        """The segment's id: its file name, which holds 64 random bits."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Claim:
    """A closed segment that this process holds the lock of."""

    segment: Segment
    content: bytes


def list_segments(folder: Path) -> list[Segment]:
    """Return the segments of a `wal` folder, the oldest first; none when it does not exist."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not is_segment_name(entry.name):
                continue
            # A segment may be sealed and deleted while the listing runs.
            with contextlib.suppress(FileNotFoundError):
                info = os.stat(entry.path)  # noqa: PTH116 - entry.stat may answer from the listing
                found.append(Segment(Path(entry.path), info.st_ino, info.st_size, info.st_mtime))
    return sorted(found, key=lambda segment: (segment.modified, segment.name))


@contextlib.contextmanager
def claim(segment: Segment) -> Iterator[Claim | None]:
    """Lock a segment and read it; None when its owner lives, or another sealer has it or had it."""
    try:
        fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        if not _try_lock(fd) or os.fstat(fd).st_nlink == 0:
            yield None
            return
        with open(fd, "rb", closefd=False) as file:
            content = file.read()
        yield Claim(segment, content)
    finally:
        os.close(fd)


def is_alive(segment: Segment) -> bool:
    """Tell whether somebody holds the segment: its owner, or a sealer at work."""
    try:
        fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(fd)
    finally:
        os.close(fd)


def _try_lock(fd: int) -> bool:
    try:
        # A read-only descriptor may take the exclusive lock, so read-only stores can be read too.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def split_lines(content: bytes) -> tuple[list[bytes], bytes]:
    """Return the complete lines without their ends, and the torn rest after the last line end."""
    lines = content.split(b"\n")
    return lines[:-1], lines[-1]


def sync_file(path: Path) -> None:
    """Force a file or a folder to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
