"""The grammar of thresholds."""

from __future__ import annotations

import pytest

from promptreg.errors import ConfigError
from promptreg.stats.thresholds import Form, parse_threshold, thresholds_from


@pytest.mark.parametrize(
    ("text", "form", "value", "statistic", "period"),
    [
        ("latency:+30%", Form.RELATIVE, 0.3, "mean", None),
        ("quality:-10%", Form.RELATIVE, 0.1, "mean", None),
        ("quality:-0.05", Form.ABSOLUTE, 0.05, "mean", None),
        ("error_rate:+5pp", Form.ABSOLUTE, 0.05, "mean", None),
        ("error_rate:+50%", Form.RELATIVE, 0.5, "mean", None),
        ("latency:+200ms", Form.ABSOLUTE, 200.0, "mean", None),
        ("latency: +1.5s", Form.ABSOLUTE, 1500.0, "mean", None),
        ("success_rate:>=95%", Form.LIMIT, 0.95, "mean", None),
        ("latency.p95:<=2s", Form.LIMIT, 2000.0, "p95", None),
        ("latency.p95:+30%", Form.RELATIVE, 0.3, "p95", None),
        ("cost:<=50/day", Form.LIMIT, 50.0, "mean", "day"),
        ("cost:<=$.02", Form.LIMIT, 0.02, "mean", None),
        ("toxicity:<=0.1", Form.LIMIT, 0.1, "mean", None),
    ],
)
def test_thresholds_are_read(
    text: str, form: Form, value: float, statistic: str, period: str | None
) -> None:
    """Each form of the grammar is read to its value in the metric's unit."""
    threshold = parse_threshold(text)
    assert threshold.form is form
    assert threshold.value == pytest.approx(value)
    assert (threshold.statistic, threshold.period) == (statistic, period)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency", "is no threshold"),
        ("latency:30%", "is no threshold"),
        ("latency:+", "is no threshold"),
        ("latency:+nan%", "is no threshold"),
        (":+3%", "is no threshold"),
        ("la tency:+3%", "is no threshold"),
        ("latency.p50:+3%", "unknown statistic"),
        ("quality.p95:-3%", "only latency has a p95"),
        ("quality:+10%", "would bound an improvement: higher quality is better"),
        ("cost:-10%", "would bound an improvement: lower cost is better"),
        ("success_rate:<=95%", "would bound an improvement"),
        ("cost:+3ms", "not measured in 'ms'"),
        ("latency:<=5/day", "only a cost has a sum"),
        ("cost:<=5/year", "only a cost has a sum"),
        ("quality:-100%", "allows everything to be lost"),
        ("latency.p95:+200ms", "a p95 changes in percent"),
    ],
)
def test_wrong_thresholds_say_what_to_write(text: str, message: str) -> None:
    """Each mistake has one line and a fix."""
    with pytest.raises(ConfigError, match=message) as caught:
        parse_threshold(text)
    assert caught.value.fix


def test_a_sign_gives_a_custom_metric_its_direction() -> None:
    """Minus bounds a loss of what is good, plus a gain of what is bad."""
    assert parse_threshold("charm:-5%").metric.higher_is_better is True
    assert parse_threshold("toxicity:+5%").metric.higher_is_better is False


def test_a_table_switches_off_and_lists() -> None:
    """A table's value is one threshold, several, or off."""
    table = thresholds_from({"cost": "off", "latency": "+30%, <=2s"})
    assert table["cost"] == ()
    assert [threshold.text for threshold in table["latency"]] == ["+30%", "<=2s"]
