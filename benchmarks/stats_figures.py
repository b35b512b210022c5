"""Every figure of the statistics beside its target, by seeded simulation.

    python benchmarks/stats_figures.py [--quick]

Each figure is "reached" when it lies on the right side of its target, "missed" when it lies beyond
it by more than two standard errors (three in the quick form, which has fewer runs and leaves out
the times), and "not distinguishable from the target" between the two. Where the worst of many kinds
is asked for, it is chosen on some runs and measured on others: the worst of sixteen is otherwise
picked by its bad luck.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from stats_world import METRICS, USUAL, Array, Factors, Side, draw, draw_pairs, strata

from promptreg.stats.abtest import FRACTIONS, LEAST_PER_ARM, decide_within
from promptreg.stats.evidence import Stratum, change_effect, usable
from promptreg.stats.gate import Judgement, Verdict, judge
from promptreg.stats.kernel import compare_means
from promptreg.stats.metrics import Scale, ab_scale, metric_named
from promptreg.stats.samples import Moments
from promptreg.stats.sequential import Boundaries, anytime, normal_score
from promptreg.stats.thresholds import DEFAULT_THRESHOLDS, parse_threshold

if TYPE_CHECKING:
    from promptreg.metrics import Metrics

SEED = 20261122
MISSED = "missed"
_ROUNDING = 1e-12
ALPHA = 0.05
AB_METRICS = ("quality", "latency", "cost", "error_rate", "output_tokens")
WORSE = {
    "quality": Factors(quality=0.85),
    "cost": Factors(cost=1.30),
    "latency": Factors(latency=1.45),
    "error_rate": Factors(errors=0.075),
}
AT_LIMIT = {
    "quality": Factors(quality=0.90),
    "cost": Factors(cost=1.20),
    "latency": Factors(latency=1.30),
    "error_rate": Factors(errors=0.05),
}


@dataclass(frozen=True)
class Figure:
    """One measured figure with its target; `at_most` says on which side it must lie."""

    name: str
    value: float
    target: float
    at_most: bool
    runs: int = 0
    unit: str = ""

    @property
    def error(self) -> float:
        """Standard error of a simulated share."""
        share = min(1.0, max(0.0, self.value))
        return math.sqrt(share * (1.0 - share) / self.runs) if self.runs else 0.0

    def verdict(self, slack: float) -> str:
        """Say whether the target is reached, give or take `slack` standard errors."""
        miss = self.value - self.target if self.at_most else self.target - self.value
        spread = self.error or (
            math.sqrt(self.target * (1 - self.target) / self.runs) if self.runs else 0.0
        )
        if miss <= _ROUNDING:
            return "reached"
        if miss <= slack * spread:
            return "not distinguishable from the target"
        return MISSED


def ab_arm(side: Side, metric: str) -> np.ndarray:
    """Return the values an A/B test compares, logarithms where it takes them."""
    values = side.values(metric)
    return np.log(values) if ab_scale(metric_named(metric)) is Scale.LOG else values


def prefix_moments(values: np.ndarray, sizes: np.ndarray) -> list[Moments]:
    """Return the moments of prefixes, failed calls left out."""
    kept = np.isfinite(values)
    filled = np.where(kept, values, 0.0)
    # Shifting saves digits, but would turn the exact sums of zeros and ones into rounding errors.
    is_binary = bool(np.isin(filled, (0.0, 1.0)).all())
    centre = 0.0 if is_binary else float(filled.sum() / max(1, kept.sum()))
    shifted = np.where(kept, values - centre, 0.0)
    count, total, square = np.cumsum(kept), np.cumsum(shifted), np.cumsum(shifted * shifted)
    result = []
    for size in sizes:
        n, s, q = int(count[size - 1]), float(total[size - 1]), float(square[size - 1])
        var = max(0.0, (q - s * s / n) / (n - 1)) if n > 1 else 0.0
        result.append(Moments(n, centre + s / n if n else 0.0, var))
    return result


def anytime_winner(a: list[Moments], b: list[Moments]) -> int:
    """Look at every prefix; return +1 when the second arm is greater, -1 when less, 0 never."""
    for x, y in zip(a, b, strict=True):
        if min(x.n, y.n) < LEAST_PER_ARM:
            continue
        contrast = compare_means(x, y)
        if anytime(contrast, x.n * y.n / (x.n + y.n), ALPHA).p <= ALPHA:
            return 1 if contrast.difference > 0 else -1
    return 0


def planned_winner(a: list[Moments], b: list[Moments]) -> int:
    """Look at the ten checkpoints of a plan; signs as in `anytime_winner`."""
    scores = Boundaries(ALPHA, FRACTIONS).scores
    for x, y, boundary in zip(a, b, scores, strict=True):
        if min(x.n, y.n) < LEAST_PER_ARM:
            continue
        score = normal_score(compare_means(x, y))
        if abs(score) >= boundary:
            return 1 if score > 0 else -1
    return 0


def aa_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """An arm against itself, looked at every ten samples up to a thousand an arm."""
    steps = np.arange(10, 1001, 10)
    for name, sizes in (
        ("A/A false winner, every 10 to 1000", (steps, steps)),
        ("A/A false winner, split 90/10", (steps * 9 // 5, steps // 5)),
    ):
        wins = dict.fromkeys(AB_METRICS, 0)
        for _ in range(runs):
            sides = [draw(rng, int(size[-1])) for size in sizes]
            for metric in AB_METRICS:
                arms = [
                    prefix_moments(ab_arm(side, metric), size)
                    for side, size in zip(sides, sizes, strict=True)
                ]
                wins[metric] += anytime_winner(*arms) != 0
        worst = max(wins, key=wins.__getitem__)
        yield Figure(f"{name} (worst: {worst})", wins[worst] / runs, 0.05, at_most=True, runs=runs)


def ab_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """Real differences: found, and never in the wrong direction."""
    cases = (
        ("quality +5 %, n <= 200, anytime", "quality", Factors(quality=1.05), 200, False, 0.68),
        ("quality +5 %, n <= 200, planned", "quality", Factors(quality=1.05), 200, True, 0.90),
        ("latency -25 %, n <= 300, planned", "latency", Factors(latency=0.75), 300, True, 0.94),
        ("cost -15 %, n <= 300, planned", "cost", Factors(cost=0.85), 300, True, 0.95),
    )
    wrong = tried = 0
    for name, metric, factors, most, is_planned, target in cases:
        right = -1 if metric != "quality" else 1
        sizes = (
            np.array([round(most * f) for f in FRACTIONS])
            if is_planned
            else np.arange(10, most + 1, 10)
        )
        look = planned_winner if is_planned else anytime_winner
        found = 0
        for _ in range(runs):
            sides = draw(rng, most), draw(rng, most, factors)
            won = look(*(prefix_moments(ab_arm(side, metric), sizes) for side in sides))
            found += won == right
            wrong += won == -right
            tried += 1
        yield Figure(name, found / runs, target, at_most=False, runs=runs)
    yield Figure("winner in the wrong direction", wrong / tried, 0.005, at_most=True, runs=tried)


def verdicts(data: dict[str, list[Stratum]]) -> dict[str, Judgement]:
    """Return the gate's judgements by name."""
    return {judgement.threshold.name: judgement for judgement in judge(data, DEFAULT_THRESHOLDS)}


def fails(found: dict[str, Judgement], metric: str) -> bool:
    """Tell whether a metric, or the tail beside it, failed."""
    names = (metric, f"{metric}.p95")
    return any(n in found and found[n].verdict is Verdict.FAIL for n in names)


def gate_null_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """No change at all."""
    sizes = [(n, n) for n in (20, 30, 50, 100, 200, 500, 1000)] + [(1000, 20), (20, 1000)]
    worst, where, passed = 0.0, "", 0
    for n_a, n_b in sizes:
        failed = 0
        for _ in range(runs):
            found = verdicts(strata(draw(rng, n_a), draw(rng, n_b)))
            failed += any(j.verdict is Verdict.FAIL for j in found.values())
            if (n_a, n_b) == (200, 200):
                passed += all(j.verdict is Verdict.PASS for j in found.values())
        if failed / runs >= worst:
            worst, where = failed / runs, f"{n_a}/{n_b}"
    name = f"gate, no change: any FAIL, n 20 to 1000 (worst: {where})"
    yield Figure(name, worst, 0.01, at_most=True, runs=runs)
    yield Figure(
        "gate, no change, 200/200: all four PASS", passed / runs, 0.84, at_most=False, runs=runs
    )


def gate_power_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """Real regressions, independent samples."""
    targets = {"quality": 0.99, "cost": 0.92, "latency": 0.91, "error_rate": 0.66}
    for metric, factors in WORSE.items():
        failed = sum(
            fails(verdicts(strata(draw(rng, 200), draw(rng, 200, factors))), metric)
            for _ in range(runs)
        )
        name = f"gate at 1.5x the threshold, n=200: FAIL {metric}"
        yield Figure(name, failed / runs, targets[metric], at_most=False, runs=runs)
    for name, table, n, target in (
        ("gate: wrong PASS at 1.5x, n=50", WORSE, 50, 0.02),
        ("gate: wrong PASS exactly at the threshold, n=200", AT_LIMIT, 200, 0.055),
    ):
        shares = {}
        for metric, factors in table.items():
            passed = 0
            for _ in range(runs):
                found = verdicts(strata(draw(rng, n), draw(rng, n, factors)))
                passed += found[metric].verdict is Verdict.PASS
            shares[metric] = passed / runs
        worst = max(shares, key=shares.__getitem__)
        yield Figure(f"{name} (worst: {worst})", shares[worst], target, at_most=True, runs=runs)


def paired_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """The same fifty cases run by both versions."""

    def once(factors: Factors) -> dict[str, Judgement]:
        return verdicts(strata(*draw_pairs(rng, 50, factors), paired=True))

    failed = sum(any(j.verdict is Verdict.FAIL for j in once(USUAL).values()) for _ in range(runs))
    yield Figure("paired, n=50: no change FAIL", failed / runs, 0.01, at_most=True, runs=runs)
    for metric, target in (("quality", 0.98), ("cost", 0.74), ("latency", 0.80)):
        found = sum(fails(once(WORSE[metric]), metric) for _ in range(runs))
        yield Figure(
            f"paired, n=50, 1.5x: FAIL {metric}", found / runs, target, at_most=False, runs=runs
        )


def mix_figure(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """The share of a model that is eight times as dear goes from 10 to 30 percent."""
    failed = 0
    for _ in range(runs):
        cheap = strata(draw(rng, 450), draw(rng, 350), "cheap")
        dear = strata(draw(rng, 50, dear=8.0), draw(rng, 150, dear=8.0), "dear")
        found = verdicts({metric: cheap[metric] + dear[metric] for metric in METRICS})
        failed += any(j.verdict is Verdict.FAIL for j in found.values())
    yield Figure(
        "mix shift of models, 10 to 30 % dear: FAIL", failed / runs, 0.01, at_most=True, runs=runs
    )


def mixed_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """Two equal arms, one of which turns to the better model in the course of the test."""
    metric = metric_named("quality")
    steps = {"anytime": np.arange(10, 1001, 10), "planned": np.arange(100, 1001, 100)}
    for plan, sizes in steps.items():
        wins = 0
        for _ in range(runs):
            arms = [_mixed_arm(rng, share) for share in ((0.1, 0.1), (0.2, 0.6))]
            seen: list[list[dict[str, Moments]]] = []
            for look, size in enumerate(sizes):
                values = [
                    {
                        name: Moments.of(own[:size][is_dear[:size] == dear].tolist())
                        for name, (own, is_dear) in zip("ab", arms, strict=True)
                    }
                    for dear in (False, True)
                ]
                planned = (
                    {"look": look, "earlier": seen, "brief": True} if plan == "planned" else {}
                )
                if decide_within(values, metric, alpha=ALPHA, **planned).winner is not None:
                    wins += 1
                    break
                seen.append(values)
        name = f"A/A false winner, unlike and moving mix of models, {plan}"
        yield Figure(name, wins / runs, 0.05, at_most=True, runs=runs)


def _mixed_arm(rng: np.random.Generator, shares: tuple[float, float]) -> tuple[Array, Array]:
    """Return a thousand qualities and whether each is the dear model's, by its share in halves."""
    is_dear = rng.random(1000) < np.repeat(shares, 500)
    quality = np.where(is_dear, rng.beta(9, 1, 1000), rng.beta(6, 4, 1000))
    return quality, is_dear


def tail_figure(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """A tenth of the calls becomes five times as slow, which the geometric mean hides."""
    found = 0
    for _ in range(runs):
        head = draw(rng, 1000)
        slow = rng.random(1000) < 0.1
        head.latency[slow] *= 5.0
        found += fails(verdicts(strata(draw(rng, 1000), head)), "latency")
    yield Figure(
        "slow tail in 10 % of the calls (x5), n=1000: found",
        found / runs,
        0.99,
        at_most=False,
        runs=runs,
    )


COVERED = {"quality:-10%": -0.1, "cost:+20%": 0.2, "latency:+30%": 0.3, "error_rate:+5pp": 0.05}
SHIFTED = Factors(quality=0.9, cost=1.2, latency=1.3, errors=0.05)


def coverage(
    rng: np.random.Generator, n: int, texts: Sequence[str], runs: int, *, paired: bool
) -> dict[str, float]:
    """Return how often the 95 % interval of each threshold's metric holds the true change."""
    hits = dict.fromkeys(texts, 0)
    for _ in range(runs):
        sides = draw_pairs(rng, n, SHIFTED) if paired else (draw(rng, n), draw(rng, n, SHIFTED))
        data = strata(*sides, paired=paired)
        for text in texts:
            threshold = parse_threshold(text)
            kept = usable(data[threshold.metric.name], threshold.metric)
            interval = change_effect(kept, threshold).interval()
            hits[text] += interval.low <= COVERED[text] <= interval.high
    return {text: hit / runs for text, hit in hits.items()}


def coverage_figures(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """The 95 % interval holds the true change."""
    shares = {
        (text, n, paired): share
        for n, paired in ((50, False), (200, False), (1000, False), (50, True))
        for text, share in coverage(rng, n, list(COVERED), runs, paired=paired).items()
    }
    mean = sum(shares.values()) / len(shares)
    yield Figure(
        "interval coverage, mean of all kinds", mean, 0.945, at_most=False, runs=runs * len(shares)
    )
    # The three lowest are measured again on runs that did not choose them.
    again = 4 * runs
    lowest = sorted(shares, key=shares.__getitem__)[:3]
    fresh = {
        (text, n, paired): coverage(rng, n, [text], again, paired=paired)[text]
        for text, n, paired in lowest
    }
    text, n, paired = worst = min(fresh, key=fresh.__getitem__)
    kind = f"{text.partition(':')[0]}, n={n}{' paired' if paired else ''}"
    name = f"interval coverage, worst kind ({kind})"
    yield Figure(name, fresh[worst], 0.945, at_most=False, runs=again)


def import_figure() -> Figure:
    """Time the import of the whole statistics in fresh processes."""
    code = (
        "import promptreg.errors, time; t = time.perf_counter(); import promptreg.stats.gate, "
        "promptreg.stats.abtest, promptreg.stats.thresholds; print(time.perf_counter() - t)"
    )
    times = sorted(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(15)
    )
    return Figure(
        "import of the module beyond promptreg.errors, least of 15",
        times[0] * 1000,
        50.0,
        at_most=True,
        unit=" ms",
    )


def million_figures(rows: int) -> Iterator[Figure]:
    """Time one gate over a store's Parquet, once DuckDB is loaded: calls, and cases run twice."""
    from promptreg.config import Config
    from promptreg.gate import PromptChange
    from promptreg.gate import judge as judge_changes
    from promptreg.metrics import Metrics

    change = PromptChange("p", "1.0.0", "a" * 64, "1.1.0", "b" * 64, "prompts/p.yml")
    for name, suite, case in (
        ("calls", "NULL", "NULL"),
        ("rows of paired cases", "'s'", f"i // 2 % {rows // 4}"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            metrics = Metrics(folder)
            _fill(metrics, _ROWS.format(rows=rows, suite=suite, case=case))
            times = []
            for _ in range(5):
                start = time.perf_counter()
                report = judge_changes(metrics, [change], Config())
                times.append(time.perf_counter() - start)
            metrics.close()
        assert report.comparisons[0].rows
        assert report.comparisons[0].paired is (case != "NULL")
        title = f"gate over {rows:,} {name} in Parquet, median of 5"
        yield Figure(title, sorted(times)[2], 0.5, at_most=True, unit=" s")


def _fill(metrics: Metrics, query: str) -> None:
    """Append a query's rows to a store; columns that it does not name are empty."""
    from promptreg.storage.engine import connect
    from promptreg.storage.schema import arrow_schema

    connection = connect()
    connection.register("nothing", arrow_schema().empty_table())
    found = connection.sql(f"SELECT * FROM nothing UNION ALL BY NAME {query}")
    metrics.store.table.append(found.to_arrow_table().cast(arrow_schema()), ["rows"])
    connection.close()


_ROWS = """
SELECT TIMESTAMP '2026-01-01' + to_seconds(i) AS ts, 'p' AS prompt,
  CASE WHEN i % 2 = 0 THEN '1.0.0' ELSE '1.1.0' END AS version,
  repeat(CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, 64) AS digest,
  'model-' || (i % 10 > 7) AS model, {suite}::VARCHAR AS suite,
  'production' AS environment, ({case})::VARCHAR AS case_id,
  random() AS quality_score, random() AS accuracy, exp(6 + random()) AS latency_ms,
  random() / 100 AS cost, 'USD' AS currency, (random() * 1000)::BIGINT AS input_tokens,
  (random() * 1000)::BIGINT AS output_tokens, random() > .02 AS success
FROM range({rows}) t(i)
"""


def main() -> int:
    """Print all figures; return 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs, for CI")
    quick = parser.parse_args().quick
    groups: list[tuple[Callable[..., Iterator[Figure]], int, int]] = [
        (aa_figures, 40, 1000),
        (ab_figures, 200, 3000),
        (gate_null_figures, 70, 2500),
        (gate_power_figures, 120, 3000),
        (paired_figures, 120, 3000),
        (mix_figure, 120, 2500),
        (mixed_figures, 20, 1000),
        (tail_figure, 120, 20_000),
        (coverage_figures, 100, 5000),
    ]
    slack = 3.0 if quick else 2.0
    missed = 0
    print(f"{'figure':<72} {'measured':>16} {'target':>10}  {'runs':>6}  verdict")
    for number, (group, few, many) in enumerate(groups):
        rng = np.random.default_rng([SEED, number])
        for figure in group(rng, few if quick else many):
            missed += show(figure, slack)
    for figure in () if quick else chain([import_figure()], million_figures(1_000_000)):
        missed += show(figure, slack)
    print("none missed" if not missed else f"{missed} missed")
    return 1 if missed else 0


def show(figure: Figure, slack: float) -> bool:
    """Print one figure; return whether it is missed."""
    verdict = figure.verdict(slack)
    if figure.unit:
        measured, target = f"{figure.value:.3g}{figure.unit}", f"{figure.target:g}{figure.unit}"
    else:
        measured = f"{figure.value:.4f} +-{figure.error:.4f}"
        target = f"{figure.target:g}"
    sign = "<=" if figure.at_most else ">="
    runs = str(figure.runs) if figure.runs else ""
    print(
        f"{figure.name:<72} {measured:>16} {sign:>3} {target:>6}  {runs:>6}  {verdict}",
        flush=True,
    )
    return verdict == MISSED


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    raise SystemExit(main())
