"""How each key of the configuration is read; imported where a key is set, which is seldom."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from promptreg.config import Accept, SparkConfig
from promptreg.versioning import Level

__all__ = ["READERS"]

# A name as a remote's address has it, also one of ~/.ssh/config, or a number; and perhaps a port.
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9]\d{0,4})?")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"must be text, not {value!r}")
    return value


def _ship(value: Any) -> float:
    match = re.fullmatch(r"(\d+)([smh])", value) if isinstance(value, str) else None
    if value != "off" and match is None:
        raise ValueError(f"must be 'off' or a time such as '30s' or '5m', not {value!r}")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0


def _engine(value: Any) -> str:
    if value not in ("duckdb", "spark"):
        raise ValueError(f"must be 'duckdb' or 'spark', not {value!r}")
    return str(value)


def _spark(value: Any) -> SparkConfig:
    table = {"url": value} if isinstance(value, str) else dict(_table_of(value))
    if unknown := table.keys() - {"url", "store", "options"}:
        raise ValueError(f"unknown key {min(unknown)!r}")
    given = {name: _text(table[name]) for name in ("url", "store") if name in table}
    # Spark's options are words; TOML's true and 2 are meant as such.
    options = {
        name: str(option).lower() if isinstance(option, bool) else str(option)
        for name, option in _table_of(table.get("options", {})).items()
    }
    return SparkConfig(**given, options=MappingProxyType(options))


def _folder(value: Any) -> str:
    text = _text(value)
    # As git names it: commits are searched for it letter by letter.
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"{text!r} leads out of the repository")
    if not parts or parts[0] == ".git":
        raise ValueError(f"{text!r} is no folder of the repository, such as prompts")
    return "/".join(parts)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"must be a list of texts, not {value!r}")
    return tuple(_text(item) for item in value)


def _table_of(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"must be a table, not {value!r}")
    return MappingProxyType(value)


def _release(value: Any) -> tuple[str, ...]:
    table = dict(_table_of(value))
    if "branches" not in table:
        raise ValueError("branches are missing, such as branches = ['main']")
    branches = _texts(table.pop("branches"))
    if table:
        raise ValueError(f"unknown key {next(iter(table))!r}")
    return branches


def _levels(value: Any) -> Mapping[str, Level]:
    names = {"patch": Level.PATCH, "minor": Level.MINOR, "major": Level.MAJOR}
    table = _table_of(value)
    for rule, level in table.items():
        if level not in tuple(names):
            raise ValueError(f"level of {rule} must be patch, minor or major, not {level!r}")
        _require_rule(rule)
    return MappingProxyType({rule: names[level] for rule, level in table.items()})


def _require_rule(rule: str) -> None:
    from promptreg.rules.change_texts import CHANGE_TEXTS

    known = [id_ for ids in CHANGE_TEXTS.values() for id_ in ids]
    if rule not in known:
        import difflib

        near = difflib.get_close_matches(rule, known, n=1)
        hint = f", did you mean {near[0]}?" if near else "; docs/rules.md names them"
        raise ValueError(f"no change falls under a rule {rule}{hint}")


def _gate(value: Any) -> Mapping[str, Mapping[str, str]]:
    sections: dict[str, dict[str, str]] = {"": {}}
    for key, threshold in _table_of(value).items():
        if isinstance(threshold, dict):
            sections[key] = {metric: _text(text) for metric, text in threshold.items()}
        else:
            sections[""][key] = _text(threshold)
    return MappingProxyType({k: MappingProxyType(v) for k, v in sections.items()})


def _accept(value: Any) -> tuple[Accept, ...]:
    if not isinstance(value, list):
        raise TypeError("must be a list of tables, written [[accept]]")
    wanted = set(Accept.__match_args__)
    entries = []
    for table in map(_table_of, value):
        if missing := wanted - table.keys():
            raise ValueError(f"an entry lacks {min(missing)!r}")
        if unknown := table.keys() - wanted:
            raise ValueError(f"unknown key {min(unknown)!r}")
        until = table["until"]
        if isinstance(until, str):
            until = date.fromisoformat(until)
        if not isinstance(until, date) or isinstance(until, datetime):
            raise TypeError("until must be a day, such as 2026-12-31")
        texts = {key: _text(table[key]) for key in wanted - {"until"}}
        entries.append(Accept(**texts, until=until))
    return tuple(entries)


def _hosts(value: Any) -> Mapping[str, str]:
    kinds = ("azure", "bitbucket", "forgejo", "gitea", "github", "gitlab")
    hosts: dict[str, str] = {}
    for host, kind in _table_of(value).items():
        if isinstance(kind, dict):
            raise TypeError(f"a name with dots needs quotes, such as '{host}.com' = 'gitlab'")
        if kind not in kinds:
            raise ValueError(f"{host} must be one of {', '.join(kinds)}, not {kind!r}")
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no host, such as git.acme.com or git.acme.com:8443")
        hosts[host.lower()] = kind
    return MappingProxyType(hosts)


READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "root": ("root", _folder),
    "include": ("include", _texts),
    "exclude": ("exclude", _texts),
    "tag-format": ("tag_format", _text),
    "tag-formats": ("tag_formats", _texts),
    "store": ("store", _text),
    "ship": ("ship", _ship),
    "engine": ("engine", _engine),
    "spark": ("spark", _spark),
    "environment": ("environment", _text),
    "required-version": ("required_version", _text),
    "release": ("release_branches", _release),
    "levels": ("levels", _levels),
    "gate": ("gate", _gate),
    "accept": ("accept", _accept),
    "prices": ("prices", _table_of),
    "alerts": ("alerts", _table_of),
    "hosts": ("hosts", _hosts),
}
"""The attribute of `Config` that a key sets, and what reads its value."""
