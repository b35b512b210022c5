"""Writing files of the work tree whole or not at all, one process after the other."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from promptreg.errors import ConflictError

__all__ = ["alone", "put_file", "read_file"]

# One of ours holds it for a millisecond a file.
_LOCK_ATTEMPTS = 250
_LOCK_WAIT = 0.02
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes of ours from looking at a file and replacing it at the same time.

    The folder itself is locked, so nothing is left behind; not the top of the work tree, which
    people lock around whole commands. Where a system or a file system locks no folder, as
    Windows and NFS, two may still overwrite one another in the same millisecond.

    Args:
        folder: Git's own folder of the work tree, or one that nobody else uses.

    Raises:
        ConflictError: Another process kept it locked all the time.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC) if os.name == "posix" else None
    try:
        if handle is not None and not _has_locked(handle):
            raise ConflictError(f"another process keeps {folder} locked", fix="wait until it ends")
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _has_locked(handle: int) -> bool:
    import fcntl

    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_WAIT)
        except OSError:  # as NFS
            return True
        else:
            return True
    return False


def put_file(
    target: Path, data: bytes | None, mode: int | None, *, executable: bool = False
) -> None:
    """Replace a file at once, or remove it; the folders on the way are made.

    Args:
        target: The file; a link is followed.
        data: Its bytes; None removes it.
        mode: Its permissions; those of any new file by default.
        executable: Whether it is made a program.
    """
    if data is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, data, mode)
    if executable:
        target.chmod(target.stat().st_mode | _EXECUTABLE)


def read_file(target: Path) -> bytes | None:
    """Return a file's bytes, or None where there is none."""
    try:
        return target.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Replace a file at once, keeping its mode: a full disk or a kill leaves the old one.

    Args:
        target: The file; a link is followed.
        data: Its bytes.
        mode: Its permissions; those of any new file by default.
    """
    import tempfile

    target = target.resolve()
    with _named(target):
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(_usual_mode() if mode is None else mode & 0o7777)
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    """Let errors name a file, rather than none or the temporary one that takes its place."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(target), None
        raise


def _usual_mode() -> int:
    """Return the mode of a new file; the mask can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
