"""A prompt and values to messages, with an error for everything that does not fit; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptreg.digest import collect_includes, normalize_fragment
from promptreg.errors import Location, NotFoundError, PromptError
from promptreg.findings import Finding, Severity
from promptreg.prompt import JSON, Message, Placeholder, Prompt, Variable
from promptreg.templating import (
    TemplateFault,
    Use,
    analyze,
    find_includes,
    find_variables,
    render_fstring,
)

__all__ = [
    "LoadInclude",
    "find_includes",
    "find_variables",
    "inspect_templates",
    "prompt_variables",
    "render_messages",
    "resolve_values",
]

LoadInclude = Callable[[str], str]
"""Returns the text of a fragment by its path below the prompts folder."""


def render_messages(
    prompt: Prompt,
    values: Mapping[str, JSON],
    *,
    load_include: LoadInclude,
    placeholders: Mapping[str, Sequence[Mapping[str, JSON]]] | None = None,
) -> list[dict[str, JSON]]:
    """Render a prompt's messages.

    Args:
        prompt: The prompt.
        values: A value for each variable; those with a default may be left out.
        load_include: Returns the text of a fragment.
        placeholders: Messages for each placeholder; an empty list leaves the slot empty.

    Returns:
        Mappings of ``role`` and ``content``, and the placeholders' messages as they were given.

    Raises:
        PromptError: A value is missing, unknown or of the wrong type, or a template fails. It names
            the prompt, the version, the variable and the line in the file.
    """
    fragments = _fragments(prompt, load_include)
    known = resolve_values(prompt, values, fragments=fragments)
    slots = _slots(prompt, placeholders or {})
    messages: list[dict[str, JSON]] = []
    for entry in prompt.messages:
        if isinstance(entry, Placeholder):
            messages.extend(dict(message) for message in slots[entry.name])
        else:
            content = _render(prompt, entry, known, fragments)
            messages.append({"role": entry.role, "content": content})
    return messages


def prompt_variables(prompt: Prompt, load_include: LoadInclude) -> tuple[Variable, ...]:
    """Return a prompt's variables: as declared, or each name in the templates a required string.

    Raises:
        PromptError: A template is not valid.
    """
    if prompt.declares_variables:
        return prompt.variables
    return _found_variables(prompt, _fragments(prompt, load_include))


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
    variables = prompt.variables if declared else _found_variables(prompt, fragments or {})
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


def inspect_templates(prompt: Prompt, load_include: LoadInclude) -> tuple[Finding, ...]:
    """Find what is wrong with a prompt's templates without rendering them.

    Args:
        prompt: The prompt.
        load_include: Returns the text of a fragment.
    """
    findings: list[Finding] = []
    for entry in _texts(prompt):
        try:
            analyze(entry.content, prompt.template)
        except TemplateFault as fault:
            findings.append(_finding(prompt, _placed(prompt, fault, entry)))
    if findings:
        return tuple(findings)
    try:
        fragments = _fragments(prompt, load_include)
        uses = list(_uses(prompt, fragments))
    except PromptError as error:
        return (_finding(prompt, error),)
    return tuple(_declaration_findings(prompt, uses)) if prompt.declares_variables else ()


@dataclass(frozen=True, slots=True)
class _VariableUse:
    name: str
    location: Location


def _texts(prompt: Prompt) -> Iterator[Message]:
    return (entry for entry in prompt.messages if isinstance(entry, Message))


def _fragments(prompt: Prompt, load_include: LoadInclude) -> dict[str, str]:
    """Return the text of every fragment a prompt includes, transitively."""
    if prompt.template != "jinja2":
        return {}
    fragments: dict[str, str] = {}
    for message in _texts(prompt):
        if "{%" in message.content:
            fragments.update(_fragments_of(prompt, message, load_include))
    return fragments


def _fragments_of(prompt: Prompt, message: Message, load_include: LoadInclude) -> dict[str, str]:
    def direct(text: str) -> tuple[str, ...]:
        return tuple(use.name for use in analyze(text).includes)

    def load(path: str) -> str:
        try:
            text = normalize_fragment(load_include(path))
            analyze(text)
        except TemplateFault as fault:
            fault.fragment = path
            raise
        except (KeyError, FileNotFoundError, NotFoundError):
            raise TemplateFault(
                f"included file {path} does not exist",
                rule="include-missing",
                fix="add the file below the prompts folder or remove the include",
            ) from None
        return text

    try:
        return collect_includes(direct, [message.content], load)
    except TemplateFault as fault:
        raise _placed(prompt, fault, message) from None
    except PromptError as error:
        if error.location is None:
            error.location = _location(prompt, message, _include_line(message), None)
        raise


def _include_line(message: Message) -> int:
    includes = analyze(message.content).includes
    return includes[0].line if includes else 1


def _uses(prompt: Prompt, fragments: Mapping[str, str]) -> Iterator[_VariableUse]:
    """Yield each name the templates take from outside, with where; fragments after their users."""
    for message in _texts(prompt):
        try:
            found = list(_uses_of(prompt, message.content, fragments))
        except TemplateFault as fault:
            raise _placed(prompt, fault, message) from None
        for use, fragment in found:
            yield _VariableUse(use.name, _location(prompt, message, use.line, fragment))


def _uses_of(
    prompt: Prompt, text: str, fragments: Mapping[str, str]
) -> Iterator[tuple[Use, str | None]]:
    queue: list[tuple[str, str | None, frozenset[str]]] = [(text, None, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        current, fragment, given = queue.pop(0)
        facts = analyze(current, prompt.template)
        yield from ((use, fragment) for use in facts.variables if use.name not in given)
        for include in facts.includes:
            # What the including template assigns reaches the fragment as a variable.
            visible = given | facts.assigned
            if include.name in fragments and (include.name, visible) not in seen:
                seen.add((include.name, visible))
                queue.append((fragments[include.name], include.name, visible))


def _found_variables(prompt: Prompt, fragments: Mapping[str, str]) -> tuple[Variable, ...]:
    names = dict.fromkeys(use.name for use in _uses(prompt, fragments))
    return tuple(Variable(name) for name in names)


def _declaration_findings(prompt: Prompt, uses: list[_VariableUse]) -> Iterator[Finding]:
    declared = {variable.name for variable in prompt.variables}
    reported = set()
    for use in uses:
        if use.name not in declared and use.name not in reported:
            reported.add(use.name)
            yield Finding(
                rule="undeclared-variable",
                severity="error",
                message=f"variable {use.name!r} is used but not declared",
                location=use.location,
                prompt=prompt.name,
                fix=f"add {use.name} to variables{_near(use.name, declared)}",
            )
    used = {use.name for use in uses}
    for variable in prompt.variables:
        if variable.name not in used:
            where = f"variables.{variable.name}"
            yield Finding(
                rule="unused-variable",
                severity="warning",
                message=f"variable {variable.name!r} is declared but no message uses it",
                location=prompt.positions.get(f"{where}#key") or prompt.at(where),
                prompt=prompt.name,
                fix="use it or remove it",
            )


def _checked(prompt: Prompt, variable: Variable, value: JSON) -> JSON:
    # Only a default of null lets null stand for "not given".
    if value is None and not variable.required and variable.default is None:
        return None
    complaint = variable.complaint(value) or _foreign(value)
    if complaint:
        rule = "variable-enum" if "none of" in complaint else "variable-type"
        raise PromptError(
            f"{_who(prompt)}: variable {variable.name!r} {complaint}",
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


def _slots(
    prompt: Prompt, given: Mapping[str, Sequence[Mapping[str, JSON]]]
) -> Mapping[str, Sequence[Mapping[str, JSON]]]:
    wanted = {entry.name: entry for entry in prompt.messages if isinstance(entry, Placeholder)}
    for name in given:
        if name not in wanted:
            raise PromptError(
                f"{_who(prompt)}: there is no placeholder {name!r}{_near(name, wanted)}",
                location=prompt.at("messages"),
                rule="unknown-placeholder",
            )
    for name, entry in wanted.items():
        where = Location(prompt.path, entry.line)
        if name not in given:
            raise PromptError(
                f"{_who(prompt)}: placeholder {name!r} is missing",
                location=where,
                rule="missing-placeholder",
                fix="give it a list of messages, which may be empty",
            )
        messages = given[name]
        if isinstance(messages, str | Mapping) or not all(map(_is_message, messages)):
            raise PromptError(
                f"{_who(prompt)}: placeholder {name!r} wants a list of messages with a role",
                location=where,
                rule="placeholder-type",
            )
    return given


def _is_message(value: JSON) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def _render(
    prompt: Prompt, message: Message, values: Mapping[str, JSON], fragments: Mapping[str, str]
) -> str:
    try:
        if prompt.template == "fstring":
            return render_fstring(message.content, values)
        if "{" not in message.content:
            return message.content
        from promptreg.sandbox import render_text

        return render_text(message.content, values, fragments)
    except TemplateFault as fault:
        raise _placed(prompt, fault, message) from None


def _who(prompt: Prompt) -> str:
    return f"{prompt.name} {prompt.version}" if prompt.version else prompt.name


def _near(name: str, known: object) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)  # type: ignore[call-overload]
    return f" (did you mean {near[0]!r}?)" if near else ""


def _unknown(prompt: Prompt, name: str, known: Mapping[str, Variable]) -> PromptError:
    names = ", ".join(known) or "none"
    return PromptError(
        f"{_who(prompt)}: there is no variable {name!r}{_near(name, known)}",
        location=prompt.at("variables") if prompt.declares_variables else Location(prompt.path, 1),
        rule="unknown-variable",
        fix=f"the variables are: {names}",
    )


def _missing(prompt: Prompt, variable: Variable, fragments: Mapping[str, str]) -> PromptError:
    use = next((use for use in _uses(prompt, fragments) if use.name == variable.name), None)
    return PromptError(
        f"{_who(prompt)}: variable {variable.name!r} is missing",
        location=use.location if use else _declaration(prompt, variable.name),
        rule="missing-variable",
        fix=f"give it a value of type {variable.type}",
    )


def _declaration(prompt: Prompt, name: str) -> Location:
    return prompt.at(f"variables.{name}" if prompt.declares_variables else "messages")


def _location(prompt: Prompt, message: Message, line: int, fragment: str | None) -> Location:
    if fragment is not None:
        root = prompt.path[: prompt.path.rfind(prompt.name)]
        return Location(f"{root}{fragment}", line)
    if not message.line:
        return prompt.at("messages")
    return Location(prompt.path, message.line + max(line, 1) - 1)


def _placed(prompt: Prompt, fault: TemplateFault, message: Message) -> PromptError:
    return PromptError(
        f"{_who(prompt)}: {fault.message}",
        location=_location(prompt, message, fault.line, fault.fragment),
        fix=fault.fix,
        rule=fault.rule,
    )


def _finding(prompt: Prompt, error: PromptError) -> Finding:
    severity: Severity = "error"
    return Finding(
        rule=error.rule,
        severity=severity,
        message=error.message.removeprefix(f"{_who(prompt)}: "),
        location=error.location or prompt.at("messages"),
        prompt=prompt.name,
        fix=error.fix,
    )
