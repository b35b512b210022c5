"""Values for a prompt's variables and placeholders: checked, completed, made plain; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from promptreg.errors import Location, PromptError
from promptreg.prompt import JSON, Placeholder, Prompt, Variable
from promptreg.render.usage import found_variables, variable_uses, who

__all__ = ["near", "resolve_placeholders", "resolve_values"]


def resolve_values(
    prompt: Prompt,
    values: Mapping[str, JSON],
    *,
    fragments: Mapping[str, str] | None = None,
) -> dict[str, JSON]:
    """Return the value of every variable, defaults filled in.

    Args:
        prompt: The prompt.
        values: What the caller gave.
        fragments: The text of each included file, transitively; needed where the prompt declares no
            variables.

    Raises:
        PromptError: A value is missing, unknown, of the wrong type or outside its enum.
    """
    declared = prompt.declares_variables
    variables = prompt.variables if declared else found_variables(prompt, fragments or {})
    known = {variable.name: variable for variable in variables}
    for name in values:
        if name not in known:
            raise _unknown(prompt, name, known)
    resolved: dict[str, JSON] = {}
    for variable in variables:
        if variable.name in values:
            resolved[variable.name] = _checked(prompt, variable, values[variable.name])
        elif variable.required:
            raise _missing(prompt, variable, fragments or {})
        else:
            resolved[variable.name] = variable.default
    return resolved


def _checked(prompt: Prompt, variable: Variable, value: JSON) -> JSON:
    # Only a default of null lets null stand for "not given".
    if value is None and not variable.required and variable.default is None:
        return None
    complaint = variable.complaint(value) or _foreign(value)
    if complaint:
        rule = "variable-enum" if "none of" in complaint else "variable-type"
        raise PromptError(
            f"{who(prompt)}: variable {variable.name!r} {complaint}",
            location=_declaration(prompt, variable.name),
            rule=rule,
        )
    return _exact(value)


def _foreign(value: JSON, where: str = "") -> str | None:
    """Say where a value holds something that JSON cannot, whose methods a template could reach."""
    if value is None or isinstance(value, str | bool | int | float):
        return None
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"has the key {key!r}{where}, which is no string"
            if found := _foreign(item, f" in {key!r}"):
                return found
        return None
    if isinstance(value, list | tuple):
        return next((found for item in value if (found := _foreign(item, where))), None)
    return f"holds a {type(value).__name__}{where}, which JSON does not have"


def _exact(value: JSON) -> JSON:
    # A subclass could print itself as something else, and a list could change meanwhile.
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, Mapping):
        return {str(key): _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value


def resolve_placeholders(
    prompt: Prompt, given: Mapping[str, Sequence[Mapping[str, JSON]]]
) -> Mapping[str, Sequence[Mapping[str, JSON]]]:
    """Return the messages for each placeholder.

    Raises:
        PromptError: One is missing, unknown or no list of messages.
    """
    wanted = {entry.name: entry for entry in prompt.messages if isinstance(entry, Placeholder)}
    for name in given:
        if name not in wanted:
            raise PromptError(
                f"{who(prompt)}: there is no placeholder {name!r}{near(name, wanted)}",
                location=prompt.at("messages"),
                rule="unknown-placeholder",
            )
    for name, entry in wanted.items():
        where = Location(prompt.path, entry.line)
        if name not in given:
            raise PromptError(
                f"{who(prompt)}: placeholder {name!r} is missing",
                location=where,
                rule="missing-placeholder",
                fix="give it a list of messages, which may be empty",
            )
        messages = given[name]
        if isinstance(messages, str | Mapping) or not all(map(_is_message, messages)):
            raise PromptError(
                f"{who(prompt)}: placeholder {name!r} wants a list of messages with a role",
                location=where,
                rule="placeholder-type",
            )
    return given


def _is_message(value: JSON) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that is spelled most like another; empty without one."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""


def _unknown(prompt: Prompt, name: str, known: Mapping[str, Variable]) -> PromptError:
    names = ", ".join(known) or "none"
    return PromptError(
        f"{who(prompt)}: there is no variable {name!r}{near(name, known)}",
        location=prompt.at("variables") if prompt.declares_variables else Location(prompt.path, 1),
        rule="unknown-variable",
        fix=f"the variables are: {names}",
    )


def _missing(prompt: Prompt, variable: Variable, fragments: Mapping[str, str]) -> PromptError:
    use = next((use for use in variable_uses(prompt, fragments) if use.name == variable.name), None)
    return PromptError(
        f"{who(prompt)}: variable {variable.name!r} is missing",
        location=use.location if use else _declaration(prompt, variable.name),
        rule="missing-variable",
        fix=f"give it a value of type {variable.type}",
    )


def _declaration(prompt: Prompt, name: str) -> Location:
    return prompt.at(f"variables.{name}" if prompt.declares_variables else "messages")
