"""Rows that the team's own evaluation wrote: completed with the head's digest, logged once."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.ci.runner import notice, promptreg
from promptreg.errors import ConfigError, MetricsError, NotFoundError, PromptError
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
        MetricsError: A line is not a JSON object.
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
            code = _log(settings.directory, registry, file)
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


def _log(directory: Path, registry: Registry, file: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        completed = Path(folder) / "rows.jsonl"
        with completed.open("w", encoding="utf-8") as target:
            for row in _completed(registry, file):
                target.write(json.dumps(row, ensure_ascii=False) + "\n")
        return promptreg(directory, ["metrics", "log", "--from-jsonl", str(completed)])


def _completed(registry: Registry, file: Path) -> Iterator[dict[str, Any]]:
    """Yield a file's rows; what claims the head's version, or none, gets the head's digest.

    The gate compares contents, and only a released version has a tag that tells its digest.
    """
    heads: dict[Any, tuple[str, str] | None] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise MetricsError(f"{file.name}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise MetricsError(f"{file.name}:{number}: a row must be a JSON object")
        name = row.get("prompt")
        if name not in heads:
            heads[name] = _head(registry, str(name))
        head = heads[name]
        if head and not row.get("digest") and row.get("version") in (None, "", head[0]):
            row["version"], row["digest"] = head
        yield row


def _head(registry: Registry, name: str) -> tuple[str, str] | None:
    try:
        found = registry.resolve(f"{name}@HEAD")
    except (NotFoundError, PromptError):
        return None
    stated = found.content.prompt.version
    return (str(stated or found.version), found.content.digest)
