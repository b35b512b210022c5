"""The doctor: finds what is damaged, foreign or left over, and sets damaged files aside."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from promptreg.errors import MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.metrics.wal import is_segment_name
from promptreg.storage.decode import decode_lines
from promptreg.storage.engine import connect, one_line
from promptreg.storage.rewrite import exclusive
from promptreg.storage.segments import is_alive, list_segments, split_lines, sync_file
from promptreg.storage.status import count_quarantined

if TYPE_CHECKING:
    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["Complaint", "diagnose", "set_aside", "settle"]

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint")
_ORPHAN_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong.

    Attributes:
        kind: What it is; damaged and missing parts keep the store from being read.
        path: The file, as text.
        detail: One line.
        part: The file's place in the table, when `set_aside` can take it out.
    """

    kind: Literal[
        "damaged-part",
        "missing-part",
        "damaged-log",
        "orphan",
        "foreign",
        "bad-lines",
        "torn",
        "quarantined",
        "newer-release",
    ]
    path: str
    detail: str
    part: Part | None = None

    @property
    def is_serious(self) -> bool:
        """Whether rows are missing from every answer or answers fail."""
        return self.kind in {"damaged-part", "missing-part", "damaged-log"}


def diagnose(store: Store, progress: Callable[[int, int], None] | None = None) -> list[Complaint]:
    """Read everything once and report what is wrong; change nothing.

    Args:
        store: The store.
        progress: Called with the files done and their number.
    """
    found = [*_check_segments(store), *_check_quarantine(store)]
    if not store.table.is_local:
        return found
    found.extend(_check_log(store))
    if any(complaint.kind == "damaged-log" for complaint in found):
        return found
    store.table.refresh()
    found.extend(_check_parts(store, progress))
    found.extend(_check_leftovers(store))
    unknown = [name for name in store.table.column_names() if name not in NAMES]
    if unknown:
        detail = f"a newer promptreg wrote the columns {', '.join(unknown)}; this one hides them"
        found.append(Complaint("newer-release", store.table.location, detail))
    return found


def set_aside(store: Store, complaints: list[Complaint]) -> int:
    """Take damaged and missing parts out of the table; damaged files go to the quarantine.

    Returns:
        How many parts were taken out.

    Raises:
        ConflictError: Another process rewrites the same files.
    """
    parts = [complaint.part for complaint in complaints if complaint.part is not None]
    if not parts:
        return 0
    with exclusive(store):
        store.table.refresh()
        store.table.replace(parts, [], changes_data=True)
        store.quarantine.mkdir(parents=True, exist_ok=True)
        for part in parts:
            path = Path(store.table.location, part.path)
            if path.exists():
                path.rename(store.quarantine / path.name)
        sync_file(store.quarantine)
    return len(parts)


def settle(store: Store, complaints: list[Complaint]) -> int:
    """Delete files that a killed process left without a commit; return how many.

    Their rows are still in the segment they came from, or in the files they were merged from.
    """
    count = 0
    with exclusive(store):
        for complaint in complaints:
            if complaint.kind == "orphan":
                with contextlib.suppress(FileNotFoundError):
                    Path(complaint.path).unlink()
                    count += 1
    return count


def _check_segments(store: Store) -> Iterator[Complaint]:
    for segment in list_segments(store.wal):
        try:
            content = segment.path.read_bytes()
        except FileNotFoundError:
            continue
        lines, torn = split_lines(content)
        if bad := decode_lines(lines).bad:
            first = f"line {bad[0].number}: {bad[0].reason}"
            detail = f"{len(bad)} of {len(lines)} lines are no rows; {first}"
            yield Complaint("bad-lines", str(segment.path), detail)
        if torn and not is_alive(segment):
            detail = f"{len(torn)} bytes of a row that was never acknowledged"
            yield Complaint("torn", str(segment.path), detail)
    if store.wal.is_dir():
        for path in sorted(store.wal.iterdir()):
            if not is_segment_name(path.name) and not path.name.startswith("."):
                yield Complaint("foreign", str(path), "no segment of promptreg; it is ignored")


def _check_quarantine(store: Store) -> Iterator[Complaint]:
    if count := count_quarantined(store):
        yield Complaint("quarantined", str(store.quarantine), f"{count} lines that are no rows")


def _check_log(store: Store) -> Iterator[Complaint]:
    log = Path(store.table.location, "_delta_log")
    if not log.is_dir():
        return
    names = [path.name for path in log.iterdir()]
    commits = sorted(int(match[1]) for name in names if (match := _COMMIT.match(name)))
    checkpoints = [int(match[1]) for name in names if (match := _CHECKPOINT.match(name))]
    start = max(checkpoints, default=0)
    have = set(commits)
    for version in range(start, max(commits, default=start)):
        if version not in have and version not in checkpoints:
            detail = "the commit is missing: restore the file from a backup"
            yield Complaint("damaged-log", str(log / f"{version:020}.json"), detail)
            return
    try:
        store.table.reopen()
    except MetricsError as error:
        yield Complaint("damaged-log", str(log), error.message)


def _check_parts(store: Store, progress: Callable[[int, int], None] | None) -> Iterator[Complaint]:
    parts = store.table.parts()
    connection = connect()
    try:
        for number, part in enumerate(parts, 1):
            path = Path(store.table.location, part.path)
            if not path.exists():
                yield Complaint("missing-part", str(path), f"{part.rows:,} rows are gone", part)
            elif (fault := _read_fault(connection, path, part.rows)) is not None:
                yield Complaint("damaged-part", str(path), fault, part)
            if progress is not None:
                progress(number, len(parts))
    finally:
        connection.close()


def _read_fault(connection: object, path: Path, rows: int) -> str | None:
    """Return what is wrong with a file when every value in it is read, None when nothing is."""
    import duckdb

    quoted = str(path).replace("'", "''")
    try:
        # A hash needs every value of every column; the footer alone would hide a damaged page.
        ((count, _),) = connection.execute(  # type: ignore[attr-defined]
            f"SELECT count(*), bit_xor(hash(part)) FROM read_parquet('{quoted}') AS part"  # noqa: S608 - a path of ours
        ).fetchall()
    except duckdb.Error as error:
        return one_line(error)
    return None if not rows or count == rows else f"holds {count:,} rows instead of {rows:,}"


def _check_leftovers(store: Store) -> Iterator[Complaint]:
    folder = Path(store.table.location)
    if not folder.is_dir():
        return
    known = {part.path for part in store.table.parts()} | store.table.replaced()
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name in known:
            continue
        if path.suffix != ".parquet":
            yield Complaint("foreign", str(path), "no file of the table; it is ignored")
        elif time.time() - path.stat().st_mtime > _ORPHAN_SECONDS:
            yield Complaint("orphan", str(path), "in no commit: a process was killed before it")
