"""`ABTest`, by hand and over the real store."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptreg.abtest import ABTest, State
from promptreg.abtest.text import json_result, markdown_result, text_result
from promptreg.errors import ConfigError
from promptreg.metrics.facade import Metrics
from tests.gate.worlds import BASE, HEAD, calls, store_of

ARMS = ("1.2.0", "1.3.0")


def _timed(rows: list[dict[str, Any]], *others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Interleave the rows of the arms in time, one a second."""
    mixed = [row for group in zip(rows, *others, strict=True) for row in group]
    for second, row in enumerate(mixed):
        row["ts"] = f"2026-11-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return mixed


def _store(folder: Path, n: int = 300, **factors: float) -> Metrics:
    return store_of(folder, _timed(calls(BASE, n, seed=1), calls(HEAD, n, seed=2, **factors)))


def test_a_better_version_wins(tmp_path: Path) -> None:
    """A clearly better quality is named, with an interval that holds the difference."""
    result = ABTest("summarizer", *ARMS, store=_store(tmp_path, quality=1.12)).get_result()
    assert (result.state, result.winner) == (State.WINNER, "1.3.0")
    (comparison,) = result.comparisons
    assert comparison.low < 0.08 < comparison.high
    assert result.confidence > 0.95


def test_lower_latency_wins(tmp_path: Path) -> None:
    """The faster version wins on latency, not the slower one."""
    store = _store(tmp_path, latency=0.6)
    assert ABTest("summarizer", *ARMS, metric="latency", store=store).get_result().winner == "1.3.0"


def test_the_same_version_twice_has_no_winner(tmp_path: Path) -> None:
    """An A/A comparison keeps running."""
    test = ABTest("summarizer", *ARMS, store=_store(tmp_path))
    result = test.get_result()
    assert (result.state, result.winner) == (State.RUNNING, None)
    assert not test.is_ready()
    assert test.get_sample_counts() == {"1.2.0": 300, "1.3.0": 300}
    assert result.needed is None or result.needed > 0


def test_a_plan_decides_at_fixed_prefixes(tmp_path: Path) -> None:
    """Rows beyond the plan change nothing, and the plan ends the test."""
    store = _store(tmp_path, n=400)
    test = ABTest("summarizer", *ARMS, max_samples=100, store=store)
    first = test.get_result()
    assert first.state is State.EXHAUSTED
    store.log_many(calls(HEAD, 400, seed=9, quality=1.15))
    assert test.get_result().comparisons == first.comparisons


def test_looking_between_checkpoints_is_free(tmp_path: Path) -> None:
    """Between two checkpoints the answer does not move."""
    rows = _timed(calls(BASE, 200, seed=1), calls(HEAD, 200, seed=2))
    answers = set()
    for n in (240, 250, 259):
        store = store_of(tmp_path / str(n), rows[:n])
        result = ABTest("summarizer", *ARMS, max_samples=200, store=store).get_result()
        answers.add(result.comparisons)
    assert len(answers) == 1


def test_an_mde_plans_the_test(tmp_path: Path) -> None:
    """From the first fifty values of each arm an MDE makes the size of the test."""
    result = ABTest("summarizer", *ARMS, mde=0.05, store=_store(tmp_path)).get_result()
    assert result.max_samples is not None
    assert 100 < result.max_samples < 400
    few = ABTest("summarizer", *ARMS, mde=0.05, store=_store(tmp_path / "few", n=40)).get_result()
    assert few.state is State.COLLECTING


def test_results_by_hand() -> None:
    """Values may be logged by hand, as with prompt-versioner."""
    source = random.Random(4)
    test = ABTest("summarizer", "a", "b", metric="latency")
    for _ in range(150):
        test.log_result("a", source.lognormvariate(6.0, 0.5))
        test.log_result("b", source.lognormvariate(5.5, 0.5))
    assert test.is_ready()
    assert test.get_result().winner == "b"
    assert test.get_sample_counts() == {"a": 150, "b": 150}


def test_a_zero_baseline_is_told_as_a_difference() -> None:
    """Nothing is a share of zero: the answer is in the metric's own unit, not infinite percent."""
    test = ABTest("summarizer", "a", "b", metric="quality")
    for number in range(150):
        test.log_result("a", 0.0)
        test.log_result("b", 0.4 + number % 3 / 10)
    result = test.get_result()
    assert "b against a: +0.50 [+0." in text_result(result)
    assert "| +0.50 |" in markdown_result(result)
    assert "inf" not in text_result(result) + markdown_result(result)
    (pair,) = json_result(result)["comparisons"]
    assert pair["change"] is None
    assert pair["difference"][0] == pytest.approx(0.5)
    assert pair["difference"][1] < 0.5 < pair["difference"][2]


def test_three_arms(tmp_path: Path) -> None:
    """Among three arms the best beats every other one."""
    third = calls("c" * 64, 300, seed=3, quality=1.15)
    for row in third:
        row["version"] = "1.4.0"
    rows = _timed(calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2), third)
    store = store_of(tmp_path, rows)
    result = ABTest("summarizer", *ARMS, "1.4.0", store=store).get_result()
    assert result.winner == "1.4.0"
    assert [comparison.arm for comparison in result.comparisons] == ["1.3.0", "1.4.0"]


def test_variants_of_an_experiment(tmp_path: Path) -> None:
    """Rows of an experiment are compared by variant, one observation a unit."""
    rows = _timed(
        calls(BASE, 200, seed=1, experiment="tone", variant="control"),
        calls(HEAD, 200, seed=2, experiment="tone", variant="lively", quality=1.15),
    )
    for number, row in enumerate(rows):
        row["unit"] = f"user-{number // 4 * 2 + number % 2}"
    store = store_of(tmp_path, rows)
    test = ABTest("summarizer", "control", "lively", store=store, experiment="tone")
    result = test.get_result()
    assert test.get_sample_counts() == {"control": 100, "lively": 100}
    assert result.winner == "lively"


def test_guardrails_speak_of_the_winner(tmp_path: Path) -> None:
    """A winner that costs much more is named together with what it breaks."""
    store = _store(tmp_path, quality=1.12, cost=1.8)
    result = ABTest("summarizer", *ARMS, store=store).get_result()
    assert result.winner == "1.3.0"
    assert [g.judgement.threshold.name for g in result.regressed_guardrails] == ["cost"]
    assert "the winner regresses on cost" in text_result(result)


def test_a_lost_third_of_one_arm_is_told(tmp_path: Path) -> None:
    """A split that was not intended warns; the intended one does not."""
    store = store_of(tmp_path, calls(BASE, 600, seed=1), calls(HEAD, 400, seed=2))
    warned = ABTest("summarizer", *ARMS, store=store).get_result()
    assert warned.ratio_p < 0.001
    assert "do not fit the intended split" in text_result(warned)
    meant = ABTest("summarizer", *ARMS, store=store, weights=(6, 4)).get_result()
    assert meant.ratio_p > 0.9


def test_a_custom_metric_needs_a_direction(tmp_path: Path) -> None:
    """A score without a direction gets no winner and says so; with one it gets its winner."""
    rows = _timed(calls(BASE, 200, seed=1), calls(HEAD, 200, seed=2))
    for number, row in enumerate(rows):
        row["scores"] = {"charm": 0.5 + 0.2 * (row["digest"] == HEAD) + 0.01 * (number % 9)}
    store = store_of(tmp_path, rows)
    undirected = ABTest("summarizer", *ARMS, metric="charm", store=store).get_result()
    assert undirected.winner is None
    assert "whether a higher charm is better" in text_result(undirected)
    directed = ABTest("summarizer", *ARMS, metric="charm", higher_is_better=True, store=store)
    assert directed.get_result().winner == "1.3.0"


def test_by_model(tmp_path: Path) -> None:
    """One answer for each model, of that model's rows."""
    rows = _timed(
        calls(BASE, 100, seed=1, model="small"),
        calls(HEAD, 100, seed=2, model="small", quality=1.2),
        calls(BASE, 100, seed=3, model="large"),
        calls(HEAD, 100, seed=4, model="large"),
    )
    results = ABTest("summarizer", *ARMS, store=store_of(tmp_path, rows)).results_by_model()
    assert [(r.model, r.winner) for r in results] == [("large", None), ("small", "1.3.0")]


@pytest.mark.parametrize("options", [{}, {"max_samples": 400}, {"mde": 0.05}])
def test_a_better_model_makes_no_winner(tmp_path: Path, options: dict[str, Any]) -> None:
    """Of two equal versions the one that ran on the better model more often does not win."""
    sides = []
    for digest, seeds, (weak, strong) in ((BASE, (1, 2), (320, 80)), (HEAD, (3, 4), (80, 320))):
        rows = calls(digest, weak, seed=seeds[0], model="weak", quality=0.7)
        rows += calls(digest, strong, seed=seeds[1], model="strong")
        random.Random(5).shuffle(rows)
        sides.append(rows)
    store = store_of(tmp_path, _timed(*sides))
    result = ABTest("summarizer", *ARMS, store=store, **options).get_result()
    assert result.winner is None
    assert result.models == ("strong", "weak")
    assert "within strong, weak" in text_result(result)
    shown = {arm.name: arm.mean for arm in result.arms}
    (comparison,) = result.comparisons
    assert shown["1.3.0"] / shown["1.2.0"] - 1 == pytest.approx(comparison.change, abs=0.02)
    naive = [sum(row["quality_score"] for row in side) / len(side) for side in sides]
    assert naive[1] / naive[0] > 1.15


def test_a_real_difference_is_found_within_models() -> None:
    """A difference that hides in an unlucky mix of models is found, logged by hand as well."""
    test = ABTest("summarizer", "a", "b", metric="quality")
    source = random.Random(8)
    for model, level, n_a, n_b in (("weak", 0.5, 30, 270), ("strong", 0.8, 270, 30)):
        for arm, n, gain in (("a", n_a, 0.0), ("b", n_b, 0.1)):
            for _ in range(n):
                test.log_result(arm, level + gain + source.gauss(0, 0.05), model=model)
    result = test.get_result()
    assert result.winner == "b"
    assert result.comparisons[0].low < 0.1 / 0.65 < result.comparisons[0].high


def test_versions_on_different_models_are_told(tmp_path: Path) -> None:
    """Versions that never ran on the same model are not compared, and the answer says so."""
    rows = _timed(
        calls(BASE, 100, seed=1, model="old", quality=0.5), calls(HEAD, 100, seed=2, model="new")
    )
    result = ABTest("summarizer", *ARMS, store=store_of(tmp_path, rows)).get_result()
    assert (result.state, result.winner) == (State.COLLECTING, None)
    assert "old: 100 values of 1.2.0 only, not compared" in result.notes
    assert text_result(result).endswith("too few values of both arms can be compared so far.")


def test_a_plan_over_arms_one_after_the_other_ends(tmp_path: Path) -> None:
    """Rows of one arm that all came before the other's use the plan up, and the answer says why."""
    rows = calls(BASE, 100, seed=1), calls(HEAD, 100, seed=2)
    for hour, side in enumerate(rows):
        for row in side:
            row["ts"] = f"2026-11-01T{hour:02}:00:00Z"
    test = ABTest("summarizer", *ARMS, max_samples=50, store=store_of(tmp_path, *rows))
    result = test.get_result()
    assert result.state is State.EXHAUSTED
    assert any("run both arms at the same time" in note for note in result.notes)


@pytest.mark.parametrize("options", [{}, {"max_samples": 50}, {"mde": 0.1}])
def test_costs_of_two_currencies_make_no_winner(tmp_path: Path, options: dict[str, Any]) -> None:
    """A price in another currency decides nothing, neither as the metric nor as a guardrail."""
    dear = calls(HEAD, 300, seed=2, cost=7.0, quality=1.12, currency="SEK")
    store = store_of(tmp_path, _timed(calls(BASE, 300, seed=1), dear))
    left_out = "costs in SEK and USD are not compared"
    by_cost = ABTest("summarizer", *ARMS, metric="cost", store=store, **options).get_result()
    assert (by_cost.state, by_cost.winner) == (State.COLLECTING, None)
    assert by_cost.notes == (left_out,)
    result = ABTest("summarizer", *ARMS, store=store, **options).get_result()
    assert left_out in result.notes
    guards = {guardrail.judgement.threshold.name for guardrail in result.guardrails}
    assert "latency" in guards
    assert "cost" not in guards


def test_costs_of_one_other_currency_are_compared(tmp_path: Path) -> None:
    """All in one currency that is not the dollar, costs are compared as ever."""
    rows = _timed(calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2, cost=0.5))
    store = store_of(tmp_path, [{**row, "currency": "SEK"} for row in rows])
    result = ABTest("summarizer", *ARMS, metric="cost", store=store).get_result()
    assert (result.winner, result.notes) == ("1.3.0", ())
    assert " SEK" in text_result(result)
    assert "$" not in text_result(result)


def test_an_unknown_score_is_told(tmp_path: Path) -> None:
    """A metric that no row has is refused with the known ones; without rows it may yet come."""
    rows = [{**row, "scores": {"tone": 0.5}} for row in calls(BASE, 5, seed=1)]
    store = store_of(tmp_path / "a", rows)
    ABTest("summarizer", *ARMS, metric="tone", store=store).check_metric()
    ABTest("summarizer", *ARMS, metric="cost", store=store).check_metric()
    misspelt = ABTest("summarizer", *ARMS, metric="Tone", store=store)
    with pytest.raises(ConfigError, match="no row of this test has a score Tone") as raised:
        misspelt.check_metric()
    assert raised.value.fix is not None
    assert "latency" in raised.value.fix
    assert raised.value.fix.endswith(", tone")
    assert misspelt.get_result().state is State.COLLECTING
    ABTest("summarizer", *ARMS, metric="Tone", store=store_of(tmp_path / "b")).check_metric()


def test_an_arm_without_rows_is_told(tmp_path: Path) -> None:
    """A version that was never called, or never was, is named."""
    store = store_of(tmp_path, calls(BASE, 30, seed=1))
    assert ABTest("summarizer", *ARMS, store=store).get_result().notes == (
        "no rows of summarizer 1.3.0",
    )


def test_no_rows_at_all(tmp_path: Path) -> None:
    """Without a row the test collects, and every format can say so."""
    result = ABTest("summarizer", *ARMS, store=store_of(tmp_path)).get_result()
    assert result.state is State.COLLECTING
    assert text_result(result).endswith("Collecting: 0 in the smallest arm so far.")
    assert json.loads(json.dumps(json_result(result)))["winner"] is None
    assert "Collecting" in markdown_result(result)


def test_the_text_shows_arms_interval_and_plot(tmp_path: Path) -> None:
    """The report names both arms with a plot, the change with its interval and the verdict."""
    result = ABTest("summarizer", *ARMS, store=_store(tmp_path, quality=1.12)).get_result()
    text = text_result(result)
    assert text.splitlines()[0] == "summarizer 1.2.0 vs 1.3.0 · quality, higher is better"
    assert "█" in text
    assert "1.3.0 against 1.2.0: +" in text
    assert text.endswith("confidence.")
    assert "100.0%" not in text_result(replace(result, confidence=1.0))


@pytest.mark.parametrize(
    ("arms", "options", "message"),
    [
        (("1.0.0",), {}, "at least two arms"),
        (("1.0.0", "1.0.0"), {}, "named twice"),
        (ARMS, {"alpha": 1.5}, "alpha must lie"),
        (ARMS, {"max_samples": 0}, "max_samples must be"),
        (ARMS, {"mde": -0.1}, "mde must be above 0"),
        (ARMS, {"weights": (1,)}, "one number above 0"),
    ],
)
def test_wrong_options_are_refused(
    arms: tuple[str, ...], options: dict[str, Any], message: str
) -> None:
    """Each wrong option has its own line."""
    with pytest.raises(ConfigError, match=message):
        ABTest("summarizer", *arms, **options)


def test_wrong_values_by_hand_are_refused(tmp_path: Path) -> None:
    """An unknown arm, a NaN, and logging by hand beside a store are errors."""
    test = ABTest("summarizer", *ARMS)
    with pytest.raises(ConfigError, match="no arm"):
        test.log_result("9.9.9", 1.0)
    with pytest.raises(ConfigError, match="no measurement"):
        test.log_result("1.2.0", float("nan"))
    with pytest.raises(ConfigError, match="reads the store"):
        ABTest("summarizer", *ARMS, store=store_of(tmp_path)).log_result("1.2.0", 1.0)
