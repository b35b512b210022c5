"""Rows that the team's own evaluation wrote: logged as made with HEAD's content, and once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.ci.runner import notice, promptreg
from promptreg.errors import ConfigError
from promptreg.registry import Registry

if TYPE_CHECKING:
    from promptreg.ci.settings import Settings

__all__ = ["log_rows"]


def log_rows(settings: Settings) -> int:
    """Log the rows of all files that the settings name, and return the exit code.

    A file that was logged before is left alone: with the store restored from a cache, the same job
    run again would otherwise count every case twice.

    Raises:
        ConfigError: A file does not exist.
    """
    files = list(_files(settings.directory, settings.rows))
    with Registry(settings.directory) as registry:
        seen = registry.root / ".promptreg" / "ci"
        store = registry.config.store
        for file in files:
            # Another store has not seen the file.
            mark = hashlib.sha256(f"{store}\0".encode() + file.read_bytes()).hexdigest()
            if (seen / mark).exists():
                notice(f"The rows of {file.name} were logged before.")
                continue
            code = _log(settings.directory, file)
            if code:
                return code
            seen.mkdir(parents=True, exist_ok=True)
            (seen / mark).touch()
    return 0


def _files(directory: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        named = directory / pattern
        if named.is_file():
            yield named
            continue
        found = [] if Path(pattern).is_absolute() else sorted(directory.glob(pattern))
        if not found:
            raise ConfigError(f"no file {pattern}", fix="let the evaluation write its rows first")
        yield from (path for path in found if path.is_file())


def _log(directory: Path, file: Path) -> int:
    return promptreg(directory, ["metrics", "log", "--head", "--from-jsonl", str(file.absolute())])
