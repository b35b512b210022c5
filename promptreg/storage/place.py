"""Where the table's files lie: a folder of this machine, or an object store behind deltalake."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

__all__ = ["Entry", "LocalPlace", "Place", "RemotePlace", "open_place"]

_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a listing shows it; size in bytes, time in seconds since 1970."""

    name: str
    size: int
    modified: float


class Place(Protocol):
    """What the upkeep of a table needs of the files in its folder; names are relative to it."""

    def shown(self, name: str) -> str:
        """Return a file's whole address, for people."""

    def size(self, name: str) -> int | None:
        """Return a file's size, None when there is no such file."""

    def listing(self, folder: str = "") -> list[Entry]:
        """Return the files directly in a folder, by name; none when there is no such folder."""

    def relation(
        self, connection: duckdb.DuckDBPyConnection, delta: DeltaTable, names: Collection[str]
    ) -> str | None:
        """Make files of the table readable by a connection and return the relation's name.

        None means that DuckDB reads them by their paths.
        """

    def fetch(self, name: str, folder: Path) -> Path:
        """Return a local path with a file's content, copied into a folder when it must be."""

    def put(self, local: Path, name: str) -> None:
        """Move a whole local file, already forced to the disk, to its place."""

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""

    def take(self, name: str, target: Path) -> None:
        """Move a file out of the table's folder to a local path."""

    def remove(self, name: str) -> None:
        """Delete a file, when it is there."""


@dataclass(frozen=True)
class LocalPlace:
    """A folder of this machine."""

    folder: Path

    def shown(self, name: str) -> str:
        """See `Place`."""
        return str(self.folder / name)

    def size(self, name: str) -> int | None:
        """See `Place`."""
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def listing(self, folder: str = "") -> list[Entry]:
        """See `Place`."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in sorted((self.folder / folder).iterdir()):
                # A file may be deleted while the listing runs.
                with contextlib.suppress(FileNotFoundError):
                    info = path.stat()
                    if path.is_file():
                        found.append(Entry(path.name, info.st_size, info.st_mtime))
        return found

    def relation(
        self, connection: duckdb.DuckDBPyConnection, delta: DeltaTable, names: Collection[str]
    ) -> str | None:
        """See `Place`."""
        del connection, delta, names
        return None

    def fetch(self, name: str, folder: Path) -> Path:
        """See `Place`."""
        del folder
        return self.folder / name

    def put(self, local: Path, name: str) -> None:
        """See `Place`."""
        local.rename(self.folder / name)

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        target = self.folder / name
        temporary = target.with_name(f".{target.name}.tmp")
        temporary.write_bytes(data)
        temporary.rename(target)

    def take(self, name: str, target: Path) -> None:
        """See `Place`."""
        # The quarantine may be on another disk than the table.
        shutil.move(self.folder / name, target)

    def remove(self, name: str) -> None:
        """See `Place`."""
        (self.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class RemotePlace:
    """An object store, reached as deltalake reaches it, with the same options.

    Attributes:
        location: The table's URL.
        options: What deltalake needs to reach it.
    """

    location: str
    options: dict[str, str] | None

    @cached_property
    def _files(self) -> Any:
        import pyarrow as pa
        from deltalake.fs import DeltaStorageHandler
        from pyarrow import fs

        class Handler(DeltaStorageHandler):
            """Writes what pyarrow hands over; deltalake's own takes nothing but bytes."""

            def open_output_stream(self, path: str, metadata: Any = None) -> Any:
                return pa.PythonFile(
                    _Stream(self._handler.open_output_stream(path, metadata)), mode="w"
                )

        return fs.PyFileSystem(Handler(self.location, self.options))

    def shown(self, name: str) -> str:
        """See `Place`."""
        return f"{self.location}/{name}"

    def size(self, name: str) -> int | None:
        """See `Place`."""
        info = self._files.get_file_info(name)
        return info.size if info.is_file else None

    def listing(self, folder: str = "") -> list[Entry]:
        """See `Place`."""
        from pyarrow.fs import FileSelector

        infos = self._files.get_file_info(FileSelector(folder, allow_not_found=True))
        return sorted(
            (
                Entry(info.base_name, info.size, info.mtime.timestamp())
                for info in infos
                if info.is_file
            ),
            key=lambda entry: entry.name,
        )

    def relation(
        self, connection: duckdb.DuckDBPyConnection, delta: DeltaTable, names: Collection[str]
    ) -> str | None:
        """See `Place`."""
        from pyarrow.dataset import FileSystemDataset

        # deltalake's own dataset knows the schema, which files of other releases may lack parts of.
        whole = delta.to_pyarrow_dataset()
        chosen = [part for part in whole.get_fragments() if part.path in names]
        some = FileSystemDataset(chosen, whole.schema, whole.format, whole.filesystem)
        connection.register("chosen_rows", some)
        return "chosen_rows"

    def fetch(self, name: str, folder: Path) -> Path:
        """See `Place`."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        with self._files.open_input_file(name) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, _CHUNK)
        return target

    def put(self, local: Path, name: str) -> None:
        """See `Place`."""
        with local.open("rb") as source, self._files.open_output_stream(name) as target:
            shutil.copyfileobj(source, target, _CHUNK)
        local.unlink()

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        with self._files.open_output_stream(name) as target:
            target.write(data)

    def take(self, name: str, target: Path) -> None:
        """See `Place`."""
        self.fetch(name, target.parent).rename(target)
        self.remove(name)

    def remove(self, name: str) -> None:
        """See `Place`."""
        with contextlib.suppress(FileNotFoundError):
            self._files.delete_file(name)


class _Stream:
    """A file object that turns Arrow's buffers into bytes."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.closed = False

    def write(self, data: Any) -> Any:
        return self._raw.write(bytes(data))

    def flush(self) -> None:
        self._raw.flush()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._raw.close()


def open_place(location: str, options: dict[str, str] | None) -> Place:
    """Return the place of a table.

    Args:
        location: A folder or an object store's URL.
        options: What deltalake needs to reach an object store.
    """
    if "://" in location:
        return RemotePlace(location, options)
    return LocalPlace(Path(location))
