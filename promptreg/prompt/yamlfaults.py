"""What the parser complains of, in one line that helps; pure, and only loaded to complain."""

from __future__ import annotations

from typing import Any

from promptreg.errors import Location, PromptError
from promptreg.prompt.surrogates import complain_of_half

__all__ = ["explain"]

_ODD_BREAKS = {"\u2028": "U+2028", "\u2029": "U+2029", "\x85": "U+0085"}


def explain(error: Exception, text: str, path: str) -> PromptError:
    """Return what to tell of an error of the parser.

    Args:
        error: What ruamel.yaml raised.
        text: The file without byte order mark.
        path: The name to use.
    """
    from ruamel.yaml.error import MarkedYAMLError

    if not isinstance(error, MarkedYAMLError):
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return PromptError(first, location=Location(path, line), rule="invalid-yaml")
    mark = error.problem_mark or error.context_mark
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    if mark and (half := complain_of_half(text, mark.index, where)):
        return half
    return PromptError(_problem(error, text, mark), location=where, rule="invalid-yaml")


def _problem(error: Any, text: str, mark: Any) -> str:
    problem = str(error.problem or error.context or "not valid YAML")
    if problem == "second occurrence":
        problem = f"an anchor is defined twice, first on line {error.context_mark.line + 1}"
    elif error.problem and error.context and error.context_mark is not None:
        # The fault shows at the end of what was not closed; where that began says more.
        problem += f" ({error.context} from line {error.context_mark.line + 1})"
    if mark is not None:
        lines = text.splitlines()
        around = "".join(lines[max(0, mark.line - 1) : mark.line + 1])
        if "\t" in around and "tab" not in problem and "token" in problem:
            problem += " (a tab? YAML indents with spaces)"
    for character, name in _ODD_BREAKS.items():
        if character in text:
            line = text[: text.index(character)].count("\n") + 1
            return f"{problem} ({name} on line {line} counts as a line break in YAML)"
    return problem
