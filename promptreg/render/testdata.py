"""Inline test data: each row must fit the prompt's variables and render; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptreg.errors import PromptError
from promptreg.findings import Finding
from promptreg.prompt import Placeholder, Prompt
from promptreg.render import prompt_variables, render_messages
from promptreg.render.usage import who
from promptreg.render.values import near

if TYPE_CHECKING:
    from promptreg.render.usage import LoadInclude

__all__ = ["inspect_test_data"]

# What GitHub's prompt files write beside the variables.
_EXPECTED = "expected"


def inspect_test_data(prompt: Prompt, load_include: LoadInclude) -> Iterator[Finding]:
    """Find the rows of a prompt's test data that cannot be rendered.

    Columns that are no variable belong to the evaluators; only one that looks like a misspelt
    variable is a fault.

    Args:
        prompt: A prompt whose templates are sound.
        load_include: Returns the text of a fragment.
    """
    if not prompt.test_data:
        return
    known = {variable.name for variable in prompt_variables(prompt, load_include)}
    evaluators = json.dumps(prompt.value.get("evaluators"), default=str)
    slots: dict[str, list[dict[str, Any]]] = {
        entry.name: [] for entry in prompt.messages if isinstance(entry, Placeholder)
    }
    for index, row in enumerate(prompt.test_data):
        where = f"testData.{index}"
        if not isinstance(row, dict):
            yield _finding(prompt, where, "wrong-type", "a row of testData must be a mapping")
            continue
        for key in row.keys() - known:
            hint = near(key, known - row.keys())
            if hint and key != _EXPECTED and key not in evaluators:
                message = f"test data: there is no variable {key!r}{hint}"
                yield _finding(prompt, f"{where}.{key}", "unknown-variable", message)
        try:
            values = {key: value for key, value in row.items() if key in known}
            render_messages(prompt, values, load_include=load_include, placeholders=slots)
        except PromptError as error:
            message = f"test data: {error.message.removeprefix(f'{who(prompt)}: ')}"
            yield _finding(prompt, where, error.rule, message)


def _finding(prompt: Prompt, where: str, rule: str, message: str) -> Finding:
    return Finding(rule, "error", message, prompt.at(where), prompt.name)
