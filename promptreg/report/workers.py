"""Reads and packs many prompts in processes of their own, one for each processor.

Parsing a hundred thousand files, judging and compressing what they say takes minutes of one
processor. A prompt is finished by the process that read it, so that its texts never travel. The
processes are started by name, not forked or spawned: a program that asks for a report may have
threads, and need not guard its main module.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from promptreg.errors import RepositoryError

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.asking import Answers
    from promptreg.report.assembly import Setting
    from promptreg.report.desk import Done, Outline

__all__ = ["WORTHWHILE_VERSIONS", "Workers", "worthwhile"]

WORTHWHILE_VERSIONS = 2000
"""With fewer versions starting the processes takes longer than it saves."""


class Workers:
    """A few processes that read and finish prompts, in turn.

    Args:
        root: The top of the registry's work tree.
        count: How many processes.
    """

    def __init__(self, root: Path, count: int) -> None:
        self._workers = [_Worker(root) for _ in range(count)]
        self._turn = itertools.cycle(self._workers)
        self._reader: dict[str, _Worker] = {}

    def read(self, name: str, commit: str, labels: Mapping[str, Sequence[str]]) -> Future[Outline]:
        """Read all versions of a prompt; see `promptreg.report.desk.Desk.read`."""
        worker = self._reader[name] = next(self._turn)
        return worker.ask("read", name, commit, dict(labels))

    def finish(self, name: str, answers: Answers | None, setting: Setting) -> Future[Done]:
        """Judge and pack a prompt that was read; see `promptreg.report.desk.Desk.finish`."""
        return self._reader.pop(name).ask("finish", name, answers, setting)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()


class _Worker:
    """One process; its requests are answered in their order."""

    def __init__(self, root: Path) -> None:
        # Only our own child writes what is unpickled here.
        command = [sys.executable, "-m", "promptreg.report.workers", str(root)]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        self._thread = ThreadPoolExecutor(1)

    def ask(self, *request: Any) -> Future[Any]:
        return self._thread.submit(self._answer, request)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        # Whatever it still works on, nobody waits for. It is deaf to anything milder.
        self._child.kill()
        self._child.wait()
        self._thread.shutdown()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _answer(self, request: tuple[Any, ...]) -> Any:
        child = self._child
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            _send(child.stdin, request)
            ok, answer = pickle.load(child.stdout)  # noqa: S301 - our own child's words
        except (EOFError, OSError) as error:
            raise RepositoryError(
                "a process that reads prompts ended early", fix="see what it printed; try again"
            ) from error
        if not ok:
            raise answer
        return answer


@contextmanager
def worthwhile(registry: Registry, versions: int) -> Iterator[Workers | None]:
    """Give workers where there is enough to do for them and a second processor.

    Args:
        registry: The registry.
        versions: How many versions the report has.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    paths = registry.repository.paths
    if versions < WORTHWHILE_VERSIONS or (count or 1) < 2 or paths.work_tree is None:  # noqa: PLR2004
        yield None
        return
    workers = Workers(paths.work_tree, min(count or 1, 8))
    try:
        yield workers
    finally:
        workers.close()


def _send(pipe: IO[bytes], value: Any) -> None:
    pickle.dump(value, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _serve(root: str) -> None:
    """Answer requests until there are no more."""
    from promptreg.registry import Registry
    from promptreg.report.desk import Desk

    # Ctrl-C reaches the whole group, as may what cancels a job; the parent alone ends the work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Nearly all that is made here goes with its last reference: to look for circles every 700
    # objects, as Python does, takes a tenth of a millisecond a version and finds nothing.
    gc.set_threshold(50_000)
    # What anything prints by mistake must not stand between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    with Registry(root) as registry:
        desk = Desk(registry)
        work: dict[str, Callable[..., Any]] = {"read": desk.read, "finish": desk.finish}
        while True:
            try:
                kind, *given = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent's words
            except EOFError:
                return
            try:
                answer: tuple[bool, Any] = True, work[kind](*given)
            except Exception as error:  # noqa: BLE001 - the parent raises it again
                answer = False, error
            _send(answers, answer)


if __name__ == "__main__":
    try:
        _serve(sys.argv[1])
    except BrokenPipeError:
        # Whoever asked was ended and wants no answer, not even the rest of one at exit.
        os._exit(0)
