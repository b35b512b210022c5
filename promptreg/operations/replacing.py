"""Writing files of the work tree whole or not at all, one process after the other."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["alone", "put_file", "read_file"]

_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes of ours from looking at a file and replacing it at the same time.

    The folder itself is locked, so nothing is left behind. Where a file system locks no folder,
    as NFS, two may still overwrite one another in the same millisecond.

    Args:
        folder: The top of the work tree.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
