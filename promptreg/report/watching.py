"""Builds a report again when the registry or its metrics change."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING

from promptreg.errors import PromptregError
from promptreg.history.yanked import yanked_path

if TYPE_CHECKING:
    from promptreg.metrics import Metrics
    from promptreg.registry import Registry

__all__ = ["fingerprint", "follow", "registry_state", "store_state"]

POLL_SECONDS = 1.0
QUIET_SECONDS = 0.25
MOST_LOOKS = 20
"""An application that logs all the time is not waited for longer than so many looks."""
LONGEST_REST = 300.0
RETRY_SECONDS = 30.0
RESTS_A_LOOK = 9
"""So many times as long as a look took nobody looks again."""

_STORE_SUFFIXES = (".jsonl", ".parquet", ".json")
_CONFIGURATION = ("promptreg.toml", "pyproject.toml")


def fingerprint(registry: Registry) -> str:
    """Return a text that changes whenever a report of the registry would.

    Args:
        registry: The registry; its refs, HEAD, configuration and metrics files are looked at. Of
            a store on an object store only what this machine has not shipped can be seen.
    """
    return f"{registry_state(registry)} {_digest(_store_states(registry.metrics))}"


def registry_state(registry: Registry) -> str:
    """Return a text that changes whenever refs, HEAD or the configuration do, and back again."""
    return _digest(_registry_states(registry))


def store_state(metrics: Metrics) -> str | None:
    """Return a text that changes whenever a store does; None where that cannot be seen from here.

    Sealed files never change, others only grow.
    """
    return None if "://" in str(metrics.location) else _digest(_store_states(metrics))


def _digest(states: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for state in states:
        digest.update(state.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _registry_states(registry: Registry) -> Iterator[str]:
    paths = registry.repository.paths
    # The remote's address makes links, and what a shallow clone lacks may be fetched.
    shared = (paths.common_dir / name for name in ("packed-refs", "config", "shallow"))
    # A version is deleted by who writes so, before it is committed.
    yanked = yanked_path(registry.config.root)
    own = (registry.root / name for name in (*_CONFIGURATION, yanked))
    for path in (paths.git_dir / "HEAD", *shared, *own):
        with suppress(FileNotFoundError):
            yield _state(str(path), path.stat())
    for entry in _below(f"{paths.common_dir}/refs"):
        with suppress(FileNotFoundError):
            yield _state(entry.path, entry.stat())


def _store_states(metrics: Metrics) -> Iterator[str]:
    for folder in dict.fromkeys((str(metrics.wal), str(metrics.location))):
        for entry in _below(folder):
            if entry.name.endswith(_STORE_SUFFIXES):
                with suppress(FileNotFoundError):
                    yield _state(entry.path, entry.stat())


def _state(path: str, status: os.stat_result) -> str:
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}\0{status.st_ino}\n"


def _below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Yield all that is below a folder, in half the time that pathlib takes for many loose refs."""
    try:
        entries = sorted(os.scandir(folder), key=attrgetter("name"))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)


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

    What fails is told and tried again when something changes, or after a while: a configuration
    that is being edited, a repository in the middle of a rebase or a full disk ends nothing.

    Args:
        look: Returns a text that changes when a build is wanted.
        build: Builds the report.
        known: What `look` returned before the first build.
        on_error: Told of a build that failed, once for each reason.
        wait: Lets some seconds pass.
        clock: Tells the seconds.
    """
    took = failed = 0.0
    trouble = ""
    while True:
        # A hundred thousand loose refs are a second's work.
        wait(max(POLL_SECONDS, RESTS_A_LOOK * took))
        start = clock()
        state = _seen(look)
        took = clock() - start
        is_due = trouble and clock() - failed >= RETRY_SECONDS
        if state == known and not is_due:
            continue
        before, known = known, _rested(look, state, wait)
        start = clock()
        try:
            build()
            trouble = ""
        except (PromptregError, OSError) as error:
            if trouble != str(error) or state != before:
                on_error(error)
            trouble, failed = str(error), clock()
        # Rows that never stop coming must not keep a processor busy for ever.
        wait(min(clock() - start, LONGEST_REST))


def _seen(look: Callable[[], str]) -> str:
    try:
        return look()
    except (PromptregError, OSError) as error:
        # The build will say the same, to whom it concerns.
        return f"error: {error}"


def _rested(look: Callable[[], str], state: str, wait: Callable[[float], object]) -> str:
    """Return the state once two looks find the same: a fetch moves many refs, one by one."""
    for _ in range(MOST_LOOKS):
        wait(QUIET_SECONDS)
        before, state = state, _seen(look)
        if state == before:
            break
    return state
