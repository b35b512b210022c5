"""Writes a report where somebody wants it, so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import ConfigError
from promptreg.report.data import Collector, Options
from promptreg.report.desk import Here
from promptreg.report.html import HtmlBuilder, Page
from promptreg.report.workers import worthwhile

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.html import Known

__all__ = ["build_page", "write_atomically"]


def build_page(
    registry: Registry,
    options: Options,
    *,
    split: bool = False,
    live: bool = False,
    known: Known | None = None,
) -> Page:
    """Collect and render a report, holding one group of prompts at a time.

    Args:
        registry: Where from.
        options: What the report is about.
        split: Whether the data goes into files of its own.
        live: Whether the page reloads itself when its server says so.
        known: What was packed before; kept up to date for the next time.
    """
    collector = Collector(registry, options)
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
        ConfigError: The folder does not exist.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"no folder {path.parent}", fix=f"mkdir -p {path.parent}")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", fix="name a file, or use --split for a folder")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    size = 0
    try:
        with os.fdopen(handle, "wb") as out:
            for part in parts:
                size += out.write(part.encode("utf-8", "replace"))
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    return size
