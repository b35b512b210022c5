"""Reads and packs many prompts in processes of their own, one for each processor.

Parsing a hundred thousand files and compressing what they say takes a minute or two of one
processor. The processes are started by name, not forked or spawned: a program that asks for a
report may have threads, and need not guard its main module.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from promptreg.errors import RepositoryError

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.html import PackedPrompt
    from promptreg.report.model import PromptRow
    from promptreg.report.versions import GitPrompt

__all__ = ["WORTHWHILE_VERSIONS", "Workers", "worthwhile"]

WORTHWHILE_VERSIONS = 2000
"""With fewer versions starting the processes takes longer than it saves."""


class Workers:
    """A few processes that read and pack prompts.

    Args:
        root: The top of the registry's work tree.
        count: How many processes.
    """

    def __init__(self, root: Path, count: int) -> None:
        # Only our own child writes what is unpickled here.
        command = [sys.executable, "-m", "promptreg.report.workers", str(root)]
        pipe = subprocess.PIPE
        self._children = [subprocess.Popen(command, stdin=pipe, stdout=pipe) for _ in range(count)]
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for child in self._children:
            self._idle.put(child)
        self._threads = ThreadPoolExecutor(count)

    def read(
        self, name: str, commit: str, labels: Mapping[str, Sequence[str]]
    ) -> Future[GitPrompt]:
        """Read all versions of a prompt; see `promptreg.report.versions.read_prompt`."""
        return self._threads.submit(self._ask, "read", name, commit, dict(labels))

    def pack(self, prompt: PromptRow) -> Future[PackedPrompt]:
        """Pack a prompt; see `promptreg.report.html.pack`."""
        return self._threads.submit(self._ask, "pack", prompt)

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(cancel_futures=True)
        for child in self._children:
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
            child.wait()

    def _ask(self, *request: Any) -> Any:
        child = self._idle.get()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            _send(child.stdin, request)
            ok, answer = pickle.load(child.stdout)  # noqa: S301 - our own child's words
        except (EOFError, OSError) as error:
            raise RepositoryError(
                "a process that reads prompts ended early", fix="see what it printed; try again"
            ) from error
        finally:
            self._idle.put(child)
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
    from promptreg.report.html import pack
    from promptreg.report.versions import read_prompt

    # What anything prints by mistake must not stand between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    with Registry(root) as registry:
        while True:
            try:
                kind, *given = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent's words
            except EOFError:
                return
            try:
                found = pack(*given) if kind == "pack" else read_prompt(registry, *given)
                answer: tuple[bool, Any] = True, found
            except Exception as error:  # noqa: BLE001 - the parent raises it again
                answer = False, error
            _send(answers, answer)


if __name__ == "__main__":
    _serve(sys.argv[1])
