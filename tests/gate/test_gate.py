"""The gate over the real store: which rows are compared, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from promptreg.config import Accept, Config
from promptreg.errors import ConfigError
from promptreg.formats import figures
from promptreg.gate import Comparison, GateRow, Outcome, Verdict, gate_thresholds, judge
from promptreg.stats.thresholds import Form
from tests.gate.worlds import BASE, CHANGE, HEAD, SUITE, calls, store_of

TODAY = date(2026, 11, 22)


def _row(comparison: Comparison, name: str) -> GateRow:
    return next(row for row in comparison.rows if row.name == name)


def _only(tmp_path: Path, *groups: list[dict[str, Any]], **options: Any) -> Comparison:
    config = options.pop("config", Config())
    report = judge(store_of(tmp_path, *groups), [CHANGE], config, today=TODAY, **options)
    (comparison,) = report.comparisons
    return comparison


def test_no_change_over_two_hundred_calls_passes(tmp_path: Path) -> None:
    """Two like versions pass on every metric."""
    comparison = _only(tmp_path, calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2))
    assert comparison.verdict is Verdict.PASS
    assert {row.name for row in comparison.rows} == {"quality", "cost", "latency", "error_rate"}
    assert comparison.title == ("summarizer 1.2.0 -> 1.3.0 · production calls, 300 / 300 calls")


@pytest.mark.parametrize(
    ("factors", "name"),
    [
        ({"quality": 0.8}, "quality"),
        ({"latency": 1.7}, "latency"),
        ({"cost": 1.5}, "cost"),
        ({"errors": 0.2}, "error_rate"),
    ],
)
def test_a_regression_fails_its_metric_alone(
    tmp_path: Path, factors: dict[str, float], name: str
) -> None:
    """A clear regression of one metric fails that metric and no other."""
    base, head = calls(BASE, 300, seed=3), calls(HEAD, 300, seed=4, **factors)
    comparison = _only(tmp_path, base, head)
    failed = {row.name for row in comparison.rows if row.outcome is Outcome.REGRESSION}
    assert failed - {"latency.p95"} == {name}
    assert comparison.verdict is Verdict.FAIL


def test_a_slow_tenth_fails_the_p95(tmp_path: Path) -> None:
    """A tail that the geometric mean hides is found by the p95 beside it."""
    head = calls(HEAD, 1000, seed=6)
    for row in head[::10]:
        row["latency_ms"] *= 5
    comparison = _only(tmp_path, calls(BASE, 1000, seed=5), head)
    assert _row(comparison, "latency").outcome is Outcome.OK
    assert _row(comparison, "latency.p95").outcome is Outcome.REGRESSION


def test_the_same_cases_are_compared_one_by_one(tmp_path: Path) -> None:
    """A suite of one dataset is paired by case, repeats averaged, unmatched cases reported."""
    base = [row for seed in (1, 2) for row in calls(BASE, 60, seed=seed, **SUITE)]
    head = calls(HEAD, 64, seed=3, **SUITE)
    comparison = _only(tmp_path, base, head)
    assert comparison.paired
    assert comparison.title == ("summarizer 1.2.0 -> 1.3.0 · suite news, 60 paired cases · gpt-4o")
    assert comparison.notes == ("4 cases ran in the head only, not compared",)
    assert _row(comparison, "quality").judgement.n_base == 60


def test_pairs_agree_with_hand_made_differences(tmp_path: Path) -> None:
    """The paired change of quality is the ratio of the means over the matched cases."""
    base, head = calls(BASE, 40, seed=1, **SUITE), calls(HEAD, 40, seed=2, **SUITE)
    judgement = _row(_only(tmp_path, base, head), "quality").judgement
    means = [sum(row["quality_score"] for row in side) / 40 for side in (base, head)]
    assert judgement.base == pytest.approx(means[0], rel=1e-12)
    assert judgement.change == pytest.approx(means[1] / means[0] - 1.0, rel=1e-9)


def test_evaluation_rows_are_preferred(tmp_path: Path) -> None:
    """When the head was evaluated, production calls of the base do not matter."""
    groups = [
        calls(BASE, 100, seed=1, quality=0.2),
        calls(BASE, 60, seed=2, **SUITE),
        calls(HEAD, 60, seed=3, **SUITE),
    ]
    comparison = _only(tmp_path, *groups)
    assert comparison.context is not None
    assert comparison.context.suite == "news"
    assert comparison.n_base == 60


@pytest.mark.parametrize(
    ("column", "value", "note"),
    [
        ("suite", "other", "the base has no rows of suite news"),
        ("dataset_digest", "e" * 64, "the base ran suite news on other cases"),
        ("environment", "laptop", "the base has no rows of environment ci"),
    ],
)
def test_unlike_rows_are_never_compared(tmp_path: Path, column: str, value: str, note: str) -> None:
    """Rows of another suite, dataset or environment leave the verdict open and say why."""
    base = calls(BASE, 60, seed=1, **{**SUITE, column: value})
    comparison = _only(tmp_path, base, calls(HEAD, 60, seed=2, quality=0.5, **SUITE))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.rows == ()
    assert comparison.notes == (note,)


def test_models_are_compared_within_themselves(tmp_path: Path) -> None:
    """A shift to a dearer model is no regression of the prompt."""
    dear = {"model": "dear", "cost": 6.0, "quality": 0.7}
    groups = [
        calls(BASE, 900, seed=1, model="cheap"),
        calls(BASE, 100, seed=2, **dear),
        calls(HEAD, 700, seed=3, model="cheap"),
        calls(HEAD, 300, seed=4, **dear),
    ]
    comparison = _only(tmp_path, *groups)
    assert comparison.models == ("cheap", "dear")
    assert comparison.verdict is Verdict.PASS


def test_costs_of_two_currencies_are_never_compared(tmp_path: Path) -> None:
    """The same price in another currency is no regression; it is left out and told."""
    base = calls(BASE, 100, seed=1, currency="USD")
    comparison = _only(tmp_path, base, calls(HEAD, 100, seed=2, cost=7.0, currency="SEK"))
    assert comparison.verdict is not Verdict.FAIL
    assert "cost" not in {row.name for row in comparison.rows}
    assert comparison.notes == ("costs in SEK and USD are not compared",)
    named = calls(HEAD, 100, seed=2, cost=7.0, currency="USD")
    told = _only(tmp_path / "same", base, named)
    assert _row(told, "cost").outcome is Outcome.REGRESSION


def test_costs_in_another_currency_are_written_in_it(tmp_path: Path) -> None:
    """A team that pays in kronor reads kronor, not dollars, in every format."""
    sides = [calls(BASE, 100, seed=1, currency="SEK"), calls(HEAD, 100, seed=2, currency="SEK")]
    comparison = _only(tmp_path, *sides)
    cost = figures.values(_row(comparison, "cost").judgement)
    assert cost.endswith(" SEK")
    assert "$" not in cost


def test_a_model_on_one_side_is_left_out_and_told(tmp_path: Path) -> None:
    """Rows of a model that only one side used are not compared."""
    groups = [
        calls(BASE, 100, seed=1, model="old"),
        calls(BASE, 100, seed=2, model="both"),
        calls(HEAD, 100, seed=3, model="both"),
        calls(HEAD, 7, seed=4, model="new"),
    ]
    comparison = _only(tmp_path, *groups)
    assert comparison.models == ("both",)
    assert comparison.notes == (
        "old: 100 rows in the base only, not compared",
        "new: 7 rows in the head only, not compared",
    )


def test_rows_of_one_unit_are_one_observation(tmp_path: Path) -> None:
    """A user with a hundred calls counts once."""
    base, head = calls(BASE, 200, seed=1), calls(HEAD, 200, seed=2)
    for number, row in enumerate([*base, *head]):
        row["unit"] = f"user-{number % 20}"
    judgement = _row(_only(tmp_path, base, head), "quality").judgement
    assert (judgement.n_base, judgement.n_head) == (20, 20)


def test_logging_a_row_twice_proves_nothing_more(tmp_path: Path) -> None:
    """Rows of a case logged twice leave the number of observations as it was."""
    base, head = calls(BASE, 40, seed=1, **SUITE), calls(HEAD, 40, seed=2, **SUITE)
    comparison = _only(tmp_path, base, base, head, head, head)
    assert _row(comparison, "quality").judgement.n_head == 40


def test_nothing_logged_is_undecided(tmp_path: Path) -> None:
    """Without any row the verdict is open."""
    comparison = _only(tmp_path)
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.notes == ("no rows of either side",)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_handful_of_rows_is_undecided_and_says_how_many_are_missing(
    tmp_path: Path, n: int
) -> None:
    """Below ten observations nothing is judged, and the missing number is told."""
    comparison = _only(tmp_path, calls(BASE, n, seed=1), calls(HEAD, n, seed=2))
    assert comparison.verdict is Verdict.INCONCLUSIVE
    judgement = _row(comparison, "quality").judgement
    if n > 1:
        assert (judgement.note, judgement.needed) == ("fewer than 10 values", 10 - n)


def test_a_metric_missing_on_one_side_is_told(tmp_path: Path) -> None:
    """A version without quality rows is undecided on quality, not an error."""
    head = calls(HEAD, 100, seed=2)
    for row in head:
        del row["quality_score"]
    judgement = _row(_only(tmp_path, calls(BASE, 100, seed=1), head), "quality").judgement
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.note == "no quality on the head side"


def test_a_free_model_has_equal_costs(tmp_path: Path) -> None:
    """Costs of zero on both sides are equal; a zero base with a dear head cannot be a share."""
    free = calls(BASE, 50, seed=1, cost=0.0), calls(HEAD, 50, seed=2, cost=0.0)
    assert _row(_only(tmp_path, *free), "cost").outcome is Outcome.OK
    dear = _only(tmp_path / "dear", free[0], calls(HEAD, 50, seed=2))
    assert _row(dear, "cost").judgement.note == "the base is zero"


def test_all_calls_failing_leaves_latency_open(tmp_path: Path) -> None:
    """When every call fails there are no latencies to compare, and the errors fail."""
    comparison = _only(tmp_path, calls(BASE, 60, seed=1), calls(HEAD, 60, seed=2, errors=1.0))
    assert _row(comparison, "latency").judgement.note == "no latency on the head side"
    assert _row(comparison, "error_rate").outcome is Outcome.REGRESSION


def test_custom_scores_have_the_direction_of_their_sign(tmp_path: Path) -> None:
    """A custom metric is judged when a threshold names it, its sign says where harm lies."""
    base, head = calls(BASE, 100, seed=1), calls(HEAD, 100, seed=2)
    for number, row in enumerate([*base, *head]):
        row["scores"] = {"toxicity": 0.1 + 0.001 * (number % 7), "help": 0.5}
    for row in head:
        row["scores"]["toxicity"] *= 2
    config = Config(gate={"": {"toxicity": "+20%"}, "summarizer": {"help": "-5%"}})
    comparison = _only(tmp_path, base, head, config=config)
    assert _row(comparison, "toxicity").outcome is Outcome.REGRESSION
    assert _row(comparison, "help").outcome is Outcome.OK


def test_an_unknown_custom_metric_is_told(tmp_path: Path) -> None:
    """A configured metric that no row has is undecided, not silently fine."""
    groups = calls(BASE, 50, seed=1), calls(HEAD, 50, seed=2)
    comparison = _only(tmp_path, *groups, overrides=["charm:-5%"])
    assert _row(comparison, "charm").judgement.note == "no charm on either side"


def test_limits_hold_the_head_alone(tmp_path: Path) -> None:
    """Absolute limits judge the new version by itself, a new prompt as well."""
    overrides = ["success_rate:>=95%", "latency.p95:<=100ms", "cost:<=1"]
    head = calls(HEAD, 300, seed=2, errors=0.0)
    comparison = _only(tmp_path, calls(BASE, 300, seed=1), head, overrides=overrides)
    assert _row(comparison, "success_rate").outcome is Outcome.OK
    assert _row(comparison, "latency.p95").outcome is Outcome.REGRESSION
    new = replace(CHANGE, base_version=None, base_digest="")
    report = judge(store_of(tmp_path / "new", head), [new], Config(), overrides=overrides)
    outcomes = {row.name: row.outcome for row in report.comparisons[0].rows}
    assert outcomes == {
        "success_rate": Outcome.OK,
        "latency.p95": Outcome.REGRESSION,
        "cost": Outcome.OK,
    }


def test_a_new_prompt_without_rows_passes(tmp_path: Path) -> None:
    """A new prompt has nothing to be compared with."""
    new = replace(CHANGE, base_version=None, base_digest="")
    report = judge(store_of(tmp_path), [new], Config())
    assert report.verdict is Verdict.PASS


def test_a_renumbering_is_not_judged(tmp_path: Path) -> None:
    """Equal content under another version is no change."""
    same = replace(CHANGE, head_digest=BASE)
    assert judge(store_of(tmp_path), [same], Config()).comparisons == ()


@pytest.mark.parametrize(
    ("until", "digest", "limit", "outcome", "note"),
    [
        (date(2026, 12, 1), HEAD[:12], "-30%", Outcome.ACCEPTED, "accepted until 2026-12-01: ok"),
        (TODAY, HEAD, "-30%", Outcome.ACCEPTED, "accepted until 2026-11-22: ok"),
        (date(2026, 11, 21), HEAD, "-30%", Outcome.REGRESSION, "was accepted until 2026-11-21"),
        (date(2027, 1, 1), HEAD, "-12%", Outcome.REGRESSION, "was accepted up to -12% only"),
        (date(2027, 1, 1), BASE, "-30%", Outcome.REGRESSION, ""),
    ],
)
def test_an_accepted_regression_counts_until_its_day_and_limit(
    tmp_path: Path, until: date, digest: str, limit: str, outcome: Outcome, note: str
) -> None:
    """An entry holds for one content, up to its limit, through its last day."""
    entry = Accept("summarizer", digest, "quality", limit, "ok", until)
    base, head = calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2, quality=0.8)
    row = _row(_only(tmp_path, base, head, config=Config(accept=(entry,))), "quality")
    assert (row.outcome, row.note) == (outcome, note)


def test_an_accepted_change_is_no_accepted_limit(tmp_path: Path) -> None:
    """An entry for a metric's change leaves its absolute limit in force, and the other way."""
    groups = calls(BASE, 300, seed=1), calls(HEAD, 300, seed=2, latency=2.0)
    for number, (limit, accepted) in enumerate((("+150%", "+30%"), ("<=9s", "<=900ms"))):
        entry = Accept("summarizer", HEAD, "latency", limit, "ok", date(2027, 1, 1))
        config = Config(accept=(entry,), gate={"": {"latency": "+30%, <=900ms"}})
        comparison = _only(tmp_path / str(number), *groups, config=config)
        rows = [row for row in comparison.rows if row.name == "latency"]
        outcomes = {row.judgement.threshold.text: row.outcome for row in rows}
        other = ({"+30%", "<=900ms"} - {accepted}).pop()
        assert outcomes[accepted] is Outcome.ACCEPTED
        assert outcomes[other] is Outcome.REGRESSION


def test_latencies_without_a_logarithm_are_told(tmp_path: Path) -> None:
    """A latency of zero is left out, and the comparison says how many were."""
    head = calls(HEAD, 200, seed=2)
    for row in head[:10]:
        row["latency_ms"] = 0.0
    comparison = _only(tmp_path, calls(BASE, 200, seed=1), head)
    assert comparison.notes[0].endswith("of the head's latencies are not above 0, left out")


def test_thresholds_come_in_layers() -> None:
    """Defaults give way to [gate], that to the prompt's own table, that to the command line."""
    config = Config(
        gate={
            "": {"latency": "+50%", "quality": "off"},
            "summarizer": {"latency": "+60%, <=2s", "accuracy": "-1pp"},
        }
    )
    merged = gate_thresholds(config, "summarizer", ["cost:+1%"])
    texts = [str(threshold) for threshold in merged]
    assert texts == [
        "cost:+1%", "latency:+60%", "error_rate:+5pp", "latency:<=2s", "accuracy:-1pp",
    ]  # fmt: skip
    assert all(t.explicit for t in merged if t.name != "error_rate")
    assert [t.form for t in gate_thresholds(config, "other")] == [
        Form.RELATIVE, Form.RELATIVE, Form.ABSOLUTE,
    ]  # fmt: skip


def test_a_wrong_threshold_is_an_error_with_a_fix() -> None:
    """A threshold outside the grammar names what to write."""
    with pytest.raises(ConfigError, match="bound an improvement") as caught:
        gate_thresholds(Config(gate={"": {"quality": "+10%"}}), "summarizer")
    assert caught.value.fix == "write quality:-10%"
