"""What a call cost: dated list prices from genai-prices, and prices of one's own from `[prices]`.

Own prices are plain arithmetic and apply when a row is logged. List prices apply when rows are
sealed or read, with the prices of the row's own day: so the application that logs needs no price
table, and an unknown model leaves the cost empty, never 0.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from promptreg.errors import ConfigError
from promptreg.values import dataclass

__all__ = ["Price", "Pricer"]

_log = logging.getLogger("promptreg")
_MILLION = 1_000_000
_KEYS = {"input", "output", "cached-input", "from"}
_CACHE_LIMIT = 4096
_Cost = Callable[[int, int, int], float]


@dataclass(frozen=True, slots=True)
class Price:
    """Own price of a model from a day on, per million tokens."""

    input: float
    output: float
    cached_input: float
    since: str = ""

    def cost(self, input_tokens: int, output_tokens: int, cached: int) -> float:
        """Return the price of one call; cached tokens are part of the input tokens."""
        fresh = max(input_tokens - cached, 0)
        total = fresh * self.input + cached * self.cached_input + output_tokens * self.output
        return total / _MILLION


class Pricer:
    """Fills the cost of rows that have tokens and a model but no cost.

    Args:
        prices: The `[prices]` table: `currency`, `usd-rate` (units of the currency per dollar) and
            one table, or a list of tables with `from`, per `model` or `provider/model` with
            `input`, `output` and `cached-input` in that currency per million tokens.

    Raises:
        ConfigError: The table is wrong.
    """

    def __init__(self, prices: Mapping[str, Any] | None = None) -> None:
        table = dict(prices or {})
        self._currency = _currency(table.pop("currency", None))
        self._rate = _positive("usd-rate", table.pop("usd-rate", 1.0))
        if self._currency != "USD" and self._rate == 1.0 and "usd-rate" not in (prices or {}):
            raise ConfigError(
                f"[prices] has currency {self._currency} without usd-rate",
                fix=f"add usd-rate, how many {self._currency} a dollar costs",
            )
        self._own = {model: _own_prices(model, value) for model, value in table.items()}
        self._listed: dict[tuple[str, str, str], _Cost | None] = {}
        self._warned: set[tuple[str, str]] = set()

    @property
    def unknown_models(self) -> tuple[str, ...]:
        """Models met so far that have no known price."""
        return tuple(sorted("/".join(filter(None, pair)) for pair in self._warned))

    def fill_own(self, row: dict[str, Any]) -> None:
        """Set `cost` and `currency` of a row from the configured prices, when they apply."""
        if self._own and _is_open(row) and (price := self._own_price(row)) is not None:
            self._set(row, price.cost(*_tokens(row)))

    def fill(self, row: dict[str, Any]) -> None:
        """Set `cost` and `currency` of a row from the configured or the list prices.

        Args:
            row: Columns by name, `ts` as text; changed in place.
        """
        if not _is_open(row):
            return
        if self._own and (price := self._own_price(row)) is not None:
            self._set(row, price.cost(*_tokens(row)))
        elif (listed := self._list_price(row)) is not None:
            self._set(row, listed(*_tokens(row)) * self._rate)

    def _set(self, row: dict[str, Any], cost: float) -> None:
        # Ten decimals hide the noise of binary fractions and keep the price of a token.
        row["cost"] = round(cost, 10)
        if self._currency != "USD":
            row["currency"] = self._currency

    def _own_price(self, row: dict[str, Any]) -> Price | None:
        model, provider = row["model"], row.get("provider")
        dated = (provider and self._own.get(f"{provider}/{model}")) or self._own.get(model)
        if not dated:
            return None
        day = row["ts"][:10] if "ts" in row else datetime.now(UTC).date().isoformat()
        return next((price for price in dated if price.since <= day), None)

    def _list_price(self, row: dict[str, Any]) -> _Cost | None:
        # Some providers price by the hour of the day: ten minutes is their finest step.
        key = (row.get("provider") or "", row["model"], row["ts"][:15])
        if key not in self._listed:
            if len(self._listed) >= _CACHE_LIMIT:
                self._listed.clear()
            self._listed[key] = _lookup(key[0], key[1], row["ts"])
        cost = self._listed[key]
        if cost is None and key[:2] not in self._warned:
            self._warned.add(key[:2])
            _log.warning(
                "no price is known for model %s: cost stays empty (fix: add it to [prices])",
                "/".join(filter(None, key[:2])),
            )
        return cost


def _is_open(row: Mapping[str, Any]) -> bool:
    return (
        row.get("cost") is None
        and row.get("model") is not None
        and row.get("input_tokens") is not None
        and row.get("output_tokens") is not None
    )


def _tokens(row: Mapping[str, Any]) -> tuple[int, int, int]:
    cached = min(row.get("cached_input_tokens") or 0, row["input_tokens"])
    return row["input_tokens"], row["output_tokens"], cached


def _lookup(provider: str, model: str, ts: str) -> _Cost | None:
    """Return what computes a call's dollars at a moment's list prices; None: unknown model."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    if not provider and "/" in model:
        provider, model = model.split("/", 1)
    moment = datetime.fromisoformat(ts).replace(tzinfo=UTC)
    # An unknown provider (a gateway, a reseller) must not hide a model that is known.
    for hint in dict.fromkeys((provider or None, None)):
        try:
            found = calc_price(
                Usage(input_tokens=1, output_tokens=1),
                model,
                provider_id=hint,
                genai_request_timestamp=moment,
            )
        except (LookupError, ValueError):
            continue
        if (flat := _flat(found.model_price)) is not None:
            return flat.cost
        price = found.model_price
        return lambda i, o, c: float(
            price.calc_price(Usage(input_tokens=i, cache_read_tokens=c, output_tokens=o))[
                "total_price"
            ]
        )
    return None


def _flat(model_price: Any) -> Price | None:
    """Return linear prices, None when they depend on the size of the request."""
    from decimal import Decimal

    names = ("input_mtok", "output_mtok", "cache_read_mtok")
    fresh, output, cached = (getattr(model_price, name, None) for name in names)
    if cached is None:
        cached = fresh
    match fresh, output, cached:
        case Decimal(), Decimal(), Decimal():
            return Price(float(fresh), float(output), float(cached))
    return None


def _own_prices(model: str, value: Any) -> tuple[Price, ...]:
    """Return a model's own prices, the latest day first."""
    entries = value if isinstance(value, list) else [value]
    prices = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise ConfigError(f"[prices] {model} must be a table with input and output")
        if unknown := sorted(set(entry) - _KEYS):
            known = ", ".join(sorted(_KEYS))
            raise ConfigError(
                f"[prices] {model} has an unknown key {unknown[0]}", fix=f"use {known}"
            )
        missing = {"input", "output"} - set(entry)
        if missing:
            raise ConfigError(f"[prices] {model} lacks {' and '.join(sorted(missing))}")
        numbers = {key: _positive(f"{model} {key}", entry[key]) for key in entry if key != "from"}
        prices.append(
            Price(
                numbers["input"],
                numbers["output"],
                numbers.get("cached-input", numbers["input"]),
                _since(model, entry.get("from")),
            )
        )
    return tuple(sorted(prices, key=lambda price: price.since, reverse=True))


def _since(model: str, value: Any) -> str:
    if value is None:
        return ""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()[:10]
    except (TypeError, ValueError):
        raise ConfigError(f"[prices] {model} from must be a day such as 2026-01-31") from None


def _positive(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < float("inf"):
        raise ConfigError(f"[prices] {name} must be a number of 0 or more, not {value!r}")
    return number


def _currency(value: Any) -> str:
    if value is None:
        return "USD"
    if not isinstance(value, str) or len(value) != 3 or not value.isupper():  # noqa: PLR2004 - ISO 4217
        raise ConfigError(f"[prices] currency must be three capital letters, not {value!r}")
    return value
