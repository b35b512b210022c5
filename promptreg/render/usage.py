"""Which variables and fragments a prompt's templates use, and where; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from promptreg.errors import Location, NotFoundError, PromptError
from promptreg.naming import prompts_folder
from promptreg.prompt import Message, Prompt, Variable
from promptreg.prompt.digest import collect_includes, normalize_fragment
from promptreg.render.templating import TemplateFault, Use, analyze
from promptreg.values import dataclass

__all__ = [
    "LoadInclude",
    "VariableUse",
    "found_variables",
    "place",
    "prompt_variables",
    "read_fragments",
    "texts",
    "variable_uses",
    "who",
]

LoadInclude = Callable[[str], str]
"""Returns the text of a fragment by its path below the prompts folder."""


def prompt_variables(prompt: Prompt, load_include: LoadInclude) -> tuple[Variable, ...]:
    """Return a prompt's variables: as declared, or each name in the templates a required string.

    Raises:
        PromptError: A template is not valid.
    """
    if prompt.declares_variables:
        return prompt.variables
    return found_variables(prompt, read_fragments(prompt, load_include))


@dataclass(frozen=True, slots=True)
class VariableUse:
    """A name that a template takes from outside, and where it does so first."""

    name: str
    location: Location


def texts(prompt: Prompt) -> Iterator[Message]:
    """Yield the messages that have a text, without the placeholders."""
    return (entry for entry in prompt.messages if isinstance(entry, Message))


def read_fragments(prompt: Prompt, load_include: LoadInclude) -> dict[str, str]:
    """Return the text of every fragment a prompt includes, transitively."""
    if prompt.template != "jinja2":
        return {}
    fragments: dict[str, str] = {}
    for message in texts(prompt):
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
        raise place(prompt, fault, message) from None
    except PromptError as error:
        if error.location is None:
            error.location = _location(prompt, message, _include_line(message), None)
        raise


def _include_line(message: Message) -> int:
    includes = analyze(message.content).includes
    return includes[0].line if includes else 1


def variable_uses(prompt: Prompt, fragments: Mapping[str, str]) -> Iterator[VariableUse]:
    """Yield each name the templates take from outside, with where; fragments after their users."""
    for message in texts(prompt):
        try:
            found = list(_uses_of(prompt, message.content, fragments))
        except TemplateFault as fault:
            raise place(prompt, fault, message) from None
        for use, fragment in found:
            yield VariableUse(use.name, _location(prompt, message, use.line, fragment))


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


def found_variables(prompt: Prompt, fragments: Mapping[str, str]) -> tuple[Variable, ...]:
    """Return each name in the templates as a required string."""
    names = dict.fromkeys(use.name for use in variable_uses(prompt, fragments))
    return tuple(Variable(name) for name in names)


def who(prompt: Prompt) -> str:
    """Return the name and, when there is one, the version of a prompt."""
    return f"{prompt.name} {prompt.version}" if prompt.version else prompt.name


def _location(prompt: Prompt, message: Message, line: int, fragment: str | None) -> Location:
    if fragment is not None:
        return Location(f"{prompts_folder(prompt.path, prompt.name)}{fragment}", line)
    if not message.line:
        return prompt.at("messages")
    return Location(prompt.path, message.file_line(line))


def place(prompt: Prompt, fault: TemplateFault, message: Message) -> PromptError:
    """Turn a fault in a message's text into an error that says where in the file it stands."""
    return PromptError(
        f"{who(prompt)}: {fault.message}",
        location=_location(prompt, message, fault.line, fault.fragment),
        fix=fault.fix,
        rule=fault.rule,
    )
