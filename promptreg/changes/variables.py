"""Differences between what callers of two contents pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptreg.changes.difference import Difference, same_value
from promptreg.errors import Location, PromptError
from promptreg.prompt import JSON, Message, Prompt, Variable
from promptreg.render import prompt_variables
from promptreg.render.templating import FSTRING

__all__ = ["variable_differences"]

_TAG = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def variable_differences(
    old: Prompt, new: Prompt, old_includes: Mapping[str, str], new_includes: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield what differs between the variables of two contents, declared or found."""
    before, after = _variables(old, old_includes), _variables(new, new_includes)
    if before is None or after is None:
        return
    removed = {name: v for name, v in before.items() if name not in after}
    added = {name: v for name, v in after.items() if name not in before}
    for name, successor in _renamed(removed, added, _places(old), _places(new)).items():
        del removed[name]
        del added[successor]
        detail = f"variable {name} is now {successor}"
        yield Difference("variable-renamed", detail, _at(new, successor))
    for name in removed:
        yield Difference("variable-removed", f"variable {name}", new.at("variables"))
    for name, variable in added.items():
        rule = "required-variable-added" if variable.required else "variable-added"
        yield Difference(rule, f"variable {name}", _at(new, name))
    for name in before.keys() & after.keys():
        yield from _changed(new, before[name], after[name])


def _variables(prompt: Prompt, includes: Mapping[str, str]) -> dict[str, Variable] | None:
    """Return the variables by name; None when the templates cannot be read."""
    try:
        found = prompt_variables(prompt, includes.__getitem__)
    except PromptError:
        # The check reports a broken template itself; its callers cannot be told.
        return None
    return {variable.name: variable for variable in found}


def _changed(prompt: Prompt, old: Variable, new: Variable) -> Iterator[Difference]:
    name, where = new.name, _at(prompt, new.name)
    if old.type != new.type:
        yield Difference("variable-retyped", f"variable {name}: {old.type} to {new.type}", where)
    if old.required != new.required:
        rule = "default-lost" if new.required else "default-added"
        yield Difference(rule, f"variable {name}", where)
    elif not new.required and not same_value(old.default, new.default):
        yield Difference("default-changed", f"variable {name}", where)
    lost, gained = _missing(old.enum, new.enum), _missing(new.enum, old.enum)
    if lost is not None:
        yield Difference("enum-narrowed", f"variable {name}: {lost}", where)
    elif gained is not None:
        yield Difference("enum-widened", f"variable {name}: {gained}", where)
    if old.description != new.description:
        yield Difference("variable-described", f"variable {name}", where)


def _missing(values: tuple[JSON, ...] | None, kept: tuple[JSON, ...] | None) -> str | None:
    """Name what one enum allows and the other does not; no enum allows everything."""
    if kept is None:
        return None
    if values is None:
        return "any value"
    gone = [v for v in values if not any(same_value(v, other) for other in kept)]
    return ", ".join(map(str, gone)) if gone else None


def _renamed(
    removed: Mapping[str, Variable],
    added: Mapping[str, Variable],
    old_places: Mapping[str, frozenset[tuple[int, int]]],
    new_places: Mapping[str, frozenset[tuple[int, int]]],
) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for name, variable in removed.items():
        places = old_places.get(name)
        for other, candidate in added.items():
            same_place = places and places == new_places.get(other)
            if same_place and candidate.type == variable.type and other not in renamed.values():
                renamed[name] = other
                break
    return renamed


def _places(prompt: Prompt) -> dict[str, frozenset[tuple[int, int]]]:
    """Return where each name stands: the message, and its number among the names in it."""
    places: dict[str, set[tuple[int, int]]] = {}
    for index, message in enumerate(prompt.messages):
        if isinstance(message, Message):
            for number, name in enumerate(_names(message.content, prompt.template)):
                places.setdefault(name, set()).add((index, number))
    return {name: frozenset(found) for name, found in places.items()}


def _names(text: str, template: str) -> list[str]:
    if template == "fstring":
        return [found["name"] for found in FSTRING.finditer(text) if found["name"]]
    return [name for tag in _TAG.findall(text) for name in _IDENTIFIER.findall(tag)]


def _at(prompt: Prompt, name: str) -> Location:
    where = f"variables.{name}"
    return prompt.positions.get(f"{where}#key") or prompt.at(where)
