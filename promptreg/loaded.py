"""A prompt at one version, as an application uses it: render it, call a model, log the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from promptreg.values import dataclass, field

if TYPE_CHECKING:
    from promptreg.prompt import Prompt
    from promptreg.prompt.content import Content
    from promptreg.registry import Registry, Resolved
    from promptreg.tracking import Call

__all__ = ["LoadedPrompt"]


@dataclass(frozen=True, slots=True)
class LoadedPrompt:
    """One version of a prompt; immutable.

    Attributes:
        name: The prompt's name.
        version: The released version, or a pseudo-version for content without a tag.
        digest: The 64 hex digits of the content.
        content: The parsed file with its fragments.
    """

    name: str
    version: str
    digest: str
    content: Content
    _registry: Registry | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_resolved(cls, resolved: Resolved, registry: Registry | None) -> LoadedPrompt:
        """Make a loaded prompt from what a reference resolved to."""
        content = resolved.content
        return cls(
            resolved.reference.name, str(resolved.version), content.digest, content, registry
        )

    @property
    def prompt(self) -> Prompt:
        """The parsed file."""
        return self.content.prompt

    def render(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        placeholders: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        **more: Any,
    ) -> list[dict[str, Any]]:
        """Return the messages with all variables filled in.

        Args:
            values: Variables by name, for names that Python cannot write as keywords.
            placeholders: The messages for each placeholder.
            more: Variables by name.

        Raises:
            PromptError: A variable is missing, unknown or of the wrong type.
        """
        from promptreg.render import render_messages

        return render_messages(
            self.prompt,
            {**(values or {}), **more},
            load_include=self.content.includes.__getitem__,
            placeholders=placeholders,
        )

    def to_openai(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        """Return keyword arguments for an OpenAI-style chat call: messages, model, parameters.

        Raises:
            PromptError: A variable is missing, unknown or of the wrong type.
        """
        from promptreg.tracking import openai_arguments

        return openai_arguments(self.prompt, self.render(values, **more))

    @contextmanager
    def track(self, **values: Any) -> Iterator[Call]:
        """Measure one call and log it with this version when the block ends.

        Args:
            values: Columns of the metric row that are known beforehand, such as ``unit``.

        Raises:
            MetricsError: A value is wrong, or the prompt was loaded without a metrics store.
        """
        from promptreg.errors import MetricsError
        from promptreg.tracking import Call

        if self._registry is None:
            raise MetricsError("this prompt was loaded without a metrics store")
        call = Call(dict(values))
        call.start()
        try:
            yield call
        except BaseException as error:
            call.fail(error)
            raise
        finally:
            call.stop()
            self._registry.metrics.log(
                prompt=self.name, version=self.version, digest=self.digest, **call.values
            )
