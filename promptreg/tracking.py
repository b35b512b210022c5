"""One tracked call of a model: its duration, and what the answer says about tokens and model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptreg.prompt import Prompt

__all__ = ["Call", "openai_arguments"]

# The parameter names of GitHub's prompt files, and what OpenAI-style clients call them.
_OPENAI_NAMES = {
    "maxTokens": "max_tokens",
    "maxCompletionTokens": "max_completion_tokens",
    "topP": "top_p",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
# Where each provider's answer keeps a count: OpenAI chat and responses, Anthropic, Google.
_INPUT = ("prompt_tokens", "input_tokens", "prompt_token_count")
_OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count")
_CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cache_read_input_tokens",),
    ("cached_content_token_count",),
)
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("thoughts_token_count",),
)


def openai_arguments(prompt: Prompt, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return keyword arguments for an OpenAI-style chat call.

    The provider in ``openai/gpt-4o`` is left out, as the clients of one provider want it.
    """
    arguments: dict[str, Any] = {"messages": messages}
    if prompt.model is not None:
        arguments["model"] = prompt.model.rpartition("/")[2]
    for name, value in prompt.model_parameters.items():
        arguments[_OPENAI_NAMES.get(name, name)] = value
    if prompt.response_format == "json_object":
        arguments["response_format"] = {"type": "json_object"}
    elif prompt.response_format == "json_schema" and isinstance(prompt.json_schema, Mapping):
        schema = prompt.json_schema
        wrapped = schema if "schema" in schema else {"name": "answer", "schema": schema}
        arguments["response_format"] = {"type": "json_schema", "json_schema": dict(wrapped)}
    return arguments


@dataclass(slots=True)
class Call:
    """A call in progress; `record` takes what the provider answered.

    Attributes:
        values: The columns of the metric row gathered so far.
    """

    values: dict[str, Any] = field(default_factory=dict)
    _started: float = 0.0
    _stopped: bool = False

    def start(self) -> None:
        """Begin to measure."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Take the duration, once; a duration given by hand stays."""
        if not self._stopped:
            self._stopped = True
            self.values.setdefault("latency_ms", (time.perf_counter() - self._started) * 1000)
            self.values.setdefault("success", True)

    def fail(self, error: BaseException) -> None:
        """Note that the call failed."""
        self.values["success"] = False
        self.values.setdefault("error_type", type(error).__name__)
        self.values.setdefault("error_message", str(error))

    def record(self, answer: Any = None, **values: Any) -> None:
        """Take tokens and model from an answer, and any column by name.

        Args:
            answer: What an OpenAI, Anthropic or Google client returned, as an object or a mapping.
            values: Columns of the metric row, such as ``quality_score``.
        """
        self.stop()
        if answer is not None:
            self.values.update(_usage(answer))
        self.values.update(values)


def _usage(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    model = _get(answer, "model") or _get(answer, "model_version")
    if isinstance(model, str):
        found["model"] = model
    usage = _get(answer, "usage") or _get(answer, "usage_metadata")
    if usage is None:
        return found
    columns = {
        "input_tokens": [(name,) for name in _INPUT],
        "output_tokens": [(name,) for name in _OUTPUT],
        "cached_input_tokens": _CACHED,
        "reasoning_tokens": _REASONING,
    }
    for column, places in columns.items():
        number = next((n for place in places if (n := _walk(usage, place)) is not None), None)
        if number is not None:
            found[column] = number
    if (apart := _walk(usage, ("cache_read_input_tokens",))) is not None:
        # Anthropic counts cached tokens beside the input, everybody else (and we) inside it.
        created = _walk(usage, ("cache_creation_input_tokens",)) or 0
        found["input_tokens"] = found.get("input_tokens", 0) + apart + created
    return found


def _walk(value: Any, place: tuple[str, ...]) -> int | None:
    for name in place:
        value = _get(value, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
