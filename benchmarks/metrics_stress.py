"""Kill writers, sealers, compactors and readers of one store at random moments, and count rows.

Run it for as long as you like:

    python benchmarks/metrics_stress.py --kills 500

Every writer notes on a file of its own, after `log()` returned, that a row is acknowledged. At the
end every acknowledged row must be in the store exactly once. Readers check all the while that no
row is counted twice and that no row ever disappears.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# Imported before the forks, so that kills hit work and not imports. Nothing is run in the parent.
import promptreg.storage.compact
import promptreg.storage.summary
from promptreg.errors import ConflictError
from promptreg.metrics import Metrics
from promptreg.metrics.wal import SegmentWriter

BURST = 20
COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"


@dataclass
class Outcome:
    """What a run counted."""

    acknowledged: int = 0
    present: int = 0
    lost: int = 0
    doubled: int = 0
    unacknowledged: int = 0
    quarantined: int = 0
    reads: int = 0
    faults: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or failed."""
        return not (self.lost or self.doubled or self.faults or self.quarantined)


def write(store: Path, notes: Path, name: str) -> None:
    """Log rows and note each one that was acknowledged."""
    metrics = Metrics(store)
    fd = os.open(notes / f"{name}.acks", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    number = 0
    while True:
        unit = f"{name}-{number}"
        metrics.log(
            prompt=f"p{number % 5}", version="1.0.0", unit=unit, latency_ms=float(number % 977)
        )
        os.write(fd, f"{unit}\n".encode())
        number += 1
        # Bursts, and time for the others: what is tested is order, not speed.
        if number % BURST == 0:
            time.sleep(0.05)


def seal(store: Path, notes: Path, _name: str) -> None:
    """Seal again and again."""
    metrics = Metrics(store)
    while True:
        _patiently(metrics.store.seal)
        _bump(notes / f"seals-{os.getpid()}")
        time.sleep(0.05)


def compact(store: Path, notes: Path, _name: str) -> None:
    """Compact again and again, replaced files deleted at once, which is harder than in life."""
    metrics = Metrics(store)
    while True:
        _patiently(lambda: promptreg.storage.compact.compact(metrics.store, grace_hours=0))
        _bump(notes / f"compactions-{os.getpid()}")


def read(store: Path, notes: Path, name: str) -> None:
    """Count rows again and again: never fewer than before, never one twice."""
    metrics = Metrics(store)
    before = 0
    while True:
        ((rows, units),) = metrics.sql(COUNT)
        if rows != units or rows < before:
            (notes / f"{name}.fault").write_text(f"{rows} rows, {units} units, before {before}")
        before = rows
        _bump(notes / f"reads-{os.getpid()}")


ROLES: dict[str, Callable[[Path, Path, str], None]] = {
    "writer": write,
    "sealer": seal,
    "compactor": compact,
    "reader": read,
}


def _patiently(work: Callable[[], object]) -> None:
    try:
        work()
    except ConflictError:
        time.sleep(0.02)


def _bump(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, b".")
    os.close(fd)


def start(role: str, name: str, store: Path, notes: Path) -> int:
    """Fork a process that plays a role until it is killed; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        random.seed()
        ROLES[role](store, notes, name)
    except BaseException:  # noqa: BLE001 - whatever goes wrong in a child is a fault of the run
        (notes / f"{name}.fault").write_text(traceback.format_exc())
    finally:
        os._exit(1)


def run(store: Path, notes: Path, team: dict[str, int], kills: int, pause: float) -> Outcome:
    """Play until so many processes were killed, then count."""
    dice = random.Random(20261122)
    SegmentWriter(store)  # registers the fork handler before the first fork
    outcome, serial, members = Outcome(), 0, {}

    def hire(role: str) -> None:
        nonlocal serial
        serial += 1
        name = f"{role}{serial}"
        members[start(role, name, store, notes)] = role

    for role, number in team.items():
        for _ in range(number):
            hire(role)
    while outcome.kills.total() < kills:
        time.sleep(dice.uniform(0.2, 1.8) * pause)
        # By role first: writers are many, and the rarer roles have the more delicate moments.
        role = dice.choice(sorted(set(members.values())))
        victim = dice.choice([pid for pid, played in members.items() if played == role])
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        members.pop(victim)
        outcome.kills[role] += 1
        hire(role)
    for pid in members:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        outcome.kills["last"] += 1
    _count(outcome, store, notes)
    return outcome


def _count(outcome: Outcome, store: Path, notes: Path) -> None:
    acknowledged: set[str] = set()
    for path in notes.glob("*.acks"):
        text = path.read_text()
        acknowledged.update(text[: text.rfind("\n") + 1].split())
    metrics = Metrics(store)
    before = Counter(dict(_units(metrics)))
    promptreg.storage.compact.compact(metrics.store, full=True, grace_hours=0)
    after = Counter(dict(_units(metrics)))
    outcome.acknowledged = len(acknowledged)
    outcome.present = len(after)
    outcome.lost = len(acknowledged - set(after)) + len(set(before) - set(after))
    outcome.doubled = sum(n - 1 for n in after.values()) + sum(n - 1 for n in before.values())
    outcome.unacknowledged = len(set(after) - acknowledged)
    outcome.quarantined = metrics.status().quarantined - _torn(metrics)
    outcome.reads = sum(path.stat().st_size for path in notes.glob("reads-*"))
    outcome.faults = [f"{p.name}: {p.read_text()}" for p in sorted(notes.glob("*.fault"))]


def _units(metrics: Metrics) -> list[tuple[str, int]]:
    return [(u, n) for u, n in metrics.sql("SELECT unit, count(*) FROM calls GROUP BY unit")]


def _torn(metrics: Metrics) -> int:
    if not metrics.store.quarantine.is_dir():
        return 0
    return sum(p.read_text().count("torn: ") for p in metrics.store.quarantine.glob("[!.]*"))


def main() -> int:
    """Run from the command line; exit 1 when anything was lost, doubled or failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--sealers", type=int, default=2)
    parser.add_argument("--compactors", type=int, default=1)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.15, help="mean seconds between kills")
    parser.add_argument("--store", type=Path, help="a new folder, kept; temporary by default")
    given = parser.parse_args()
    folder = given.store or Path(tempfile.mkdtemp(prefix="promptreg-stress-"))
    notes = folder / "notes"
    notes.mkdir(parents=True)
    team = {role: getattr(given, f"{role}s") for role in ROLES}
    begin = time.perf_counter()
    outcome = run(folder / "metrics", notes, team, given.kills, given.pause)
    seconds = time.perf_counter() - begin
    print(f"{seconds:.0f} s, killed: {dict(outcome.kills)}")
    print(f"acknowledged {outcome.acknowledged:,}, present {outcome.present:,} rows")
    print(f"lost {outcome.lost}, doubled {outcome.doubled}, quarantined {outcome.quarantined}")
    print(f"written but killed before the acknowledgement: {outcome.unacknowledged}")
    print(f"{outcome.reads:,} reads meanwhile, {len(outcome.faults)} faults")
    for fault in outcome.faults:
        print(fault)
    if given.store is None and outcome.is_clean:
        shutil.rmtree(folder)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
