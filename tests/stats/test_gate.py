"""The verdicts of the gate on bad and extreme input."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.stats.evidence import Stratum
from promptreg.stats.gate import Judgement, Verdict, judge, worst
from promptreg.stats.samples import Moments, Pairs, Sample
from promptreg.stats.thresholds import DEFAULT_THRESHOLDS, parse_threshold

WILD = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 1e300, 5e-324]),
    st.floats(-1e12, 1e12),
)


def _judged(
    text: str, base: Sequence[float | None], head: Sequence[float | None], *, paired: bool = False
) -> Judgement:
    threshold = parse_threshold(text)
    pairs = Pairs.of(zip(base, head, strict=True)) if paired else None
    stratum = Stratum("", Sample.of(base), Sample.of(head), pairs)
    return judge({threshold.metric.name: [stratum]}, [threshold])[0]


@given(
    st.sampled_from(
        [
            "quality:-10%", "quality:-0.05", "cost:+20%", "latency:+30%", "latency:+100ms",
            "error_rate:+5pp", "error_rate:+50%", "charm:-3%", "latency.p95:+30%",
            "latency.p95:<=2s", "success_rate:>=95%", "cost:<=0.01", "accuracy:-0%",
        ]
    ),
    st.lists(WILD, max_size=100),
    st.lists(WILD, max_size=100),
)  # fmt: skip
def test_no_input_raises(text: str, base: list[float | None], head: list[float | None]) -> None:
    """Whatever the values are, there is a verdict with figures that are numbers."""
    judgement = _judged(text, base, head)
    assert 0.0 <= judgement.p_harm <= 1.0
    if judgement.verdict is Verdict.INCONCLUSIVE:
        assert judgement.note or judgement.head is not None
    if judgement.interval is not None:
        assert not math.isnan(judgement.interval.low)
        assert not math.isnan(judgement.interval.high)


@given(st.lists(st.tuples(WILD, WILD), max_size=60))
def test_no_pairs_raise(pairs: list[tuple[float | None, float | None]]) -> None:
    """The same holds for pairs."""
    base, head = [a for a, _ in pairs], [b for _, b in pairs]
    for text in ("quality:-10%", "latency:+30%", "error_rate:+5pp", "cost:+20%"):
        judgement = _judged(text, base, head, paired=True)
        assert 0.0 <= judgement.p_harm <= 1.0


def test_a_ratio_beyond_all_numbers_is_judged() -> None:
    """Latencies of 1e-300 and then of 1e149 are a regression without an end, and no error."""
    judgement = _judged("latency:+30%", [1e-300] * 30, [1e149] * 30)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.interval
    assert judgement.interval.low == math.inf


@pytest.mark.parametrize("n", [10, 50, 1000])
@pytest.mark.parametrize("value", [0.0, 0.1, 0.7, 1.0, 812.0])
def test_equal_constants_pass(n: int, value: float) -> None:
    """Two sides with one and the same value did not change, whatever float sums say."""
    for paired in (False, True):
        judgement = _judged("cost:+20%", [value] * n, [value] * n, paired=paired)
        if value in {0.0, 1.0} and n == 10:
            continue  # ten ones and zeros leave a share open
        assert judgement.verdict is Verdict.PASS
        assert judgement.change == 0.0


def test_different_constants_are_certain() -> None:
    """Without variance the estimate decides exactly, at the threshold as well."""
    assert _judged("cost:+20%", [1.0] * 9 + [1.0], [1.2] * 10).verdict is Verdict.FAIL
    assert _judged("cost:+20%", [2.0] * 10, [2.4] * 10).verdict is Verdict.FAIL
    assert _judged("cost:+20%", [2.0] * 10, [2.3] * 10).verdict is Verdict.PASS
    assert _judged("cost:+20%", [2.0] * 10, [1.0] * 10).verdict is Verdict.PASS


def test_one_failure_in_twenty_is_no_regression() -> None:
    """The float error that makes a naive tool alert on one failure in twenty does nothing here."""
    judgement = _judged("error_rate:+5pp", [0.0] * 20, [1.0] + [0.0] * 19)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.needed is None or judgement.needed > 0


def test_all_failing_is_a_regression() -> None:
    """When every call fails the error rate fails, paired or not."""
    for paired in (False, True):
        judgement = _judged("error_rate:+5pp", [0.0] * 40, [1.0] * 40, paired=paired)
        assert judgement.verdict is Verdict.FAIL


def test_nan_does_not_poison_the_rest() -> None:
    """One NaN is one missing value."""
    values = [0.8 + 0.01 * (i % 5) for i in range(100)]
    judgement = _judged("quality:-10%", [math.nan, *values], [*values, None])
    assert judgement.verdict is Verdict.PASS
    assert (judgement.n_base, judgement.n_head) == (100, 100)


def test_without_any_data_a_default_is_silent_and_a_wish_is_told() -> None:
    """Nothing logged for a default metric is nothing to say; for a configured one it is."""
    assert judge({}, DEFAULT_THRESHOLDS) == ()
    (judgement,) = judge({}, [parse_threshold("quality:-10%")])
    assert judgement.note == "no quality on either side"


def test_sums_per_period_are_left_to_the_monitor() -> None:
    """A budget per day is no matter of a pull request."""
    assert judge({}, [parse_threshold("cost:<=50/day")]) == ()


def test_the_needed_samples_settle_it() -> None:
    """With about as many samples as were asked for, the same values are decided."""
    source = random.Random(3)
    base = [source.lognormvariate(0.0, 0.75) for _ in range(40)]
    head = [source.lognormvariate(0.1, 0.75) for _ in range(40)]
    first = _judged("latency:+30%", base, head)
    assert first.verdict is Verdict.INCONCLUSIVE
    assert first.needed is not None
    times = 1 + math.ceil(first.needed / 40)
    second = _judged("latency:+30%", base * times, head * times)
    assert second.verdict is not Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("success_rate:>=95%", 0.999, Verdict.PASS),
        ("success_rate:>=95%", 0.80, Verdict.FAIL),
        ("success_rate:>=95%", 0.95, Verdict.INCONCLUSIVE),
        ("success_rate:>=100%", 1.0, Verdict.PASS),
        ("success_rate:>=100%", 0.99, Verdict.FAIL),
        ("error_rate:<=0%", 0.01, Verdict.FAIL),
    ],
)
def test_share_limits(text: str, value: float, verdict: Verdict) -> None:
    """A limit on a share is kept, broken or open by an exact binomial test."""
    ones = round(value * 1000)
    judgement = _judged(text, [], [1.0] * ones + [0.0] * (1000 - ones))
    if text.startswith("error"):
        judgement = _judged(text, [], [1.0] * 10 + [0.0] * 990)
    assert judgement.verdict is verdict


def test_a_limit_on_a_constant_holds_exactly() -> None:
    """A constant on the limit keeps it, one beyond it does not."""
    assert _judged("cost:<=0.5", [], [0.5] * 20).verdict is Verdict.PASS
    assert _judged("cost:<=0.5", [], [0.6] * 20).verdict is Verdict.FAIL


def test_half_a_million_failures_are_judged_at_once() -> None:
    """A million pass/fail values a side need no exact enumeration."""
    n, ones = 1_000_000, (20_000, 20_400)
    samples = [
        Sample(Moments(n, k / n, (k / n) * (1 - k / n)), Moments(k, 0.0, 0.0), 0.0, 1.0, k, n - k)
        for k in ones
    ]
    start = time.process_time()
    (judgement,) = judge(
        {"error_rate": [Stratum("", *samples)]}, [parse_threshold("error_rate:+5pp")]
    )
    assert judgement.verdict is Verdict.PASS
    # An enumeration would compute for minutes; this only tells the two apart.
    assert time.process_time() - start < 20.0


def test_the_worst_verdict_counts() -> None:
    """One fail fails, one unknown leaves it open, nothing at all passes."""
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL]) is Verdict.FAIL
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE]) is Verdict.INCONCLUSIVE
    assert worst([]) is Verdict.PASS


def test_a_difference_beyond_every_doubt_is_a_verdict() -> None:
    """A p-value too small for a float, as of latencies a thousand errors apart, fails as others."""
    base = Sample.of([100.0 + n % 2 for n in range(100)])
    head = Sample.of([300.0 + n % 2 for n in range(100)])
    found = judge({"latency": [Stratum("m", base, head)]}, [parse_threshold("latency:+30%")])
    assert {judgement.verdict for judgement in found} == {Verdict.FAIL}
    assert min(judgement.p_harm for judgement in found) == 0.0


@pytest.mark.parametrize("moved", [1.0, 1.1, 1.35, 3.0])
@pytest.mark.parametrize("n", [30, 200])
def test_a_brief_judgement_is_the_same_but_for_its_p(n: int, moved: float) -> None:
    """What nobody asks a p for is judged alike: verdict, evidence, and how many more it needs."""
    rng = random.Random(n)
    latency = [[rng.lognormvariate(6.0, 0.7) * by for _ in range(n)] for by in (1.0, moved)]
    errors = [[float(rng.random() < 0.1 * by) for _ in range(n)] for by in (1.0, moved)]
    quality = [[rng.betavariate(8.0, 2.0) / by for _ in range(n)] for by in (1.0, moved)]
    data = {
        name: [Stratum("", Sample.of(base), Sample.of(head))]
        for name, (base, head) in {
            "latency": latency, "error_rate": errors, "quality": quality, "cost": latency
        }.items()
    }  # fmt: skip
    thresholds = [*DEFAULT_THRESHOLDS, parse_threshold("latency:<=2s")]
    full, brief = judge(data, thresholds), judge(data, thresholds, brief=True)
    assert [each._replace(p_harm=1.0) for each in brief] == [
        each._replace(p_harm=1.0) for each in full
    ]
    assert moved < 3.0 or any(each.verdict is Verdict.FAIL for each in full)
    assert moved > 1.0 or n < 200 or {each.p_harm for each in brief} == {1.0}
