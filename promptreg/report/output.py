"""Writes a report where somebody wants it, so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.report.html import Page

__all__ = ["write_atomically", "write_folder"]

_ROOM = "write it where there is room, with --output"
_GENERATOR = b'<meta name="generator" content="promptreg '
_DATA_FOLDER = re.compile(r"[0-9a-f]{16}")
_DATA_FILE = re.compile(r"(?:p\d+|search\d*)\.js")
_FIXES = {
    errno.EDQUOT: _ROOM,
    errno.EEXIST: "name a folder with --output, or leave --split out",
    errno.EFBIG: _ROOM,
    errno.ENOSPC: _ROOM,
    errno.ENOTDIR: "name a folder with --output, or leave --split out",
}


def write_atomically(path: Path, parts: Iterable[str]) -> int:
    """Write a file in one step; return its size in bytes.

    A link stays and its target is replaced; a device or a pipe is written to.

    Args:
        path: The file; its folder must exist.
        parts: Its text, piece by piece.

    Raises:
        ConfigError: The folder does not exist, or takes no file of this size.
    """
    if not path.parent.is_dir():
        raise ConfigError(
            f"no folder {path.parent}", fix=f"mkdir -p {shlex.quote(str(path.parent))}"
        )
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", fix="name a file, or use --split for a folder")
    with _unwritable(path):
        if path.exists() and not path.is_file():
            # What is put in the place of /dev/null would be missed by the whole machine.
            return _write(os.open(path, os.O_WRONLY), parts)
        target = path.resolve()
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".promptreg-report.")
        try:
            size = _write(handle, parts)
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    return size


def write_folder(page: Page, folder: Path) -> None:
    """Write a page rendered with `split` as ``index.html`` and its folder of data.

    The data comes first, under a name of its own, and ``index.html`` last: an interruption, a full
    disk or a browser's memory never joins a page with the data of another one.

    Args:
        page: The page.
        folder: Made when it does not exist; the data of an earlier report in it is removed.

    Raises:
        ConfigError: The folder takes no files of this size, or is somebody else's.
        ConflictError: Another process writes a report into it, and does not come to an end.
    """
    from promptreg.operations.replacing import alone

    assert page.folder, "a page that was not split has its data in itself"
    index = folder / "index.html"
    with _unwritable(folder):
        if index.exists() and not _is_ours(index):
            raise ConfigError(f"{index} is no report", fix="name another folder with --output")
        target = folder / page.folder
        target.parent.mkdir(parents=True, exist_ok=True)
        # Whoever else writes here would take our data for that of an earlier report.
        with alone(target.parent):
            _write_data(page, target)
            write_atomically(index, (page.head, "</body>\n</html>\n"))
            for old in target.parent.iterdir():
                if old != target and _DATA_FOLDER.fullmatch(old.name):
                    _remove_data(old)


def _write_data(page: Page, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new.") as name:
        new = Path(name, target.name)
        new.mkdir()
        for chunk, text in page.chunks:
            line = f'promptregChunk("{chunk}","{text}")\n'
            (new / f"{chunk}.js").write_text(line, encoding="utf-8")
        # What is there under this name was cut short, or is the same.
        _remove_data(target)
        new.replace(target)


def _is_ours(index: Path) -> bool:
    with index.open("rb") as file:
        return _GENERATOR in file.read(4096)


def _remove_data(folder: Path) -> None:
    """Remove a folder of data, but nothing that somebody else put there."""
    if folder.is_dir():
        for file in folder.iterdir():
            if _DATA_FILE.fullmatch(file.name):
                file.unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _write(handle: int, parts: Iterable[str]) -> int:
    size = 0
    with os.fdopen(handle, "wb") as out:
        for part in parts:
            size += out.write(part.encode("utf-8", "replace"))
    return size


@contextlib.contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    """Say which report cannot be written, and what may help."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror or error}",
            fix=_FIXES.get(error.errno or 0, "write it where you may write, with --output"),
        ) from error
