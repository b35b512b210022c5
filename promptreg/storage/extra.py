"""Says in one line what to install when the `metrics` extra is missing."""

from __future__ import annotations

from importlib.util import find_spec

from promptreg.errors import ConfigError

__all__ = ["require_extra"]


def require_extra() -> None:
    """Refuse to go on without the packages of the extra.

    Raises:
        ConfigError: One of them is not installed.
    """
    missing = [name for name in ("duckdb", "pyarrow", "deltalake") if not _is_installed(name)]
    if missing:
        raise ConfigError(
            f"reading metrics needs {', '.join(missing)}",
            fix="pip install 'git-promptreg[metrics]'",
        )


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # something on the import path refuses it
        return False
