"""Faults with real processes: kills, a full disk, a folder that may only be read, odd clocks."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptreg.storage.segments import list_segments
from tests.kit import running
from tests.metrics.conftest import row

if TYPE_CHECKING:
    from promptreg.metrics import Metrics

STRESS = Path(__file__).parents[2] / "benchmarks" / "metrics_stress.py"
COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"


def python(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **options
    )


@pytest.mark.slow
def test_kills_at_random_moments(tmp_path: Path) -> None:
    """Killed writers, sealers, compactors and readers lose and double no acknowledged row."""
    words = ["--kills", "40", "--writers", "4", "--pause", "0.3", "--store", str(tmp_path / "s")]
    done = subprocess.run(
        [sys.executable, str(STRESS), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, doubled 0, quarantined 0" in done.stdout


def test_a_killed_writer_loses_nothing(metrics: Metrics, folder: Path) -> None:
    """Every row whose call returned before kill -9 is there, and the segment can be sealed."""
    code = (
        "import sys; from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r})\n"
        "n = 0\n"
        "while True:\n"
        "    m.log(prompt='p', version='1.0.0', unit=str(n)); n += 1\n"
        "    print(n, flush=True)\n"
    )
    with running([sys.executable, "-c", code]) as (child,):
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 500:
                break
        child.send_signal(signal.SIGKILL)
        acknowledged = max([500, *(int(line) for line in child.stdout.read().split())])
    rows, units = metrics.sql(COUNT)[0]
    assert rows == units
    assert acknowledged <= rows <= acknowledged + 1
    assert metrics.store.seal().rows == rows
    assert metrics.sql(COUNT) == [(rows, units)]


def test_a_full_disk_while_sealing(metrics: Metrics, folder: Path) -> None:
    """A sealer that cannot write leaves the segments as they are; the next one seals them once."""
    for part in range(3):
        metrics.log_many(
            row(unit=f"{part}-{n}", error_message=os.urandom(90).hex()) for n in range(500)
        )
        metrics.close()
    done = python(
        "import resource, signal; from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r})\n"
        "import promptreg.storage.seal, deltalake, pyarrow, duckdb\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n    m.store.seal()\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "print(m.sql('SELECT count(*) FROM calls'))"
    )
    assert "MetricsError" in done.stdout, done.stdout + done.stderr
    assert "[(1500,)]" in done.stdout
    assert metrics.sql(COUNT) == [(1500, 1500)]
    assert metrics.store.seal().rows == 1500
    assert metrics.sql(COUNT) == [(1500, 1500)]
    assert list_segments(folder / "wal") == []


def test_a_full_disk_while_compacting(metrics: Metrics, folder: Path) -> None:
    """A compaction that cannot write changes nothing and leaves no file behind."""
    for part in range(3):
        metrics.log_many(
            row(unit=f"{part}-{n}", error_message=os.urandom(90).hex()) for n in range(500)
        )
        metrics.close()
        metrics.store.seal()
    files = sorted(path.name for path in (folder / "calls").rglob("*.parquet"))
    done = python(
        "import resource, signal; from promptreg.metrics import Metrics\n"
        "import deltalake, pyarrow, duckdb\n"
        f"m = Metrics({str(folder)!r})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n    m.compact(full=True)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    assert "MetricsError" in done.stdout, done.stdout + done.stderr
    assert sorted(path.name for path in (folder / "calls").rglob("*.parquet")) == files
    assert metrics.sql(COUNT) == [(1500, 1500)]


def drop_root_powers() -> None:
    """In a child about to exec: let file modes bind root too."""
    override, bounding_set_drop = 1, 24
    ctypes.CDLL(None).prctl(bounding_set_drop, override, 0, 0, 0)


def test_a_store_that_may_only_be_read(metrics: Metrics, folder: Path) -> None:
    """A process without the right to write gets the same answers, and an error when it logs."""
    metrics.log_many(row(unit=f"sealed{n}") for n in range(10))
    metrics.close()
    metrics.store.seal()
    for part in range(40):  # so many that a reader would like to seal them
        metrics.log(**row(unit=f"closed{part}"))
        metrics.close()
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = python(
            "from promptreg.metrics import Metrics\n"
            f"m = Metrics({str(folder)!r})\n"
            f"print(m.sql({COUNT!r}))\n"
            "try:\n    m.log(prompt='p', version='1.0.0')\n"
            "except Exception as error: print(type(error).__name__, error)\n"
            "try:\n    m.store.seal()\n"
            "except Exception as error: print(type(error).__name__, error)\n",
            preexec_fn=drop_root_powers,
        )
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert "calls: it is read-only for this user" in done.stdout
    assert "panicked" not in done.stderr
    assert "[(50, 50)]" in done.stdout, done.stdout + done.stderr
    assert "MetricsError cannot log to" in done.stdout
    assert "Permission denied" in done.stdout
    assert len(list_segments(folder / "wal")) == 40


@pytest.mark.parametrize("shift", [-(10**6), 10**6])
def test_a_clock_that_jumps(metrics: Metrics, folder: Path, shift: int) -> None:
    """Segments and commits from another time are sealed and compacted like any other."""
    metrics.log_many(row(unit=f"a{n}") for n in range(10))
    metrics.close()
    metrics.store.seal()
    metrics.log_many(row(unit=f"b{n}") for n in range(10))
    metrics.close()
    moment = time.time() + shift
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))
    assert metrics.sql(COUNT) == [(20, 20)]
    metrics.store.seal()
    assert metrics.compact().merged == 2
    assert metrics.sql(COUNT) == [(20, 20)]


def test_a_segment_of_another_host(metrics: Metrics, folder: Path) -> None:
    """A segment whose pid runs here, but belonged to another machine, is sealed all the same."""
    metrics.log(**row(unit="here"))
    line = next(iter(list_segments(folder / "wal"))).path.read_bytes().replace(b"here", b"there")
    (folder / "wal" / f"elsewhere-{os.getpid()}-00ff00ff00ff00ff.jsonl").write_bytes(line)
    report = metrics.store.seal()
    assert (report.rows, report.live) == (1, 1)
    assert metrics.sql(COUNT) == [(2, 2)]


def test_a_crowd_with_readers(make: Callable[..., Metrics], folder: Path) -> None:
    """Eight writers, two readers and a compactor at once: every count is honest, none falls."""
    writer = (
        "import sys; from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r})\n"
        "for n in range(400):\n"
        "    m.log(prompt='p', version='1.0.0', unit=f'{sys.argv[1]}-{n}')\n"
        "    if n % 50 == 0: m.close()\n"
    )
    reader = (
        "import json; from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r}); seen = []\n"
        f"while not seen or seen[-1][0] < 3200: seen.append(m.sql({COUNT!r})[0])\n"
        "print(json.dumps(seen))\n"
    )
    compactor = make()
    with (
        running(*[[sys.executable, "-c", reader]] * 2) as readers,
        running(*([sys.executable, "-c", writer, str(n)] for n in range(8))) as writers,
    ):
        while any(process.poll() is None for process in writers):
            compactor.compact()
        assert [process.wait() for process in writers] == [0] * 8
        for process in readers:
            seen = json.loads(process.communicate()[0])
            assert all(rows == units for rows, units in seen)
            assert seen == sorted(seen)
    compactor.compact(full=True)
    assert compactor.sql(COUNT) == [(3200, 3200)]
    assert compactor.status().quarantined == 0
