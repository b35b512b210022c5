"""Builds a report again when the registry or its metrics change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.errors import PromptregError

if TYPE_CHECKING:
    from promptreg.metrics import Metrics
    from promptreg.registry import Registry

__all__ = ["fingerprint", "follow", "registry_state", "store_state"]

POLL_SECONDS = 1.0
QUIET_SECONDS = 0.25
MOST_LOOKS = 20
"""An application that logs all the time is not waited for longer than so many looks."""
LONGEST_REST = 300.0

_STORE_SUFFIXES = frozenset({".jsonl", ".parquet", ".json"})
_CONFIGURATION = ("promptreg.toml", "pyproject.toml")


def fingerprint(registry: Registry) -> str:
    """Return a text that changes whenever a report of the registry would.

    Args:
        registry: The registry; its refs, HEAD, configuration and metrics files are looked at. Of
            a store on an object store only what this machine has not shipped can be seen.
    """
    return f"{registry_state(registry)} {_state_of(_store_files(registry.metrics))}"


def registry_state(registry: Registry) -> str:
    """Return a text that changes whenever refs, HEAD or the configuration do, and back again."""
    return _state_of(_registry_files(registry))


def store_state(metrics: Metrics) -> str | None:
    """Return a text that changes whenever a store does; None where that cannot be seen from here.

    Sealed files never change, others only grow.
    """
    return None if "://" in str(metrics.location) else _state_of(_store_files(metrics))


def _state_of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        digest.update(f"{path}\0{state.st_mtime_ns}\0{state.st_size}\n".encode())
    return digest.hexdigest()


def _registry_files(registry: Registry) -> Iterator[Path]:
    paths = registry.repository.paths
    yield paths.git_dir / "HEAD"
    # The remote's address makes links, and what a shallow clone lacks may be fetched.
    yield from (paths.common_dir / name for name in ("packed-refs", "config", "shallow"))
    yield from _below(paths.common_dir / "refs")
    yield from (registry.root / name for name in _CONFIGURATION)


def _store_files(metrics: Metrics) -> Iterator[Path]:
    for folder in dict.fromkeys((metrics.wal, Path(metrics.location))):
        yield from (path for path in _below(folder) if path.suffix in _STORE_SUFFIXES)


def _below(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*"))


def follow(
    look: Callable[[], str],
    build: Callable[[], None],
    known: str,
    *,
    on_error: Callable[[Exception], object],
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Build again whenever something changed and came to rest, until interrupted.

    What fails is told and tried again when something changes: a configuration that is being edited
    or a repository in the middle of a rebase ends nothing.

    Args:
        look: Returns a text that changes when a build is wanted.
        build: Builds the report.
        known: What `look` returned before the first build.
        on_error: Told of a build that failed.
        wait: Lets some seconds pass.
        clock: Tells the seconds.
    """
    while True:
        wait(POLL_SECONDS)
        state = _state(look)
        if state == known:
            continue
        known = _rested(look, state, wait)
        start = clock()
        try:
            build()
        except (PromptregError, OSError) as error:
            on_error(error)
        # Rows that never stop coming must not keep a processor busy for ever.
        wait(min(clock() - start, LONGEST_REST))


def _state(look: Callable[[], str]) -> str:
    try:
        return look()
    except (PromptregError, OSError) as error:
        # The build will say the same, to whom it concerns.
        return f"error: {error}"


def _rested(look: Callable[[], str], state: str, wait: Callable[[float], object]) -> str:
    """Return the state once two looks find the same: a fetch moves many refs, one by one."""
    for _ in range(MOST_LOOKS):
        wait(QUIET_SECONDS)
        before, state = state, _state(look)
        if state == before:
            break
    return state
