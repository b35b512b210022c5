"""The handlers of the `[alerts.handlers]` table; secrets come from the environment by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError
from promptreg.monitor.handlers import (
    AlertHandler,
    ConsoleHandler,
    EmailHandler,
    JsonLinesHandler,
    SlackHandler,
    WebhookHandler,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["configured_handlers"]

_WEB = {"url", "url-env", "secret-env"}
_MAIL = {"host", "port", "sender", "to", "user", "password-env", "starttls"}


def configured_handlers(
    table: Mapping[str, Any], folder: Path, environment: Mapping[str, str] = os.environ
) -> list[AlertHandler]:
    """Return the handlers a table asks for; the console when it asks for none.

    Args:
        table: `[alerts.handlers]`.
        folder: What a relative file is relative to.
        environment: Where ``url-env``, ``secret-env`` and ``password-env`` are looked up.

    Raises:
        ConfigError: A key is unknown, or a variable is not set.
    """
    handlers: list[AlertHandler] = []
    for name, value in table.items():
        match name:
            case "console":
                if value:
                    handlers.append(ConsoleHandler())
            case "jsonl":
                handlers.append(JsonLinesHandler(folder / str(value)))
            case "webhook":
                options = _options(name, value, _WEB)
                secret = _secret(options, "secret-env", environment)
                handlers.append(WebhookHandler(_url(name, options, environment), secret))
            case "slack":
                options = _options(name, value, _WEB - {"secret-env"})
                handlers.append(SlackHandler(_url(name, options, environment)))
            case "email":
                handlers.append(_email(_options(name, value, _MAIL), environment))
            case _:
                raise ConfigError(
                    f"alerts.handlers: unknown handler {name!r}",
                    fix="use console, jsonl, webhook, slack or email",
                )
    return handlers or [ConsoleHandler()]


def _options(name: str, value: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"alerts.handlers.{name} must be a table")
    if unknown := set(value) - known:
        raise ConfigError(f"alerts.handlers.{name}: unknown key {min(unknown)!r}")
    return value


def _url(name: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    url = _secret(options, "url-env", environment) or options.get("url")
    if not url:
        raise ConfigError(f"alerts.handlers.{name} needs url or url-env")
    return str(url)


def _secret(options: Mapping[str, Any], key: str, environment: Mapping[str, str]) -> str | None:
    variable = options.get(key)
    if variable is None:
        return None
    value = environment.get(str(variable))
    if not value:
        raise ConfigError(f"the environment variable {variable} is not set")
    return value


def _email(options: Mapping[str, Any], environment: Mapping[str, str]) -> EmailHandler:
    if missing := {"host", "sender", "to"} - set(options):
        raise ConfigError(f"alerts.handlers.email needs {min(missing)!r}")
    to = options["to"]
    return EmailHandler(
        str(options["host"]),
        str(options["sender"]),
        [to] if isinstance(to, str) else [str(address) for address in to],
        port=int(options.get("port", 25)),
        user=options.get("user"),
        password=_secret(options, "password-env", environment),
        starttls=bool(options.get("starttls", False)),
    )
