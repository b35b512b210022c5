"""Writes a report where somebody wants it, so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError
from promptreg.report.data import Collector, Options
from promptreg.report.desk import Here
from promptreg.report.html import HtmlBuilder, Page
from promptreg.report.workers import worthwhile

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.data import OnStep
    from promptreg.report.html import Known

__all__ = ["build_page", "write_atomically", "write_folder"]

_ROOM = "write it where there is room, with --output"
_FIXES = {
    errno.EDQUOT: _ROOM,
    errno.EEXIST: "name a folder with --output, or leave --split out",
    errno.EFBIG: _ROOM,
    errno.ENOSPC: _ROOM,
    errno.ENOTDIR: "name a folder with --output, or leave --split out",
}


def build_page(
    registry: Registry,
    options: Options,
    *,
    split: bool = False,
    live: bool = False,
    known: Known | None = None,
    on_step: OnStep | None = None,
) -> Page:
    """Collect and render a report, holding one group of prompts at a time.

    Args:
        registry: Where from.
        options: What the report is about.
        split: Whether the data goes into files of its own.
        live: Whether the page reloads itself when its server says so.
        known: What was packed before; kept up to date for the next time.
        on_step: Called with how many steps are done and how many there are.
    """
    collector = Collector(registry, options, on_step)
    with worthwhile(registry, collector.count_versions()) as workers:
        builder = HtmlBuilder(split=split, live=live, known=known)
        for name, found in collector.finished(workers or Here(registry), builder.known_mark):
            builder.take(name, found.mark, found.packed)
        return builder.finish(collector.report())


def write_atomically(path: Path, parts: Iterable[str]) -> int:
    """Write a file in one step; return its size in bytes.

    Args:
        path: The file; its folder must exist.
        parts: Its text, piece by piece.

    Raises:
        ConfigError: The folder does not exist, or takes no file of this size.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"no folder {path.parent}", fix=f"mkdir -p {path.parent}")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", fix="name a file, or use --split for a folder")
    with _unwritable(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            size = _write(handle, parts)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    return size


def write_folder(page: Page, folder: Path) -> None:
    """Write a page rendered with `split` as ``index.html`` and ``data/*.js``.

    All files are written before the first takes its place, so that an interruption or a full disk
    leaves an earlier report as it was.

    Args:
        page: The page.
        folder: Made when it does not exist; data files of an earlier report in it are removed.

    Raises:
        ConfigError: The folder takes no files of this size.
    """
    data = folder / "data"
    with _unwritable(folder):
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".data.") as name:
            new = Path(name)
            for chunk, text in page.chunks:
                line = f'promptregChunk("{chunk}","{text}")\n'
                (new / f"{chunk}.js").write_text(line, encoding="utf-8")
            (new / "index.html").write_text(page.head + "</body>\n</html>\n", encoding="utf-8")
            written = {f"{chunk}.js" for chunk, _ in page.chunks}
            for old in data.glob("*.js"):
                if old.name not in written:
                    old.unlink()
            for file in written:
                (new / file).replace(data / file)
            (new / "index.html").replace(folder / "index.html")


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
