"""Ships closed segments from a long-running application, beside it and not in it.

A thread of the application only waits and looks. The work is done by a process of its own, so that
no call to `log()` waits for an upload or for Python's lock, and so that forked workers, in which
the threads of DuckDB and deltalake are dead, can ship as well.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError

if TYPE_CHECKING:
    from promptreg.metrics.wal import SegmentWriter

__all__ = ["Shipment", "Shipper"]

_log = logging.getLogger("promptreg")
_LONGEST_SECONDS = 600.0
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from promptreg.storage.shipping import main; sys.exit(main())"
)
_TOP = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the process that ships needs to know; all of it can be written as JSON.

    Attributes:
        location: The store's folder or URL.
        wal: The folder of segments.
        prices: The `[prices]` table.
        storage_options: What deltalake needs to reach an object store.
    """

    location: str
    wal: str
    prices: Mapping[str, Any] | None = None
    storage_options: Mapping[str, str] | None = None


class Shipper:
    """Looks for closed segments now and then and has them sealed; started by the first row.

    A forked child has no such thread until it logs itself. Nothing here keeps a process alive:
    what was not shipped when it ends stays in its segment for the next shipper.

    Args:
        shipment: What is shipped where.
        seconds: How long between two looks, and how long a segment may wait before it is closed.
    """

    def __init__(self, shipment: Shipment, seconds: float) -> None:
        self.errors = 0
        self._shipment = shipment
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._writer: weakref.ref[SegmentWriter] | None = None

    def start(self, writer: SegmentWriter) -> None:
        """Make sure that this process has the thread; called when a segment is opened."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._writer = weakref.ref(writer)
        # New ones: a fork may have copied the parent's event in the middle of something.
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name="promptreg-ship", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end, without waiting for it."""
        self._stop.set()
        self._thread = None

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        # Many processes that start together must not ship together.
        pause = self._seconds * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        while not stop.wait(pause):
            writer = self._writer() if self._writer is not None else None
            if writer is None:
                return  # the metrics are gone, and with them whoever could log
            try:
                writer.retire(self._seconds)
                del writer
                if self._has_closed_segments():
                    self._ship()
                failures = 0
            except Exception as error:  # noqa: BLE001 - a thread of ours must not die of anything
                self.errors += 1
                failures += 1
                if failures == 1:
                    _log.warning(
                        "metrics: shipping to %s failed, rows wait in %s: %s",
                        self._shipment.location,
                        self._shipment.wal,
                        error,
                    )
            longest = max(_LONGEST_SECONDS, self._seconds)
            pause = min(self._seconds * 2**failures, longest)

    def _has_closed_segments(self) -> bool:
        from promptreg.storage.segments import is_alive, list_segments

        return any(not is_alive(segment) for segment in list_segments(Path(self._shipment.wal)))

    def _ship(self) -> None:
        import subprocess
        from dataclasses import asdict

        if not Path(sys.executable or "").name.startswith(("python", "pypy")):
            raise MetricsError(
                "there is no Python to ship with beside this process",
                fix="run promptreg metrics ship --watch",
            )
        done = subprocess.run(
            # -P: no module of the folder the application runs in takes the place of ours.
            [sys.executable, "-P", "-c", _CODE, _TOP],
            # Credentials are seen by everybody among the arguments of a process.
            input=json.dumps(asdict(self._shipment), default=str),
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
            raise MetricsError(lines[-1])
