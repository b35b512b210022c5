"""What changed between two contents of a prompt, and the level that asks for; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from promptreg.changes.difference import Difference, same_value
from promptreg.changes.messages import fragment_differences, message_differences
from promptreg.changes.output import output_differences
from promptreg.changes.variables import variable_differences
from promptreg.prompt.digest import UNVERSIONED_FIELDS
from promptreg.rules import level_of_rule
from promptreg.values import dataclass
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.errors import Location
    from promptreg.prompt import Prompt

__all__ = ["Change", "compare", "level_of"]

_NO_LEVELS: Mapping[str, Level] = MappingProxyType({})
_PLAIN_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "name": "title-changed",
        "description": "description-changed",
        "tags": "tags-changed",
        "metadata": "metadata-changed",
        "model": "model-changed",
    }
)
_TEXT_FORMATS = (None, "text")


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        rule: The id of the rule it falls under.
        level: What it asks for, after the configuration.
        detail: What changed, in one line without a full stop.
        location: Where it stands in the new content.
    """

    rule: str
    level: Level
    detail: str
    location: Location


def compare(
    old: Prompt,
    new: Prompt,
    *,
    old_includes: Mapping[str, str],
    new_includes: Mapping[str, str],
    levels: Mapping[str, Level] = _NO_LEVELS,
) -> tuple[Change, ...]:
    """Return what changed, the weightiest first; nothing exactly when the contents are equal.

    Args:
        old: The content to compare with.
        new: The content that changed.
        old_includes: The text of each of its fragments, transitively.
        new_includes: The text of each of its fragments, transitively.
        levels: The levels that the configuration gives to rules.
    """
    found = _differences(old, new, old_includes, new_includes)
    changes = [Change(d.rule, level_of_rule(d.rule, levels), d.detail, d.location) for d in found]
    return tuple(sorted(changes, key=lambda change: -change.level))


def level_of(changes: Iterable[Change], *, same_digest: bool) -> Level:
    """Return the level of changes: the highest, and NONE exactly when the digests are equal.

    Args:
        changes: What `compare` returned.
        same_digest: Whether all 64 hex digits of the two contents are equal.
    """
    if same_digest:
        return Level.NONE
    return max((change.level for change in changes), default=Level.MINOR)


def _differences(
    old: Prompt, new: Prompt, old_includes: Mapping[str, str], new_includes: Mapping[str, str]
) -> Iterator[Difference]:
    fields = _differing_fields(old, new)
    by_field = {
        "messages": list(message_differences(old, new)),
        "modelParameters": list(_parameter_differences(old, new)),
        "template": list(_template_differences(old, new)),
        "responseFormat": list(_format_differences(old, new)),
        "jsonSchema": list(output_differences(old, new)),
    }
    fragments = list(fragment_differences(new, old_includes, new_includes))
    variables: list[Difference] = []
    if fragments or not {"messages", "variables", "template"}.isdisjoint(fields):
        variables = list(variable_differences(old, new, old_includes, new_includes))
    yield from variables
    for field in fields:
        if rule := _PLAIN_FIELDS.get(field):
            yield Difference(rule, field, new.at(field))
        elif found := by_field.get(field):
            yield from found
        elif field != "variables":
            yield _unnamed(field, new, same_meaning=field in by_field and _equal(field, old, new))
        elif not variables:
            yield _variables_rewritten(old, new)
    yield from fragments


def _differing_fields(old: Prompt, new: Prompt) -> list[str]:
    known = [*new.value, *(field for field in old.value if field not in new.value)]
    return [
        field
        for field in known
        if field not in UNVERSIONED_FIELDS
        and not (
            (field in old.value) == (field in new.value)
            and same_value(old.value.get(field), new.value.get(field))
        )
    ]


def _parameter_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    before, after = old.model_parameters, new.model_parameters
    for name in dict.fromkeys((*after, *before)):
        if (name in before) != (name in after) or not same_value(before.get(name), after.get(name)):
            said = [str(values[name]) if name in values else "unset" for values in (before, after)]
            where = new.at(f"modelParameters.{name}")
            yield Difference("parameters-changed", f"{name}: {said[0]} to {said[1]}", where)


def _template_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    if old.template != new.template:
        detail = f"{old.template} to {new.template}"
        yield Difference("template-language-changed", detail, new.at("template"))


def _format_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    before, after = old.response_format, new.response_format
    # No format means text.
    if before != after and not (before in _TEXT_FORMATS and after in _TEXT_FORMATS):
        detail = f"{before or 'text'} to {after or 'text'}"
        yield Difference("response-format-changed", detail, new.at("responseFormat"))


def _equal(field: str, old: Prompt, new: Prompt) -> bool:
    """Tell whether a field that is written differently was read as the same."""
    if field == "messages":
        # Something in a message that promptreg does not know may matter.
        return False
    return field != "responseFormat" or {old.response_format, new.response_format} <= {None, "text"}


def _unnamed(field: str, new: Prompt, *, same_meaning: bool) -> Difference:
    return Difference("spelling-changed" if same_meaning else "other-changed", field, new.at(field))


def _variables_rewritten(old: Prompt, new: Prompt) -> Difference:
    where = new.at("variables")
    if old.declares_variables != new.declares_variables:
        return Difference("variables-declared", "variables", where)
    same = sorted(old.variables, key=_name) == sorted(new.variables, key=_name)
    return _unnamed("variables", new, same_meaning=same)


def _name(variable: object) -> str:
    return str(getattr(variable, "name", ""))
