"""The doctor: finds what is damaged, foreign or left over, and sets damaged files aside."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from promptreg.errors import MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.metrics.wal import is_segment_name
from promptreg.storage.decode import decode_lines
from promptreg.storage.engine import connect, one_line
from promptreg.storage.leftovers import find_leftovers
from promptreg.storage.quarantine import count_quarantined, keep_aside
from promptreg.storage.rewrite import exclusive
from promptreg.storage.segments import is_alive, list_segments, split_lines

if TYPE_CHECKING:
    from promptreg.storage.store import Store
    from promptreg.storage.table import Part

__all__ = ["Complaint", "diagnose", "set_aside", "settle"]

_COMMIT = re.compile(r"(\d{20})\.json\Z")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong.

    Attributes:
        kind: What it is; damaged and missing parts keep the store from being read.
        path: The file, as text.
        detail: One line.
        part: The file's place in the table, when `set_aside` can take it out.
        name: Its name in the table's folder, when `settle` can take it away.
    """

    kind: Literal[
        "damaged-part",
        "missing-part",
        "damaged-log",
        "lost-commit",
        "lost-rows",
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
    name: str | None = None

    @property
    def is_serious(self) -> bool:
        """Whether rows are missing from every answer or answers fail."""
        return self.kind in {
            "damaged-part",
            "missing-part",
            "damaged-log",
            "lost-commit",
            "lost-rows",
        }


def diagnose(store: Store, progress: Callable[[int, int], None] | None = None) -> list[Complaint]:
    """Read everything once and report what is wrong; change nothing.

    Args:
        store: The store.
        progress: Called with the files done and their number.
    """
    found = [*_check_segments(store), *_check_quarantine(store)]
    found.extend(_check_log(store))
    if any(complaint.kind in {"damaged-log", "lost-commit"} for complaint in found):
        return found
    store.table.refresh()
    damaged = list(_check_parts(store, progress))
    found.extend(damaged)
    # Left-overs are judged by what the table holds, which a damaged one cannot say.
    found.extend(_check_leftovers(store, is_readable=not damaged))
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
        for part in parts:
            if store.table.place.size(part.path) is not None:
                keep_aside(store, part.path, f"damaged; {part.rows:,} rows were in it")
    return len(parts)


def settle(store: Store, complaints: list[Complaint]) -> int:
    """Move files that no commit names into the quarantine; return how many."""
    count = 0
    with exclusive(store):
        for complaint in complaints:
            is_there = complaint.name and store.table.place.size(complaint.name) is not None
            if complaint.name and is_there:
                keep_aside(store, complaint.name, complaint.detail)
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
    place = store.table.place
    names = [entry.name for entry in place.listing("_delta_log")]
    if not names:
        return
    commits = sorted(int(match[1]) for name in names if (match := _COMMIT.match(name)))
    checkpoints = [int(match[1]) for name in names if (match := _CHECKPOINT.match(name))]
    start = max(checkpoints, default=0)
    have = set(commits)
    for version in range(start, max(commits, default=start)):
        if version not in have and version not in checkpoints:
            detail = "the commit is missing: restore the file from a backup"
            path = place.shown(f"_delta_log/{version:020}.json")
            yield Complaint("damaged-log", path, detail)
            return
    newest = max([*commits, *checkpoints], default=-1)
    if store.table.noted > newest:
        path = place.shown(f"_delta_log/{store.table.noted:020}.json")
        detail = f"the newest commit is missing, the log ends at {newest}: restore the file"
        yield Complaint("lost-commit", path, detail)
        return
    if newest >= 0 and newest not in have:
        path = place.shown(f"_delta_log/{newest:020}.json")
        detail = (
            "the newest commit is missing; its checkpoint has all rows, but nothing can be added"
        )
        yield Complaint("lost-commit", path, detail)
        return
    try:
        store.table.reopen()
    except MetricsError as error:
        yield Complaint("damaged-log", place.shown("_delta_log"), error.message)


def _check_parts(store: Store, progress: Callable[[int, int], None] | None) -> Iterator[Complaint]:
    place, parts = store.table.place, store.table.parts()
    connection = connect()
    try:
        for number, part in enumerate(parts, 1):
            shown = place.shown(part.path)
            if place.size(part.path) is None:
                yield Complaint("missing-part", shown, f"{part.rows:,} rows are gone", part)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    path = place.fetch(part.path, Path(folder))
                    fault = _read_fault(connection, path, part.rows)
                if fault is not None:
                    yield Complaint("damaged-part", shown, fault, part)
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


def _check_leftovers(store: Store, *, is_readable: bool) -> Iterator[Complaint]:
    place = store.table.place
    for entry in place.listing():
        if not entry.name.startswith((".", "_")) and not entry.name.endswith(".parquet"):
            detail = "no file of the table; it is ignored"
            yield Complaint("foreign", place.shown(entry.name), detail)
    if is_readable:
        for found in find_leftovers(store):
            kind: Literal["lost-rows", "orphan"] = "lost-rows" if found.missing else "orphan"
            yield Complaint(kind, place.shown(found.name), found.detail, name=found.name)
