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
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report.assembly import Extract
from promptreg.report.brief import PromptLine, ReleaseLine
from promptreg.report.desk import Done
from promptreg.report.html import PackedPrompt
from promptreg.report.lines import PackedLine
from promptreg.report.model import Alert, LabelRow, MetricComparison, ModelTest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptreg.registry import Registry

__all__ = ["Cache", "Kept", "open_cache", "report_folder"]

MOST_BYTES = 256_000_000
"""Six reports of 1,000 prompts with 100 versions; what was not asked for longest goes first."""
OTHER_STATES = 3
"""So many of a prompt lie beside that of the last report, for one of another branch or time."""
_SUFFIX = ".prompt"
# What the answers of the store, templates and files are read by.
_LIBRARIES = frozenset(
    {
        "deltalake",
        "duckdb",
        "jinja2",
        "pyarrow",
        "pygit2",
        "ruamel.yaml",
        "ruamel.yaml.clib",
        "semver",
    }
)
_INSTALLED = {".dist-info", ".egg-info"}


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

    def read(self, name: str, state: str) -> Kept | None:
        """Return a prompt as it was finished from a state, None where it was not.

        Args:
            name: The prompt's name.
            state: All it is finished from.
        """
        path = self._path(name, state)
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
            return _loaded(text)
        except (RecursionError, TypeError, ValueError):
            return None

    def write(self, name: str, state: str, kept: Kept) -> None:
        """Keep a finished prompt, where that is possible.

        Args:
            name: The prompt's name.
            state: All it was finished from.
            kept: The prompt.
        """
        path = self._path(name, state)
        text = _dumped(kept)
        # Not by `tempfile`, whose files only their owner may read: others may share the clone.
        new = self._folder / f".{os.urandom(8).hex()}{_SUFFIX}"
        # Read-only repositories and full disks get their report as well, only slower.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with new.open("xb") as file:
                    file.write(f"{_sign(text)}\n".encode() + text)
                new.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    new.unlink()
                raise

    def tidy(self, states: Iterable[tuple[str, str]]) -> None:
        """Remove older states of prompts, and where more lies here than should the oldest of all.

        Args:
            states: Name and state of the prompts of the last report; none of them goes.
        """
        wanted = {self._path(name, state).name for name, state in states}
        size = needed = 0
        others = []
        # Whoever made a link of the folder did not mean that other files in it should go.
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            for entry in found:
                if not entry.name.endswith(_SUFFIX):
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    size += status.st_size
                    if entry.name in wanted:
                        needed += status.st_size
                    else:
                        others.append((status.st_mtime_ns, status.st_size, entry.name))
        later = Counter(_prompt_of(name) for *_, name in others)
        for _, own, name in sorted(others):
            prompt = _prompt_of(name)
            is_old = later[prompt] > OTHER_STATES
            if is_old or size > max(self._most_bytes, 2 * needed):
                later[prompt] -= 1
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()
                    size -= own

    def _path(self, name: str, state: str) -> Path:
        return self._folder / f"{_digest(name)[:16]}-{_digest(self._maker, state)[:32]}{_SUFFIX}"


def _prompt_of(file: str) -> str:
    """Return what the names of all files of a prompt begin with; nothing for a half-written one."""
    return file.rpartition("-")[0]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


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

    An editable installation changes without a new version, so the code itself counts. The last
    digits of figures are the processor's, and what is compressed is as zlib likes it.
    """
    digest = hashlib.sha256()
    for part in (sys.version, os.uname().machine, zlib.ZLIB_RUNTIME_VERSION, *_libraries()):
        digest.update(f"{part}\n".encode())
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        # An editor's link to nowhere is called like code, too.
        with contextlib.suppress(OSError):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _libraries() -> list[str]:
    """Return what is installed of the libraries, in which version.

    The names of their folders tell in a tenth of the time that `importlib.metadata` takes.
    """
    found = set()
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for path in Path(folder).iterdir():
                library = path.name.partition("-")[0].replace("_", ".")
                if path.suffix in _INSTALLED and library in _LIBRARIES:
                    found.add(path.name)
    return sorted(found)


def _sign(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _dumped(kept: Kept) -> bytes:
    # Named tuples are lists in JSON, and floats come back as they went.
    return json.dumps(kept, default=sorted, separators=(",", ":")).encode()


def _loaded(text: bytes) -> Kept:
    at_head, (packed, extract) = json.loads(text)
    return Kept(tuple(at_head), Done(_packed(*packed), _extract(*extract)))


def _packed(chunk: str, *others: Any) -> PackedPrompt | PackedLine:
    if not others:
        return PackedLine(chunk)
    row, searched = others
    return PackedPrompt(chunk, row, [(place, found) for place, found in searched])


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
