"""What the files of a prompt's versions say, one version after the other; pure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from promptreg.diffs.counting import count_edits
from promptreg.errors import PromptError
from promptreg.prompt import Message
from promptreg.report.model import Fragment, MessageRow, VariableRow

if TYPE_CHECKING:
    from promptreg.prompt import Placeholder, Prompt, Variable

__all__ = ["Writer", "Written", "plain_json"]

_T = TypeVar("_T")
_V = TypeVar("_V")
_ELSEWHERE = frozenset(
    {
        "description",
        "digest",
        "evaluators",
        "formerly",
        "messages",
        "model",
        "name",
        "testData",
        "variables",
        "version",
    }
)
# Of lines; counting so many takes a quarter of a second.
_MAX_PAIRS = 1_000_000_000
# An encoder of their own: `json.dumps` makes one for each of some ten values a version.
plain_json = json.JSONEncoder(ensure_ascii=False).encode
_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


class Written(NamedTuple):
    """What the file of a version says; the names are those of a row's fields."""

    model: str | None = None
    template: str = "jinja2"
    description: str | None = None
    messages: tuple[MessageRow, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    variables: tuple[VariableRow, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    lines_added: int = 0
    lines_removed: int = 0


class Writer:
    """Makes the rows of one version after the other.

    `promptreg.prompt.blocks` keeps the values that did not change, and so their rows stay too.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._kept: dict[str, tuple[object, tuple[Any, ...]]] = {}

    def write(self, prompt: Prompt, includes: Mapping[str, str]) -> Written:
        """Return what a file says.

        Args:
            prompt: The parsed file of the version above the one before.
            includes: Its fragments.
        """
        before, self._lines = self._lines, _lines_of(prompt, includes)
        added, removed = count_edits(before, self._lines, _MAX_PAIRS)
        return Written(
            model=prompt.model,
            template=prompt.template,
            description=prompt.description,
            messages=self._rows("messages", prompt.messages, _messages),
            fragments=tuple(Fragment(path, text) for path, text in sorted(includes.items())),
            variables=self._variables(prompt, includes),
            settings=self._settings(prompt.value),
            lines_added=added,
            lines_removed=removed,
        )

    def _variables(self, prompt: Prompt, includes: Mapping[str, str]) -> tuple[VariableRow, ...]:
        variables = prompt.variables
        if not prompt.declares_variables:
            from promptreg.render import prompt_variables

            with contextlib.suppress(PromptError, KeyError):
                variables = prompt_variables(prompt, includes.__getitem__)
        return self._rows("variables", variables, _variables)

    def _settings(self, value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        keys = sorted(key for key in value if key not in _ELSEWHERE)
        found = (self._rows(key, value[key], partial(_flat, path=key)) for key in keys)
        return tuple(chain.from_iterable(found))

    def _rows(self, key: str, value: _V, make: Callable[[_V], Iterator[_T]]) -> tuple[_T, ...]:
        """Return the rows of a value: the last ones of the key, if the value is the same object."""
        last = self._kept.get(key)
        # Equal would not do: 1, 1.0 and true are equal in Python.
        if last is None or last[0] is not value:
            last = self._kept[key] = value, tuple(make(value))
        return last[1]


def _messages(messages: Sequence[Message | Placeholder]) -> Iterator[MessageRow]:
    for message in messages:
        if isinstance(message, Message):
            yield MessageRow(message.role, message.content)
        else:
            yield MessageRow("placeholder", message.name)


def _variables(variables: Sequence[Variable]) -> Iterator[VariableRow]:
    for variable in variables:
        yield VariableRow(
            name=variable.name,
            type=variable.type,
            required=variable.required,
            default=None if variable.required else _json(variable.default),
            enum=tuple(_json(value) for value in variable.enum or ()),
            description=variable.description,
        )


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _flat(value[key], f"{path}.{key}")
    else:
        yield path, _json(value)


def _lines_of(prompt: Prompt, includes: Mapping[str, str]) -> list[str]:
    texts = [m.content if isinstance(m, Message) else m.name for m in prompt.messages]
    texts += [text for _, text in sorted(includes.items())]
    return [line for text in texts for line in text.splitlines()]
