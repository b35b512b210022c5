"""Files in the table's folder that no commit names: what a killed process left, or a lost commit.

A process that is killed between writing a file and committing it leaves a file whose rows are all
elsewhere: in the segment they came from, or in the files they were merged from. A file with rows
that no answer has is another matter: its commit was deleted, or somebody copied it here, or its
rows were purged since. Nothing in the file tells which, so nothing is deleted and nothing is put
back without being asked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.storage.engine import one_line
from promptreg.storage.quarantine import file_sql

if TYPE_CHECKING:
    from promptreg.storage.place import Entry
    from promptreg.storage.store import Store

__all__ = ["Leftover", "find_leftovers", "uncommitted"]

_MIN_SECONDS = 3600
_KEYS = "ts, prompt, version, run_id, case_id, unit, model, input_tokens, output_tokens, latency_ms"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A Parquet file that no commit names.

    Attributes:
        name: Its name in the table's folder.
        rows: Its rows, None when it cannot be read.
        missing: How many of them no answer has.
        fault: Why it cannot be read.
    """

    name: str
    rows: int | None = None
    missing: int = 0
    fault: str | None = None

    @property
    def detail(self) -> str:
        """One line that says what it is."""
        if self.rows is None:
            return f"in no commit, and unreadable: {self.fault}"
        if not self.missing:
            return f"in no commit; all of its {self.rows:,} rows are in the store"
        return (
            f"in no commit, and {self.missing:,} of its {self.rows:,} rows are in no answer: "
            "its commit was lost, or they were purged"
        )


def uncommitted(store: Store) -> list[Entry]:
    """Return the Parquet files older than an hour that no commit names, the purged ones included.

    A younger one may be on its way into a commit.
    """
    known = {part.path for part in store.table.parts()} | store.table.replaced()
    return [
        entry
        for entry in store.table.place.listing()
        if entry.name.endswith(".parquet")
        and not entry.name.startswith((".", "_"))
        and entry.name not in known
        and time.time() - entry.modified > _MIN_SECONDS
    ]


def find_leftovers(store: Store) -> Iterator[Leftover]:
    """Look into every file that no commit names."""
    entries = uncommitted(store)
    if not entries:
        return
    with tempfile.TemporaryDirectory() as folder:
        for entry in entries:
            yield _judge(store, entry.name, store.table.place.fetch(entry.name, Path(folder)))


def _judge(store: Store, name: str, path: Path) -> Leftover:
    """Count the rows of a file, and those that the store lacks."""
    import duckdb

    connection = store.refresh()
    try:
        source = file_sql(connection, path)
        ((rows, first, last),) = connection.execute(
            f"SELECT count(*), min(ts), max(ts) FROM ({source})"  # noqa: S608 - a path of ours
        ).fetchall()
        ((missing,),) = connection.execute(
            f"SELECT count(*) FROM (SELECT {_KEYS} FROM ({source}) EXCEPT ALL "  # noqa: S608
            f"SELECT {_KEYS} FROM calls WHERE ts BETWEEN ? AND ?)",
            [first, last],
        ).fetchall()
    except duckdb.Error as error:
        return Leftover(name, fault=one_line(error))
    return Leftover(name, rows, missing)
