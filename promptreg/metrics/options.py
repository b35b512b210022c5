"""What the options of `Metrics` mean, and the words that refuse wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.metrics.shipper import Shipper

__all__ = ["check_choice", "open_shipper", "wal_folder"]

_SHIP_SECONDS = 60.0


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a value that is none of the known ones.

    Raises:
        ConfigError: It is none of them.
    """
    if value not in known:
        raise ConfigError(f"{name} must be {' or '.join(known)}, not {value!r}")


def wal_folder(store: str | Path, wal: Path | None) -> Path:
    """Return the folder of a store's segments.

    Raises:
        ConfigError: The store is an object store, and no local folder is given.
    """
    if wal is not None:
        return wal
    if "://" in str(store):
        raise ConfigError(
            f"a store at {store} needs a local folder for its segments",
            fix="pass wal=, such as .promptreg/metrics/wal",
        )
    return Path(store).absolute() / "wal"


def open_shipper(
    store: str | Path,
    wal: Path,
    seconds: float | None,
    prices: Mapping[str, Any] | None,
    options: Mapping[str, str] | None,
) -> Shipper | None:
    """Return what ships in the background, None when nothing should.

    Args:
        store: The store's folder or URL.
        wal: The folder of segments.
        seconds: How often; 0 never; None: every minute to an object store, never to a folder.
        prices: The `[prices]` table.
        options: What deltalake needs to reach an object store.
    """
    where = str(store)
    is_remote = "://" in where
    if seconds is None:
        seconds = _SHIP_SECONDS if is_remote else 0
    if seconds <= 0:
        return None
    from promptreg.metrics.shipper import Shipment, Shipper

    location = where if is_remote else str(Path(where).absolute())
    return Shipper(Shipment(location, str(wal.absolute()), prices, options), seconds)
