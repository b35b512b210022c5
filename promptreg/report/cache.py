"""Keeps finished prompts in files, so that a report costs what changed since an earlier one.

A file holds one prompt as it was finished from one state of it, and is called after that state, so
that nothing in it can be out of date. All lie in the git folder: no commit can bring one,
``git status`` shows none, and linked work trees share them. They may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.assembly import Extract
from promptreg.report.brief import PromptLine, ReleaseLine
from promptreg.report.desk import Done
from promptreg.report.html import PackedPrompt
from promptreg.report.model import Alert, LabelRow, MetricComparison, ModelTest

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Cache", "Kept", "open_cache", "report_folder"]

MOST_BYTES = 256_000_000
"""Six reports of 1,000 prompts with 100 versions; what was not asked for longest goes first."""
_SUFFIX = ".prompt"
# What the answers of the store, templates and files are read by.
_LIBRARIES = ("deltalake", "duckdb", "jinja2", "pyarrow", "pygit2", "ruamel.yaml", "semver")


class Kept(NamedTuple):
    """A finished prompt.

    Attributes:
        at_head: What the reported commit must have for it to hold; see `promptreg.report.memory`.
        done: The prompt.
    """

    at_head: tuple[str, ...]
    done: Done


class Cache:
    """A folder of finished prompts; what is refused or damaged there is made again.

    Args:
        folder: Where; made when there is something to keep.
        maker: What made the prompts: another program would perhaps make others of the same.
        most_bytes: So much may lie there; a report that takes half of it may take more.
    """

    def __init__(self, folder: Path, maker: str, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._maker = maker
        self._most_bytes = most_bytes
        self._used: set[str] = set()

    def read(self, state: str) -> Kept | None:
        """Return the prompt that was finished from a state, None where there is none.

        Args:
            state: All it is finished from.
        """
        path = self._path(state)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        sign, _, text = content.partition(b"\n")
        if sign.decode("ascii", "replace") != _sign(text):
            return None
        # A file that was asked for is kept longer.
        with contextlib.suppress(OSError):
            os.utime(path)
        try:
            kept = _loaded(text)
        except (TypeError, ValueError):
            return None
        self._used.add(path.name)
        return kept

    def write(self, state: str, kept: Kept) -> None:
        """Keep a finished prompt, where that is possible.

        Args:
            state: All it was finished from.
            kept: The prompt.
        """
        path = self._path(state)
        text = _dumped(kept)
        # Read-only repositories and full disks get their report as well, only slower.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(f"{_sign(text)}\n".encode() + text)
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
            self._used.add(path.name)

    def tidy(self) -> None:
        """Remove what was not asked for longest, where more lies here than should."""
        entries = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            for entry in found:
                with contextlib.suppress(OSError):
                    entries.append((entry.name in self._used, entry.stat(), entry.path))
        size = sum(status.st_size for _, status, _ in entries)
        used = sum(status.st_size for is_used, status, _ in entries if is_used)
        entries.sort(key=lambda each: each[1].st_mtime_ns)
        for is_used, status, path in entries:
            if size <= max(self._most_bytes, 2 * used):
                break
            if not is_used:
                with contextlib.suppress(OSError):
                    Path(path).unlink()
                size -= status.st_size

    def _path(self, state: str) -> Path:
        name = hashlib.sha256(f"{self._maker}\n{state}".encode("utf-8", "surrogatepass"))
        return self._folder / f"{name.hexdigest()[:40]}{_SUFFIX}"


def open_cache(registry: Registry) -> Cache:
    """Return the cache of a repository's reports.

    Args:
        registry: The registry.
    """
    return Cache(report_folder(registry), _maker())


def report_folder(registry: Registry) -> Path:
    """Return the folder where a repository's finished prompts lie.

    Args:
        registry: The registry.
    """
    return registry.repository.paths.common_dir / "promptreg" / "report"


@functools.cache
def _maker() -> str:
    """Return what changes whenever other code would finish a prompt.

    An editable installation changes without a new version, so the code itself counts.
    """
    from importlib.metadata import PackageNotFoundError, version

    from promptreg import __version__

    digest = hashlib.sha256(f"{sys.version} {__version__}".encode())
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{library} {version(library)}\n".encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sign(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _dumped(kept: Kept) -> bytes:
    # Named tuples are lists in JSON, and floats come back as they went.
    return json.dumps(kept, default=sorted, separators=(",", ":")).encode()


def _loaded(text: bytes) -> Kept:
    at_head, (packed, extract) = json.loads(text)
    chunk, row, searched = packed
    places = [(place, found) for place, found in searched]
    return Kept(tuple(at_head), Done(PackedPrompt(chunk, row, places), _extract(*extract)))


def _extract(*values: Any) -> Extract:
    found = Extract(*map(_tuples, values))
    return found._replace(
        alerts=tuple(_alert(*each) for each in found.alerts),
        labels=tuple(LabelRow(*each) for each in found.labels),
        metrics=frozenset(found.metrics),
        line=_line(*found.line),
    )


def _line(*values: Any) -> PromptLine:
    found = PromptLine(*values)
    return found._replace(releases=tuple(ReleaseLine(*each) for each in found.releases))


def _alert(*values: Any) -> Alert:
    found = Alert(*values)
    comparison = MetricComparison(*found.comparison)
    tests = tuple(ModelTest(*each) for each in comparison.tests)
    return found._replace(comparison=comparison._replace(tests=tests))


def _tuples(value: Any) -> Any:
    """Return JSON's lists as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
