"""Answers under a name for an engine that holds none: every query carries them as common tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptreg.storage.engines import Rows

__all__ = ["NamedAnswer"]


@dataclass(frozen=True, slots=True)
class NamedAnswer:
    """Answers queries that select from the answer to another.

    Attributes:
        rows: Who answers, perhaps with further named answers.
        name: The name.
        query: SQL with `?` for parameters.
        parameters: Their values.
    """

    rows: Rows
    name: str
    query: str
    parameters: Sequence[Any] = ()

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query with `?` for parameters; it may begin with common tables of its own."""
        own = query.removeprefix("WITH ")
        text = f"WITH {self.name} AS ({self.query}){',' if own is not query else ''} {own}"
        return self.rows.sql(text, [*self.parameters, *parameters])

    @contextmanager
    def keep(self, name: str, query: str, parameters: Sequence[Any] = ()) -> Iterator[Rows]:
        """Give another answer a name; its query may select from this one."""
        yield NamedAnswer(self, name, query, parameters)
