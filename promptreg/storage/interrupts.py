"""Asking DuckDB so that Ctrl-C ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

__all__ = ["ask_interruptibly"]

T = TypeVar("T")
_SECONDS_BETWEEN = 0.05


def ask_interruptibly(
    connection: duckdb.DuckDBPyConnection, ask: Callable[[duckdb.DuckDBPyConnection], T]
) -> T:
    """Ask a connection, and end the query where a signal ends the asking.

    DuckDB looks for signals only while its caller's thread computes; where another of its threads
    does, the caller waits deaf for the end. So the main thread, to which signals come, lets a
    thread of ours ask.

    Args:
        connection: What is asked.
        ask: Asks it.
    """
    if threading.current_thread() is not threading.main_thread():
        return ask(connection)
    answer: Future[T] = Future()
    # `Thread.join` that an exception ends takes the thread for ended as well (Python 3.11).
    ended = threading.Event()

    def work() -> None:
        try:
            answer.set_result(ask(connection))
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is taken
            answer.set_exception(error)
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="promptreg-query", daemon=True)
    thread.start()
    try:
        ended.wait()
    except BaseException:
        # An interrupt before DuckDB began goes nowhere, so more than one may be needed.
        while not ended.is_set():
            connection.interrupt()
            ended.wait(_SECONDS_BETWEEN)
        raise
    finally:
        thread.join(_SECONDS_BETWEEN)
    return answer.result()
