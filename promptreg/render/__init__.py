"""A prompt and values to messages, with an error for everything that does not fit; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from promptreg.errors import Location, PromptError
from promptreg.findings import Finding
from promptreg.prompt import JSON, Message, Placeholder, Prompt
from promptreg.render.templating import (
    TemplateFault,
    analyze,
    find_includes,
    find_variables,
    render_fstring,
    render_plain,
    unfilled_fields,
)
from promptreg.render.usage import (
    place,
    prompt_variables,
    read_fragments,
    texts,
    variable_uses,
    who,
)
from promptreg.render.values import near, resolve_placeholders, resolve_values

if TYPE_CHECKING:
    from promptreg.render.usage import LoadInclude, VariableUse

__all__ = [
    "find_includes",
    "find_variables",
    "inspect_templates",
    "prompt_variables",
    "render_messages",
    "resolve_values",
]


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
    fragments = read_fragments(prompt, load_include)
    known = resolve_values(prompt, values, fragments=fragments)
    slots = resolve_placeholders(prompt, placeholders or {})
    messages: list[dict[str, JSON]] = []
    for entry in prompt.messages:
        if isinstance(entry, Placeholder):
            messages.extend(dict(message) for message in slots[entry.name])
        else:
            content = _render(prompt, entry, known, fragments)
            messages.append({"role": entry.role, "content": content})
    return messages


def inspect_templates(prompt: Prompt, load_include: LoadInclude) -> tuple[Finding, ...]:
    """Find what is wrong with a prompt's templates without rendering them.

    Args:
        prompt: The prompt.
        load_include: Returns the text of a fragment.
    """
    findings: list[Finding] = []
    for entry in texts(prompt):
        try:
            analyze(entry.content, prompt.template)
        except TemplateFault as fault:
            findings.append(_finding(prompt, place(prompt, fault, entry)))
    if findings:
        return tuple(findings)
    try:
        fragments = read_fragments(prompt, load_include)
        uses = list(variable_uses(prompt, fragments))
    except PromptError as error:
        return (_finding(prompt, error),)
    found = _declaration_findings(prompt, uses) if prompt.declares_variables else iter(())
    return (*found, *_unfilled(prompt))


def _unfilled(prompt: Prompt) -> Iterator[Finding]:
    for entry in texts(prompt) if prompt.template == "fstring" else ():
        for field, line in unfilled_fields(entry.content):
            yield Finding(
                rule="fstring-field",
                severity="warning",
                message=f"{field} stays as it is: an fstring template fills only {{name}}",
                location=Location(prompt.path, entry.file_line(line)),
                prompt=prompt.name,
                fix="write {name}, or use template: jinja2",
            )


def _declaration_findings(prompt: Prompt, uses: list[VariableUse]) -> Iterator[Finding]:
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
                fix=f"add {use.name} to variables{near(use.name, declared)}",
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


def _render(
    prompt: Prompt, message: Message, values: Mapping[str, JSON], fragments: Mapping[str, str]
) -> str:
    try:
        if prompt.template == "fstring":
            return render_fstring(message.content, values)
        if (plain := render_plain(message.content, values)) is not None:
            return plain
        from promptreg.render.sandbox import render_text

        return render_text(message.content, values, fragments)
    except TemplateFault as fault:
        raise place(prompt, fault, message) from None


def _finding(prompt: Prompt, error: PromptError) -> Finding:
    return Finding(
        rule=error.rule,
        severity="error",
        message=error.message.removeprefix(f"{who(prompt)}: "),
        location=error.location or prompt.at("messages"),
        prompt=prompt.name,
        fix=error.fix,
    )
