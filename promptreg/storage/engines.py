"""Who answers questions about a store: DuckDB in this process, or Spark."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from promptreg.values import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

    from promptreg.config import SparkConfig
    from promptreg.storage.store import Store

__all__ = ["DuckEngine", "Engine", "Kept", "Rows", "open_engine"]


class Rows(Protocol):
    """Answers SQL."""

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a trusted query with rows of Python values."""

    def keep(
        self, name: str, query: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Kept]:
        """Give another answer a name; see `Engine.keep`."""


class Kept(Rows, Protocol):
    """Answers SQL within a block of `Engine.keep`."""

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Answer a trusted query with an Arrow table."""


class Engine(Protocol):
    """Answers SQL on the view `calls`, which has every row acknowledged before the question.

    The SQL is DuckDB's, with `?` or `$1` for parameters, whoever answers it.
    """

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a trusted query with rows of Python values."""

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Answer a trusted query with an Arrow table."""

    def select(self, query: str) -> pa.Table:
        """Answer anybody's query, which may be one SELECT on `calls` and reach nothing else."""

    def pin(self) -> AbstractContextManager[object]:
        """Answer every query of a block from the same snapshot."""

    def keep(
        self, name: str, query: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Kept]:
        """Give the answer to a trusted query a name that the queries of a block may select from.

        Every query of the block is answered from the same snapshot.
        """

    def close(self) -> None:
        """Free what the engine holds; the next question opens it again."""


@dataclass(frozen=True, slots=True)
class DuckEngine:
    """DuckDB, embedded in this process."""

    store: Store

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a trusted query with rows of Python values."""
        return self.store.sql(query, parameters)

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Answer a trusted query with an Arrow table."""
        return self.store.arrow(query, parameters)

    def select(self, query: str) -> pa.Table:
        """Answer anybody's query in a database of its own that can reach nothing else."""
        from promptreg.storage.query import select_locked

        return select_locked(self.store, query)

    def pin(self) -> AbstractContextManager[object]:
        """Answer every query of a block from the same snapshot."""
        return self.store.pin()

    def keep(
        self, name: str, query: str, parameters: Sequence[Any] = ()
    ) -> AbstractContextManager[Kept]:
        """Give the answer to a trusted query a name: it is computed once and held meanwhile."""
        return self.store.keep(name, query, parameters)

    def close(self) -> None:
        """Free the connection."""
        self.store.close()


def open_engine(store: Store, spark: SparkConfig | None) -> Engine:
    """Return who answers questions about a store.

    Args:
        store: The store.
        spark: Where Spark is; None for DuckDB.
    """
    if spark is None:
        return DuckEngine(store)
    from promptreg.storage.spark import SparkEngine

    return SparkEngine(store, spark)
