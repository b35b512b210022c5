"""Prices: list prices of the day, prices of one's own, currencies, unknown models."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import Any

import pytest
from genai_prices import Usage, calc_price

from promptreg.errors import ConfigError
from promptreg.pricing import Pricer

TS = "2026-11-22 10:00:00.000000"


def cost(pricer: Pricer, model: str | None, provider: str | None = None, **columns: Any) -> Any:
    """Return what a call of a million and a hundred thousand tokens costs."""
    row = {"ts": TS, "model": model, "provider": provider}
    row |= {"input_tokens": 1_000_000, "output_tokens": 100_000} | columns
    pricer.fill(row)
    return row.get("cost")


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "openai"),
        ("gpt-4o-mini", None),
        ("openai/gpt-4o", None),
        ("claude-sonnet-4-5", "anthropic"),
        ("gemini-2.5-pro", "google"),
        ("gpt-4o", "some-gateway"),
    ],
)
@pytest.mark.parametrize("cached", [0, 300_000])
def test_list_prices(model: str, provider: str | None, cached: int) -> None:
    """Costs are those of genai-prices itself, tiers and cached tokens included."""
    known = None if provider == "some-gateway" else provider
    usage = Usage(input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=cached)
    moment = datetime.fromisoformat(TS).replace(tzinfo=UTC)
    name = model.rsplit("/", maxsplit=1)[-1]
    expected = calc_price(usage, name, provider_id=known, genai_request_timestamp=moment)
    found = cost(Pricer(), model, provider, cached_input_tokens=cached)
    assert found == pytest.approx(float(expected.total_price), rel=1e-9)


def test_unknown_models_warn_once(caplog: pytest.LogCaptureFixture) -> None:
    """A model without a price leaves the cost empty and is named once."""
    pricer = Pricer()
    with caplog.at_level(logging.WARNING, "promptreg"):
        assert [cost(pricer, "house-model-9000") for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    assert "house-model-9000" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [{"model": None}, {"input_tokens": None}, {"output_tokens": None}],
)
def test_no_guess_without_tokens(columns: dict[str, Any]) -> None:
    """Without a model or one of the token counts there is no cost."""
    row = {"ts": TS, "model": "gpt-4o", "input_tokens": 5, "output_tokens": 5} | columns
    Pricer().fill(row)
    assert "cost" not in row


def test_a_given_cost_stays() -> None:
    """A cost that was logged is never replaced, 0 included."""
    assert cost(Pricer(), "gpt-4o", cost=0.0) == 0.0


def test_own_prices_by_day() -> None:
    """The last own price that has begun on the row's day counts, before any list price."""
    prices = {
        "gpt-4o": [
            {"input": 1.0, "output": 2.0},
            {"input": 3.0, "output": 2.0, "from": date(2026, 6, 1)},
            {"input": 9.0, "output": 2.0, "from": "2027-01-01"},
        ],
        "azure/gpt-4o": {"input": 5.0, "output": 0.0, "cached-input": 0.0},
    }
    pricer = Pricer(prices)
    assert cost(pricer, "gpt-4o") == pytest.approx(3.2)
    assert cost(pricer, "gpt-4o", ts="2026-01-01 00:00:00.000000") == pytest.approx(1.2)
    assert cost(pricer, "gpt-4o", "azure") == pytest.approx(5.0)
    assert cost(pricer, "gpt-4o", "azure", cached_input_tokens=1_000_000) == 0.0


def test_currency() -> None:
    """List prices are converted at the configured rate, own prices are in that currency."""
    pricer = Pricer({"currency": "EUR", "usd-rate": 0.5, "mine": {"input": 1.0, "output": 0.0}})
    row = {"ts": TS, "model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 0}
    pricer.fill(row)
    assert (row["cost"], row["currency"]) == (pytest.approx(1.25), "EUR")
    assert cost(pricer, "mine") == 1.0


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ({"m": {"input": 1}}, "lacks output"),
        ({"m": {"input": -1, "output": 1}}, "m input must be a number of 0 or more"),
        ({"m": {"input": True, "output": 1}}, "m input must be a number"),
        ({"m": {"input": "x", "output": 1}}, "m input must be a number"),
        ({"m": {"input": 1, "output": 1, "per": "token"}}, "unknown key per"),
        ({"m": {"input": 1, "output": 1, "from": "soon"}}, "from must be a day"),
        ({"m": 3}, "must be a table"),
        ({"currency": "euro"}, "three capital letters"),
        ({"currency": "EUR"}, "without usd-rate"),
        ({"usd-rate": -1}, "usd-rate must be a number"),
    ],
)
def test_wrong_prices(prices: dict[str, Any], words: str) -> None:
    """A wrong table is an error that names the key."""
    with pytest.raises(ConfigError, match=words):
        Pricer(prices)
