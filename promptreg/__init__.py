"""A prompt registry that is nothing but a git repository.

Importing this package imports neither pygit2, duckdb nor pyarrow: public names load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptreg.abtest import ABTest
    from promptreg.errors import (
        ConfigError,
        ConflictError,
        HistoryError,
        Location,
        MetricsError,
        NotFoundError,
        PromptError,
        PromptregError,
        RepositoryError,
    )
    from promptreg.history.tags import Release
    from promptreg.loaded import LoadedPrompt
    from promptreg.monitor import PerformanceMonitor
    from promptreg.prompt import Message, Placeholder, Prompt, Variable
    from promptreg.registry import Registry
    from promptreg.versioning import Level, Version
    from promptreg.versioning import Level as VersionBump

__version__ = "0.1.0"

_HOMES = {
    "ABTest": "abtest",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "HistoryError": "errors",
    "Level": "versioning",
    "LoadedPrompt": "loaded",
    "Location": "errors",
    "Message": "prompt",
    "MetricsError": "errors",
    "NotFoundError": "errors",
    "PerformanceMonitor": "monitor",
    "Placeholder": "prompt",
    "Prompt": "prompt",
    "PromptError": "errors",
    "PromptregError": "errors",
    "Registry": "registry",
    "Release": "history.tags",
    "RepositoryError": "errors",
    "Variable": "prompt",
    "Version": "versioning",
    "VersionBump": "versioning",
}
# prompt-versioner's name for the same thing.
_RENAMED = {"VersionBump": "Level"}

__all__ = [
    "ABTest",
    "ConfigError",
    "ConflictError",
    "HistoryError",
    "Level",
    "LoadedPrompt",
    "Location",
    "Message",
    "MetricsError",
    "NotFoundError",
    "PerformanceMonitor",
    "Placeholder",
    "Prompt",
    "PromptError",
    "PromptregError",
    "Registry",
    "Release",
    "RepositoryError",
    "Variable",
    "Version",
    "VersionBump",
    "__version__",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'promptreg' has no attribute {name!r}")
    return getattr(import_module(f"promptreg.{home}"), _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return sorted(__all__)
