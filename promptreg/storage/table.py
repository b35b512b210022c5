"""The Delta Lake table `calls`: open, append exactly once, replace files, vacuum."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from promptreg.errors import ConflictError, MetricsError
from promptreg.metrics.columns import NAMES
from promptreg.storage.damage import naming_damage, refuse_read_only, unwritable
from promptreg.storage.mark import Mark
from promptreg.storage.place import open_place
from promptreg.storage.schema import STATISTICS_COLUMNS, arrow_schema
from promptreg.storage.segments import sync_file
from promptreg.values import dataclass

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

__all__ = ["Part", "Table"]

_TRIES = 50
_CONFIGURATION = {
    "delta.dataSkippingStatsColumns": ",".join(STATISTICS_COLUMNS),
    # Replaced files live on for an hour, so that a reader with an older list never misses one.
    "delta.deletedFileRetentionDuration": "interval 1 hours",
    "delta.setTransactionRetentionDuration": "interval 90 days",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of the table; size in bytes, `last` the latest `ts` in it when known."""

    path: str
    size: int
    rows: int
    last: datetime | None = None


class Table:
    """The table in `<store>/calls`; one object per process, not shared between threads.

    Args:
        location: A folder or an object store's URL.
        storage_options: What deltalake needs to reach an object store.
    """

    def __init__(self, location: str, storage_options: dict[str, str] | None = None) -> None:
        self.location = location
        self.is_local = "://" not in location
        self.place = open_place(location, storage_options)
        self._options = storage_options
        # On an object store others commit too, from where no file of this machine could be seen.
        self._mark = Mark(Path(location).parent / "newest-commit") if self.is_local else None
        self._delta: DeltaTable | None = None
        self._parts: list[Part] | None = None

    @property
    def version(self) -> int:
        """Number of the commit this object sees, -1 before the first."""
        return -1 if self._delta is None else self._delta.version()

    def refresh(self) -> bool:
        """See the newest commit; tell whether anything changed.

        Raises:
            MetricsError: The commit log is damaged.
        """
        if self._delta is not None and self.is_local and self._is_current():
            return False
        before = self.version
        if self._delta is not None and (not self.is_local or self._log_file(before).exists()):
            with naming_damage(self.location):
                self._delta.update_incremental()
        else:
            self._delta = self._open()
        if self.version == before:
            return False
        self._parts = None
        return True

    def reopen(self) -> None:
        """Read the whole log again.

        Raises:
            MetricsError: The commit log is damaged.
        """
        self._delta = self._open()
        self._parts = None

    def replaced(self) -> set[str]:
        """Return the names of files that were replaced and not yet deleted."""
        if self._delta is None:
            return set()
        return set(
            self._delta.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False)
        )

    def _is_current(self) -> bool:
        # Two stats instead of listing the log: a reader asks this before every query.
        version = self.version
        return not self._log_file(version + 1).exists() and self._log_file(version).exists()

    def _log_file(self, version: int) -> Path:
        return Path(self.location, "_delta_log", f"{version:020}.json")

    def _open(self) -> DeltaTable | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        if self.is_local and not Path(self.location, "_delta_log").is_dir():
            return None
        # Read before the log: a commit that is made in between must not look like a missing one.
        known = self.noted
        try:
            with naming_damage(self.location):
                found = DeltaTable(self.location, storage_options=self._options)
        except TableNotFoundError:
            return None
        if found.version() < known:
            raise MetricsError(
                f"the commit log of {self.location} ends at {found.version()}, but commit {known} "
                "was written: it is missing, and its rows with it",
                fix="restore the file from a backup, or see promptreg metrics doctor",
            )
        return found

    def require(self) -> DeltaTable:
        """Return the table, made when it does not exist yet."""
        from deltalake import CommitProperties, DeltaTable
        from deltalake.exceptions import CommitFailedError

        if self._delta is None:
            self.refresh()
        if self._delta is None:
            if self.is_local:
                Path(self.location).mkdir(parents=True, exist_ok=True)
            # "ignore" only looks first; another process may make the table between that and our
            # commit, which deltalake would then try to be the second one.
            with contextlib.suppress(CommitFailedError):
                DeltaTable.create(
                    self.location,
                    schema=arrow_schema(),
                    mode="ignore",
                    name="promptreg calls",
                    configuration=_CONFIGURATION,
                    storage_options=self._options,
                    commit_properties=CommitProperties(max_commit_retries=0),
                )
            self._delta = DeltaTable(self.location, storage_options=self._options)
            self._parts = None
            self.note()
        return self._delta

    def parts(self) -> list[Part]:
        """Return the files of the commit this object sees."""
        if self._parts is None:
            self._parts = [] if self._delta is None else _read_parts(self._delta)
        return self._parts

    def uris(self) -> list[str]:
        """Return where the files lie, as absolute paths or URLs."""
        uris = [] if self._delta is None else self._delta.file_uris()
        # deltalake writes paths on a disk with escapes too, such as %C3%BC.
        return [unquote(uri) for uri in uris] if self.is_local else uris

    def relation(
        self, connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]
    ) -> tuple[list[str], str | None]:
        """Return some files, and their relation when DuckDB cannot read them by their paths."""
        names = {part.path for part in parts}
        relation = self.place.relation(connection, self.require(), names)
        return [self.place.shown(part.path) for part in parts], relation

    def dataset(self) -> Any:
        """Return the files as an Arrow dataset that reads through deltalake's object stores."""
        return self.require().to_pyarrow_dataset()

    def column_names(self) -> tuple[str, ...]:
        """Return the columns the table has, which another release may have made."""
        if self._delta is None:
            return NAMES
        return tuple(field.name for field in self._delta.schema().fields)

    def holds(self, transaction: str) -> bool:
        """Tell whether an application transaction, such as a segment, is already committed."""
        return self._delta is not None and self._delta.transaction_version(transaction) is not None

    def append(self, rows: pa.Table, transactions: Sequence[str]) -> None:
        """Append rows in one commit that also records the transactions.

        Args:
            rows: In the full schema.
            transactions: Ids that no other commit may carry; the caller has checked `holds`.

        Raises:
            ConflictError: Another process committed one of the transactions meanwhile.
        """
        from deltalake import CommitProperties, Transaction, WriterProperties, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        refuse_read_only(self.location)
        seen = self._delta
        delta = self.require()
        # The caller looked into a table that was not there yet.
        if seen is None and any(self.holds(name) for name in transactions):
            raise ConflictError("another process added the same rows", fix="run it again")
        before = self.version
        now = int(time.time() * 1000)
        differs = {field.name for field in delta.schema().fields} != set(rows.column_names)
        try:
            write_deltalake(
                delta,
                rows,
                mode="append",
                schema_mode="merge" if differs else None,
                writer_properties=WriterProperties(
                    compression="ZSTD", compression_level=3, max_row_group_size=122_880
                ),
                commit_properties=CommitProperties(
                    app_transactions=[Transaction(name, 1, now) for name in transactions],
                    max_commit_retries=_TRIES,
                ),
            )
        except CommitFailedError as error:
            self.reopen()
            raise ConflictError(f"another process sealed the same rows: {error}") from error
        except DeltaError as error:
            raise unwritable(self.location, error) from error
        self._parts = None
        self._sync(before)
        self.note()

    @property
    def noted(self) -> int:
        """The newest commit that was ever noted, -1 when none was."""
        return -1 if self._mark is None else self._mark.read()

    def note(self) -> None:
        """Note the commit this object sees as the newest known one."""
        if self._mark is not None:
            self._mark.write(self.version)

    def forget(self) -> None:
        """Take the log as it is, although its newest commit is missing."""
        if self._mark is not None:
            self._mark.path.unlink(missing_ok=True)
        self.reopen()
        name = f"_delta_log/{self.version:020}.json"
        if self.version >= 0 and self.place.size(name) is None:
            # A checkpoint has all that the commit said, but the next commit wants its file.
            note = {"commitInfo": {"operation": "RESTORED", "engineInfo": "promptreg doctor"}}
            self.place.write(name, json.dumps(note).encode() + b"\n")
            self.reopen()
        self.note()

    def _sync(self, before: int) -> None:
        """Force the commits after one, and the files they add, to the disk."""
        if not self.is_local:
            return
        for version in range(before + 1, self.version + 1):
            log = self._log_file(version)
            for action in _actions(log):
                if "add" in action:
                    # A compaction and its vacuum, or a purge, may already have replaced it.
                    with contextlib.suppress(FileNotFoundError):
                        sync_file(Path(self.location, action["add"]["path"]))
            sync_file(log)
        sync_file(Path(self.location))
        sync_file(Path(self.location, "_delta_log"))

    def replace(self, old: Sequence[Part], new: Sequence[AddAction], *, changes_data: bool) -> None:
        """Replace files by others in one commit, or fail and change nothing.

        deltalake's own check lets two rewrites of the same files both commit, which would double
        every row. So each try is made at exactly the next version, and only while all the old
        files are still part of the table.

        Args:
            old: Files to take out.
            new: Files to put in, already on the disk.
            changes_data: False for a compaction, which other readers of the log may skip.

        Raises:
            ConflictError: Somebody else replaced one of the files first.
        """
        from deltalake import CommitProperties
        from deltalake.exceptions import CommitFailedError, DeltaError

        gone = {part.path for part in old}
        actions: list[AddAction | RemoveAction] = [*_removals(old, changes_data), *new]
        for _ in range(_TRIES):
            delta = self.require()
            if not gone <= {part.path for part in self.parts()}:
                raise ConflictError("another process rewrote the same files", fix="run it again")
            before = self.version
            try:
                delta.create_write_transaction(
                    actions,
                    "append",
                    delta.schema(),
                    commit_properties=CommitProperties(max_commit_retries=0),
                )
            except CommitFailedError:
                self.reopen()
                continue
            except DeltaError as error:
                raise unwritable(self.location, error) from error
            self.reopen()
            self._sync(before)
            self.note()
            return
        raise ConflictError("the table is too busy to rewrite", fix="run it again")

    def vacuum(self, *, grace_hours: int, dry_run: bool = False) -> list[str]:
        """Delete replaced files older than the grace time; return their paths."""
        if self._delta is None:
            return []
        removed = self._delta.vacuum(
            retention_hours=grace_hours, dry_run=True, enforce_retention_duration=False
        )
        # Every real vacuum adds two commits to the log, even one that finds nothing to delete.
        if removed and not dry_run:
            self._delta.vacuum(
                retention_hours=grace_hours, dry_run=False, enforce_retention_duration=False
            )
            self.reopen()
            self.note()
        return removed

    def checkpoint(self) -> None:
        """Write a checkpoint, so that opening the table reads one file instead of each commit."""
        if self._delta is not None:
            self._delta.create_checkpoint()


def _read_parts(delta: DeltaTable) -> list[Part]:
    actions = delta.get_add_actions(flatten=True)
    names = actions.schema.names

    def column(name: str) -> list[Any]:
        if name not in names:
            return [None] * actions.num_rows
        values: Any = actions.column(name)
        return [value.as_py() for value in values]

    rows = zip(
        column("path"), column("size_bytes"), column("num_records"), column("max.ts"), strict=True
    )
    return [Part(path, size, count or 0, last) for path, size, count, last in rows]


def _removals(parts: Sequence[Part], changes_data: bool) -> Iterator[RemoveAction]:  # noqa: FBT001
    from deltalake.transaction import RemoveAction

    now = int(time.time() * 1000)
    return (RemoveAction(part.path, changes_data, now, part.size, {}) for part in parts)


def _actions(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines() if line]
