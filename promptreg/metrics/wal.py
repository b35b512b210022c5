"""The write-ahead log: segments, one per process, one `os.write` per row. Standard library only.

A segment is a file of JSON lines in `<store>/wal`. Its owner holds a `flock` on it for as long as
it may grow; nothing else (pid, host, age) says whether an owner is alive, because pids repeat
across containers and clocks jump. A segment whose lock is free never changes again.

The life of a segment: created under a dot-name, locked, renamed to its name, appended to, closed.
The rename comes after the lock, so nobody ever sees an unlocked segment that still grows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from promptreg.errors import ConfigError, MetricsError

__all__ = [
    "MAX_SEGMENT_BYTES",
    "MAX_SEGMENT_ROWS",
    "MAX_SEGMENT_SECONDS",
    "SUFFIX",
    "Durability",
    "SegmentWriter",
    "is_segment_name",
]

Durability = Literal["process", "disk"]
MAX_SEGMENT_ROWS = 10_000
MAX_SEGMENT_BYTES = 4 << 20
MAX_SEGMENT_SECONDS = 60.0
SUFFIX = ".jsonl"
_CHECK_SECONDS = 1.0
_HOST = re.compile(r"[^A-Za-z0-9_]+")
_LOCK_REFUSED = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; reading and linting still work
    fcntl = None  # type: ignore[assignment]


def is_segment_name(name: str) -> bool:
    """Tell whether a file name in `wal/` is that of a segment."""
    return name.endswith(SUFFIX) and not name.startswith(".")


class SegmentWriter:
    """Appends lines to segments of this process; safe to share between threads and across forks.

    Args:
        folder: The `wal` folder; created on the first row.
        durability: "process" survives the death of the process, "disk" also that of the machine.
        opened: Called with this writer whenever a segment was opened.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = "process",
        opened: Callable[[SegmentWriter], None] | None = None,
    ) -> None:
        self._folder = folder
        self._opened = opened
        self._sync = durability == "disk"
        # Reentrant, because a signal handler or a finalizer may log while its thread is logging.
        self._lock = threading.RLock()
        self._fd = -1
        self._path = folder
        self._rows = 0
        self._bytes = 0
        self._born = 0.0
        # When to look next whether the segment is still there and young; past when there is none.
        self._look_at = -1.0
        _writers.add(self)

    @property
    def path(self) -> Path | None:
        """The segment that takes the next row, None before the first."""
        return self._path if self._fd >= 0 else None

    def append(self, lines: bytes, rows: int = 1) -> None:
        """Append whole lines with one write; when this returns, a killed process loses nothing.

        Args:
            lines: Encoded rows, each with its line end.
            rows: How many they are.

        Raises:
            MetricsError: The lines were not written; no part of them stays in the segment.
        """
        size = len(lines)
        with self._lock:
            if (
                time.monotonic() > self._look_at
                or self._rows + rows > MAX_SEGMENT_ROWS
                or self._bytes + size > MAX_SEGMENT_BYTES
            ):
                self._make_ready(size, rows)
            try:
                written = os.write(self._fd, lines)
                if written != size:
                    self._take_back(written)
                if self._sync:
                    os.fdatasync(self._fd)
            except OSError as error:
                raise self._refuse(error) from error
            self._rows += rows
            self._bytes += size

    def close(self) -> None:
        """Give up the segment, so that it can be sealed; the next row opens another."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._look_at = -1.0

    def retire(self, seconds: float) -> None:
        """Give up the segment when it has taken rows for so long, so that it can be sealed."""
        with self._lock:
            if self._rows and time.monotonic() - self._born >= seconds:
                self.close()

    def _make_ready(self, size: int, rows: int) -> None:
        """See whether the segment can take so many bytes and rows; else open another."""
        now = time.monotonic()
        is_full = self._rows and (
            self._rows + rows > MAX_SEGMENT_ROWS
            or self._bytes + size > MAX_SEGMENT_BYTES
            or now - self._born > MAX_SEGMENT_SECONDS
        )
        if self._fd >= 0 and not is_full:
            self._look_at = now + _CHECK_SECONDS
            # Rows written to a deleted file are lost without a word: somebody emptied the store.
            if os.fstat(self._fd).st_nlink:
                return
        self._roll(now)

    def _roll(self, now: float) -> None:
        try:
            fd, path = _open_segment(self._folder, sync=self._sync)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        # The new segment is open before the old one closes: a reader that looks in between
        # always finds this process.
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._path = fd, path
        self._rows = self._bytes = 0
        self._born = now
        self._look_at = now + _CHECK_SECONDS
        if self._opened is not None:
            # A process that is ending may start no thread any more; its row is logged all the same.
            with contextlib.suppress(RuntimeError):
                self._opened(self)

    def _refuse(self, error: OSError) -> MetricsError:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            # After a failed sync the kernel may have dropped the pages: trust the file no more.
            self.close()
        return _unwritable(self._folder, error)

    def _take_back(self, written: int) -> None:
        """Cut off what a short write left, and raise."""
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
        except OSError:
            # The half line stays at the very end of a segment that nobody appends to any more,
            # where readers know it as torn.
            self.close()
            raise
        # A second try would name the reason; a disk that is full is the one that is left.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _forget(self) -> None:
        """In a forked child: leave the parent's segment to the parent, without unlocking it."""
        # The lock may have been held by another thread at the fork; that thread is not here.
        self._lock = threading.RLock()
        if self._fd >= 0:
            # Closing this copy keeps the lock, which belongs to the parent's open file too.
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1
        self._look_at = -1.0


_writers: weakref.WeakSet[SegmentWriter] = weakref.WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer._forget()  # noqa: SLF001 - the class's own fork handler


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _open_segment(folder: Path, *, sync: bool) -> tuple[int, Path]:
    if fcntl is None:  # pragma: no cover
        raise ConfigError("metrics need a system with flock, which Windows lacks", fix="use WSL")
    folder.mkdir(parents=True, exist_ok=True)
    host = _HOST.sub("_", socket.gethostname())[:40] or "host"
    name = f"{host}-{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
    hidden, path = folder / f".{name}", folder / name
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(hidden, flags, 0o666)
    try:
        _lock(fd, hidden)
        os.rename(hidden, path)  # noqa: PTH104 - between two names of one folder, in one call
        if sync:
            _sync_folder(folder)
    except BaseException:
        os.close(fd)
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise
    return fd, path


def _lock(fd: int, path: Path) -> None:
    """Lock a new file, and prove that the lock keeps others out."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _LOCK_REFUSED:
            raise _no_locks(path.parent) from error
        raise
    if path.parent in _proven:
        return
    other = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _proven.add(path.parent)
    else:
        raise _no_locks(path.parent)
    finally:
        os.close(other)


_proven: set[Path] = set()


def _no_locks(folder: Path) -> MetricsError:
    return MetricsError(
        f"the file system of {folder} does not support flock, which keeps rows safe",
        fix="put the store on a local disk and ship it from there with `promptreg metrics ship`",
    )


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _unwritable(folder: Path, error: OSError) -> MetricsError:
    fix = {
        errno.ENOSPC: "free some space on the disk; nothing logged before is lost",
        errno.EROFS: "point `store` at a folder that can be written",
        errno.EACCES: "point `store` at a folder that can be written",
    }.get(error.errno or 0)
    return MetricsError(f"cannot log to {folder}: {error.strerror or error}", fix=fix)
