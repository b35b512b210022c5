"""The configuration: promptreg.toml, then pyproject.toml, then PROMPTREG_* variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError, Location
from promptreg.naming import Layout, TagFormat
from promptreg.values import dataclass, field, replace

if TYPE_CHECKING:
    from promptreg.versioning import Level

__all__ = ["DEFAULT_STORE", "Accept", "Config", "SparkConfig", "load_config"]

DEFAULT_STORE = ".promptreg/metrics"
_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _EMPTY


_ENVIRONMENT_KEYS = (
    "root",
    "tag-format",
    "store",
    "ship",
    "engine",
    "spark",
    "environment",
    "required-version",
)


@dataclass(frozen=True, slots=True)
class Accept:
    """One accepted regression, reviewed like code.

    Attributes:
        prompt: The prompt's name.
        digest: The content it was accepted for: at least 12 hex digits.
        metric: The metric's name.
        limit: How far it may go, in the grammar of thresholds.
        reason: Why.
        until: The last day it holds.
    """

    prompt: str
    digest: str
    metric: str
    limit: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class SparkConfig:
    """Where Spark is.

    Attributes:
        url: A master such as ``local[*]``, or a Spark Connect server, ``sc://host:port``.
        store: Where Spark sees the store, None where it sees it as this process does.
        options: Spark's own options.
    """

    url: str = "local[*]"
    store: str | None = None
    options: Mapping[str, str] = field(default_factory=_nothing)

    def __str__(self) -> str:
        options = (f"{name}={value}" for name, value in self.options.items())
        return " ".join([self.url, *([f"store={self.store}"] if self.store else []), *options])

    @property
    def is_remote(self) -> bool:
        """Whether Spark runs elsewhere, behind a Spark Connect server."""
        return self.url.startswith("sc://")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be configured, with its default.

    Attributes:
        ship: Seconds between two shipments of an application's segments, 0 never; None: every
            minute to an object store, never to a folder.
        gate: Thresholds by prompt name and metric; the name ``""`` holds those for all.
        hosts: What hosts are whose names do not say it, for links to files: by name, or by name
            and port.
        sources: Where each key was set, for `promptreg config`.
    """

    root: str = "prompts"
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    tag_format: str = "{name}@{version}"
    tag_formats: tuple[str, ...] = ()
    store: str = DEFAULT_STORE
    ship: float | None = None
    engine: str = "duckdb"
    spark: SparkConfig = SparkConfig()
    environment: str = "production"
    required_version: str | None = None
    release_branches: tuple[str, ...] = ("main", "master", "release/*")
    levels: Mapping[str, Level] = field(default_factory=_nothing)
    gate: Mapping[str, Mapping[str, str]] = field(default_factory=_nothing)
    accept: tuple[Accept, ...] = ()
    prices: Mapping[str, Any] = field(default_factory=_nothing)
    alerts: Mapping[str, Any] = field(default_factory=_nothing)
    hosts: Mapping[str, str] = field(default_factory=_nothing)
    sources: Mapping[str, str] = field(default_factory=_nothing, compare=False, repr=False)

    def require_version(self) -> None:
        """Refuse to go on with another promptreg than `required_version` wants.

        Raises:
            ConfigError: This is another one, or it is no range.
        """
        if self.required_version is not None:
            from promptreg.config.required import require_version

            require_version(self.required_version, self.sources.get("required_version", ""))

    @property
    def layout(self) -> Layout:
        """Which files are prompts."""
        return Layout(self.root, self.include, self.exclude)

    @property
    def tags(self) -> tuple[TagFormat, ...]:
        """The tag formats that are read; the first is the one that is written."""
        return (TagFormat(self.tag_format), *(TagFormat(text) for text in self.tag_formats))


def load_config(
    folder: Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    committed: Callable[[str], bytes | None] | None = None,
) -> Config:
    """Load the configuration of a work tree.

    Args:
        folder: The top of the work tree; None where there is none.
        environment: The environment variables.
        committed: Returns a file's bytes by its path, or None: read where there is no folder.

    Raises:
        ConfigError: A file is not TOML, or a key is unknown or of the wrong type.
    """
    config, read = Config(), committed if folder is None else _reader_of(folder)
    if read is not None:
        config = _apply_file(config, read, "promptreg.toml", ())
        config = _apply_file(config, read, "pyproject.toml", ("tool", "promptreg"))
    given = {
        key: value
        for key in _ENVIRONMENT_KEYS
        if (value := environment.get(f"PROMPTREG_{key.replace('-', '_').upper()}"))
    }
    return _apply(config, given, "environment variable") if given else config


def _reader_of(folder: Path) -> Callable[[str], bytes | None]:
    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            return None

    return read


def _apply_file(
    config: Config, read: Callable[[str], bytes | None], name: str, section: tuple[str, ...]
) -> Config:
    text = read(name)
    if text is None or (section and b"promptreg" not in text):
        return config
    return _apply(config, _table(text, name, section), name)


def parse_config(text: bytes, name: str = "promptreg.toml") -> Config:
    """Read a configuration from the bytes of a promptreg.toml, for another commit's file.

    Raises:
        ConfigError: It is not valid.
    """
    return _apply(Config(), _table(text, name, ()), name)


def _table(text: bytes, name: str, section: tuple[str, ...]) -> Mapping[str, Any]:
    import tomllib  # most repositories need no configuration, and its patterns take 3 ms

    try:
        table = tomllib.loads(text.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", location=Location(name)) from error
    for key in section:
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{key} must be a table, not {table!r}", location=Location(name))
    return table


def _require_version(table: Mapping[str, Any], source: str) -> None:
    """Say of what cannot be read that it was written for another promptreg, where that is so."""
    wanted = table.get("required-version")
    if isinstance(wanted, str):
        from promptreg.config.required import require_version

        require_version(wanted, source)


def _apply(config: Config, table: Mapping[str, Any], source: str) -> Config:
    from promptreg.config.keys import READERS  # most repositories set nothing

    changes: dict[str, Any] = {}
    for key, value in table.items():
        reader = READERS.get(key)
        if reader is None:
            _require_version(table, source)
            import difflib

            near = difflib.get_close_matches(key, READERS, n=1)
            raise ConfigError(
                f"unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else ""),
                location=Location(source),
            )
        name, read = reader
        try:
            changes[name] = read(value)
        except (TypeError, ValueError, KeyError) as error:
            _require_version(table, source)
            raise ConfigError(f"{key}: {error}", location=Location(source)) from error
    sources = {**config.sources, **dict.fromkeys(changes, source)}
    config = replace(config, **changes, sources=MappingProxyType(sources))
    try:
        _ = config.tags  # a wrong tag format shows here, not at the first release
    except ConfigError as error:
        error.location = Location(source)
        raise
    return config
